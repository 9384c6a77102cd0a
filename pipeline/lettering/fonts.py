"""Font files: those of the fontpkg-* packages by name, and those that a campaign brings.

System fonts are used for CJK only, since packages with CJK fonts are too large to be required.
"""

import functools
import hashlib
import importlib.util
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, kw_only=True, slots=True)
class FontPackage:
    """A font in an installed package, and the distance of its lines in em."""

    package: str
    stem: str
    leading: float


PACKAGED = {
    "bebas-neue": FontPackage(package="fontpkg_bebas_neue", stem="BebasNeue", leading=0.92),
    "anton": FontPackage(package="fontpkg_anton", stem="Anton-", leading=1.14),
    "archivo-black": FontPackage(
        package="fontpkg_archivo_black", stem="ArchivoBlack", leading=1.04
    ),
    "pacifico": FontPackage(package="fontpkg_pacifico", stem="Pacifico", leading=1.30),
    "playfair-display": FontPackage(
        package="fontpkg_playfair_display", stem="PlayfairDisplay[", leading=1.12
    ),
    "dm-serif-display": FontPackage(
        package="fontpkg_dm_serif_display", stem="DMSerifDisplay-Regular", leading=1.08
    ),
    "inter": FontPackage(package="fontpkg_inter", stem="Inter[", leading=1.18),
    "noto-sans": FontPackage(package="fontpkg_noto_sans", stem="NotoSans[", leading=1.25),
    "noto-sans-arabic": FontPackage(
        package="fontpkg_noto_sans_arabic", stem="NotoSansArabic[", leading=1.45
    ),
    "heebo": FontPackage(package="fontpkg_heebo", stem="Heebo[", leading=1.25),
    "noto-sans-thai": FontPackage(
        package="fontpkg_noto_sans_thai", stem="NotoSansThai[", leading=1.45
    ),
    "noto-sans-cjk": FontPackage(package="noto_cjk_sans_jp_bold", stem="NotoSansCJK", leading=1.25),
}
"""The fonts that a campaign can name without a file; `noto-sans-cjk` comes with the extra `cjk`."""
CJK = "noto-sans-cjk"
_SYSTEM_CJK = (
    ("/usr/share/fonts", "**/NotoSansCJK*Bold*"),
    ("/usr/share/fonts", "**/SourceHanSans*Bold*"),
    ("/usr/share/fonts", "**/wqy-zenhei*"),
    ("/System/Library/Fonts", "Hiragino Sans GB*"),
    ("C:/Windows/Fonts", "msyhbd*"),
)
_UNSEEN = ("Cc", "Cf", "Zs", "Zl", "Zp")
"""Categories of characters that need no glyph."""
_JOINED = ("Mn", "Me", "Mc", "Cf")
"""Categories of characters that belong to the one before."""
_FEW = 6
"""Most letters that a message names."""


@dataclass(frozen=True, slots=True)
class FontFile:
    """A font file by path and content; `weight` acts on variable fonts."""

    path: str
    sha256: str
    weight: int | None = None


@dataclass(frozen=True, slots=True)
class Face:
    """A loaded font."""

    font: hb.Font
    upem: int
    leading: float
    """Distance of its lines in em."""


@functools.cache
def packaged_file(name: str) -> File | None:
    """Return the file of a packaged font, or `None` if this machine has none (CJK only)."""
    source = PACKAGED[name]
    spec = importlib.util.find_spec(source.package)
    if spec is not None and spec.submodule_search_locations:
        root = File(next(iter(spec.submodule_search_locations)))
        files = sorted(file for file in root.rglob("*.[to]tf"))
        return next(file for file in files if file.name.startswith(source.stem))
    if name != CJK:
        raise LetteringError(
            f"the font package {source.package} is not installed",
            hint="install the pipeline with its dependencies",
        )
    found = (file for root, glob in _SYSTEM_CJK for file in sorted(File(root).glob(glob)))
    return next(found, None)


@functools.cache
def packaged_font(name: str, weight: int | None = None) -> FontFile | None:
    """Return a packaged font with its content's hash, or `None` if this machine has none."""
    file = packaged_file(name)
    if file is None:
        return None
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return FontFile(str(file), digest, weight)


def font_problem(content: bytes) -> str:
    """Return why these bytes cannot be used as a font; empty if they can."""
    if content[:4] in (b"wOFF", b"wOF2"):
        return "is a web font; name its ttf or otf file"
    face = hb.Face(hb.Blob(content))
    if not face.glyph_count or not face.unicodes:
        return "is no font; ttf, otf and ttc files are read"
    return ""


def has_weights(content: bytes) -> bool:
    """Return whether a font is variable and has more than one weight."""
    return any(axis.tag == "wght" for axis in hb.Face(hb.Blob(content)).axis_infos)


@functools.lru_cache(64)
def open_font(file: FontFile) -> Face:
    """Return a loaded font; `LetteringError` if the file is missing or has another content."""
    try:
        content = File(file.path).read_bytes()
    except OSError as error:
        raise LetteringError(f"{file.path} cannot be read: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise LetteringError(f"{file.path} has changed since the campaign was read; run it again")
    return face_of(hb.Blob(content), weight=file.weight)


def face_of(blob: hb.Blob, *, weight: int | None, leading: float | None = None) -> Face:
    """Return the font in a blob; its own distance of lines, unless another is given."""
    raw = hb.Face(blob)
    font = hb.Font(raw)
    if weight is not None:
        font.set_variations({"wght": weight})
    if leading is None:
        extents = font.get_font_extents("ltr")
        leading = max(1.0, (extents.ascender - extents.descender) / raw.upem)
    return Face(font, raw.upem, leading)


def clusters(text: str) -> list[str]:
    """Return a text in parts that one font has to set: a letter with its marks."""
    found: list[str] = []
    for char in text:
        if found and unicodedata.category(char) in _JOINED:
            found[-1] += char
        else:
            found.append(char)
    return found


@functools.lru_cache(16384)
def has_glyphs(file: FontFile, cluster: str) -> bool:
    """Return whether a font has a glyph for every visible character."""
    font = open_font(file).font
    return all(
        font.get_nominal_glyph(ord(char)) is not None
        for char in cluster
        if unicodedata.category(char) not in _UNSEEN
    )


def missing_letters(text: str, fonts: Sequence[FontFile]) -> tuple[str, ...]:
    """Return the letters, with their marks, that none of the fonts has."""
    found = dict.fromkeys(clusters(unicodedata.normalize("NFC", text)))
    return tuple(one for one in found if not any(has_glyphs(font, one) for font in fonts))


def fonts_with(letters: Iterable[str]) -> tuple[str, ...]:
    """Return the packaged fonts of this machine that have all the letters."""
    wanted = tuple(letters)
    fonts = ((name, packaged_font(name)) for name in PACKAGED)
    return tuple(
        name for name, font in fonts if font and all(has_glyphs(font, one) for one in wanted)
    )


def fallback_fonts(text: str, weight: int) -> tuple[FontFile, ...]:
    """Return the packaged fonts that a text needs, Inter first where it has a letter.

    Raises `LetteringError` if no font of this machine has a letter.
    """
    chosen: dict[str, FontFile] = {}
    for one in clusters(unicodedata.normalize("NFC", text)):
        if not one.isspace():
            name, font = _fallback(one, weight)
            chosen[name] = font
    return tuple(chosen[name] for name in _FALLBACKS if name in chosen)


_FALLBACKS = ("inter", "noto-sans", "noto-sans-arabic", "heebo", "noto-sans-thai", CJK)


def _fallback(cluster: str, weight: int) -> tuple[str, FontFile]:
    for name in _FALLBACKS:
        font = packaged_font(name, None if name == CJK else weight)
        if font is not None and has_glyphs(font, cluster):
            return name, font
    raise LetteringError(f"no packaged font has {named_letters([cluster])}", hint=_WHERE_TO_GET)


_WHERE_TO_GET = (
    "the packaged ones set Latin, Greek, Cyrillic, Devanagari, Arabic, Hebrew and Thai, and with "
    "the extra cjk Chinese, Japanese and Korean; name a font of your own that has the letters"
)


def named_letters(letters: Sequence[str]) -> str:
    """Return letters for a message, with their code points: `ส (U+0E2A) and 3 more`."""
    shown = [f"{one} ({' '.join(f'U+{ord(char):04X}' for char in one)})" for one in letters[:_FEW]]
    more = len(letters) - _FEW
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


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


def glyph_path(face: Face, glyph: int) -> Path:
    """Return a glyph's outline in font units, y up."""
    pen = _Pen()
    face.font.draw_glyph_with_pen(glyph, pen)
    return pen.path
