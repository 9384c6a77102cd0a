"""Excel's number formats: stored numbers as the text or number that the sheet shows."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import partial

Shown = Callable[[str], object]
"""Returns the text or number that the sheet shows for a stored number."""

BUILT_IN: Mapping[int, str] = {
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    **dict.fromkeys((5, 6, 37, 38, 41, 42), "#,##0"),
    **dict.fromkeys((7, 8, 39, 40, 43, 44), "#,##0.00"),
    9: "0%",
    10: "0.00%",
    **dict.fromkeys((14, 15, 16, 17), "yyyy-mm-dd"),
    **dict.fromkeys((18, 19, 20, 21), "h:mm:ss"),
    22: "yyyy-mm-dd h:mm",
    **dict.fromkeys(range(27, 37), "yyyy-mm-dd"),
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    **dict.fromkeys(range(50, 59), "yyyy-mm-dd"),
}
"""Formats that a workbook may use without defining them; others show the plain number."""
EPOCH_1900 = datetime(1899, 12, 30)  # noqa: DTZ001  a sheet's dates have no time zone
EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001  as above

_IGNORED = re.compile(r"\[(?!hh?\]|mm?\]|ss?\])[^\]]*\]|_.|\*.", re.IGNORECASE)
"""Colours, languages, conditions, and blanks that only align a number."""
_LITERAL = re.compile(r'"([^"]*)"|\\(.)')
_DATE = re.compile(r"[dmhys]", re.IGNORECASE)
_ELAPSED = re.compile(r"\[(?:hh?|mm?|ss?)\]", re.IGNORECASE)
_DIGIT = re.compile(r"[#0?]")
_INTEGER = re.compile(r"-?[0-9]{1,20}", re.ASCII)
_OTHER = re.compile(r"[/Ee@]|[#0?],+(?![#0?,])")
"""Signs of fractions, powers of ten, text, and thousands that are not shown."""
_CODE = re.compile(r'[\d\-]"(?=[#0?])')
"""The end of a text that makes a code of a number: `"ART-"0`, `"000"0`."""
_DAY_MS = 86_400_000
_FEBRUARY_29 = 60
"""The serial number of 29 February 1900, a day that exists only in Excel."""
_PRECISION = 15
"""Most digits that Excel keeps of a number."""
_LONGEST = 400
"""Digits of the longest number that a sheet can hold, with decimals."""


def shown_by(code: str, *, epoch: datetime) -> Shown:
    """Return the function that formats numbers with a code, such as `00000` or `#,##0.00`.

    Leading zeros, `%` and the number of decimals are kept. Currency signs and thousands separators
    are left out, so that templates can compute with the number. Dates become `2026-11-30`.
    """
    code = _IGNORED.sub("", code.partition(";")[0])
    bare = _LITERAL.sub("", code)
    if _ELAPSED.search(bare):
        return _elapsed
    if _DATE.search(bare):
        return partial(_moment, epoch=epoch)
    if not _DIGIT.search(bare) or _OTHER.search(bare):
        return plain
    whole, _, fraction = bare.partition(".")
    places, fewest = len(_DIGIT.findall(fraction)), fraction.count("0")
    if "%" in bare or whole.count("0") > 1 or _CODE.search(code):
        return partial(_drawn, code=code, places=places, fewest=fewest)
    return partial(_rounded, places=places, fewest=fewest)


def plain(stored: str) -> object:
    """Return a number without a format, to the 15 digits that Excel keeps."""
    number = _exact(stored)
    return int(number) if number == number.to_integral_value() else number


def _exact(stored: str) -> Decimal:
    """Return the decimal number that was typed, not its binary approximation."""
    if _INTEGER.fullmatch(stored):
        return Decimal(stored)
    number = float(stored)
    if not math.isfinite(number):
        raise ValueError(stored)
    return Decimal(f"{number:.{_PRECISION}g}")


def _to_places(value: Decimal, *, places: int, fewest: int) -> Decimal:
    """Return a number with `fewest` to `places` decimals, rounded as in Excel."""
    with localcontext(prec=_LONGEST):
        text = f"{value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"
    while places > fewest and text.endswith("0"):
        text, places = text[:-1], places - 1
    return Decimal(text.removesuffix("."))


def _rounded(stored: str, *, places: int, fewest: int) -> int | Decimal:
    """Return a number with as many decimals as its format shows."""
    value = _to_places(_exact(stored), places=places, fewest=fewest)
    return value if "." in f"{value:f}" else int(value)


def _drawn(stored: str, *, code: str, places: int, fewest: int) -> str:
    """Return a number as text, with the zeros, signs and words of its format: `00042`, `15 %`."""
    hundredfold = 2 if "%" in _LITERAL.sub("", code) else 0
    value = _to_places(_exact(stored).scaleb(hundredfold), places=places, fewest=fewest)
    whole, _, fraction = f"{abs(value):f}".partition(".")
    whole = whole if int(whole) else ""
    pieces = _pieces(code)
    drawn = [text if kind == "text" else "" for kind, text in pieces]
    point = next((n for n, (kind, _) in enumerate(pieces) if kind == "point"), len(pieces))
    digits = [n for n, (kind, _) in enumerate(pieces[:point]) if kind == "digit"]
    for position in reversed(digits):
        drawn[position] = whole[-1:] or pieces[position][1].strip("#?")
        whole = whole[:-1]
    if digits:
        drawn[digits[0]] = whole + drawn[digits[0]]
    if fraction:
        drawn[point] = f".{fraction}"
    return f"{'-' if value < 0 else ''}{''.join(drawn).strip()}"


def _pieces(code: str) -> list[tuple[str, str]]:
    """Return a format as placeholders for digits, the decimal point, and texts."""
    pieces: list[tuple[str, str]] = []
    position = 0
    while position < len(code):
        literal = _LITERAL.match(code, position)
        if literal:
            pieces.append(("text", literal[1] if literal[1] is not None else literal[2]))
            position = literal.end()
            continue
        mark = code[position]
        kind = "digit" if mark in "#0?" else "point" if mark == "." else "text"
        pieces.append((kind, "" if mark == "," else mark))
        position += 1
    return pieces


def _moment(stored: str, *, epoch: datetime) -> str:
    """Return a date, a time or both in ISO 8601."""
    number = float(stored)
    day, fraction = divmod(number, 1)
    rest = timedelta(milliseconds=round(fraction * _DAY_MS))
    if 0 <= number < 1 and not rest.days:
        return (EPOCH_1904 + rest).time().isoformat()
    if 0 < number < _FEBRUARY_29 and epoch == EPOCH_1900:
        day += 1
    try:
        return iso(epoch + timedelta(days=day) + rest)
    except OverflowError:
        return "#VALUE!"


def iso(moment: date | datetime | time) -> str:
    """Return a date or time in ISO 8601; without a time if that is midnight."""
    if not isinstance(moment, datetime):
        return moment.isoformat()
    return moment.date().isoformat() if moment.time() == time() else moment.isoformat(sep=" ")


def _elapsed(stored: str) -> str:
    """Return a duration as hours, minutes and seconds: `26:30:00`."""
    number = float(stored)
    seconds = round(abs(number) * 86_400)
    sign = "-" if number < 0 and seconds else ""
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
