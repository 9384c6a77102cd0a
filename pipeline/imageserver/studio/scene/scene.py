"""The scene that a prompt describes."""

from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """The kinds of products: twenty families, an icon, words alone, an uploaded image."""

    BOTTLE = "bottle"
    WINE = "wine"
    CAN = "can"
    JAR = "jar"
    DROPPER = "dropper"
    BOX = "box"
    POUCH = "pouch"
    MUG = "mug"
    CUP = "cup"
    TUBE = "tube"
    CANDLE = "candle"
    PHONE = "phone"
    PERFUME = "perfume"
    HEADPHONES = "headphones"
    PUMP = "pump"
    LIPSTICK = "lipstick"
    SNEAKER = "sneaker"
    WATCH = "watch"
    SUNGLASSES = "sunglasses"
    BOARD = "board"
    GLYPH = "glyph"
    WORDS = "words"
    INPUT = "input"


class Surface(StrEnum):
    """The surface that the product stands on."""

    WET = "wet"
    MARBLE = "marble"
    WOOD = "wood"
    STONE = "stone"
    SAND = "sand"
    MIRROR = "mirror"
    FABRIC = "fabric"
    MATTE = "matte"


class Light(StrEnum):
    """The lighting."""

    SOFT = "soft"
    BRIGHT = "bright"
    GOLDEN = "golden"
    DRAMATIC = "dramatic"
    NEON = "neon"


class Prop(StrEnum):
    """Objects beside the product."""

    ORANGE = "orange"
    LEMON = "lemon"
    LIME = "lime"
    GRAPEFRUIT = "grapefruit"
    MINT = "mint"
    BERRY = "berry"
    BEANS = "beans"
    ICE = "ice"
    PETAL = "petal"
    PEBBLE = "pebble"
    PEDESTAL = "pedestal"


class Glass(StrEnum):
    """The material of a vessel."""

    CLEAR = "clear"
    AMBER = "amber"
    GREEN = "green"
    BLUE = "blue"
    FROSTED = "frosted"
    BLACK = "black"


class Layout(StrEnum):
    """A picture of a product, or an advertisement with one."""

    PHOTO = "photo"
    POSTER = "poster"


class Style(StrEnum):
    """The style of the lettering."""

    CLEAN = "clean"
    BOLD = "bold"
    LUX = "lux"
    SCRIPT = "script"
    CRAFT = "craft"
    TECH = "tech"


class Role(StrEnum):
    """The purpose of a quoted text."""

    HEADLINE = "headline"
    SUB = "sub"
    CTA = "cta"
    PRICE = "price"
    LABEL = "label"
    MENU = "menu"


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """A text to set verbatim."""

    text: str
    role: Role


@dataclass(frozen=True, kw_only=True, slots=True)
class Palette:
    """The product's colours: main, pale and accent."""

    main: str
    soft: str
    accent: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """All that a renderer needs; orders that differ only in quality have equal scenes."""

    family: Family
    glyph: str
    """The icon's name if the family is a glyph, else empty."""
    tint: str
    """The requested colour of the icon; empty for its own."""
    name: str
    """The text of the label without copy for it; may be empty."""
    surface: Surface
    light: Light
    warm: bool
    """True if the light is warm."""
    glass: Glass
    props: tuple[Prop, ...]
    palette: Palette
    backdrop: str
    copy: tuple[Copy, ...]
    layout: Layout
    style: Style
    transparent: bool
    ratio: tuple[int, int]
    seed: int
    count: int = 1
    """Number of equal products, 1 to 3."""
    input_size: tuple[int, int] = (0, 0)
    """Pixel size of an uploaded packshot, if the family is `input`."""

    def texts(self, *roles: Role) -> list[str]:
        """Return the copy of these roles, in the order of the prompt."""
        return [c.text for c in self.copy if c.role in roles]

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.ratio[0] / self.ratio[1]
