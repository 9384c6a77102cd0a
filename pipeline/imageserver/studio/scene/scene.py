"""The scene that a prompt describes."""

from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """The kinds of products: what is drawn by hand, an icon, a noun in type, words, an upload."""

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
    GLASS = "glass"
    TSHIRT = "t-shirt"
    DRESS = "dress"
    BURGER = "burger"
    PIZZA = "pizza"
    SOFA = "sofa"
    ARMCHAIR = "armchair"
    LAMP = "lamp"
    VASE = "vase"
    BOOK = "book"
    LAPTOP = "laptop"
    HANDBAG = "handbag"
    BACKPACK = "backpack"
    ICE_CREAM = "ice cream"
    CAKE = "cake"
    SOAP = "soap"
    SUITCASE = "suitcase"
    RING = "ring"
    SPEAKER = "speaker"
    NOUN = "noun"
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


class Camera(StrEnum):
    """The view of the product."""

    EYE_LEVEL = "eye level"
    OVERHEAD = "overhead"
    LOW_ANGLE = "low angle"
    CLOSE_UP = "close-up"


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
    CAPTION = "caption"


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
class Understanding:
    """What was understood of a prompt, and what was not; nouns and colours are in English."""

    subject: str = ""
    contents: str = ""
    """What the subject holds, if it is a container."""
    count: int = 1
    camera: Camera = Camera.EYE_LEVEL
    colors: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """The names of colours by noun: the subject's, its parts', its companions', the wall's."""
    props: tuple[str, ...] = ()
    words: tuple[Copy, ...] = ()
    """All quoted texts with the roles in which they are painted."""
    language: str = "en"
    missed: tuple[str, ...] = ()
    """What was read but is not shown, one sentence each."""

    def record(self) -> dict[str, object]:
        """Return the statement as JSON values."""
        return {
            "subject": self.subject,
            **({"contents": self.contents} if self.contents else {}),
            "count": self.count,
            "camera": self.camera.value,
            "colors": {noun: list(names) for noun, names in self.colors},
            "props": list(self.props),
            "words": [{"role": c.role.value, "text": c.text} for c in self.words],
            "language": self.language,
            "not_understood": list(self.missed),
        }


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
    """Number of products."""
    nearness: float = 1.0
    """Scale of the product, less than 1 where what goes with it needs room."""
    take: int = 0
    """Number of the take among those of one prompt; neighbours differ in camera and light."""
    camera: Camera = Camera.EYE_LEVEL
    own: str = ""
    """The colour that the prompt gives the product itself; empty for none."""
    part_colors: tuple[tuple[str, str], ...] = ()
    """The colours that the prompt gives to parts of the product."""
    item_colors: tuple[str, ...] = ()
    """The colour of each product of several, if they differ."""
    scoops: int = 1
    """Number of scoops of ice cream."""
    noun: str = ""
    """The subject's name, if it is set in type because it is not known."""
    icons: tuple[str, ...] = ()
    """Icons of what goes with the product."""
    icon_colors: tuple[str, ...] = ()
    """The requested colour of each of them; empty for its own."""
    understood: Understanding = Understanding()
    input_size: tuple[int, int] = (0, 0)
    """Pixel size of an uploaded packshot, if the family is `input`."""

    def texts(self, *roles: Role) -> list[str]:
        """Return the copy of these roles, in the order of the prompt."""
        return [c.text for c in self.copy if c.role in roles]

    def part(self, *names: str) -> str:
        """Return the requested colour of the first of these parts that has one; empty for none."""
        colors = dict(self.part_colors)
        return next((colors[name] for name in names if name in colors), "")

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.ratio[0] / self.ratio[1]
