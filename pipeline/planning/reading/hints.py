"""What a YAML parser's complaint means to the person who wrote the file."""

import re

import yaml

from pipeline.planning.places import Place

_TEMPLATE = re.compile(r"(?:^|[:\-,\[{?])[ \t]+(\{\{.*|\{%.*)|^(\{[{%].*)")
_QUOTED_START = re.compile(
    r"""(?:^|[:\-,\[{])[ \t]+("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')[ \t]*[^\s,\]}:#]"""
)
_STARTED = ("while scanning an alias", "while scanning an anchor", "while scanning a tag")
_STARTERS = "@`%*&!|>?"


def quoted(text: str) -> str:
    """The text as a double-quoted YAML scalar, or single-quoted where that reads better."""
    text = text.strip()
    if '"' in text and "'" not in text:
        return f"'{text}'"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def explain_parser(
    error: yaml.MarkedYAMLError, *, lines: list[str], file: str
) -> tuple[str, Place]:
    """A sentence with the way out, and the place it is about."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    problem = error.problem or "cannot be read"
    opened = error.context_mark
    source = lines[line] if line < len(lines) else ""
    if opened is not None and _never_closed(problem):
        at = Place(file, opened.line + 1, opened.column + 1)
        return _unclosed(error.context or "", lines[opened.line][opened.column :][:1]), at
    if opened is not None and error.context in _STARTED:
        line, column = opened.line, opened.column
    return _explain_line(problem, source, column), Place(file, line + 1, column + 1)


def _never_closed(problem: str) -> bool:
    return "expected ',' or" in problem or "unexpected end of stream" in problem


def _unclosed(context: str, opener: str) -> str:
    if "quoted" in context:
        return "the quote that opens here is never closed"
    closer = {"[": "]", "{": "}"}.get(opener, "")
    return f"the {opener} that opens here is not closed: a comma or {closer} is missing"


def _explain_line(problem: str, source: str, column: int) -> str:
    template = _TEMPLATE.search(source)
    if template:
        text = (template[1] or template[2]).strip()
        return f"a value that starts with a template must be quoted: {quoted(text)}"
    character = source[column : column + 1]
    if "mapping values" in problem:
        return _colon_in_text(source)
    if character == "\t":
        return "a tab stands here; indent with spaces"
    trailing = _QUOTED_START.search(source)
    if trailing:
        return f"text follows the closing quote of {trailing[1]}; quote all of it, or none"
    if character and character in _STARTERS:
        word = quoted(_word(source, column))
        return f"a text that starts with {character} must be quoted: {word}"
    for part, hint in _PROBLEMS.items():
        if part in problem:
            return hint
    return f"not readable as YAML: {problem}"


_PROBLEMS = {
    "block sequence entries": (
        "a list entry (-) cannot stand on this line; begin the list on a line of its own"
    ),
    "expected key": (
        "this line does not fit the mapping it stands in: check its indentation and quotes"
    ),
    "'-' indicator": "this line does not fit the list it stands in: check its indentation",
}


def _colon_in_text(source: str) -> str:
    key, colon, text = source.partition(": ")
    if colon and ":" in text:
        shown = f"{key.strip().removeprefix('- ')}: {quoted(text)}"
        return f"a text that holds a colon and a space must be quoted: {shown}"
    return "a key stands where none can: check this line's indentation and the one above"


def _word(source: str, column: int) -> str:
    rest = re.split(r"[,\]}]|[ \t]#", source[column:], maxsplit=1)[0]
    return rest.strip()
