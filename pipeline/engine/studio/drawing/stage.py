"""Where things stand: product zone, copy zone and price card, none touching another."""

from dataclasses import dataclass

from pipeline.engine.studio.lettering.scripts import is_rtl
from pipeline.engine.studio.scene.nouns import Layout, Role, Scene
from pipeline.engine.studio.scene.products import Product, product
from pipeline.engine.studio.vector.box import Box

OVERLAY = (Role.HEADLINE, Role.SUB, Role.CTA)
"""Copy that lies over the picture, not on the product."""
CARD = 66
"""Width of a price card beside the product, in product units."""
_WIDE = 1.3
_SQUARISH = 0.9
_SLIM = 1.8
_TALL = 150
_NARROW = 0.8


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A picture's places, in pixels, except `free`, which is in product units."""

    width: int
    height: int
    cx: float
    """The product's axis."""
    base: float
    """The product's foot."""
    scale: float
    """Pixels in a product unit."""
    horizon: float
    mid: float
    """The product's middle, from top to bottom."""
    reach: float
    """Half the product's height."""
    goods: Box
    """The product itself."""
    copy: Box | None
    """The zone for copy."""
    card: Box | None
    """A price card beside the product."""
    beside: bool
    """Whether copy stands beside the product rather than above it."""
    free: tuple[float, float]
    """Half widths left and right of the axis that props may use."""

    @property
    def side(self) -> int:
        """The shorter side: what margins and small type are measured by."""
        return min(self.width, self.height)


def copy_beside(scene: Scene) -> bool:
    """Copy stands beside the product when wide, and on squares when the product is slim."""
    shape = product(scene)
    return scene.aspect >= _WIDE or (
        scene.aspect >= _SQUARISH and shape.height > _SLIM * shape.width
    )


def overlay_texts(scene: Scene) -> bool:
    """Whether there is copy to lay over the picture."""
    return bool(scene.texts(*OVERLAY))


def zones(scene: Scene, w: float, h: float) -> tuple[Box, Box | None]:
    """The product's zone and the copy's, if there is copy."""
    if not overlay_texts(scene):
        return Box(0.07 * w, 0.06 * h, 0.86 * w, 0.85 * h), None
    if copy_beside(scene):
        right = scene.seed % 2 == 1 and not any(map(is_rtl, scene.texts(Role.HEADLINE)))
        goods = Box((0.50 if right else 0.04) * w, 0.07 * h, 0.46 * w, 0.85 * h)
        return goods, Box((0.06 if right else 0.52) * w, 0.13 * h, 0.42 * w, 0.74 * h)
    share = 0.27 if scene.aspect >= _SQUARISH else 0.285
    share += 0.06 if scene.texts(Role.CTA) else 0
    share += 0.05 if scene.texts(Role.PRICE) else 0
    top = 0.055 * h
    goods = Box(0.06 * w, top + share * h + 0.02 * h, 0.88 * w, h * (0.90 - share) - top)
    return goods, Box(0.07 * w, top, 0.86 * w, share * h)


def _spread(scene: Scene, shape: Product, *, has_copy: bool) -> float:
    """Room for props at either side, in product units."""
    if scene.transparent:
        return 8
    if not scene.props:
        return 16
    wanted = 40 if has_copy else 100
    return min(wanted, 24 if scene.aspect < _NARROW else 70 if shape.height > _TALL else 60)


def staged(scene: Scene, width: int, height: int) -> Stage:
    """Plan a picture of these pixels."""
    w, h, shape = float(width), float(height), product(scene)
    zone, copy = zones(scene, w, h)
    beside = copy is not None and copy_beside(scene)
    spread = _spread(scene, shape, has_copy=copy is not None)
    by_height = zone.h / (shape.height + (16 if scene.transparent else 34))
    alone = zone.w / (shape.width + 2 * spread)
    with_card = zone.w / (shape.width + CARD + 14 + spread)
    priced = bool(scene.texts(Role.PRICE)) and not scene.transparent
    card_fits = min(by_height, with_card) > 0.85 * min(by_height, alone)
    has_card = priced and (copy is None or (not beside and card_fits))
    scale = min(by_height, with_card if has_card else alone)
    foot = (8 if scene.transparent else 24) * scale
    slack = zone.h - (shape.height * scale + foot)
    drop = 0.5 if scene.transparent else 0.36 if copy else 0.42
    base = zone.bottom - foot - slack * drop
    cx = zone.cx + (shape.left - shape.right) / 2 * scale
    card = None
    if has_card:
        cx -= (CARD + 14) / 2 * scale
        card_h = CARD * 0.68 * scale
        card = Box(
            cx + (shape.right + 16) * scale, base + 12 * scale - card_h, CARD * scale, card_h
        )
    rise = 0.16 if scene.layout is Layout.POSTER else 0.30
    left, right = (0.0, w) if not beside else (zone.x - 0.03 * w, zone.right + 0.01 * w)
    tall = shape.height * scale
    return Stage(
        width=width,
        height=height,
        cx=cx,
        base=base,
        scale=scale,
        horizon=base - rise * scale * 100 * min(1, shape.height / _TALL),
        mid=base - tall * 0.52,
        reach=tall * 0.52,
        goods=Box(cx - shape.left * scale, base - tall, shape.width * scale, tall),
        copy=copy,
        card=card,
        beside=beside,
        free=((cx - left) / scale, ((card.x if card else right) - cx) / scale),
    )


def disc_radius(stage: Stage) -> float:
    """The poster's disc: as large as it may be without running under the copy."""
    wanted = max(stage.reach * 1.34, stage.goods.w * 0.74)
    if stage.copy is None:
        return wanted
    if stage.beside:
        ahead = stage.copy.x > stage.cx
        gap = stage.copy.x - stage.cx if ahead else stage.cx - stage.copy.right
    else:
        gap = stage.mid - stage.copy.bottom
    return min(wanted, gap * 0.985)
