"""The one table of products, for flat drawing and for ray tracing alike.

Units: the foot is at 0, heights go up, 100 is about half a bottle. What is round has a profile of
(radius, height); what is flat has a front of width by height and a depth.
"""

from dataclasses import dataclass

from pipeline.imageserver.studio.scene.icons import icon
from pipeline.imageserver.studio.scene.scene import Family, Prop, Scene
from pipeline.imageserver.studio.vector.lathe import Profile

GLYPH_HEIGHT = 165.0
"""How tall an icon stands; a very wide one stands lower."""
GLYPH_WIDTH = 210.0
GIVEN_HEIGHT = 220.0
_UPRIGHT, _WIDE = 0.7, 1.45


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """Where a round product's label is."""

    low: float
    high: float
    front: float = 1.15
    """How wide copy may run, in radii."""
    arc: float = 1.571
    """Half the label's width, as an angle: 1.571 wraps all that is seen."""
    bend: float = 0.10
    """How far horizontals sag, in radii: the view is a little from above."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Product:
    """One family's shape."""

    height: float
    left: float
    right: float
    profile: Profile = ()
    label: Label | None = None
    level: float = 0.0
    """How high it is filled, where that shows."""
    depth: float = 0.0
    beads: bool = False
    """Whether cold makes it sweat."""
    glow: float = 0.0
    """The height of a light of its own, if it has one."""

    @property
    def width(self) -> float:
        """From its left to its right extreme."""
        return self.left + self.right


PRODUCTS: dict[Family, Product] = {
    Family.BOTTLE: Product(
        height=243,
        left=37,
        right=37,
        profile=(
            (30, 0),
            (34.5, 2.5),
            (36, 9),
            (36, 118),
            (35.2, 132),
            (31.5, 150),
            (24, 170),
            (17.2, 189),
            (14.4, 207),
            (13.8, 220),
            (15.6, 222),
            (15.6, 227),
            (13.6, 228.5),
            (13.6, 231),
        ),
        label=Label(low=34, high=116, front=1.42),
        level=186,
        beads=True,
    ),
    Family.WINE: Product(
        height=276,
        left=38,
        right=38,
        profile=(
            (31, 0),
            (35.5, 2.5),
            (37, 9),
            (37, 158),
            (35.2, 174),
            (27, 192),
            (17.5, 208),
            (14.2, 222),
            (13.2, 272),
        ),
        label=Label(low=38, high=128, arc=1.25, front=1.55, bend=0.09),
        level=206,
        beads=True,
    ),
    Family.CAN: Product(
        height=187,
        left=43,
        right=43,
        profile=(
            (31.5, 0),
            (33.5, 1.5),
            (38.5, 7),
            (42, 14),
            (42, 162),
            (40, 169),
            (35.5, 179),
            (34.6, 182),
            (35.6, 185),
        ),
        label=Label(low=11, high=165, front=1.50),
        beads=True,
    ),
    Family.JAR: Product(
        height=106,
        left=59,
        right=59,
        profile=((50, 0), (55, 2.5), (57, 10), (57, 64), (55, 70), (53, 74)),
        label=Label(low=11, high=61, front=1.5),
        level=66,
    ),
    Family.DROPPER: Product(
        height=196,
        left=34,
        right=34,
        profile=(
            (27, 0),
            (31.5, 2.5),
            (33, 9),
            (33, 92),
            (31, 103),
            (24, 112),
            (15.5, 118),
            (14.5, 124),
        ),
        label=Label(low=16, high=84, arc=1.25, front=1.72),
        level=98,
    ),
    Family.CANDLE: Product(
        height=112,
        left=49,
        right=49,
        profile=((42, 0), (46.5, 2.5), (48, 9), (48, 106)),
        label=Label(low=24, high=74, front=1.35, arc=1.05, bend=0.13),
        level=78,
        glow=98,
    ),
    Family.CUP: Product(
        height=152,
        left=51,
        right=51,
        profile=((34, 0), (34.6, 2), (47.4, 136), (48.6, 138)),
        label=Label(low=0, high=136, front=1.1),
    ),
    Family.MUG: Product(
        height=106,
        left=46,
        right=78,
        profile=((38, 0), (42, 2), (44.5, 10), (45, 100)),
        label=Label(low=20, high=84, front=1.4, arc=1.1, bend=0.13),
        level=90,
    ),
    Family.TUBE: Product(height=196, left=43, right=43, depth=34),
    Family.POUCH: Product(height=180, left=62, right=62, depth=40),
    Family.BOX: Product(height=176, left=59, right=85, depth=60),
    Family.PHONE: Product(height=200, left=49, right=53, depth=8),
    Family.PERFUME: Product(height=152, left=50, right=50, depth=40),
    Family.HEADPHONES: Product(height=172, left=80, right=80, depth=60),
    Family.PUMP: Product(
        height=210,
        left=46,
        right=38,
        profile=(
            (32, 0),
            (36, 2.5),
            (37, 8),
            (37, 126),
            (35.6, 138),
            (28, 149),
            (18, 156),
            (14.5, 161),
        ),
        label=Label(low=18, high=112, front=1.45),
        beads=True,
    ),
    Family.LIPSTICK: Product(height=166, left=21, right=76),
    Family.SNEAKER: Product(height=122, left=106, right=106, depth=70),
    Family.WATCH: Product(height=212, left=57, right=64, depth=20),
    Family.SUNGLASSES: Product(height=84, left=102, right=102, depth=40),
    Family.BOARD: Product(height=210, left=84, right=84, depth=10),
    Family.WORDS: Product(height=1, left=1, right=1),
}
"""Twenty shapes, and none at all for a poster of words."""

PEDESTAL = 34.0
"""How high a pedestal stands."""


def product(scene: Scene) -> Product:
    """The shape of the scene's product."""
    if scene.family is Family.GIVEN:
        wide, high = scene.given
        k = min(GIVEN_HEIGHT / high, GLYPH_WIDTH / wide)
        return Product(height=high * k, left=wide * k / 2, right=wide * k / 2, depth=40)
    if scene.family is Family.BOARD and scene.aspect < _UPRIGHT:
        return Product(height=290, left=84, right=84, depth=10)
    if scene.family is Family.BOARD and scene.aspect > _WIDE:
        return Product(height=165, left=112, right=112, depth=10)
    if scene.family is not Family.GLYPH:
        return PRODUCTS[scene.family]
    ink, k = icon(scene.glyph).ink, glyph_scale(scene.glyph)
    half = ink.w * k / 2
    return Product(height=ink.h * k, left=half, right=half, depth=40)


def glyph_scale(name: str) -> float:
    """Product units in one unit of an icon's grid."""
    ink = icon(name).ink
    return min(GLYPH_HEIGHT / ink.h, GLYPH_WIDTH / ink.w)


def pedestal(scene: Scene) -> float:
    """How high the product is lifted off the table."""
    return PEDESTAL if Prop.PEDESTAL in scene.props else 0.0


@dataclass(frozen=True, slots=True)
class LinedUpProduct:
    """One of the products of a line-up: its place beside the axis, its size, how far back."""

    dx: float
    scale: float
    back: float


def line_up(scene: Scene) -> tuple[LinedUpProduct, ...]:
    """Where each of the products stands, those behind first; places in product units."""
    wide = product(scene).width
    match scene.count:
        case 2:
            return (LinedUpProduct(wide * 0.52, 0.94, 7), LinedUpProduct(-wide * 0.52, 1.0, 0))
        case 3:
            return (
                LinedUpProduct(-wide * 0.98, 0.90, 9),
                LinedUpProduct(wide * 0.98, 0.90, 9),
                LinedUpProduct(0, 1.0, 0),
            )
        case _:
            return (LinedUpProduct(0, 1.0, 0),)


def extent(scene: Scene) -> tuple[float, float]:
    """How far the whole line-up reaches left and right of the axis."""
    shape = product(scene)
    places = line_up(scene)
    return (
        max(shape.left * s.scale - s.dx for s in places),
        max(shape.right * s.scale + s.dx for s in places),
    )
