"""Glyphs for subjects of no family: icons by their names, their synonyms and their emoji."""

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
"""Icons that their emoji may call up, but that in words belong to the scene."""
_LONGEST = 3
"""Words in the longest name that is looked for."""


@dataclass(frozen=True, slots=True)
class Icon:
    """An icon's SVG body on its own grid, the box of its ink, its colour."""

    body: str
    ink: Box
    tone: str
    """The colour that it is remembered by."""


@functools.cache
def _sheet() -> dict[str, dict[str, object]]:
    """The vendored sheet: icons by name and synonyms to names."""
    text = (resources.files("pipeline.imageserver.studio") / "glyphs" / "fluent.json").read_text(
        "utf-8"
    )
    sheet: dict[str, dict[str, object]] = json.loads(text)
    return sheet


@functools.cache
def icon(name: str) -> Icon:
    """The icon of a name that `find_icon` gave."""
    entry = _sheet()["icons"][name]
    if not isinstance(entry, dict):
        raise TypeError(name)
    return Icon(str(entry["body"]), Box(*entry["ink"]), str(entry["tone"]))


def find_icon(phrase: str) -> str:
    """The icon that the phrase names last, the longest name first; empty where it names none."""
    emoji = next((name for char in phrase if (name := _by_emoji(char))), "")
    name = _by_words(_LETTERS.sub(" ", phrase).split(), besides=_SCENERY)
    return name or emoji


def _by_words(words: list[str], besides: frozenset[str] = frozenset()) -> str:
    """The last icon that the words name, the longest name first."""
    for end in range(len(words), 0, -1):
        for start in range(max(0, end - _LONGEST), end):
            name = _by_name("-".join(words[start:end]))
            if name and name not in besides:
                return name
    return ""


def _by_name(words: str) -> str:
    icons, synonyms = _sheet()["icons"], _sheet()["synonyms"]
    for form in (words, words.removesuffix("s"), words.removesuffix("es")):
        found = str(synonyms.get(form, form))
        if found in icons:
            return found
    return ""


def _by_emoji(char: str) -> str:
    return _by_words(spoken(char).split())


def spoken(text: str) -> str:
    """The names of a text's emoji, in lower case."""
    signs = (char for char in text if not (char.isascii() or char.isalpha()))
    return " ".join(unicodedata.name(sign, "").lower().replace("-", " ") for sign in signs)
