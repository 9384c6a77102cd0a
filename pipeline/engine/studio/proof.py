"""The proof renderer: a scene becomes vectors, vectors become a PNG; the same bytes every time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image

from pipeline.engine.order import Order, Picture, Quality, UnpaintableError
from pipeline.engine.pixels import pixels
from pipeline.engine.studio import darkroom
from pipeline.engine.studio.chance import stream
from pipeline.engine.studio.colors import DEEP, darken, mix
from pipeline.engine.studio.contrast import luminance
from pipeline.engine.studio.darkroom import Sprite
from pipeline.engine.studio.drawing import backdrop, surfaces
from pipeline.engine.studio.drawing.decor import draw_decor, rays, sunburst
from pipeline.engine.studio.drawing.dew import Wet, dew
from pipeline.engine.studio.drawing.goods import foot_line, goods
from pipeline.engine.studio.drawing.inking import Inking, inked, outlined, quieted
from pipeline.engine.studio.drawing.podium import TILT, podium
from pipeline.engine.studio.drawing.props import Lying, lying, scatter
from pipeline.engine.studio.drawing.stage import Stage, laid_over, staged
from pipeline.engine.studio.floor import Cast, Mirror, cast_shadow, reflection
from pipeline.engine.studio.given import Given, Use, calmest, masked, received
from pipeline.engine.studio.scene.nouns import Family, Light, Scene, Surface
from pipeline.engine.studio.scene.products import extent, line_up, pedestal, product
from pipeline.engine.studio.scene.reading import read, seed_of
from pipeline.engine.studio.vector.box import Box, around
from pipeline.engine.studio.vector.svg import Svg

RENDERER = "proof"
_ICON_PIXELS = 520.0
SPILL = {Quality.LOW: 0.0, Quality.MEDIUM: 0.9, Quality.HIGH: 1.25}
"""How much of the lights a lens spills: a draft is plain, a final is finished."""


def paint(order: Order) -> Picture:
    """Paint an order. Raises UnpaintableError where its copy or its image cannot be used."""
    image, _ = painted(order)
    notes = {"prompt": order.prompt, "seed": str(seed_of(order)), "engine": RENDERER}
    return Picture(
        png=darkroom.encoded(image, notes),
        width=image.width,
        height=image.height,
        renderer=RENDERER,
    )


def painted(order: Order) -> tuple[Image.Image, list[Inking]]:
    """The picture, and how each piece of copy was inked."""
    scene, given = read(order), received(order)
    width, height = pixels(order.ratio, order.quality)
    if given and given.use is Use.BACKDROP:
        image, done = _edited(order, scene, given, (width, height))
    else:
        if given:
            scene = replace(scene, family=Family.GIVEN, given=given.image.size, name="")
        stage = staged(scene, width, height)
        image = _scenery(scene, stage, given)
        spill = SPILL[order.quality]
        if spill and given is None and not scene.transparent:
            image = darkroom.glowing(image, spill)
        done = _copy(image, scene, stage)
    if scene.transparent:
        return image, done
    image = image.convert("RGB")
    fine = order.quality is not Quality.LOW and given is None
    return (darkroom.grained(image) if fine else image), done


def _scenery(scene: Scene, stage: Stage, given: Given | None = None) -> Image.Image:
    """Everything but the copy."""
    image = Image.new("RGBA", (stage.width, stage.height))
    if not scene.transparent:
        _set(image, scene, stage)
    if scene.family is not Family.WORDS:
        _still_life(image, scene, stage, given)
    return image


def _edited(
    order: Order, scene: Scene, given: Given, size: tuple[int, int]
) -> tuple[Image.Image, list[Inking]]:
    """A given picture kept, painted anew only where its mask is clear, with the copy laid over."""
    if scene.transparent:
        raise UnpaintableError(
            "the image to edit has no transparency to keep",
            hint="hand in a cut-out, or ask for an opaque background",
        )
    new = _scenery(scene, staged(scene, *size)) if order.mask else Image.new("RGBA", size)
    image = masked(order, given, new)
    sheet = Image.new("RGBA", size, scene.backdrop)
    sheet.alpha_composite(image)
    zone, across = calmest(sheet)
    stage = laid_over(scene, size, (zone, across))
    return sheet, _copy(sheet, scene, stage)


def _set(image: Image.Image, scene: Scene, stage: Stage) -> None:
    """Wall, light, table: everything that the product stands in."""
    soft = Svg(stage.frame)
    backdrop.wall(soft, scene, stage)
    if sunburst(scene, beside=stage.beside):
        rays(soft, scene, stage)
    surfaces.table(soft, scene, stage)
    backdrop.vignette(soft, scene, stage)
    small = darkroom.rasterised(soft, 1 / darkroom.SOFT).image.convert("RGB")
    image.paste(small.resize(image.size, Image.Resampling.BICUBIC))
    sharp = Svg(backdrop.sky(stage))
    draw_decor(sharp, scene, stage)
    if not sharp.empty:
        darkroom.lay(image, darkroom.rasterised(sharp))
    if surfaces.grainy(scene) and stage.horizon < stage.height:
        y = int(stage.horizon)
        area = Box(0, y, stage.width, stage.height - y)
        table = Svg(area)
        surfaces.grain(table, scene, stage)
        half = darkroom.rasterised(table, 0.5)
        full = half.image.resize((stage.width, int(area.h)), Image.Resampling.BICUBIC)
        darkroom.lay(image, Sprite(full, 0, y))


def _still_life(image: Image.Image, scene: Scene, stage: Stage, given: Given | None = None) -> None:
    """The product with its shadow and reflection, and the props round it."""
    props = lying(scene, stage)
    _props(image, scene, stage, [p for p in props if p.y < 0])
    if pedestal(scene):
        _podium(image, scene, stage)
    for one in line_up(scene):
        k = stage.scale * one.scale
        sprite = packshot(given, k, scene) if given else _product(scene, k)
        x, y = stage.cx + one.dx * stage.scale, stage.base - one.back * stage.scale
        placed = Sprite(_lit(sprite.image, scene), round(sprite.x + x), round(sprite.y + y))
        _grounded(image, scene, stage, Footing(placed, x, y, k))
        darkroom.lay(image, placed)
    if scene.surface is Surface.WET and not scene.transparent:
        _drops(image, scene, stage)
    _props(image, scene, stage, [p for p in props if p.y >= 0])


def _product(scene: Scene, scale: float) -> Sprite:
    """The product's pixels; an icon's many blurs are painted small, since they are soft anyway."""
    svg = goods(scene, scale)
    zoom = min(1.0, _ICON_PIXELS / max(svg.frame.w, svg.frame.h))
    if scene.family is not Family.GLYPH or zoom == 1.0:
        return darkroom.rasterised(svg)
    small = darkroom.rasterised(svg, zoom)
    size = (round(svg.frame.w), round(svg.frame.h))
    return Sprite(small.image.resize(size, Image.Resampling.BICUBIC), small.x, small.y)


def packshot(given: Given, scale: float, scene: Scene) -> Sprite:
    """A given cut-out as large as its scene wants it, its foot's middle at the origin."""
    shape = product(scene)
    size = (max(1, round(shape.width * scale)), max(1, round(shape.height * scale)))
    image = given.image.resize(size, Image.Resampling.LANCZOS)
    return Sprite(image, -size[0] // 2, -size[1])


def _lit(image: Image.Image, scene: Scene) -> Image.Image:
    """The product in the light of its scene."""
    stops = {
        Light.NEON: [
            (backdrop.MAGENTA, 0.62, 0),
            (backdrop.MAGENTA, 0.10, 0.42),
            (backdrop.CYAN, 0.10, 0.6),
            (backdrop.CYAN, 0.62, 1),
        ],
        Light.DRAMATIC: [(DEEP, 0.10, 0), (DEEP, 0.0, 0.3), (DEEP, 0.12, 0.55), (DEEP, 0.46, 1)],
        Light.GOLDEN: [("#ffb44a", 0.20, 0), ("#ffb44a", 0.04, 0.5), ("#5a2a10", 0.20, 1)],
    }.get(scene.light)
    if not stops or scene.transparent:
        return image
    return darkroom.washed(image, stops)


@dataclass(frozen=True, slots=True)
class Footing:
    """A placed product: its pixels, where its foot's middle is, its scale."""

    sprite: Sprite
    x: float
    y: float
    scale: float


def _grounded(image: Image.Image, scene: Scene, stage: Stage, one: Footing) -> None:
    """Tie the product to what it stands on: reflection, cast shadow, contact."""
    if scene.transparent:
        darkroom.contact_shadow(image, one.sprite, alpha=0.55, color="#120a06")
        return
    shade = _shade_color(scene)
    glossy = scene.surface in (Surface.WET, Surface.MIRROR) and not pedestal(scene)
    if not pedestal(scene):
        _reflected(image, scene, stage, one)
        hard = scene.light in (Light.GOLDEN, Light.BRIGHT)
        room = max(stage.unit * 0.02, one.y - stage.horizon)
        rise = 0.20 if backdrop.is_sweep(scene) else min(0.22, 0.92 * room / stage.goods.h)
        cast = Cast(
            floor=one.y,
            lean=0.75 if hard else 0.48,
            rise=rise,
            blur=stage.unit * (0.010 if hard else 0.022),
            alpha=(0.22 if glossy else 0.42) * (0.8 if scene.light is Light.NEON else 1),
            color=shade,
        )
        cast_shadow(image, one.sprite, cast)
    darkroom.contact_shadow(image, one.sprite, alpha=0.55 if glossy else 0.85, color=shade)


def _shade_color(scene: Scene) -> str:
    """Shadows keep a breath of the backdrop's hue."""
    return mix(darken(scene.backdrop, 0.86), DEEP, 0.4)


def _reflected(image: Image.Image, scene: Scene, stage: Stage, one: Footing) -> None:
    strength, blur = surfaces.REFLECTION[scene.surface]
    if not strength:
        return
    line, middle = foot_line(scene), one.x - one.sprite.x
    mirror = Mirror(
        floor=one.y,
        strength=strength,
        blur=blur * stage.unit / 1000,
        foot=lambda x: line((x - middle) / one.scale) * one.scale,
    )
    reflection(image, one.sprite, mirror)


def _podium(image: Image.Image, scene: Scene, stage: Stage) -> None:
    left, right = extent(scene)
    r = max(left, right) * 1.30 * stage.scale
    sprite = darkroom.rasterised(podium(scene, stage.scale))
    # the product stands in the middle of the top, which is seen as an ellipse
    placed = Sprite(sprite.image, round(sprite.x + stage.cx), round(sprite.y + stage.base))
    floor = stage.floor + r * TILT
    shade = _shade_color(scene)
    if not scene.transparent:
        cast = Cast(
            floor=floor, lean=0.9, rise=0.25, blur=stage.unit * 0.02, alpha=0.4, color=shade
        )
        cast_shadow(image, placed, cast)
    darkroom.contact_shadow(image, placed, alpha=0.75, color=shade)
    darkroom.lay(image, placed)


def _drops(image: Image.Image, scene: Scene, stage: Stage) -> None:
    y = stage.horizon + stage.unit * 0.02
    field = Box(0, y, stage.width, max(1.0, stage.height - y))
    svg = Svg(darkroom.whole(field, stage.frame))
    rng = stream(scene.seed, "drops")
    size = stage.unit * 0.0042
    far = Box(0, field.y, field.w, field.h * 0.4)
    dew(svg, rng, far, Wet(size=size * 0.6, count=60, flat=0.45))
    near = Box(0, field.y + field.h * 0.3, field.w, field.h * 0.7)
    dew(svg, rng, near, Wet(size=size, count=80, flat=0.5))
    darkroom.lay(image, darkroom.rasterised(svg))


def _props(image: Image.Image, scene: Scene, stage: Stage, some: Sequence[Lying]) -> None:
    if not some:
        return
    k = stage.scale
    reach = around(
        [Box(p.x - p.size * 1.6, p.y - p.size * 2.2, p.size * 3.4, p.size * 4.4) for p in some]
    )
    area = Box(stage.cx + reach.x * k, stage.floor + reach.y * k, reach.w * k, reach.h * k)
    svg = Svg(darkroom.whole(area, stage.frame))
    with svg.at(stage.cx, stage.floor, k):
        scatter(svg, scene, list(some))
    darkroom.lay(image, darkroom.rasterised(svg))


def _copy(image: Image.Image, scene: Scene, stage: Stage) -> list[Inking]:
    """Set the copy in inks that are read on the picture as it is by now."""
    if not stage.copy:
        return []
    box = around([p.box for p in stage.copy]).grown(stage.unit * 0.03)
    svg = Svg(darkroom.whole(box, stage.frame))
    if scene.transparent:
        done = outlined(svg, scene, stage.copy)
    else:
        quiet = quieted(scene, stage.copy, lambda area: grounds(image, area))
        if quiet:
            darkroom.veil(image, _side(quiet.box, stage), color=quiet.color, alpha=quiet.alpha)
        done = inked(svg, scene, stage.copy, lambda area: grounds(image, area))
    darkroom.lay(image, darkroom.rasterised(svg))
    return done


def _side(box: Box, stage: Stage) -> Box:
    """The copy's whole side of the picture, beyond its edges, so that only one edge fades."""
    far = stage.unit
    if not stage.beside:
        top = -far if box.cy < stage.height / 2 else box.y
        bottom = box.bottom if box.cy < stage.height / 2 else stage.height + far
        return Box(-far, top, stage.width + 2 * far, bottom - top)
    left = -far if box.cx < stage.width / 2 else box.x
    right = box.right if box.cx < stage.width / 2 else stage.width + far
    return Box(left, -far, right - left, stage.height + 2 * far)


def grounds(image: Image.Image, box: Box) -> list[float]:
    """The dark and the light end of what lies under a box, as luminances."""
    area = darkroom.whole(box, Box(0, 0, image.width, image.height))
    crop = image.crop((int(area.x), int(area.y), int(area.right), int(area.bottom)))
    raw = crop.convert("RGB").resize((40, 40), Image.Resampling.BOX).tobytes()
    found = sorted(
        luminance(f"#{raw[i]:02x}{raw[i + 1]:02x}{raw[i + 2]:02x}") for i in range(0, len(raw), 3)
    )
    return [found[int((len(found) - 1) * q)] for q in (0.02, 0.98)]
