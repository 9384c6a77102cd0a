"""The shapes of all product families.

In product units: the foot is at 0, heights go up, 100 is about half a bottle. A round product
has a profile of (radius, height); a flat one has a front of width by height.
"""

from dataclasses import dataclass

from pipeline.imageserver.studio.scene.icons import icon
from pipeline.imageserver.studio.scene.scene import Family, Prop, Scene
from pipeline.imageserver.studio.vector.lathe import Profile

GLYPH_HEIGHT = 165.0
"""Height of an icon; a very wide one is lower."""
GLYPH_WIDTH = 210.0
INPUT_HEIGHT = 220.0
_UPRIGHT, _WIDE = 0.7, 1.45


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """The place of a round product's label."""

    low: float
    high: float
    front: float = 1.15
    """Width for text, in radii."""
    arc: float = 1.571
    """Half the label's width, as an angle; 1.571 wraps the visible half."""
    bend: float = 0.10
    """How far horizontals sag, in radii, since the view is from above."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProductShape:
    """The shape of one family."""

    height: float
    left: float
    right: float
    profile: Profile = ()
    label: Label | None = None
    level: float = 0.0
    """The level of its content, if that is visible."""
    depth: float = 0.0
    condensation: bool = False
    """True if drops form on it when it is cold."""
    glow: float = 0.0
    """Height of its own light, if it has one."""

    @property
    def width(self) -> float:
        """Total width."""
        return self.left + self.right


def _profile(points: str) -> Profile:
    """Return the points in `radius height, radius height, ...`."""
    pairs = (point.split() for point in points.split(","))
    return tuple((float(radius), float(height)) for radius, height in pairs)


PRODUCTS: dict[Family, ProductShape] = {
    Family.BOTTLE: ProductShape(
        height=243,
        left=37,
        right=37,
        profile=_profile(
            "30 0, 34.5 2.5, 36 9, 36 118, 35.2 132, 31.5 150, 24 170, 17.2 189, 14.4 207, "
            "13.8 220, 15.6 222, 15.6 227, 13.6 228.5, 13.6 231"
        ),
        label=Label(low=34, high=116, front=1.42),
        level=186,
        condensation=True,
    ),
    Family.WINE: ProductShape(
        height=276,
        left=38,
        right=38,
        profile=_profile(
            "31 0, 35.5 2.5, 37 9, 37 158, 35.2 174, 27 192, 17.5 208, 14.2 222, 13.2 272"
        ),
        label=Label(low=38, high=128, arc=1.25, front=1.55, bend=0.09),
        level=206,
        condensation=True,
    ),
    Family.CAN: ProductShape(
        height=187,
        left=43,
        right=43,
        profile=_profile(
            "31.5 0, 33.5 1.5, 38.5 7, 42 14, 42 162, 40 169, 35.5 179, 34.6 182, 35.6 185"
        ),
        label=Label(low=11, high=165, front=1.50),
        condensation=True,
    ),
    Family.JAR: ProductShape(
        height=106,
        left=59,
        right=59,
        profile=((50, 0), (55, 2.5), (57, 10), (57, 64), (55, 70), (53, 74)),
        label=Label(low=11, high=61, front=1.5),
        level=66,
    ),
    Family.DROPPER: ProductShape(
        height=196,
        left=34,
        right=34,
        profile=_profile("27 0, 31.5 2.5, 33 9, 33 92, 31 103, 24 112, 15.5 118, 14.5 124"),
        label=Label(low=16, high=84, arc=1.25, front=1.72),
        level=98,
    ),
    Family.CANDLE: ProductShape(
        height=112,
        left=49,
        right=49,
        profile=((42, 0), (46.5, 2.5), (48, 9), (48, 106)),
        label=Label(low=24, high=74, front=1.35, arc=1.05, bend=0.13),
        level=78,
        glow=98,
    ),
    Family.CUP: ProductShape(
        height=152,
        left=51,
        right=51,
        profile=((34, 0), (34.6, 2), (47.4, 136), (48.6, 138)),
        label=Label(low=0, high=136, front=1.1),
    ),
    Family.MUG: ProductShape(
        height=106,
        left=46,
        right=78,
        profile=((38, 0), (42, 2), (44.5, 10), (45, 100)),
        label=Label(low=20, high=84, front=1.4, arc=1.1, bend=0.13),
        level=90,
    ),
    Family.TUBE: ProductShape(height=196, left=43, right=43, depth=34),
    Family.POUCH: ProductShape(height=180, left=62, right=62, depth=40),
    Family.BOX: ProductShape(height=176, left=59, right=85, depth=60),
    Family.PHONE: ProductShape(height=200, left=49, right=53, depth=8),
    Family.PERFUME: ProductShape(height=152, left=50, right=50, depth=40),
    Family.HEADPHONES: ProductShape(height=172, left=80, right=80, depth=60),
    Family.PUMP: ProductShape(
        height=210,
        left=46,
        right=38,
        profile=_profile("32 0, 36 2.5, 37 8, 37 126, 35.6 138, 28 149, 18 156, 14.5 161"),
        label=Label(low=18, high=112, front=1.45),
        condensation=True,
    ),
    Family.LIPSTICK: ProductShape(height=166, left=21, right=76),
    Family.SNEAKER: ProductShape(height=122, left=106, right=106, depth=70),
    Family.WATCH: ProductShape(height=212, left=57, right=64, depth=20),
    Family.SUNGLASSES: ProductShape(height=84, left=102, right=102, depth=40),
    Family.BOARD: ProductShape(height=210, left=84, right=84, depth=10),
    Family.WORDS: ProductShape(height=1, left=1, right=1),
}
"""The shape of every family; a poster of words has none."""

PEDESTAL = 34.0
"""Height of a pedestal."""


def product_shape(scene: Scene) -> ProductShape:
    """Return the shape of the scene's product."""
    if scene.family is Family.INPUT:
        wide, high = scene.input_size
        k = min(INPUT_HEIGHT / high, GLYPH_WIDTH / wide)
        return ProductShape(height=high * k, left=wide * k / 2, right=wide * k / 2, depth=40)
    if scene.family is Family.BOARD and scene.aspect < _UPRIGHT:
        return ProductShape(height=290, left=84, right=84, depth=10)
    if scene.family is Family.BOARD and scene.aspect > _WIDE:
        return ProductShape(height=165, left=112, right=112, depth=10)
    if scene.family is not Family.GLYPH:
        return PRODUCTS[scene.family]
    ink, k = icon(scene.glyph).ink, glyph_scale(scene.glyph)
    half = ink.w * k / 2
    return ProductShape(height=ink.h * k, left=half, right=half, depth=40)


def glyph_scale(name: str) -> float:
    """Return the product units in one unit of an icon's grid."""
    ink = icon(name).ink
    return min(GLYPH_HEIGHT / ink.h, GLYPH_WIDTH / ink.w)


def pedestal(scene: Scene) -> float:
    """Return the height of the product above the table."""
    return PEDESTAL if Prop.PEDESTAL in scene.props else 0.0


@dataclass(frozen=True, slots=True)
class LinedUpProduct:
    """One of several products: its distance from the axis, its scale, how far back it is."""

    dx: float
    scale: float
    back: float


def line_up(scene: Scene) -> tuple[LinedUpProduct, ...]:
    """Return the place of each product in product units, those behind first."""
    wide = product_shape(scene).width
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
    """Return how far all products together reach left and right of the axis."""
    shape = product_shape(scene)
    places = line_up(scene)
    return (
        max(shape.left * s.scale - s.dx for s in places),
        max(shape.right * s.scale + s.dx for s in places),
    )
