"""What a plain YAML word is: text, unless it is written exactly like one of a few other things."""

import re
from decimal import Decimal

_WORDS: dict[str, bool | None] = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
    "null": None,
    "Null": None,
    "NULL": None,
    "~": None,
    "": None,
}
_INTEGER = re.compile(r"-?[1-9][0-9]{0,17}|0", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}", re.ASCII)

Scalar = str | bool | int | Decimal | None


def plain_scalar(text: str) -> Scalar:
    """The value of an unquoted word.

    YAML 1.2's core schema with a stricter rule for numbers: what would not print as it is written
    (`0012`, `1e3`, `0x1F`, `.5`, `+5`, 5000 digits) stays text, like `1:1`, `no`, `on` and dates.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "-0123456789":
        if _INTEGER.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text) and str(Decimal(text)) == text:
            return Decimal(text)
    return text
