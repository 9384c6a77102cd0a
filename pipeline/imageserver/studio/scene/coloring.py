"""Which colours the words ask for: the product's palette and the backdrop."""

import re

from pipeline.imageserver.studio.colors import (
    darken,
    deepen,
    hls,
    lighten,
    luminance,
    mix,
    warm,
    wheel,
)
from pipeline.imageserver.studio.scene.palettes import (
    ANY_GROUND,
    CURATED,
    FLAVOURS,
    HOUSE,
    MOODS,
    NAMED,
    VIVID,
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
"""Words of colour that tell of the glass, the light or the wine."""
_WORD = re.compile(r"[a-z]+")
_NO_PAINT = frozenset(("dark", "sand"))
"""Words that a wall may be painted with, but that otherwise tell of light or of a beach."""
_TASTES = _NO_PAINT.union(
    ["orange", "lemon", "lime", "mint", "peach", "rose", "coffee", "chocolate", "lavender"],
    ["olive", "amber", "cream", "golden", "sage", "pastel"],
)
"""Words of colour that beside a product more often tell what is in it."""
_AMBER = (0.02, 0.19)
_READ_ON = (0.115, 0.28)
"""The luminances between which neither black nor white type is read with ease."""
_GREY = 0.15
_DARK = 0.12
_CREAM_HUES = (0.06, 0.20)


def asked_backdrop(low: str) -> str | None:
    """The colour named before "background", "backdrop" or "wall"."""
    return next((NAMED[m.group(1)] for m in _WALL.finditer(low) if m.group(1) in NAMED), None)


def _singular(word: str) -> str:
    if word == "lemonade":
        return "lemon"
    if word in ("mojito", "mojitos"):
        return "mint"
    return word[:-3] + "y" if word.endswith("ies") else word.removesuffix("s")


def _flavour(words: list[str]) -> str:
    """The first flavour; a season or a mood only where no flavour is named."""
    known = [w for w in words if w in FLAVOURS]
    return next((w for w in known if w not in MOODS), known[0] if known else "")


def palette(low: str, backdrop: str | None, seed: int, own: str) -> Palette:
    """The product's colours: flavour first, then named colours, its own, the backdrop's kin.

    `own` is a family that has a house palette, or a colour, or nothing that is known.
    """
    bare = _GLASS.sub(" ", _WALL.sub(" ", low))
    plain = _WORD.findall(bare)
    flavour = _flavour([w if w in FLAVOURS else _singular(w) for w in plain])
    colors = [NAMED[w] for w in plain if w in NAMED and w not in _NO_PAINT]
    if flavour and not (colors and flavour in MOODS):
        return Palette(**dict(zip(("main", "soft", "accent"), FLAVOURS[flavour], strict=True)))
    if flavour:
        _, soft, accent = FLAVOURS[flavour]
        return Palette(main=colors[0], soft=soft, accent=accent)
    if colors:
        return _around(colors[0], colors[1] if len(colors) > 1 else None)
    if own.startswith("#"):
        return _around(own, None)
    if own in ANY_GROUND:
        return Palette(**dict(zip(("main", "soft", "accent"), HOUSE[own], strict=True)))
    if backdrop and hls(backdrop)[2] > _GREY and luminance(backdrop) > _DARK:
        hue = hls(backdrop)[0]
        near = 0.055 if _CREAM_HUES[0] < hue < _CREAM_HUES[1] else hue + 0.05
        return Palette(
            main=wheel(near, 0.50, 0.72),
            soft=wheel(near + 0.02, 0.86, 0.80),
            accent=wheel(near + 0.5, 0.28, 0.45),
        )
    if own in HOUSE:
        main, soft, accent = HOUSE[own]
        return Palette(main=main, soft=soft, accent=accent)
    stock = VIVID if own == "words" else CURATED
    main, soft, accent = stock[seed % len(stock)]
    return Palette(main=main, soft=soft, accent=accent)


def _around(base: str, third: str | None) -> Palette:
    hue, _, rich = hls(base)
    return Palette(
        main=base,
        soft=wheel(hue, 0.82, rich),
        accent=third or wheel(hue + 0.45, 0.35, max(0.25, rich * 0.8)),
    )


def worn(phrase: str) -> str:
    """The colour that a product's own phrase gives it; empty where that is a taste or nothing."""
    words = _WORD.findall(_GLASS.sub(" ", _WALL.sub(" ", phrase)))
    return next((NAMED[w] for w in words if w in NAMED and w not in _TASTES), "")


def painted(color: str, low: str) -> Palette:
    """A product in a colour that it was given, with the accent of its flavour, if it has one."""
    flavour = _flavour([w if w in FLAVOURS else _singular(w) for w in _WORD.findall(low)])
    return _around(color, FLAVOURS[flavour][0] if flavour and flavour not in MOODS else None)


def ripe(colors: Palette) -> str:
    """The skin of berries beside a product: kin to it, but ripe however pale it is."""
    pale = 0.30
    return mix(colors.main, "#b8143c", 0.45 if luminance(colors.main) < pale else 0.85)


def richer(wall: str) -> str:
    """A wall of a middling tone deepened, so that pale type is read on it.

    Orange is left as it is: deepened, it would be brown.
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


def steady(color: str) -> str:
    """The colour, darkened where neither black nor white type could be read well on it."""
    middle_from, middle_to = 0.13, 0.30
    for step in range(1, 9):
        if not middle_from < luminance(color) < middle_to:
            break
        color = darken(color, 0.08 * step)
    return color


def default_backdrop(light: Light, colors: Palette, *, is_warm: bool) -> str:
    """A ground for the light, drawn from the palette; dark ones never turn olive."""
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
