"""Icons for subjects without a family, by name, synonym or emoji."""

import functools
import json
import re
import unicodedata
from dataclasses import dataclass
from importlib import resources

from pipeline.lettering.box import Box

_LETTERS = re.compile(r"[^a-z ]+")
_SCENERY = frozenset(
    ("wood", "mirror", "ice", "sun", "star", "fire", "label", "package", "door", "rainbow", "bell")
)
"""Icons that an emoji may name, but whose words belong to the scenery."""
_ALSO = {
    "bowl": "bowl-with-spoon",
    "glass": "tumbler-glass",
    "cup": "hot-beverage",
    "mug": "hot-beverage",
    "coffee cup": "hot-beverage",
    "rotary phone": "telephone",
    "landline": "telephone",
    "novel": "blue-book",
}
"""Nouns of companions that icons call otherwise."""
_MAX_LENGTH = 3
"""Number of words in the longest name that is looked up."""


@dataclass(frozen=True, slots=True)
class Icon:
    """An icon's SVG body on its own grid, the box of its ink, its colour."""

    body: str
    ink: Box
    tone: str
    """The icon's main colour."""


@functools.cache
def _icon_table() -> dict[str, dict[str, object]]:
    """Return the vendored icons by name, and names by synonym."""
    text = (resources.files("pipeline.imageserver.studio") / "glyphs" / "fluent.json").read_text(
        "utf-8"
    )
    sheet: dict[str, dict[str, object]] = json.loads(text)
    return sheet


@functools.cache
def icon(name: str) -> Icon:
    """Return the icon of a name that `find_icon` gave."""
    entry = _icon_table()["icons"][name]
    if not isinstance(entry, dict):
        raise TypeError(name)
    return Icon(str(entry["body"]), Box(*entry["ink"]), str(entry["tone"]))


def find_icon(phrase: str) -> str:
    """Return the icon that the phrase names last, preferring long names; empty if none."""
    emoji = next((name for char in phrase if (name := _by_emoji(char))), "")
    name = _by_words(_LETTERS.sub(" ", phrase).split(), besides=_SCENERY)
    return name or emoji


def _by_words(words: list[str], besides: frozenset[str] = frozenset()) -> str:
    """Return the last icon that the words name, preferring long names."""
    for end in range(len(words), 0, -1):
        for start in range(max(0, end - _MAX_LENGTH), end):
            name = _by_name("-".join(words[start:end]))
            if name and name not in besides:
                return name
    return ""


def _by_name(words: str) -> str:
    icons, synonyms = _icon_table()["icons"], _icon_table()["synonyms"]
    for form in (words, words.removesuffix("s"), words.removesuffix("es")):
        found = str(synonyms.get(form, form))
        if found in icons:
            return found
    return ""


def named_icon(name: str) -> str:
    """Return the icon of exactly this noun, in the singular; empty if there is none."""
    words = _ALSO.get(name, name.replace(" ", "-"))
    found = str(_icon_table()["synonyms"].get(words, words))
    return found if found in _icon_table()["icons"] and found not in _SCENERY else ""


def _by_emoji(char: str) -> str:
    return _by_words(emoji_names(char).split())


def emoji_names(text: str) -> str:
    """Return the names of a text's emoji, in lower case."""
    signs = (char for char in text if not (char.isascii() or char.isalpha()))
    return " ".join(unicodedata.name(sign, "").lower().replace("-", " ") for sign in signs)
