"""The proof renderer: a scene becomes vectors, vectors become a PNG; the same bytes every time."""

import io

import resvg_py
from PIL import Image, PngImagePlugin

from pipeline.engine.order import Order, Picture
from pipeline.engine.pixels import pixels
from pipeline.engine.studio.chance import stream
from pipeline.engine.studio.contrast import READABLE, ink_on, luminance
from pipeline.engine.studio.drawing import backdrop, props, surfaces
from pipeline.engine.studio.drawing.copy import Kind, Piece, pieces
from pipeline.engine.studio.drawing.goods import SYMBOL, product_symbol
from pipeline.engine.studio.drawing.inking import draw_piece, draw_scrim
from pipeline.engine.studio.drawing.marks import SHADOW
from pipeline.engine.studio.drawing.stage import Stage, disc_radius, staged
from pipeline.engine.studio.scene.nouns import Layout, Scene, Surface
from pipeline.engine.studio.scene.products import product
from pipeline.engine.studio.scene.reading import read
from pipeline.engine.studio.vector.box import Box, around
from pipeline.engine.studio.vector.shapes import ellipse
from pipeline.engine.studio.vector.svg import Svg

RENDERER = "proof"
SOFT = 4
"""How many times smaller the soft layer is painted than it is shown."""
COMPRESS_LEVEL = 3


def paint(order: Order) -> Picture:
    """Paint an order. Raises UnpaintableError where its copy has no font."""
    scene = read(order)
    width, height = pixels(order.ratio, order.quality)
    stage = staged(scene, width, height)
    image = Image.new("RGBA", (width, height))
    if not scene.transparent:
        image.paste(_rasterised(soft_layer(scene, stage), 1 / SOFT).resize(image.size))
    image.alpha_composite(_rasterised(sharp_layer(scene, stage)))
    copy = pieces(scene, stage)
    if copy:
        image.alpha_composite(_rasterised(copy_layer(scene, stage, copy, image)))
    return Picture(png=_encoded(image, order, scene), width=width, height=height, renderer=RENDERER)


def soft_layer(scene: Scene, stage: Stage) -> Svg:
    """Everything without an edge: wall, light, the table's colour."""
    svg = Svg(Box(0, 0, stage.width, stage.height))
    backdrop.wall(svg, scene, stage)
    surfaces.table(svg, scene, stage)
    backdrop.vignette(svg, stage)
    return svg


def sharp_layer(scene: Scene, stage: Stage) -> Svg:
    """The product and what stands round it."""
    svg = Svg(Box(0, 0, stage.width, stage.height))
    k = stage.scale
    props.bead_symbol(svg)
    product_symbol(svg, scene)
    shape = product(scene)
    room = props.Room(taken=(shape.left, shape.right), free=stage.free)
    if not scene.transparent:
        if scene.layout is Layout.POSTER:
            backdrop.disc(svg, scene, stage, disc_radius(stage))
        surfaces.grain(svg, scene, stage)
        with svg.at(stage.cx, stage.base, k):
            props.scatter(svg, scene, room, front=False)
        _reflection(svg, scene, stage)
        _contact_shadow(svg, stage)
        if scene.surface is Surface.WET:
            field = Box(0, stage.horizon + 10 * k, stage.width, stage.height - stage.horizon)
            rng = stream(scene.seed, "table beads")
            props.beads(svg, rng, field, size=k * 1.7, count=130)
    svg.use(SYMBOL, transform=f"translate({stage.cx:.2f} {stage.base:.2f}) scale({k:.5f})")
    if not scene.transparent:
        with svg.at(stage.cx, stage.base, k):
            props.scatter(svg, scene, room, front=True)
    return svg


def _reflection(svg: Svg, scene: Scene, stage: Stage) -> None:
    strength = surfaces.REFLECTION[scene.surface]
    if not strength:
        return
    k = stage.scale
    area = Box(0, stage.base, stage.width, stage.goods.h * 0.58)
    with svg.group(mask=svg.fade(area, strength, 0)):
        svg.use(
            SYMBOL,
            transform=f"translate({stage.cx:.2f} {stage.base + k:.2f}) "
            f"scale({k:.5f} {-k * 0.92:.5f})",
        )


def _contact_shadow(svg: Svg, stage: Stage) -> None:
    k, goods = stage.scale, stage.goods
    for grow, squash, alpha, shift in (
        (1.35, 0.085, 0.36, 7),
        (1.0, 0.060, 0.55, 2),
        (0.86, 0.030, 0.60, 0),
    ):
        svg.draw(
            ellipse(
                goods.cx + shift * k,
                stage.base + 0.4 * k,
                goods.w / 2 * grow,
                goods.w * squash,
            ),
            svg.rad([(SHADOW, alpha, 0), (SHADOW, alpha * 0.75, 0.55), (SHADOW, 0, 1)]),
        )


def copy_layer(scene: Scene, stage: Stage, copy: list[Piece], under: Image.Image) -> Svg:
    """The copy, in an ink that is read on the picture underneath."""
    svg = Svg(Box(0, 0, stage.width, stage.height))
    bare = [p.box for p in copy if p.kind in (Kind.HEADLINE, Kind.SUB)]
    ink = "#000000"
    if bare:
        area = around(bare)
        grounds = _grounds(under, area)
        ink, worst = ink_on(grounds, scene.palette.main)
        if worst < READABLE:
            tone = "#0a0610" if sum(grounds) / 2 < backdrop.DARK * 2 else "#ffffff"
            draw_scrim(svg, area, stage.side, tone)
            ink, _ = ink_on([luminance(tone)], scene.palette.main)
    for piece in copy:
        draw_piece(svg, scene, piece, ink)
    return svg


def _grounds(image: Image.Image, box: Box) -> list[float]:
    """The dark and the light end of what lies under a box, as luminances."""
    crop = image.crop((int(box.x), int(box.y), int(box.right) + 1, int(box.bottom) + 1))
    small = crop.convert("RGB").resize((48, 48), Image.Resampling.BOX)
    raw = small.tobytes()
    found = sorted(
        luminance(f"#{raw[i]:02x}{raw[i + 1]:02x}{raw[i + 2]:02x}") for i in range(0, len(raw), 3)
    )
    return [found[int((len(found) - 1) * q)] for q in (0.02, 0.98)]


def _rasterised(svg: Svg, zoom: float = 1.0) -> Image.Image:
    width, height = round(svg.frame.w * zoom), round(svg.frame.h * zoom)
    png = resvg_py.svg_to_bytes(
        svg_string=svg.text(), skip_system_fonts=True, width=width, height=height
    )
    return Image.open(io.BytesIO(bytes(png))).convert("RGBA")


def _encoded(image: Image.Image, order: Order, scene: Scene) -> bytes:
    """The PNG, with what it was painted from in its text chunks."""
    text = PngImagePlugin.PngInfo()
    text.add_itxt("prompt", order.prompt)
    text.add_text("seed", str(scene.seed))
    text.add_text("engine", RENDERER)
    if scene.transparent:
        # colour under full transparency would survive into formats that drop the alpha
        nothing = Image.new("RGBA", image.size)
        shown = image.getchannel("A").point(lambda a: 255 if a else 0)
        image = Image.composite(image, nothing, shown)
    else:
        image = image.convert("RGB")
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=COMPRESS_LEVEL, pnginfo=text)
    return out.getvalue()
