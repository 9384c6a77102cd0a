"""Explanations of Jinja's error messages for the author of a template."""

import re
from collections.abc import Iterable, Mapping, Sequence

from pipeline.suggestions import did_you_mean
from pipeline.templates.messages import ROW

_BRACES = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}|\{\s*[A-Za-z_][\w.]*\s*\}")
_TYPOGRAPHIC = "“”„«»\u2018\u2019\u201a"
_OPERATORS = {"&": "and", "|": "or", "!": "not"}
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_WORD = re.compile(r"[^\W\d]\w*")
_ONE_EQUALS = re.compile(r"(?<![=!<>])=(?!=)")
_OTHER_WORDS = {
    "AND": "and",
    "OR": "or",
    "NOT": "not",
    "IN": "in",
    "<>": "!=",
    "LIKE": "'word' in column",
    "IS": "== none",
}
"""Words of SQL → words of templates."""
_OTHER_WORD = re.compile(r"\b(?:AND|OR|NOT|IN|LIKE|IS)\b|<>")
_UNKNOWN = re.compile(r"No (filter|test) named '(.+)'\.")
_CHARACTER = re.compile(r"unexpected char '(.+)' at \d+|unexpected char \"(')\" at \d+")
_TOKENS = re.compile(r"expected token '(.+)', got '(.+)'")
_BLOCK = re.compile(r"block that needs to be closed is '(.+)'")
_SIDE_BY_SIDE = {
    "name": "two words in {{ }} follow each other; a column takes a dot: product.name",
    **dict.fromkeys(
        ("string", "integer", "float"), "two values in {{ }} follow each other; ~ joins them"
    ),
}
_TAG = re.compile(r"Encountered unknown tag '(.+?)'\.")
_TAGS = ("elif", "else", "endfor", "endif", "endmacro", "endset", "for", "if", "include", "macro")
_KNOWN_TAGS = (*_TAGS, "set", "with", "endwith", "raw", "endraw")


class TemplateNames:
    """The names used in templates and in the files that they include."""

    def __init__(self) -> None:
        self._names: dict[str, frozenset[str]] = {}
        self._includes: dict[str, frozenset[str]] = {}

    def add(self, template: str, *, names: Iterable[str], includes: Iterable[str]) -> None:
        """Record the names in a template, and the templates that it includes."""
        self._names[template] = frozenset(names)
        self._includes[template] = frozenset(includes)

    def used_in(self, templates: Iterable[str]) -> frozenset[str]:
        """Return every name that is used in these templates or in what they include."""
        names: set[str] = set()
        seen: set[str] = set()
        ahead = [*templates]
        while ahead:
            template = ahead.pop()
            if template not in seen:
                seen.add(template)
                names |= self._names.get(template, frozenset())
                ahead += self._includes.get(template, ())
        return frozenset(names)


def leftover_braces(source: str) -> tuple[str, int] | None:
    """Return plain text that looks like a broken template expression, and its line."""
    found = _BRACES.search(source)
    return (found[0], source.count("\n", 0, found.start())) if found else None


def explain_syntax(
    message: str, line: str, *, known: Iterable[str], columns: Mapping[str, Sequence[str]]
) -> str:
    """Return Jinja's message about a line as a sentence that names the fix, or an empty text.

    `known` are the filters and tests that exist, `columns` the columns that can be named, by slot:
    those of a table's `where` have the slot `.TABLE`.
    """
    column = _column_without_quotes(line, columns)
    if column:
        return column
    unknown = _UNKNOWN.match(message)
    if unknown:
        kind, name = unknown.groups()
        return f"there is no {kind} {name}{did_you_mean(name, known)}"
    character = _CHARACTER.match(message)
    if character:
        return _character(character[1] or character[2])
    if "chunk after expression" in message or message.endswith(("got '='", "unexpected '>'")):
        return _after_expression(line)
    block = _BLOCK.search(message)
    if block:
        return f"{{% {block[1]} … %}} is never closed: {{% end{block[1]} %}} is missing"
    tag = _TAG.match(message)
    if tag:
        return _tag(tag[1])
    return _braces(message, line)


def _column_without_quotes(line: str, columns: Mapping[str, Sequence[str]]) -> str:
    """Return how to write a column whose name is not an identifier; empty if there is none."""
    bare = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), line).casefold()
    names = [(slot, name) for slot, among in columns.items() for name in among]
    for slot, name in sorted(names, key=lambda one: len(one[1]), reverse=True):
        here = slot.startswith(".")
        written = name if here else f"{slot}.{name}"
        if not _WORD.fullmatch(name) and written.casefold() in bare:
            mark = '"' if "'" in name else "'"
            return f"the column {name} is written {ROW if here else slot}[{mark}{name}{mark}]"
    return ""


def _after_expression(line: str) -> str:
    bare = _QUOTED.sub("''", line)
    if _ONE_EQUALS.search(bare):
        return "= does not compare two values here; write =="
    other = _OTHER_WORD.search(bare)
    if other:
        return f"{other[0]} means nothing here; write {_OTHER_WORDS[other[0]]}"
    return "two values stand side by side; and, or, == or a comma joins them"


def explain_failure(error: BaseException) -> str:
    """Return a sentence about an error that was raised while a template was written."""
    message = str(error)
    if isinstance(error, TypeError) and "not supported between" in message:
        return "a text is compared with a number; cells of a csv file are text: |int"
    if isinstance(error, TypeError) and "concatenate" in message:
        return "+ does not add a text and a number; ~ joins them"
    if isinstance(error, ValueError) and "integer string conversion" in message:
        return "a number is too long to be written"
    if isinstance(error, ArithmeticError) and not isinstance(error, ZeroDivisionError):
        return "a number has more digits than can be computed with"
    for pattern, complaint in _FAILURES.items():
        if re.search(pattern, message):
            return complaint
    return f"fails: {message} ({type(error).__name__})"


_TEXT = "a text is computed with as if it were a number; cells of a csv file are text: |number"
_PLACES = "the text that is formatted does not have one place (%s, {}) for each value"
_FAILURES = {
    r"NoneType": "an empty value (null) is used; |default('…', true) gives it another",
    r"__round__|bad operand|unsupported operand.*'(?:str|AxisValue|FeedText)'": _TEXT,
    r"could not convert|invalid literal|multiply sequence|real number": _TEXT,
    r"code '.' for object of type 'str'": _TEXT,
    r"unsupported operand": "two values are computed with that are not both numbers",
    r"interpreted as an integer|indices must be": "a whole number is needed here: |int",
    r"is not callable": "a value is followed by ( ) as if it were a function",
    r"is not iterable|object is not subscriptable|has no len\(\)": (
        "a number is used as if it were a list or a text"
    ),
    r"format string|string formatting|index (?:\d+ )?out of range|[Ss]ingle '[{}]'": _PLACES,
    r"format character": _PLACES,
    r"format specifier|format code": "a value cannot be written in the format that is asked for",
    r"takes .* arguments?|unexpected keyword|required (?:positional|keyword)|multiple values": (
        "a filter or function is given more, fewer or other values than it takes"
    ),
}
"""Python's errors that templates can cause → an explanation."""


def _character(character: str) -> str:
    if character in _TYPOGRAPHIC:
        return f"{character} is a typographic quote; templates take straight ones: ' or \""
    if character in "'\"":
        return f"the quote {character} is never closed"
    word = _OPERATORS.get(character)
    if word:
        return f"{character} means nothing here; write {word}"
    if character == "?":
        return "? means nothing here; write a if condition else b"
    return f"the character {character} means nothing inside a template's braces"


def _tag(name: str) -> str:
    if name.startswith("end") or name in ("else", "elif"):
        return f"{{% {name} %}} closes nothing that is open here"
    meant = "elif" if name == "elseif" else None
    hint = f" (did you mean {meant}?)" if meant else did_you_mean(name, _KNOWN_TAGS)
    return f"there is no {{% {name} %}}{hint}"


def _braces(message: str, line: str) -> str:
    if "{{{" in line or "}}}" in line:
        return "there are three braces; a value takes two: {{ … }}"
    if line.strip().startswith("{{") and message == "expected token ':', got '}'":
        return "a condition is written without braces"
    if message == "unexpected '}'" or "expected 'end of print statement'" in message:
        return "{{ is never closed: }} is missing"
    if message.startswith("Missing end of comment"):
        return "{# begins a comment that is never closed: #} is missing"
    tokens = _TOKENS.match(message)
    if tokens and tokens[1] == "end of print statement" and tokens[2] in _SIDE_BY_SIDE:
        return _SIDE_BY_SIDE[tokens[2]]
    if tokens and tokens[2] == "if" and "else if" in line:
        return "else if is written {% elif … %}"
    if tokens and tokens[2] == "|":
        return "|| means nothing here; write or"
    return ""
