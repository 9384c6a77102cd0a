"""Typefaces from the fontpkg-* packages, their coverage, and glyphs as outlines.

System fonts are used for CJK only, since packages with CJK fonts are too large.
"""

import functools
import importlib.util
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path as File

import uharfbuzz as hb

from pipeline.lettering.path import Path


class LetteringError(Exception):
    """A text that cannot be set, with the reason."""

    def __init__(self, reason: str, *, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint

    def __reduce__(self) -> "tuple[object, tuple[str], dict[str, str]]":
        """Keep the hint when the error is pickled."""
        return (type(self), (self.reason,), {"hint": self.hint})


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
    CJK = "cjk"

    @property
    def capitals(self) -> bool:
        """True if the typeface has capitals only, or is used for capitals only."""
        return self in (Typeface.BEBAS, Typeface.ANTON)


@dataclass(frozen=True, kw_only=True, slots=True)
class FaceSource:
    """The package of a typeface, and the distance of its lines in em."""

    package: str
    stem: str
    leading: float
    weight: int | None = None


SOURCES = {
    Typeface.BEBAS: FaceSource(package="fontpkg_bebas_neue", stem="BebasNeue", leading=0.92),
    Typeface.ANTON: FaceSource(package="fontpkg_anton", stem="Anton-", leading=1.14),
    Typeface.BLOCK: FaceSource(package="fontpkg_archivo_black", stem="ArchivoBlack", leading=1.04),
    Typeface.SCRIPT: FaceSource(package="fontpkg_pacifico", stem="Pacifico", leading=1.30),
    Typeface.SERIF: FaceSource(
        package="fontpkg_playfair_display", stem="PlayfairDisplay[", leading=1.12, weight=700
    ),
    Typeface.DISPLAY: FaceSource(
        package="fontpkg_dm_serif_display", stem="DMSerifDisplay-Regular", leading=1.08
    ),
    Typeface.SANS: FaceSource(package="fontpkg_inter", stem="Inter[", leading=1.28, weight=550),
    Typeface.BOLD: FaceSource(package="fontpkg_inter", stem="Inter[", leading=1.18, weight=760),
    Typeface.NOTO: FaceSource(
        package="fontpkg_noto_sans", stem="NotoSans[", leading=1.25, weight=760
    ),
    Typeface.ARABIC: FaceSource(
        package="fontpkg_noto_sans_arabic", stem="NotoSansArabic[", leading=1.45, weight=760
    ),
}
FALLBACKS = (Typeface.BOLD, Typeface.NOTO, Typeface.ARABIC, Typeface.CJK)
CJK_FILES = (
    ("/usr/share/fonts", "**/NotoSansCJK*Bold*"),
    ("/usr/share/fonts", "**/SourceHanSans*Bold*"),
    ("/usr/share/fonts", "**/wqy-zenhei*"),
    ("/System/Library/Fonts", "Hiragino Sans GB*"),
    ("C:/Windows/Fonts", "msyhbd*"),
)
CJK_LEADING = 1.25


@dataclass(frozen=True, slots=True)
class Face:
    """A loaded typeface."""

    font: hb.Font
    upem: int
    leading: float


@functools.cache
def face(name: Typeface) -> Face | None:
    """Return the loaded typeface, or None if this machine has no file for it (CJK only)."""
    if name is Typeface.CJK:
        file = next((f for root, glob in CJK_FILES for f in sorted(File(root).glob(glob))), None)
        return None if file is None else _open_face(file, CJK_LEADING, None)
    source = SOURCES[name]
    spec = importlib.util.find_spec(source.package)
    if spec is None or not spec.submodule_search_locations:
        raise LetteringError(
            f"the font package {source.package} is not installed",
            hint="install the pipeline with its dependencies",
        )
    root = File(next(iter(spec.submodule_search_locations)))
    file = next(f for f in sorted(root.rglob("*.ttf")) if f.name.startswith(source.stem))
    return _open_face(file, source.leading, source.weight)


def _open_face(file: File, leading: float, weight: int | None) -> Face:
    raw = hb.Face(hb.Blob.from_file_path(str(file)))
    font = hb.Font(raw)
    if weight is not None:
        font.set_variations({"wght": weight})
    return Face(font, raw.upem, leading)


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
        hint="the studio sets Latin, Greek, Cyrillic, Devanagari, Arabic and, where the system "
        "has Noto Sans CJK, Chinese, Japanese and Korean; leave emoji out of the quotes",
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


class _Pen:
    def __init__(self) -> None:
        self.path = Path()

    def moveTo(self, p: tuple[float, float]) -> None:  # noqa: N802 - the pen protocol's name
        self.path.move(*p)

    def lineTo(self, p: tuple[float, float]) -> None:  # noqa: N802 - the pen protocol's name
        self.path.line(*p)

    def qCurveTo(self, *points: tuple[float, float]) -> None:  # noqa: N802 - as above
        self.path.quad(*points[0], *points[1])

    def curveTo(self, *points: tuple[float, float]) -> None:  # noqa: N802 - as above
        self.path.cubic(*points[0], *points[1], *points[2])

    def closePath(self) -> None:  # noqa: N802 - the pen protocol's name
        self.path.close()

    endPath = closePath  # noqa: N815 - the pen protocol's name


@functools.lru_cache(4096)
def outline(name: Typeface, glyph: int) -> Path:
    """Return a glyph's outline in font units, y up; it is shared and must not be changed."""
    pen, found = _Pen(), face(name)
    if found is not None:
        found.font.draw_glyph_with_pen(glyph, pen)
    return pen.path
