"""The shapes of all product families.

In product units: the foot is at 0, heights go up, 100 is about half a bottle. A round product
has a profile of (radius, height); a flat one has a front of width by height.
"""

from dataclasses import dataclass

from pipeline.imageserver.studio.scene.icons import icon
from pipeline.imageserver.studio.scene.scene import Camera, Family, Prop, Scene
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
    Family.GLASS: ProductShape(height=150, left=40, right=40, level=122, condensation=True),
    Family.TSHIRT: ProductShape(height=178, left=98, right=98, depth=10),
    Family.DRESS: ProductShape(height=230, left=70, right=70, depth=10),
    Family.BURGER: ProductShape(height=150, left=92, right=92, depth=60),
    Family.PIZZA: ProductShape(height=112, left=118, right=118, depth=80),
    Family.SOFA: ProductShape(height=112, left=140, right=140, depth=60),
    Family.ARMCHAIR: ProductShape(height=138, left=82, right=82, depth=60),
    Family.LAMP: ProductShape(height=216, left=64, right=64, depth=40, glow=170),
    Family.VASE: ProductShape(height=150, left=50, right=50, depth=50),
    Family.BOOK: ProductShape(height=188, left=66, right=78, depth=20),
    Family.LAPTOP: ProductShape(height=140, left=124, right=124, depth=70),
    Family.HANDBAG: ProductShape(height=178, left=92, right=92, depth=40),
    Family.BACKPACK: ProductShape(height=206, left=78, right=78, depth=50),
    Family.ICE_CREAM: ProductShape(height=226, left=56, right=56, depth=40),
    Family.CAKE: ProductShape(height=142, left=98, right=98, depth=80),
    Family.SOAP: ProductShape(height=58, left=68, right=68, depth=50),
    Family.SUITCASE: ProductShape(height=228, left=72, right=72, depth=40),
    Family.RING: ProductShape(height=126, left=52, right=52, depth=20),
    Family.SPEAKER: ProductShape(height=92, left=104, right=118, depth=50),
    Family.NOUN: ProductShape(height=170, left=105, right=105, depth=20),
    Family.WORDS: ProductShape(height=1, left=1, right=1),
}
"""The shape of every family; a poster of words has none."""

_ROUND = {
    Family.PIZZA: ProductShape(height=236, left=118, right=118),
    Family.MUG: ProductShape(height=160, left=80, right=84),
    Family.GLASS: ProductShape(height=160, left=80, right=80),
    Family.CAKE: ProductShape(height=162, left=82, right=82),
}
"""The shapes of what is round from above, if the camera is there."""

FLOOR_LAMPS = ("floor lamp", "standing lamp")
STEM = 130.0
"""What a floor lamp is higher than a table lamp."""

PEDESTAL = 34.0
"""Height of a pedestal."""


def product_shape(scene: Scene) -> ProductShape:
    """Return the shape of the scene's product."""
    if scene.family is Family.INPUT:
        wide, high = scene.input_size
        k = min(INPUT_HEIGHT / high, GLYPH_WIDTH / wide)
        return ProductShape(height=high * k, left=wide * k / 2, right=wide * k / 2, depth=40)
    if scene.family is Family.LAMP and scene.understood.subject in FLOOR_LAMPS:
        return ProductShape(height=216 + STEM, left=64, right=64, depth=40)
    if scene.family is Family.VASE and scene.icons:
        return ProductShape(height=228, left=56, right=56, depth=50)
    if scene.camera is Camera.OVERHEAD and scene.family in _ROUND:
        return _ROUND[scene.family]
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
    item: int = 0
    """Its number, from the left of the front row."""


_ONE_ROW = 3
_TWO_ROWS = 8
_BEHIND, _SMALLER = 0.40, 0.88
"""How far a row stands behind the next, in heights, and how much smaller it is seen."""


def line_up(scene: Scene) -> tuple[LinedUpProduct, ...]:
    """Return the place of each product in product units, those behind first."""
    shape = product_shape(scene)
    wide, n = shape.width, scene.count
    if scene.camera is Camera.OVERHEAD and n > 1:
        return _grid(n, wide * 1.08, shape.height * 1.08, scene.aspect * shape.height / wide)
    if n == 1:
        return (LinedUpProduct(0, 1.0, 0),)
    if n == 2:  # noqa: PLR2004 - a pair stands a little apart in depth
        return (LinedUpProduct(wide * 0.52, 0.94, 7, 1), LinedUpProduct(-wide * 0.52, 1.0, 0, 0))
    if n == _ONE_ROW:
        return (
            LinedUpProduct(-wide * 0.98, 0.90, 9, 0),
            LinedUpProduct(wide * 0.98, 0.90, 9, 2),
            LinedUpProduct(0, 1.0, 0, 1),
        )
    rows = 1 if scene.aspect > _WIDE and n <= _TWO_ROWS // 2 else 2 if n <= _TWO_ROWS else 3
    return _rows(n, rows, wide, shape.height)


def _rows(n: int, rows: int, wide: float, high: float) -> tuple[LinedUpProduct, ...]:
    """Return products in rows that stand behind one another, the last row first."""
    front = -(-n // rows)
    counts = [front] * rows
    for row in range(rows * front - n):
        counts[-1 - row % rows] -= 1
    found: list[LinedUpProduct] = []
    item = 0
    for row, count in enumerate(counts):
        scale = _SMALLER**row
        for i in range(count):
            dx = (i - (count - 1) / 2) * wide * 1.04 * (scale if row == 0 else 0.94)
            found.append(LinedUpProduct(dx, scale, row * high * _BEHIND, item))
            item += 1
    return tuple(reversed(found))


def _grid(n: int, wide: float, high: float, aspect: float) -> tuple[LinedUpProduct, ...]:
    """Return products side by side in rows, as seen from above."""
    columns = min(n, max(1, round((n * aspect) ** 0.5)))
    rows = -(-n // columns)
    columns = -(-n // rows)
    found: list[LinedUpProduct] = []
    for item in range(n):
        row, column = divmod(item, columns)
        in_row = min(columns, n - row * columns)
        dx = (column - (in_row - 1) / 2) * wide
        found.append(LinedUpProduct(dx, 1.0, (rows - 1 - row) * high, item))
    return tuple(found)


def line_up_height(scene: Scene) -> float:
    """Return the height of all products together, in product units."""
    high = product_shape(scene).height
    return max(high * place.scale + place.back for place in line_up(scene))


def extent(scene: Scene) -> tuple[float, float]:
    """Return how far all products together reach left and right of the axis."""
    shape = product_shape(scene)
    places = line_up(scene)
    return (
        max(shape.left * s.scale - s.dx for s in places),
        max(shape.right * s.scale + s.dx for s in places),
    )
