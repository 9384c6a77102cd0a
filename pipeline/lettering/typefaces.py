"""The typefaces of the studio by their use, with fallbacks for the letters that one lacks."""

import functools
from dataclasses import dataclass
from enum import StrEnum

import uharfbuzz as hb

from pipeline.lettering.fonts import (
    CJK,
    PACKAGED,
    Face,
    FontFile,
    LetteringError,
    face_of,
    glyph_path,
    open_font,
    packaged_file,
)
from pipeline.lettering.path import Path


class Typeface(StrEnum):
    """A typeface by its use."""

    BEBAS = "bebas"
    ANTON = "anton"
    BLOCK = "block"
    SCRIPT = "script"
    SERIF = "serif"
    DISPLAY = "display"
    SANS = "sans"
    BOLD = "bold"
    NOTO = "noto"
    ARABIC = "arabic"
    HEBREW = "hebrew"
    THAI = "thai"
    CJK = "cjk"

    @property
    def capitals(self) -> bool:
        """True if the typeface has capitals only, or is used for capitals only."""
        return self in (Typeface.BEBAS, Typeface.ANTON)


@dataclass(frozen=True, slots=True)
class FaceSource:
    """The packaged font of a typeface, its weight, and the distance of its lines if it differs."""

    font: str
    weight: int | None = None
    leading: float | None = None


SOURCES = {
    Typeface.BEBAS: FaceSource("bebas-neue"),
    Typeface.ANTON: FaceSource("anton"),
    Typeface.BLOCK: FaceSource("archivo-black"),
    Typeface.SCRIPT: FaceSource("pacifico"),
    Typeface.SERIF: FaceSource("playfair-display", 700),
    Typeface.DISPLAY: FaceSource("dm-serif-display"),
    Typeface.SANS: FaceSource("inter", 550, leading=1.28),
    Typeface.BOLD: FaceSource("inter", 760),
    Typeface.NOTO: FaceSource("noto-sans", 760),
    Typeface.ARABIC: FaceSource("noto-sans-arabic", 760),
    Typeface.HEBREW: FaceSource("heebo", 760),
    Typeface.THAI: FaceSource("noto-sans-thai", 760),
    Typeface.CJK: FaceSource(CJK),
}
FALLBACKS = (
    Typeface.BOLD,
    Typeface.NOTO,
    Typeface.ARABIC,
    Typeface.HEBREW,
    Typeface.THAI,
    Typeface.CJK,
)
FontName = Typeface | FontFile
"""A typeface of the studio, or a font file."""


@functools.cache
def face(name: Typeface) -> Face | None:
    """Return the loaded typeface, or None if this machine has no file for it (CJK only)."""
    source = SOURCES[name]
    file = packaged_file(source.font)
    if file is None:
        return None
    blob = hb.Blob.from_file_path(str(file))
    leading = source.leading or PACKAGED[source.font].leading
    return face_of(blob, weight=source.weight, leading=leading)


def face_named(name: FontName) -> Face | None:
    """Return a loaded typeface or font file; `None` if this machine has no file for it."""
    return open_font(name) if isinstance(name, FontFile) else face(name)


@functools.lru_cache(8192)
def covers(name: Typeface, char: str) -> bool:
    """Return whether the typeface has a glyph for the character."""
    found = face(name)
    return found is not None and found.font.get_nominal_glyph(ord(char)) is not None


@functools.lru_cache(8192)
def face_for(char: str, preferred: Typeface) -> Typeface:
    """Return the preferred typeface, or the first fallback that has the character.

    Raises LetteringError if there is none.
    """
    for name in (preferred, *FALLBACKS):
        if covers(name, char):
            return name
    raise LetteringError(
        f"no font here has the character {char!r} (U+{ord(char):04X})",
        hint="the studio sets Latin, Greek, Cyrillic, Devanagari, Arabic, Hebrew, Thai and, with "
        "the extra cjk or Noto Sans CJK in the system, Chinese, Japanese and Korean; leave emoji "
        "out of the quotes",
    )


def choose_typeface(text: str, preferred: tuple[Typeface, ...]) -> Typeface:
    """Return the first typeface that covers the whole text, else the last preferred one."""
    letters = [c for c in text if not c.isspace()]
    for name in preferred:
        if all(covers(name, c) for c in letters):
            return name
    for name in FALLBACKS:
        if all(covers(name, c) for c in letters):
            return name
    return preferred[-1]


@functools.lru_cache(8192)
def outline(name: FontName, glyph: int) -> Path:
    """Return a glyph's outline in font units, y up; it is shared and must not be changed."""
    found = face_named(name)
    return Path() if found is None else glyph_path(found, glyph)
