"""Explanations of Jinja's error messages for the author of a template."""

import re
from collections.abc import Iterable

from pipeline.suggestions import did_you_mean

_BRACES = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}|\{\s*[A-Za-z_][\w.]*\s*\}")
_TYPOGRAPHIC = "“”„«»\u2018\u2019\u201a"
_OPERATORS = {"&": "and", "|": "or", "!": "not"}
_UNKNOWN = re.compile(r"No (filter|test) named '(.+)'\.")
_CHARACTER = re.compile(r"unexpected char '(.+)' at \d+|unexpected char \"(')\" at \d+")
_TOKENS = re.compile(r"expected token '(.+)', got '(.+)'")
_BLOCK = re.compile(r"block that needs to be closed is '(.+)'")
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


def explain_syntax(message: str, line: str, *, known: Iterable[str]) -> str:
    """Return Jinja's message about a line as a sentence that names the fix, or an empty text.

    `known` are the filters and tests that exist.
    """
    unknown = _UNKNOWN.match(message)
    if unknown:
        kind, name = unknown.groups()
        return f"there is no {kind} {name}{did_you_mean(name, known)}"
    character = _CHARACTER.match(message)
    if character:
        return _character(character[1] or character[2])
    if "chunk after expression" in message or message.endswith("got '='"):
        return "= does not compare two values here; write =="
    block = _BLOCK.search(message)
    if block:
        return f"{{% {block[1]} … %}} is never closed: {{% end{block[1]} %}} is missing"
    tag = _TAG.match(message)
    if tag:
        return _tag(tag[1])
    return _braces(message, line)


def explain_failure(error: BaseException) -> str:
    """Return a sentence about an error that was raised while a template was written."""
    message = str(error)
    if isinstance(error, TypeError) and "not supported between" in message:
        return "a text is compared with a number; cells of a csv file are text: |int"
    if isinstance(error, TypeError) and "concatenate" in message:
        return "+ does not add a text and a number; ~ joins them"
    if isinstance(error, TypeError) and "is not callable" in message:
        return "a value is followed by ( ) as if it were a function"
    if isinstance(error, ValueError) and "integer string conversion" in message:
        return "a number is too long to be written"
    return f"fails: {message} ({type(error).__name__})"


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
    if tokens and tokens[1] == "end of print statement" and tokens[2] == "name":
        return "two words in {{ }} follow each other; a column takes a dot: product.name"
    if tokens and tokens[2] == "if" and "else if" in line:
        return "else if is written {% elif … %}"
    if tokens and tokens[2] == "|":
        return "|| means nothing here; write or"
    return ""
