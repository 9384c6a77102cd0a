"""Reading numbers from texts as people write them, and refusing other texts."""

import math
import re
import unicodedata
from decimal import Decimal

_CODES = (
    "AED AUD BGN BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF ILS INR JPY KRW MXN NOK NZD PLN RON SEK "
    "SGD TRY USD ZAR"
)
_CURRENCY = rf"(?:{'|'.join(_CODES.split())}|[$¢£¤¥֏؋৲৳฿៛₠-⃀﷼円元])"
_AMOUNT = re.compile(
    rf"(?P<bracket>\()?(?P<minus>[-\u2212])?\+?\s*(?:{_CURRENCY}\s*)?(?P<minus2>[-\u2212])?"
    rf"(?P<digits>[0-9][0-9., '\u2019]*|[.,][0-9]+)"
    rf"(?P<minus3>[-\u2212])?\s*(?:{_CURRENCY}|(?P<percent>%))?(?(bracket)\))"
)
_GROUPS = re.compile(r"[1-9][0-9]{0,2}(?:([., '\u2019])[0-9]{3})(?:\1[0-9]{3})*")
_PLAIN = re.compile(r"[0-9]*")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+", re.ASCII)
_WHOLE = re.compile(r"[+-]?[0-9]{1,60}", re.ASCII)
LONGEST = 60
"""Most characters of a text that is read as a number."""


class NoNumber(ValueError):
    """A text that is not a number; the message says how to read it."""


class FeedText(str):
    """A text from a feed with a decimal comma, or with a declared decimal sign."""

    __slots__ = ("decimal",)

    decimal: str

    @classmethod
    def of(cls, text: str, decimal: str) -> "FeedText":
        """Return a text with the decimal sign of its feed."""
        made = cls(text)
        made.decimal = decimal
        return made


def declared(text: str) -> str:
    """Return the decimal sign that the feed of a text declares; empty if it declares none."""
    return text.decimal if isinstance(text, FeedText) else ""


def read_number(text: str, decimal: str = "") -> Decimal:
    """Return the number in a text: `24,90`, `1.249,00 €`, `1 249.00`, `15%`, `24.90-`.

    `decimal` is `,` or `.`. Without it, both are read, and an ambiguous text such as `1.200`, which
    may be 1200 or 1.2, is refused. Raises `NoNumber`.
    """
    plain = unicodedata.normalize("NFKC", text[: LONGEST + 1]).strip()
    found = _AMOUNT.fullmatch(plain) if len(plain) <= LONGEST else None
    if found is None:
        raise NoNumber(_complaint(text, decimal=decimal))
    digits = found["digits"].strip()
    value = _value(digits, decimal)
    if value is None:
        grouped = not decimal and _GROUPS.fullmatch(digits)
        raise NoNumber(_ambiguous(digits) if grouped else _complaint(text, decimal=decimal))
    if any(found[sign] for sign in ("bracket", "minus", "minus2", "minus3")):
        value = -value
    return value.scaleb(-2) if found["percent"] else value


def _value(digits: str, decimal: str) -> Decimal | None:
    """Return digits with separators as a number; `None` if there is not exactly one reading."""
    readings = {_reading(digits, sign) for sign in (decimal or ".,")}
    readings.discard(None)
    return readings.pop() if len(readings) == 1 else None


def _reading(digits: str, decimal: str) -> Decimal | None:
    """Return digits as a number with this decimal sign, if they can be read so."""
    whole, sign, fraction = digits.partition(decimal)
    grouped = _GROUPS.fullmatch(whole)
    if not _PLAIN.fullmatch(whole) and (grouped is None or grouped[1] == decimal):
        return None
    if not _PLAIN.fullmatch(fraction) or (sign and not fraction):
        return None
    return Decimal(f"{re.sub(r'[^0-9]', '', whole) or '0'}{f'.{fraction}' if fraction else ''}")


def read_float(text: str) -> float:
    """Return the number in a text as a program writes it: `24.90`, `1e3`. Raises `NoNumber`."""
    sign = declared(text)
    if sign:
        return float(read_number(text, sign))
    plain = text.strip()
    if not _FLOAT.fullmatch(plain) or not math.isfinite(float(plain)):
        raise NoNumber(_complaint(text, "float"))
    return float(plain)


def read_int(text: str) -> int:
    """Return the whole number in a text, without its decimals. Raises `NoNumber`."""
    sign, plain = declared(text), text.strip()
    if sign:
        return int(read_number(text, sign))
    if _WHOLE.fullmatch(plain):
        return int(plain)
    if _THOUSANDS.fullmatch(plain):
        raise NoNumber(_ambiguous(plain))
    try:
        return int(read_float(text))
    except NoNumber as error:
        raise NoNumber(str(error).replace("|float", "|int")) from error


def looks_like_number(text: str) -> bool:
    """Return whether a text is a number as programs write it."""
    return text.isascii() and _FLOAT.fullmatch(text) is not None


def _ambiguous(text: str) -> str:
    return f"{text} may be thousands or decimals; write |number(',') or |number('.')"


def _complaint(text: str, reader: str = "number", decimal: str = "") -> str:
    """Return what is wrong with a text that is no number, and what to write."""
    if not text.strip():
        return f"an empty text is no number; |{reader}(default=0) counts it as 0"
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    if reader != "number":
        try:
            read_number(text)
        except NoNumber as error:
            if "may be" in str(error):
                return str(error)
        else:
            return f"{shown} is not a number as |{reader} reads it; |number reads it"
    sign = f" with the decimal sign {decimal}" if decimal else ""
    return f"{shown} is no number{sign}; |{reader}(default=0) counts it as 0"
