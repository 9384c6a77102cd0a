"""The colours of a scene: the product's palette and the backdrop."""

import re

from pipeline.imageserver.studio.colors import (
    darken,
    deepen,
    from_hls,
    hls,
    lighten,
    luminance,
    mix,
    warm,
)
from pipeline.imageserver.studio.scene.palettes import (
    FAMILY_PALETTES,
    FLAVOUR_PALETTES,
    KEEPS_OWN_PALETTE,
    MOODS,
    NAMED_COLORS,
    POSTER_PALETTES,
    SEEDED_PALETTES,
)
from pipeline.imageserver.studio.scene.scene import Light, Palette

_WALL = re.compile(
    r"([a-z]+)(?:[\s-]+(?:gradient|studio|seamless|pastel|paper|coloured|colored|plain|solid))*"
    r"[\s-]+(?:background|backdrop|wall|sky)"
)
_GLASS = re.compile(
    r"\b(?:(?:amber|green|cobalt|blue|clear|black|brown|dark)[\s-]glass|"
    r"golden[\s-]hour|(?:red|white|rose|rosé)[\s-]wine)\b"
)
"""Colour words that describe glass, light or wine."""
_WORD = re.compile(r"[a-z]+")
_WALL_ONLY = frozenset(("dark", "sand"))
"""Colour words for walls only; elsewhere they mean light or a beach."""
_AMBER = (0.02, 0.19)
_READ_ON = (0.115, 0.28)
"""The luminances between which neither black nor white text is easy to read."""
_GREY = 0.15
_DARK = 0.12
_CREAM_HUES = (0.06, 0.20)


def asked_backdrop(low: str) -> str | None:
    """Return the colour named before "background", "backdrop" or "wall"."""
    return next(
        (NAMED_COLORS[m.group(1)] for m in _WALL.finditer(low) if m.group(1) in NAMED_COLORS), None
    )


def _singular(word: str) -> str:
    if word == "lemonade":
        return "lemon"
    if word in ("mojito", "mojitos"):
        return "mint"
    return word[:-3] + "y" if word.endswith("ies") else word.removesuffix("s")


def _flavour(words: list[str]) -> str:
    """Return the first flavour; a season or mood only if no flavour is named."""
    known = [w for w in words if w in FLAVOUR_PALETTES]
    return next((w for w in known if w not in MOODS), known[0] if known else "")


def palette(low: str, backdrop: str | None, seed: int, own: str) -> Palette:
    """Return the product's colours: by flavour, else by colour words, family or backdrop.

    `own` is a family's value or an icon's colour.
    """
    bare = _GLASS.sub(" ", _WALL.sub(" ", low))
    plain = _WORD.findall(bare)
    flavour = _flavour([w if w in FLAVOUR_PALETTES else _singular(w) for w in plain])
    colors = [NAMED_COLORS[w] for w in plain if w in NAMED_COLORS and w not in _WALL_ONLY]
    if flavour and not (colors and flavour in MOODS):
        return Palette(
            **dict(zip(("main", "soft", "accent"), FLAVOUR_PALETTES[flavour], strict=True))
        )
    if flavour:
        _, soft, accent = FLAVOUR_PALETTES[flavour]
        return Palette(main=colors[0], soft=soft, accent=accent)
    if colors:
        return _around(colors[0], colors[1] if len(colors) > 1 else None)
    if own.startswith("#"):
        return _around(own, None)
    if own in KEEPS_OWN_PALETTE:
        return Palette(**dict(zip(("main", "soft", "accent"), FAMILY_PALETTES[own], strict=True)))
    if backdrop and hls(backdrop)[2] > _GREY and luminance(backdrop) > _DARK:
        hue = hls(backdrop)[0]
        near = 0.055 if _CREAM_HUES[0] < hue < _CREAM_HUES[1] else hue + 0.05
        return Palette(
            main=from_hls(near, 0.50, 0.72),
            soft=from_hls(near + 0.02, 0.86, 0.80),
            accent=from_hls(near + 0.5, 0.28, 0.45),
        )
    if own in FAMILY_PALETTES:
        main, soft, accent = FAMILY_PALETTES[own]
        return Palette(main=main, soft=soft, accent=accent)
    stock = POSTER_PALETTES if own == "words" else SEEDED_PALETTES
    main, soft, accent = stock[seed % len(stock)]
    return Palette(main=main, soft=soft, accent=accent)


def _around(base: str, third: str | None) -> Palette:
    hue, _, rich = hls(base)
    return Palette(
        main=base,
        soft=from_hls(hue, 0.82, rich),
        accent=third or from_hls(hue + 0.45, 0.35, max(0.25, rich * 0.8)),
    )


def palette_of(color: str, low: str) -> Palette:
    """Return the palette of a colour, with the accent of the product's flavour, if any."""
    flavour = _flavour([w if w in FLAVOUR_PALETTES else _singular(w) for w in _WORD.findall(low)])
    return _around(
        color, FLAVOUR_PALETTES[flavour][0] if flavour and flavour not in MOODS else None
    )


def berry_color(colors: Palette) -> str:
    """Return the colour of berries beside a product, never pale."""
    pale = 0.30
    return mix(colors.main, "#b8143c", 0.45 if luminance(colors.main) < pale else 0.85)


def deepen_for_text(wall: str) -> str:
    """Return a wall of middle luminance deepened, so that pale text can be read on it.

    Orange stays as it is, since it would turn brown.
    """
    hue, _, rich = hls(wall)
    if _AMBER[0] < hue < _AMBER[1] or rich < _GREY:
        return wall
    deep = wall
    for step in range(1, 9):
        if not _READ_ON[0] < luminance(deep) < _READ_ON[1]:
            break
        deep = deepen(wall, 0.06 * step)
    return deep


def readable_wall(color: str) -> str:
    """Return the colour, darkened if neither black nor white text could be read on it."""
    middle_from, middle_to = 0.13, 0.30
    for step in range(1, 9):
        if not middle_from < luminance(color) < middle_to:
            break
        color = darken(color, 0.08 * step)
    return color


def default_backdrop(light: Light, colors: Palette, *, is_warm: bool) -> str:
    """Return a backdrop for the light, from the palette."""
    match light:
        case Light.NEON:
            return "#160a33"
        case Light.DRAMATIC:
            return mix(warm(colors.main), "#1a120d" if is_warm else "#131217", 0.86)
        case Light.BRIGHT:
            return mix(colors.soft, "#ffffff", 0.62)
        case Light.GOLDEN:
            return mix(lighten(colors.soft, 0.15), "#ffcf9a", 0.5)
        case Light.SOFT:
            ground = mix(mix(colors.soft, colors.main, 0.30), "#fff4e6", 0.30)
            return mix(ground, "#ffd9a8", 0.18) if is_warm else ground


def in_take(wall: str, take: int, *, strength: float = 1.0) -> str:
    """Return a wall in the exposure of a take: each of four neighbouring ones has its own."""
    tone = luminance(wall)
    pale, dark = 0.72, 0.03
    match take % 4:
        case 1:
            return deepen(wall, 0.07 * strength) if tone > pale else lighten(wall, 0.13 * strength)
        case 2:
            return lighten(wall, 0.07) if tone < dark else deepen(wall, 0.12 * strength)
        case 3:
            lit = mix(wall, "#ffb27a", 0.10 * strength)
            return deepen(lit, 0.03) if tone > pale else lit
        case _:
            return wall
