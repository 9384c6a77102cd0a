"""Where a line may end: UAX 14 for scripts with spaces, phrases for Chinese, Japanese and Thai.

UAX 14 allows a break between any two ideographs, and none inside Thai, which has no spaces.
BudouX finds the phrases of both, so that a headline breaks where a reader would pause.
"""

import functools
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby

import budoux
from uniseg.linebreak import line_break_units

from pipeline.lettering.scripts import is_cjk

SOFT_HYPHEN = "\u00ad"
_ZERO_WIDTH_SPACE = "\u200b"
_THAI = (0x0E00, 0x0E7F)
_KANA = (0x3040, 0x30FF)
_SHORTEST_THAI = 4
"""Least letters of a Thai phrase."""
_HANGUL = ((0x1100, 0x11FF), (0x3130, 0x318F), (0xAC00, 0xD7AF))
_TRADITIONAL = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")


@functools.lru_cache(1024)
def break_units(text: str, *, language: str = "", loose: bool = False) -> tuple[str, ...]:
    """Return a line of text in parts that are not broken, each with the spaces after it.

    `loose` also allows breaks inside phrases, where UAX 14 does. A part that ends with a soft
    hyphen gets a hyphen if a line ends there. Spaces that do not break keep their neighbours.
    """
    units: list[str] = []
    for unit in line_break_units(text):
        if units and _stays_together(units[-1], unit):
            units[-1] += unit
        else:
            units.append(unit)
    pieces: list[str] = []
    for unit in units:
        for piece in _loose(unit) if loose else _phrases(unit, language.lower()):
            if pieces and piece.isspace():
                pieces[-1] += piece
            else:
                pieces.append(piece)
    return tuple(pieces)


def _stays_together(before: str, after: str) -> bool:
    """Return whether a possible break of UAX 14 is decided later, or is none in good type.

    Korean breaks at spaces, as it is written with them.
    """
    last, first = before[-1], after[0]
    return (is_cjk(last) and is_cjk(first)) or (_is_in(last, _HANGUL) and _is_in(first, _HANGUL))


def _loose(unit: str) -> Iterator[str]:
    if any(_is_thai(char) for char in unit):
        yield from _phrases(unit, "")
    else:
        yield from line_break_units(unit)


def _phrases(unit: str, language: str) -> Iterator[str]:
    """Yield the phrases of a part; the part itself if its script has spaces."""
    if any(_is_thai(char) for char in unit):
        yield from _merged(_glued(_parser("th").parse(unit)))
    elif any(is_cjk(char) and not _is_in(char, _HANGUL) for char in unit):
        kana = any(_KANA[0] <= ord(char) <= _KANA[1] for char in unit)
        chinese = language.startswith("zh") or (not kana and not language.startswith("ja"))
        traditional = language.startswith(_TRADITIONAL)
        name = ("zh-hant" if traditional else "zh-hans") if chinese else "ja"
        allowed = _ends(line_break_units(unit))
        start = 0
        for end in _ends(_parser(name).parse(unit)):
            if end in allowed:
                yield unit[start:end]
                start = end
    else:
        yield unit


def _glued(phrases: list[str]) -> Iterator[str]:
    """Yield phrases; digits, signs and spaces stay with the one before."""
    for letters, group in groupby(phrases, key=lambda one: any(map(_is_thai, one))):
        if letters:
            yield from group
        else:
            yield "".join(group)


def _merged(phrases: Iterator[str]) -> Iterator[str]:
    """Yield phrases of some length: the model also breaks inside short words."""
    piece = ""
    for phrase in phrases:
        piece += phrase
        letters = sum(unicodedata.category(char) == "Lo" for char in piece)
        if letters >= _SHORTEST_THAI or not _is_thai(piece[-1]):
            yield piece
            piece = ""
    if piece:
        yield piece


def _ends(pieces: "Iterator[str] | list[str]") -> list[int]:
    ends, at = [], 0
    for piece in pieces:
        at += len(piece)
        ends.append(at)
    return ends


@functools.cache
def _parser(name: str) -> budoux.Parser:
    match name:
        case "th":
            return budoux.load_default_thai_parser()
        case "zh-hans":
            return budoux.load_default_simplified_chinese_parser()
        case "zh-hant":
            return budoux.load_default_traditional_chinese_parser()
        case _:
            return budoux.load_default_japanese_parser()


def _is_thai(char: str) -> bool:
    return _THAI[0] <= ord(char) <= _THAI[1]


def _is_in(char: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= ord(char) <= last for first, last in ranges)


def joined(units: Sequence[str]) -> str:
    """Return units as the text of one line: without its last spaces, its soft hyphen visible."""
    text = "".join(units).rstrip(" \t" + _ZERO_WIDTH_SPACE)
    hyphen = "-" if text.endswith(SOFT_HYPHEN) else ""
    return text.replace(SOFT_HYPHEN, "").replace(_ZERO_WIDTH_SPACE, "") + hyphen


def plain(text: str) -> str:
    """Return a text in composed form, each of its lines without outer and repeated spaces."""
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").splitlines()
    return "\n".join(" ".join(line.split(" ")).strip() for line in lines).strip()
