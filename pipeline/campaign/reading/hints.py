"""Explanations of YAML parser errors for the author of the file."""

import re

import yaml

from pipeline.campaign.findings import Place

DEEPEST = 64
"""Most levels of nested mappings and lists."""
NESTED = f"lists and mappings are nested deeper than {DEEPEST}"
_SHOWN = 80
"""Most characters of a text that a hint repeats."""

_TEMPLATE = re.compile(r"(?:^|[:\-,\[{?])[ \t]+(\{\{.*|\{%.*)|^(\{[{%].*)")
_QUOTED_START = re.compile(
    r"""(?:^|[:\-,\[{])[ \t]+("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')[ \t]*[^\s,\]}:#]"""
)
_STARTED = ("while scanning an alias", "while scanning an anchor", "while scanning a tag")
_STARTERS = "@`%*&!|>?"
_ODD_COLON = re.compile("([ \t]*(?:- )?[A-Za-z_][\\w-]*[ \t]*)(\uff1a|:\xa0|:)(.*\\S)")
_BLOCK_OPENED = re.compile(r"[:\-][ \t]+[|>][-+0-9]*[ \t]*$")
_CONFLICT = "<<<<<<< "
_MARKS = ("<<<<<<<", "=======", ">>>>>>>")


def quoted(text: str) -> str:
    """Return the text as a double-quoted YAML scalar, or single-quoted if that reads better."""
    text = text.strip()
    if len(text) > _SHOWN:
        text = f"{text[:_SHOWN]}…"
    if '"' in text and "'" not in text:
        return f"'{text}'"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def explain_parser(
    error: yaml.MarkedYAMLError, *, lines: list[str], file: str
) -> tuple[str, Place]:
    """Return a parser error as a sentence that names the fix, and its place."""
    marked = next((n for n, text in enumerate(lines) if text.startswith(_CONFLICT)), None)
    if marked is not None:
        complaint = "a merge conflict is not resolved: keep one version, and delete the marks"
        return f"{complaint} {', '.join(_MARKS)}", Place(file, marked + 1, 1)
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    problem = error.problem or "cannot be read"
    source = lines[line] if line < len(lines) else ""
    begun = error.context_mark
    opened = (begun.line, begun.column) if begun is not None and begun.line < len(lines) else None
    if opened is not None and error.context == "while scanning a simple key":
        line, column = opened
        before = lines[line - 1] if line else ""
        complaint, start = _no_key(lines[line], before, column)
    elif opened is not None and _never_closed(problem) and not _text_after_quote(source):
        line, start = opened
        complaint = _unclosed(error.context or "", lines[line][start : start + 1])
    else:
        if opened is not None and error.context in _STARTED:
            line, column = opened
        complaint, start = _explain_line(problem, source, column)
    return complaint, Place(file, line + 1, start + 1)


def _never_closed(problem: str) -> bool:
    return "expected ',' or" in problem or "unexpected end of stream" in problem


def _unclosed(context: str, opener: str) -> str:
    if "quoted" in context:
        return "the quote that opens here is never closed"
    closer = {"[": "]", "{": "}"}.get(opener, "")
    return f"the {opener} that opens here is not closed: a comma or {closer} is missing"


def _no_key(source: str, before: str, column: int) -> tuple[str, int]:
    """Return what is wrong with a line that should be `key: value`, and the column."""
    odd = _ODD_COLON.match(source)
    if odd:
        key, colon, value = odd.groups()
        problems = {"\uff1a": "the colon is a full-width one", ":": "no space follows the colon"}
        wrong = problems.get(colon, "a no-break space (U+00A0) follows the colon")
        return f"{wrong}; write {key.strip()}: {value.strip()}", odd.start(2)
    if _BLOCK_OPENED.search(before):
        return "the text that | or > begins must be indented below its key", column
    return "this line is neither a key with a value nor a continuation of the text above", column


def _text_after_quote(source: str) -> tuple[str, int] | None:
    """Return what is wrong with a line whose quoted text ends too early, and the column."""
    trailing = _QUOTED_START.search(source)
    if trailing is None:
        return None
    text = trailing[1]
    if "{{" in text and "}}" not in text:
        way = "inside a template use the other kind of quotes, or write the text as a block (|)"
    elif text.startswith("'"):
        way = "write an apostrophe twice inside single quotes, or use double quotes"
    else:
        way = "quote all of it, or none"
    return f"text follows the closing quote of {text}; {way}", trailing.end() - 1


def _explain_line(problem: str, source: str, column: int) -> tuple[str, int]:
    """Return what is wrong with a line, and the column."""
    if "nesting depth" in problem:
        return NESTED, column
    template = _TEMPLATE.search(source)
    if template:
        which = 1 if template[1] else 2
        text = quoted(template[which])
        return f"a value that starts with a template must be quoted: {text}", template.start(which)
    character = source[column : column + 1]
    if "mapping values" in problem:
        return _colon_in_text(source), column
    if character == "\t":
        return "there is a tab here; indent with spaces", column
    trailing = _text_after_quote(source)
    if trailing is not None:
        return trailing
    if character and character in _STARTERS:
        word = quoted(_word(source, column))
        return f"a text that starts with {character} must be quoted: {word}", column
    for part, hint in _PROBLEMS.items():
        if part in problem:
            return hint, column
    return f"not readable as YAML: {problem}", column


_PROBLEMS = {
    "block sequence entries": (
        "a list entry (-) is not possible on this line; begin the list on a new line"
    ),
    "expected key": (
        "this line does not fit the mapping around it: check its indentation and quotes"
    ),
    "'-' indicator": "this line does not fit the list around it: check its indentation",
    "comment or line break": "the text after | or > begins on the next line, indented",
    "escape character": "\\ begins an escape inside double quotes; use single quotes",
}


def _colon_in_text(source: str) -> str:
    key, colon, text = source.partition(": ")
    if colon and ":" in text:
        shown = f"{key.strip().removeprefix('- ')}: {quoted(text)}"
        return f"a text that holds a colon and a space must be quoted: {shown}"
    return "a key is not possible here: check this line's indentation and the one above"


def _word(source: str, column: int) -> str:
    rest = re.split(r"[,\]}]|[ \t]#", source[column:], maxsplit=1)[0]
    return rest.strip()
