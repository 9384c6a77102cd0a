"""The nouns that the painter knows, by what they are in a prompt; they stand in `nouns.txt`."""

from importlib import resources
from types import MappingProxyType

from pipeline.imageserver.studio.scene.scene import Family


def _sections() -> dict[str, list[str]]:
    text = resources.files("pipeline.imageserver.studio.words").joinpath("nouns.txt")
    found: dict[str, list[str]] = {}
    name = ""
    for row in text.read_text("utf-8").splitlines():
        if row.startswith("["):
            name = row.strip("[]")
        elif row and not row.startswith("#"):
            found.setdefault(name, []).append(row)
    return found


_SECTIONS = _sections()


def _pairs(section: str) -> dict[str, str]:
    """Return the nouns of a section of `name: nouns`, each with its name."""
    rows = (row.split(": ", 1) for row in _SECTIONS[section])
    return {noun.strip(): name for name, nouns in rows for noun in nouns.split(",")}


def _families(section: str) -> MappingProxyType[str, Family]:
    return MappingProxyType({noun: Family(name) for noun, name in _pairs(section).items()})


def _words(section: str) -> frozenset[str]:
    joined = ",".join(row.rstrip(",") for row in _SECTIONS[section])
    return frozenset(word.strip() for word in joined.split(","))


CONTAINERS = _families("containers")
"""Nouns that name a shape which holds something."""
CONTENTS = _families("contents")
"""Nouns that fill a shape, and the shape in which they come if none is named."""
THINGS = _families("things")
"""Nouns for what is drawn by hand."""
PARTS = MappingProxyType(_pairs("parts"))
"""Nouns for parts of products, and the part that each means."""
UNFLAVOURED = _words("unflavoured")
"""Contents whose container a colour word before them describes."""
FLAVOURS = _words("flavours")
"""Colours that are also things to show beside a product."""
VESSELS = _words("vessels")
"""What a thing may stand in; it is then a part of it."""
UNITS = _words("units")
"""Nouns that only count or gather what follows "of"."""
SERVED = _words("served")
"""What food comes in: "a bowl of ramen" is ramen."""
UNDRAWN = _words("undrawn")
"""Compound nouns that end in, or begin with, another subject's name."""
NO_ICONS = _words("no icons")
"""Names of icons that mean something else in a prompt."""
GENRES = _words("genres")
"""Nouns for the picture itself."""
WALLS = _words("walls")
SCENERY = _words("scenery")
"""Nouns of the setting, which are no subject."""
FURNITURE = _words("furniture")
"""Nouns of the setting that are the head of a compound after an unknown noun."""
TOPPINGS = _words("toppings")
"""What lies on food, and is not beside it."""
PLACES = _words("places")
"""Nouns of the setting that are the subject if nothing else is named."""
ROLE_WORDS = _words("role words")
"""Words that announce quoted copy."""
ADJECTIVES = _words("adjectives")
"""Words that describe; they are no part of an unknown subject's name."""
NOT_PARTICIPLES = _words("not participles")
"""Nouns that end like a participle or an adverb."""
SAME_IN_PLURAL = _words("same in the plural")
"""Nouns that keep their s."""
NOT_NAMES = _words("not names")
"""Capitalised words that are directions and are not printed as a name."""
BAGGED = frozenset(("bag", "sack"))
"""Bags that are pouches when they hold something."""
FINER: dict[Family, frozenset[Family]] = {
    Family.BOTTLE: frozenset(
        (Family.DROPPER, Family.PERFUME, Family.WINE, Family.PUMP, Family.TUBE, Family.JAR)
    ),
    Family.BOX: frozenset((Family.PERFUME, Family.CANDLE, Family.WINE)),
    Family.JAR: frozenset((Family.CANDLE, Family.PUMP)),
    Family.CUP: frozenset(),
}
"""Shapes that the contents of a container make more exact."""
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
COUNTS = {
    **{word: n for n, word in enumerate((*_NUMBERS, "eleven", "twelve"), 1)},
    "dozen": 12,
    "pair": 2,
    "trio": 3,
    "couple": 2,
    "four-pack": 4,
    "six-pack": 6,
    "twelve-pack": 12,
}
"""Numbers in words, up to the most products that are painted."""
MOST = 12
