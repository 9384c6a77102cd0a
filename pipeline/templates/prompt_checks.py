"""What no prompt may hold, whoever wrote it."""

import re

_UNFIT = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BRACES = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}|\{\s*[A-Za-z_][\w.]*\s*\}")
_OPENING, _CLOSING = "\"“„„«»'\u2018「『", "\"”“”»«'\u2019」』"


def unfit_character(prompt: str) -> str:
    """Name the first control character, bidi override or lone surrogate; empty where none is.

    Newlines and tabs are fine, and so are the direction marks that Arabic and Hebrew copy needs.
    """
    found = _UNFIT.search(prompt)
    return f"U+{ord(found[0]):04X}" if found else ""


def leftover_braces(source: str) -> tuple[str, int] | None:
    """A template's own text that looks like a template expression that went wrong, and its line."""
    found = _BRACES.search(source)
    return (found[0], source.count("\n", 0, found.start())) if found else None


def stands_quoted(text: str, prompt: str) -> bool:
    """Whether a text stands in the prompt between quotes of any language."""
    pairs = zip(_OPENING, _CLOSING, strict=True)
    return text in prompt and any(
        f"{opening}{text}{closing}" in prompt for opening, closing in pairs
    )
