"""The licences of the fonts whose letters are on ad files, to lie beside the originals."""

import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

import uharfbuzz as hb

from pipeline.lettering.fonts import LetteringError, fallback_fonts
from pipeline.model.adfiles.ad_file import Recipe
from pipeline.model.adfiles.overlay import TextPart
from pipeline.reports.export.package import ExportFile, file_of

FOLDER = "originals/fonts"
LONGEST = 256 * 1024
"""Most bytes of a licence; a longer file is none."""
_NAMES = ("ofl", "license", "licence", "copying", "ufl")
"""How the names of licence files begin, in lower case."""
_LICENCE_TEXT = 13
"""Number of the licence in a font's own table of names."""


def font_licences(recipes: Iterable[Recipe]) -> list[ExportFile]:
    """Return the licence of each font, where there is one: its file, or the font's own words."""
    found: dict[str, ExportFile] = {}
    for font in dict.fromkeys(font for recipe in recipes for font in _fonts(recipe)):
        licence = _licence(font)
        if licence:
            path = f"{FOLDER}/{_plain(font.stem)}-LICENSE.txt"
            found.setdefault(path, file_of(path, licence))
    return [*found.values()]


def _fonts(recipe: Recipe) -> Iterator[Path]:
    for part in recipe.overlay:
        if not isinstance(part, TextPart):
            continue
        yield from (Path(font.file.path) for font in part.fonts)
        if not part.fonts:
            try:
                yield from (Path(font.path) for font in fallback_fonts(part.text, part.weight))
            except LetteringError:
                continue


def _licence(font: Path) -> bytes:
    """Return the licence beside a font, else the one in it; empty if there is neither."""
    for folder in (font.parent, font.parent.parent):
        try:
            beside = sorted(one for one in folder.iterdir() if _is_licence(one, font))
            if beside:
                return beside[0].read_bytes()
        except OSError:
            continue
    try:
        words = hb.Face(hb.Blob(font.read_bytes())).get_name(_LICENCE_TEXT)
    except OSError:
        return b""
    return f"{words}\n".encode() if words else b""


def _is_licence(file: Path, font: Path) -> bool:
    """Return whether a file is the licence of a font, or of every font in its folder."""
    name, stem = file.name.lower(), font.stem.lower()
    named = name.startswith(_NAMES) or (name.startswith(stem) and any(n in name for n in _NAMES))
    fits = file.suffix.lower() in ("", ".txt", ".md") and file.is_file()
    return named and fits and file.stat().st_size <= LONGEST


def _plain(stem: str) -> str:
    """Return a font's name in ASCII without brackets."""
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    return (
        "".join(one if one.isalnum() or one in "-_" else "-" for one in plain).strip("-") or "font"
    )
