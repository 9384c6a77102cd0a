"""The words of overlays: checked against their fonts when prompts are written, before any cost."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from pipeline.campaign.overlay.parts import Overlay
from pipeline.lettering.fonts import (
    FontFile,
    LetteringError,
    fallback_fonts,
    fonts_with,
    missing_letters,
    named_letters,
)
from pipeline.lettering.line_breaks import plain
from pipeline.model.adfiles.overlay import BrandFile, OverlayFont, OverlayPart, TextPart

_LONGEST = 600
"""Most characters of one text."""


def overlay_complaints(overlay: Overlay, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the template of each text that cannot be set, and the reason."""
    parts = (part for part in overlay.parts if isinstance(part, TextPart))
    for part, template, text in zip(parts, overlay.templates, texts, strict=True):
        complaint = _complaint(plain(text), part.fonts, part.weight)
        if complaint:
            yield template, complaint


@lru_cache(4096)
def _complaint(text: str, fonts: tuple[OverlayFont, ...], weight: int) -> str:
    if len(text) > _LONGEST:
        return f"the text has {len(text)} characters, and {_LONGEST} are the most"
    try:
        if not fonts:
            fallback_fonts(text, weight)
            return ""
        missing = missing_letters(text, font_files(fonts))
    except LetteringError as error:
        return f"{error.reason}; {error.hint}" if error.hint else error.reason
    if not missing:
        return ""
    names = [font.file.shown for font in fonts]
    packaged = fonts_with(missing)
    which = " and ".join(names)
    complaint = f"{which} {'have' if len(names) > 1 else 'has'} no {named_letters(missing)}"
    if not packaged:
        own = f"font: [{', '.join(names)}, …]"
        return f"{complaint}, nor has a packaged font; name one that has: {own}"
    more = f"font: [{', '.join([*names, packaged[0]])}]"
    return f"{complaint}; packaged {' and '.join(packaged[:3])} would do: {more}"


def written_overlay(
    overlay: Overlay, texts: Sequence[str], *, language: str
) -> tuple[OverlayPart, ...]:
    """Return the parts of an overlay with their words and fonts, without those that are empty.

    Raises `LetteringError` if no font has a letter.
    """
    words = iter(texts)
    parts: list[OverlayPart] = []
    for part in overlay.parts:
        if not isinstance(part, TextPart):
            parts.append(part)
            continue
        text = plain(next(words))
        if text:
            fonts = part.fonts or _packaged(text, part.weight)
            parts.append(replace(part, text=text, fonts=fonts, language=language))
    return tuple(parts)


@lru_cache(4096)
def _packaged(text: str, weight: int) -> tuple[OverlayFont, ...]:
    return tuple(
        OverlayFont(
            file=BrandFile(shown=font.path.rpartition("/")[2], path=font.path, sha256=font.sha256),
            weight=font.weight,
        )
        for font in fallback_fonts(text, weight)
    )


def font_files(fonts: Sequence[OverlayFont]) -> tuple[FontFile, ...]:
    """Return the fonts of a text as lettering reads them."""
    return tuple(FontFile(font.file.path, font.file.sha256, font.weight) for font in fonts)
