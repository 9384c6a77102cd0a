"""Overlays on ad files: read by everyone, inside the safe zone, always the same bytes."""

import hashlib
import io
import pickle
import random
from dataclasses import replace

import pytest
from brand_files import LOGO, bitmap
from PIL import Image, ImageDraw, ImageFilter, PngImagePlugin

from pipeline.adfiles.derive import AdFileRefused, AdFileTask, Derive
from pipeline.campaign.overlay.parts import Overlay
from pipeline.images.local.store import LocalImageStore
from pipeline.lettering.box import Box
from pipeline.lettering.contrast import LEAST, contrast, luminance
from pipeline.model.adfiles.ad_file import FileLabels, Flag, Recipe
from pipeline.model.adfiles.overlay import (
    Anchor,
    BrandFile,
    LogoPart,
    OverlayKind,
    Plate,
    PlateShape,
    TextPart,
)
from pipeline.model.adfiles.placement import ImageFormat
from pipeline.model.check import CampaignCheck, CheckOutcome
from pipeline.prompts.overlay_texts import written_overlay

SIZES = {
    OverlayKind.HEADLINE: 0.1, OverlayKind.TEXT: 0.034, OverlayKind.PRICE: 0.06,
    OverlayKind.BUTTON: 0.031, OverlayKind.LEGAL: 0.016,
}  # fmt: skip
PRODUCT = '{"size":[640,640],"copy":[],"product":[230,120,180,460]}'
TERMS = "Offer valid until 31 August while stocks last. Terms apply."


def words(kind, text, at=None, **changes):
    kind = OverlayKind(kind)
    usual = Anchor.BOTTOM if kind is OverlayKind.LEGAL else Anchor.COPY
    solid = kind in (OverlayKind.BUTTON, OverlayKind.PRICE)
    plate = Plate(shape=PlateShape.PANEL) if solid else Plate()
    settings = {
        "kind": kind, "at": Anchor(at) if at else usual, "text": text, "fonts": (), "weight": 650,
        "size": SIZES[kind], "width": 0.9, "color": "", "plate": plate, **changes,
    }  # fmt: skip
    return TextPart(**settings)


def brand_file(path):
    return BrandFile(
        shown=f"brand/{path.name}",
        path=str(path),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


@pytest.fixture
def logo(tmp_path):
    def made(content=LOGO, name="logo.svg", **changes):
        path = tmp_path / name
        path.write_bytes(content)
        settings = {"at": Anchor.TOP_LEFT, "width": 0.18, "clear": 0.04, "plate": Plate()}
        return LogoPart(file=brand_file(path), **settings, **changes)

    return made


def picture(image=None, *, boxes=PRODUCT, size=(640, 640)):
    image = image or Image.new("RGB", size, "#e8b860")
    out, texts = io.BytesIO(), PngImagePlugin.PngInfo()
    if boxes:
        texts.add_itxt("boxes", boxes)
    image.save(out, "PNG", pnginfo=texts)
    return out.getvalue()


@pytest.fixture
def task(tmp_path):
    """The task that makes ad files with overlays of one picture."""

    def made(content, *overlays, pixels=(300, 250), **recipe):
        (tmp_path / "a.png").write_bytes(content)
        files = []
        for number, parts in enumerate(overlays):
            texts = [part.text for part in parts if isinstance(part, TextPart)]
            overlay = Overlay(parts=tuple(parts), templates=("",) * len(texts))
            settings = {
                "source_sha256": hashlib.sha256(content).hexdigest(), "placement": "banner",
                "pixels": pixels, "format": ImageFormat.PNG, "enlarge": 9.0,
                "labels": FileLabels(source_type="x"),
                "overlay": written_overlay(overlay, texts, language="en-US"), **recipe,
            }  # fmt: skip
            files.append(AdFileTask(recipe=Recipe(**settings), path=f"c/{number}.png"))
        return Derive(images=LocalImageStore(tmp_path).location, source="a.png", files=tuple(files))

    return made


@pytest.fixture
def derive(task, tmp_path):
    def made(content, parts, **recipe):
        (result,) = task(content, parts, **recipe).run()
        if isinstance(result, AdFileRefused):
            return result, None
        return result, Image.open(io.BytesIO((tmp_path / "c/0.png").read_bytes())).convert("RGB")

    return made


def read_contrast(image, box):
    """The contrast of the lightest with the darkest 4 % of the pixels in a box."""
    x, y, width, height = box
    part = image.crop((x, y, x + width, y + height)).tobytes()
    lights = sorted(luminance(tuple(part[at : at + 3])) for at in range(0, len(part), 3))
    return contrast(lights[int(0.04 * len(lights))], lights[int(0.96 * len(lights))])


def background(kind, seed=1):
    rng = random.Random(seed)  # noqa: S311 - pictures, not secrets
    image = Image.new("RGB", (640, 640), tuple(rng.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for n in range(0, 640, 20):
        color = tuple(rng.randrange(256) for _ in range(3))
        match kind:
            case "stripes":
                draw.rectangle((n, 0, n + 9, 640), fill=color)
            case "checks":
                for y in range(n % 40, 640, 40):
                    draw.rectangle((n, y, n + 19, y + 19), fill=color)
            case "ramp":
                draw.rectangle((0, n, 640, n + 20), fill=(n * 255 // 640,) * 3)
            case "spots":
                x, y = rng.randrange(640), rng.randrange(640)
                draw.ellipse((x, y, x + 90, y + 90), fill=color)
    return image.filter(ImageFilter.GaussianBlur(6)) if kind == "spots" else image


EVERYTHING = [
    words("headline", "Summer crush"), words("text", "Cold pressed, all day"),
    words("price", "$2.49"), words("button", "Shop now"), words("legal", TERMS),
]  # fmt: skip


@pytest.mark.parametrize("kind", ["plain", "stripes", "checks", "ramp", "spots"])
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("pixels", [(728, 90), (300, 250), (540, 960)])
def test_words_always_have_the_contrast_that_they_need(derive, kind, seed, pixels):
    made, image = derive(picture(background(kind, seed)), EVERYTHING, pixels=pixels)
    assert len(made.overlay) == len(EVERYTHING)
    for part in made.overlay:
        assert part.contrast >= LEAST
        assert read_contrast(image, part.box) >= LEAST


def overlap(first, second):
    return Box(*first.box).touches(Box(*second.box), slack=1)


@pytest.mark.parametrize("pixels", [(728, 90), (320, 50), (970, 250), (160, 600), (1080, 1920)])
def test_parts_lie_inside_the_safe_zone_apart_from_each_other(derive, logo, pixels):
    safe = (0.12, 0.02, 0.12, 0.02)
    made, _ = derive(picture(), [logo(), *EVERYTHING], pixels=pixels, safe=safe)
    width, height = pixels
    zone = Box(0.02 * width, 0.12 * height, 0.96 * width, 0.76 * height)
    for number, part in enumerate(made.overlay):
        assert zone.holds(Box(*part.box), slack=1.5)
        assert not any(overlap(part, other) for other in made.overlay[:number])
        least = 7 if part.kind is OverlayKind.LEGAL else 9
        assert part.size is None or part.size >= least


def test_copy_stands_beside_the_product_which_moves_aside_in_a_strip(derive):
    made, _ = derive(picture(), [words("headline", "Summer crush")], pixels=(728, 90))
    x, _, width, _ = made.window
    left, right = ((edge - x) / width * 728 for edge in (230, 410))
    assert left > 364
    (headline,) = made.overlay
    assert headline.box[0] + headline.box[2] < left
    assert right < 728


@pytest.mark.parametrize("at", [one for one in Anchor if one is not Anchor.COPY])
def test_an_anchor_is_where_the_words_and_the_logo_are(derive, logo, at):
    made, _ = derive(picture(boxes=None), [words("text", "Cold pressed", at)], focus=(0.5, 0.5))
    (text,) = made.overlay
    made, _ = derive(picture(boxes=None), [replace(logo(), at=at)], focus=(0.5, 0.5))
    for part in (text, made.overlay[0]):
        x, y = part.box[0] + part.box[2] / 2, part.box[1] + part.box[3] / 2
        across = "left" if x < 140 else "right" if x > 160 else ""
        down = "top" if y < 115 else "bottom" if y > 135 else ""
        assert at == ("-".join(word for word in (down, across) if word) or "center")


def test_a_text_that_cannot_be_read_is_refused_and_the_rest_goes_on(task):
    long = words("legal", " ".join([TERMS] * 9))
    refused, made = task(picture(), [long], [words("text", "Short")], pixels=(320, 50)).run()
    assert refused.reason.startswith(
        "the legal “Offer valid until 31 August while stock…” does not"
    )
    assert "does not fit at 7 px, the least size that is read; shorten it" in refused.reason
    assert made.overlay[0].text == "Short"


def test_colours_that_cannot_be_told_apart_are_refused(derive):
    white = replace(words("text", "Hi", "top"), color="#ffffff", plate=Plate(shape=PlateShape.NONE))
    refused, _ = derive(picture(), [white])
    assert "would have a contrast of 1.8 with what lies under it, and 4.5 is" in refused.reason
    assert "set plate: auto" in refused.reason
    own = Plate(shape=PlateShape.PANEL, color="#ff5a1f")
    refused, _ = derive(picture(), [words("button", "Buy", color="#ffffff", plate=own)])
    assert "a contrast of 3.1" in refused.reason


@pytest.mark.parametrize("shape", PlateShape)
def test_every_plate_gives_the_contrast(derive, shape):
    image = background("checks", 5)
    if shape is PlateShape.NONE:
        image = Image.new("RGB", (640, 640), "#203040")
    text = words("text", "Cold pressed", "bottom", plate=Plate(shape=shape))
    made, drawn = derive(picture(image), [text])
    assert made.overlay[0].contrast >= LEAST
    bare, plain = derive(picture(image), [])
    assert bare.sha256 != made.sha256
    if shape is PlateShape.BAND:
        box = made.overlay[0].box
        y = box[1] + box[3] // 2
        assert drawn.getpixel((0, y)) != plain.getpixel((0, y))
        assert drawn.getpixel((299, y)) != plain.getpixel((299, y))


def test_transparent_pixels_get_an_opaque_plate_since_any_page_may_be_behind(derive, tmp_path):
    cutout = Image.new("RGBA", (640, 640))
    ImageDraw.Draw(cutout).rectangle((230, 120, 410, 580), fill="#a03010")
    made, _ = derive(picture(cutout), [words("text", "Cold pressed", "top")])
    x, y, _, _ = made.overlay[0].box
    drawn = Image.open(io.BytesIO((tmp_path / "c/0.png").read_bytes()))
    assert drawn.mode == "RGBA"
    assert drawn.getpixel((x - 1, y + 2))[3] == 255
    assert made.overlay[0].contrast >= LEAST


def test_a_bitmap_logo_is_never_enlarged_and_a_vector_one_is_always_sharp(derive, logo):
    small = logo(bitmap(size=(40, 20)), "logo.png")
    made, _ = derive(picture(), [small], pixels=(1080, 1080))
    assert made.overlay[0].box[2:] == (40, 20)
    made, _ = derive(picture(), [logo()], pixels=(1080, 1080))
    assert made.overlay[0].box[2:] == (194, 49)


def test_a_logo_keeps_its_clear_space(derive, logo):
    parts = [replace(logo(), clear=0.1), words("text", "Cold pressed juice", "top-left")]
    made, _ = derive(picture(), parts, pixels=(600, 600))
    mark, text = (Box(*part.box) for part in made.overlay)
    assert mark.x >= 59
    assert mark.y >= 59
    assert not mark.grown(58).touches(text)


@pytest.mark.parametrize("at", ["top-left", "top-right"])
def test_a_logo_lies_beside_a_product_as_high_as_a_story(derive, logo, at):
    """Room above this can takes a long extension, so its window moves sideways instead.

    The logo lay over the can in every instagram-story of the juice campaign.
    """
    can = '{"size":[1254,2368],"copy":[],"product":[255,316,738,1684]}'
    content = picture(boxes=can, size=(1254, 2368))
    parts = [replace(logo(), at=Anchor(at), width=0.22), words("headline", "Slow down.")]
    parts.append(words("legal", TERMS))
    made, _ = derive(content, parts, pixels=(1080, 1920), safe=(0.14, 0.0, 0.2, 0.0))
    x, y, width, height = made.window
    across, down = 1080 / width, 1920 / height
    product = Box((255 - x) * across, (316 - y) * down, 738 * across, 1684 * down)
    mark = next(Box(*part.box) for part in made.overlay if part.kind is OverlayKind.LOGO)
    assert not mark.touches(product)
    assert not made.flags


def test_a_logo_without_room_beside_the_product_is_flagged_like_words(derive, logo):
    """Words over the product were flagged, a logo over it was delivered without a look."""
    everywhere = '{"size":[640,640],"copy":[],"product":[0,0,640,640]}'
    made, _ = derive(picture(boxes=everywhere), [logo()], pixels=(600, 600))
    assert made.flags == (Flag.COVERED,)
    beside, _ = derive(picture(), [logo()], pixels=(600, 600))
    assert not beside.flags


def test_the_checks_see_the_words_of_the_overlay_too(derive):
    """An ad file whose only copy was its overlay was recorded as one without copy."""
    made, _ = derive(picture(), EVERYTHING, pixels=(300, 250))
    checks = {one.check: one for one in made.checks}
    heights = [one.size for one in made.overlay if one.kind is not OverlayKind.LEGAL]
    assert checks[CampaignCheck.LEGIBLE].score == min(heights)
    assert checks[CampaignCheck.CONTRAST].score == min(one.contrast for one in made.overlay)
    assert all(one.result is CheckOutcome.PASS for one in checks.values())


def test_words_in_a_strip_begin_half_a_logo_s_height_after_it(derive, logo):
    """`clear` is a share of the shorter side: 4 % of a leaderboard is less than 4 pixels."""
    parts = [replace(logo(), width=0.22), words("headline", "Squeeze the day", "left")]
    made, _ = derive(picture(), parts, pixels=(728, 90))
    mark, text = (Box(*part.box) for part in made.overlay)
    assert not mark.grown(mark.h / 2 - 1).touches(text)


def test_a_logo_that_would_not_be_seen_gets_a_plate(derive, logo):
    same = Image.new("RGB", (640, 640), "#d02020")
    made, image = derive(picture(same), [logo()])
    x, y, width, height = made.overlay[0].box
    assert image.getpixel((x - 1, y + height // 2)) != image.getpixel((x + width // 2, y + 2))


@pytest.mark.parametrize("change", ["changed", "gone"])
def test_a_logo_or_font_that_is_not_the_one_that_was_read_is_told(derive, logo, change, tmp_path):
    part = logo()
    path = tmp_path / "logo.svg"
    path.unlink() if change == "gone" else path.write_bytes(LOGO + b" ")
    refused, _ = derive(picture(), [part])
    assert refused.reason.startswith("the logo brand/logo.svg cannot be read: ")
    assert ("No such file" if change == "gone" else "has changed since") in refused.reason


def test_the_same_task_gives_the_same_bytes_in_another_process_too(task, logo, tmp_path):
    made = task(picture(background("spots")), [logo(), *EVERYTHING], pixels=(300, 600))
    first = made.run()
    content = (tmp_path / "c/0.png").read_bytes()
    again = pickle.loads(pickle.dumps(made))  # noqa: S301 - our own bytes
    assert again.run() == first
    assert (tmp_path / "c/0.png").read_bytes() == content


def test_a_recipe_names_contents_and_one_without_an_overlay_has_its_earlier_id(logo, tmp_path):
    base = Recipe(
        source_sha256="0" * 64, placement="a", pixels=(300, 250), format=ImageFormat.JPG,
        labels=FileLabels(source_type="x"),
    )  # fmt: skip
    assert base.id == "3aa7a4cf63159e33"
    text, mark = words("headline", "Summer"), logo()
    moved = replace(mark, file=replace(mark.file, path="/elsewhere/logo.svg", shown="logo.svg"))
    other = replace(mark, file=replace(mark.file, sha256="1" * 64))
    recipes = [
        replace(base, overlay=parts)
        for parts in (
            (text, mark),
            (text, moved),
            (text, other),
            (text,),
            (replace(text, text="S"),),
        )
    ]
    ids = [recipe.id for recipe in recipes]
    assert ids[0] == ids[1]
    assert len({base.id, *ids}) == 5
