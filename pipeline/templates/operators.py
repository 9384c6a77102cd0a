"""Operators on texts and numbers, which refuse texts that are meant as numbers."""

import operator
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from pipeline.templates.numbers import looks_like_number
from pipeline.templates.values import Unwritable

Compare = Callable[[Any, Any], object]
_COMPARE: Mapping[str, Compare] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lteq": operator.le,
    "gt": operator.gt,
    "gteq": operator.ge,
    "in": lambda one, among: one in among,
    "notin": lambda one, among: one not in among,
}
_ORDERS = ("lt", "lteq", "gt", "gteq")
COMPARED = frozenset(_COMPARE)
"""Jinja's names of the operators that `compare` knows."""
_YES = ("true", "yes", "1", "ja", "oui", "wahr", "on")
_NO = ("false", "no", "0", "nein", "non", "falsch", "off")


def compare(name: str, left: object, right: object) -> object:
    """Return `left == right`, or another comparison.

    Composed and separate accents are equal. Raises `Unwritable` if texts are compared as texts, and
    their numbers would give another result: `"10" > "9"`, `"0" == 0`.
    """
    if isinstance(left, str) and isinstance(right, str):
        return _compare_texts(name, left, right)
    if name in ("in", "notin") and isinstance(right, list | tuple):
        for one in right:
            _refuse_never_equal(left, one)
    elif name in ("eq", "ne"):
        _refuse_never_equal(left, right)
    return _COMPARE[name](left, right)


def truth(value: object) -> object:
    """Return a value whose truth decides a condition.

    Raises `Unwritable` for a text that says no and yet counts as true, such as `no` or `0`.
    """
    if isinstance(value, str) and value.strip().casefold() in _NO:
        way = f"write == '{value}' or != '{value}'"
        raise Unwritable(f"the text {value} counts as true, like every text; {way}")
    return value


def _refuse_never_equal(left: object, right: object) -> None:
    """Raise `Unwritable` for a text and a value that it says, which are never equal."""
    text, other = (left, right) if isinstance(left, str) else (right, left)
    if isinstance(text, str) and _means(text, other):
        shown = str(other).lower() if isinstance(other, bool) else str(other)
        way = f"write '{text}'" + ("" if isinstance(other, bool) else " or |number")
        raise Unwritable(f"the text {text} never equals {shown} without quotes; {way}")


def _compare_texts(name: str, left: str, right: str) -> object:
    compared = _COMPARE[name]
    if not (left.isascii() and right.isascii()):
        composed = (unicodedata.normalize("NFC", one) for one in (left, right))
        return compared(*composed)
    answer = compared(left, right)
    if name not in _ORDERS or not (looks_like_number(left) and looks_like_number(right)):
        return answer
    if compared(Decimal(left), Decimal(right)) != answer:
        complaint = f"{left} and {right} are texts, compared letter by letter"
        raise Unwritable(f"{complaint}; |number compares them as numbers")
    return answer


def _means(text: str, other: object) -> bool:
    """Return whether a text means the same as another value, but is never equal to it."""
    if isinstance(other, bool):
        return text.strip().casefold() in (_YES if other else _NO)
    if not isinstance(other, int | float | Decimal):
        return False
    return looks_like_number(text) and Decimal(text) == other


def check_order(values: Iterable[object]) -> None:
    """Raise `Unwritable` for texts whose order is another one than that of their numbers."""
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) > 1 and all(map(looks_like_number, texts)):
        by_letter = sorted(texts)
        if [Decimal(text) for text in by_letter] != sorted(map(Decimal, texts)):
            complaint = f"{by_letter[0]} and {by_letter[-1]} are texts, ordered letter by letter"
            raise Unwritable(f"{complaint}; |map('number') makes them numbers")


def operands(sign: str, left: object, right: object) -> tuple[object, object]:
    """Return two operands of a sum or product; with a decimal, floats become decimals.

    Raises `Unwritable` if texts that are numbers would be joined or repeated.
    """
    if isinstance(left, Decimal) and isinstance(right, float):
        return left, Decimal(repr(right))
    if isinstance(right, Decimal) and isinstance(left, float):
        return Decimal(repr(left)), right
    texts = [one for one in (left, right) if isinstance(one, str)]
    if sign == "*" and texts:
        raise Unwritable(f"{_short(texts[0])} is a text, which * repeats; |number multiplies it")
    if sign == "+" and len(texts) == 2 and all(map(looks_like_number, texts)):  # noqa: PLR2004  both
        raise Unwritable(f"{texts[0]} and {texts[1]} are texts, which + joins; |number adds them")
    return left, right


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


_SHOWN = 40
