"""Colours as prompts name them: plain, qualified ("pale blue") and compound ("sage green")."""

from dataclasses import dataclass

from pipeline.imageserver.studio.colors import darken, from_hls, hls, lighten, mix
from pipeline.imageserver.studio.scene.palettes import NAMED_COLORS

METALS = {
    "brass": "#b98f45",
    "copper": "#b8693c",
    "bronze": "#8c6239",
    "chrome": "#c9ced4",
    "steel": "#a9b0b8",
    "zinc": "#9aa3a8",
    "pewter": "#8b8f94",
}
_MORE = {
    "apricot": "#f7b07a",
    "aqua": "#4fd0d0",
    "cobalt": "#1f47b5",
    "denim": "#3f5f8f",
    "ecru": "#efe6d2",
    "fuchsia": "#e0229a",
    "graphite": "#3b3e44",
    "khaki": "#a79a6a",
    "maroon": "#6a1a26",
    "mauve": "#b08bb5",
    "midnight": "#131c3d",
    "ochre": "#c98a2b",
    "plum": "#6c2f5c",
    "rust": "#a8492a",
    "salmon": "#fa8f7b",
    "tan": "#c9a173",
    "taupe": "#8f8278",
    "tortoiseshell": "#6b3f1e",
    "off-white": "#f4efe4",
    "rose gold": "#d9a08c",
    "olive green": "#77813a",
    "sky blue": "#8ccbf0",
    "light blue": "#a9d3f2",
    "navy blue": "#14284f",
    "royal blue": "#2a49c8",
    "forest green": "#1f5c3a",
    "bottle green": "#164b34",
    "racing green": "#0f4a33",
    "midnight blue": "#141f47",
    "cobalt blue": "#1f47b5",
    "ice blue": "#cfe6f2",
    "burnt orange": "#c2551c",
    "neon green": "#4dff3c",
    "neon yellow": "#e8ff2a",
    "neon pink": "#ff2fb3",
    "neon orange": "#ff7a1a",
    "hot pink": "#ff4fa0",
    "electric blue": "#1f6bff",
    "mustard yellow": "#d9a520",
    "mint green": "#8fdcc0",
    "sage green": "#a9bfa0",
    "lime green": "#9ccc2e",
    "emerald green": "#0f7a55",
    "blood orange": "#d9381e",
}
COLORS = {**NAMED_COLORS, **METALS, **_MORE}
"""The hex colour of every colour that has a name of its own."""
_NO_COLORS = frozenset(("dark", "pastel", "golden", "coffee", "gray"))
"""Entries of the palette that qualify a colour, or are one by another name."""
_SAME = {"gray": "grey", "golden": "gold", "gilded": "gold", "gilt": "gold", "navy blue": "navy"}
_LIGHT = frozenset(("light", "pale", "soft", "pastel", "baby"))
_DARK = frozenset(("dark", "deep"))
_LOUD = frozenset(("neon", "hot", "electric", "bright", "vivid"))
_DULL = frozenset(("dusty", "muted", "smoky"))
_SILENT = frozenset(("matte", "rich", "warm", "smoky", "bright", "vivid", "dusty", "muted"))
"""Qualifiers that are heard but are no part of a colour's name."""
QUALIFIERS = _LIGHT | _DARK | _LOUD | _DULL | _SILENT | {"burnt"}
"""Words that change the colour after them."""


@dataclass(frozen=True, slots=True)
class NamedColor:
    """A colour, with the name that the prompt gave it."""

    name: str
    hex: str


def is_color(word: str) -> bool:
    """Return whether a word is the name of a colour."""
    word = _SAME.get(word, word)
    return word in COLORS and word not in _NO_COLORS


def color_at(words: list[str], at: int, *, noun_first: bool) -> tuple[NamedColor, int] | None:
    """Return the colour that begins at a word and its number of words; None if none does."""
    if found := _whole_name(words, at):
        return found
    if noun_first and (found := _reversed(words, at)):
        return found
    if words[at] in QUALIFIERS:
        rest = at + 1
        while rest < len(words) and words[rest] in QUALIFIERS:
            rest += 1
        base = _plain(words, rest)
        if base is None:
            return None
        color, length = base
        return _qualified(color, words[at:rest]), rest - at + length
    return _plain(words, at)


def _whole_name(words: list[str], at: int) -> tuple[NamedColor, int] | None:
    name = " ".join(words[at : at + 2])
    if len(words) >= at + 2 and name in _MORE:
        said = _SAME.get(name, name)
        return NamedColor(said, COLORS[name]), 2
    return None


def _plain(words: list[str], at: int) -> tuple[NamedColor, int] | None:
    """Return a colour of one or two words without a qualifier."""
    if found := _whole_name(words, at):
        return found
    if at >= len(words) or not is_color(words[at]):
        return None
    word = _SAME.get(words[at], words[at])
    after = words[at + 1] if at + 1 < len(words) else ""
    if is_color(after) and after in _BASE and word not in _BASE:
        return NamedColor(f"{word} {after}", COLORS[word]), 2
    return NamedColor(word, COLORS[word]), 1


def _reversed(words: list[str], at: int) -> tuple[NamedColor, int] | None:
    """Return a colour whose qualifier follows it: "green dark", "yellow mustard"."""
    if at + 1 >= len(words) or not is_color(words[at]):
        return None
    word, after = _SAME.get(words[at], words[at]), words[at + 1]
    if after in _LIGHT | _DARK | _LOUD:
        return _qualified(NamedColor(word, COLORS[word]), [after]), 2
    if word in _BASE and is_color(after) and after not in _BASE:
        name = f"{after} {word}"
        return NamedColor(_SAME.get(name, name), COLORS.get(name, COLORS[after])), 2
    return None


_BASE = frozenset(
    ("red", "blue", "green", "yellow", "orange", "pink", "purple", "white", "black", "grey")
).union(("brown", "violet"))
"""The colours that others are shades of."""


def _qualified(color: NamedColor, qualifiers: list[str]) -> NamedColor:
    tone = color.hex
    for word in qualifiers:
        hue, light, _ = hls(tone)
        if word in _LIGHT:
            tone = lighten(tone, 0.55 if light < 0.7 else 0.35)  # noqa: PLR2004 - pale already
        elif word in _DARK:
            tone = darken(tone, 0.42)
        elif word in _LOUD:
            tone = from_hls(hue, min(0.6, max(0.5, light)), 1.0)
        elif word in _DULL:
            tone = mix(tone, "#8d9096", 0.35)
    said = [word for word in qualifiers if word not in _SILENT]
    name = " ".join([*said, color.name])
    return NamedColor(_SAME.get(name, name), COLORS.get(name, tone))
