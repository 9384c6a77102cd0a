"""The one table of products, for flat drawing and for ray tracing alike.

Units: the foot is at 0, heights go up, 100 is about half a bottle. What is round has a profile of
(radius, height); what is flat has a front of width × height and a depth.
"""

from dataclasses import dataclass

from pipeline.engine.studio.scene.icons import icon
from pipeline.engine.studio.scene.nouns import Family, Scene

Profile = tuple[tuple[float, float], ...]
GLYPH_SCALE = 5.0
"""Product units in one unit of an icon's grid."""


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

    @property
    def width(self) -> float:
        """From its left to its right extreme."""
        return self.left + self.right


PRODUCTS: dict[Family, Product] = {
    Family.BOTTLE: Product(
        height=241,
        left=36,
        right=36,
        profile=(
            (29, 0),
            (34, 3),
            (35, 12),
            (35, 120),
            (34.5, 132),
            (30, 152),
            (21.5, 174),
            (15.5, 194),
            (13.5, 216),
            (14, 224),
        ),
        label=Label(low=38, high=112),
        level=182,
        beads=True,
    ),
    Family.WINE: Product(
        height=274,
        left=37,
        right=37,
        profile=(
            (30, 0),
            (34.5, 3),
            (36, 12),
            (36, 155),
            (34, 175),
            (22, 198),
            (13.5, 216),
            (12.8, 270),
        ),
        label=Label(low=38, high=122, arc=1.25, front=1.55),
        level=192,
        beads=True,
    ),
    Family.CAN: Product(
        height=176,
        left=43,
        right=43,
        profile=((31, 0), (36, 3), (42, 12), (42, 153), (40, 160), (34.5, 171), (35, 175)),
        label=Label(low=12, high=153, front=1.25),
        beads=True,
    ),
    Family.JAR: Product(
        height=90,
        left=59,
        right=59,
        profile=((50, 0), (55, 3), (56, 10), (56, 56), (52, 64)),
        label=Label(low=9, high=55, front=1.2),
    ),
    Family.DROPPER: Product(
        height=176,
        left=32,
        right=32,
        profile=((26, 0), (30, 3), (31, 10), (31, 86), (28, 98), (16, 108), (13, 115)),
        label=Label(low=16, high=80, arc=1.25, front=1.60),
        level=93,
    ),
    Family.CANDLE: Product(
        height=128,
        left=47,
        right=47,
        profile=((42, 0), (46, 5), (46, 100)),
        label=Label(low=24, high=78, front=1.45, arc=1.15, bend=0.14),
    ),
    Family.CUP: Product(
        height=148,
        left=50,
        right=50,
        profile=((34, 0), (47, 135)),
        label=Label(low=0, high=135, front=1.1),
    ),
    Family.MUG: Product(
        height=107,
        left=45,
        right=75,
        profile=((40, 0), (44, 10), (44, 100)),
        label=Label(low=20, high=84, front=1.45, arc=1.1, bend=0.14),
    ),
    Family.TUBE: Product(height=192, left=43, right=43, depth=34),
    Family.POUCH: Product(height=175, left=60, right=60, depth=40),
    Family.BOX: Product(height=172, left=57, right=81, depth=60),
    Family.PHONE: Product(height=196, left=48, right=48, depth=8),
    Family.PERFUME: Product(height=146, left=47, right=47, depth=40),
    Family.HEADPHONES: Product(height=172, left=82, right=82, depth=60),
    Family.BOARD: Product(height=190, left=78, right=78, depth=10),
}
"""Fourteen shapes and the board; a glyph's comes from its icon."""


def product(scene: Scene) -> Product:
    """The shape of the scene's product."""
    if scene.family is not Family.GLYPH:
        return PRODUCTS[scene.family]
    ink = icon(scene.glyph).ink
    half = ink.w * GLYPH_SCALE / 2
    return Product(height=ink.h * GLYPH_SCALE, left=half, right=half, depth=40)
