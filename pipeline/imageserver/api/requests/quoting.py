"""Quoting what came in, in messages: short, and safe to print anywhere."""

import re

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.\[\]-]{1,64}")
_LONGEST = 60


def printable(value: object) -> str:
    """A short quotation of what came in, safe to print anywhere."""
    shown = ascii(value) if isinstance(value, (str, int, float, bool)) else kind_of(value)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 3]}..."


def field_name(name: str) -> str:
    """A field as it came, where that is safe to print, else quoted."""
    return name if _PLAIN_NAME.fullmatch(name) else printable(name)


def kind_of(value: object) -> str:
    """A JSON value's kind in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"
