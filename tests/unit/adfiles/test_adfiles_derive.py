"""The task that makes ad files: exact pixels, whole copy, metadata, and clear refusals."""

import hashlib
import io
import re

import pytest
from encoded_pictures import encoded
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from pipeline.adfiles.continuation import continue_edges
from pipeline.adfiles.derive import AdFileRefused, AdFileTask, Derive
from pipeline.adfiles.source_image import continuable_edges, open_source
from pipeline.adfiles.window import ALL_EDGES
from pipeline.errors import ImageBroken, LocalFault
from pipeline.images.local.store import LocalImageStore
from pipeline.model.adfiles.ad_file import FileLabels, Flag, Framing, Recipe
from pipeline.model.adfiles.placement import ImageFormat

LABELS = FileLabels(
    source_type="algorithmicMedia",
    credit='Sunburst & Söhne "GmbH"',
    alt_text="Citrus Soda, with the words “SUMMER <CRUSH>”.",
    prompt_sha256="ab" * 32,
)
BOXES = '{"size":[400,400],"copy":[[210,100,170,80]],"product":[40,60,100,280]}'


def opened(path):
    return Image.open(io.BytesIO(path.read_bytes()))


def studio_picture(size=(400, 400), *, boxes=BOXES, mode="RGB"):
    """A wall above a table, with a bottle and words."""
    image = Image.new(mode, size, "#e8b860" if mode == "RGB" else (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    if mode == "RGB":
        draw.rectangle((0, size[1] * 0.7, *size), fill="#8a5a20")
    draw.rectangle((40, 60, 140, 340), fill="#703810")
    draw.rectangle((210, 100, 380, 180), fill="#201008")
    out, texts = io.BytesIO(), PngImagePlugin.PngInfo()
    if boxes:
        texts.add_itxt("boxes", boxes)
    image.save(out, "PNG", pnginfo=texts)
    return out.getvalue()


@pytest.fixture
def derive(tmp_path):
    """Puts an image on disk and makes one ad file of it."""

    def made(content, *, name="a.png", **recipe):
        (tmp_path / name).write_bytes(content)
        settings = {
            "source_sha256": hashlib.sha256(content).hexdigest(),
            "placement": "half-page",
            "pixels": (300, 600),
            "format": ImageFormat.JPG,
            "labels": LABELS,
            **recipe,
        }
        form = settings["format"]
        file = AdFileTask(recipe=Recipe(**settings), path=f"c/adfiles/place/a.{form}")
        task = Derive(images=LocalImageStore(tmp_path).location, source=name, files=(file,))
        (result,) = task.run()
        return result, tmp_path / file.path

    return made


def test_an_ad_file_has_exactly_its_pixels_and_shows_everything(derive):
    made, path = derive(studio_picture())
    image = opened(path)
    assert (image.format, image.size, made.framing) == ("JPEG", (300, 600), Framing.EXTENDED)
    assert made.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (made.bytes, made.flags) == (path.stat().st_size, (Flag.LONG_EXTENSION,))
    x, y, width, height = made.window
    assert x <= 40
    assert x + width >= 380
    assert y < 0 < height - 400


def test_the_continued_edge_has_the_colours_of_wall_and_table(derive):
    _, path = derive(studio_picture())
    image = opened(path)
    top, bottom = image.getpixel((150, 4)), image.getpixel((150, 595))
    assert max(abs(a - b) for a, b in zip(top, (0xE8, 0xB8, 0x60), strict=True)) < 8
    assert max(abs(a - b) for a, b in zip(bottom, (0x8A, 0x5A, 0x20), strict=True)) < 8


@pytest.mark.parametrize("form", ImageFormat)
def test_every_format_says_where_it_comes_from(derive, form):
    made, path = derive(studio_picture(), format=form)
    content = path.read_bytes()
    assert b"digitalsourcetype/algorithmicMedia" in content
    assert b"Sunburst &amp; S\xc3\xb6hne" in content
    assert "“SUMMER &lt;CRUSH&gt;”".encode() in content
    assert made.recipe.encode() in content
    xmp = opened(path).info.get("xmp")
    xmp = xmp.encode() if isinstance(xmp, str) else xmp
    if form is not ImageFormat.PNG:
        assert re.search(rb'DigitalSourceType="[^"]*algorithmicMedia"', xmp)


def test_transparent_pixels_stay_where_the_placement_takes_them(derive):
    cutout = studio_picture(mode="RGBA")
    _, path = derive(cutout, format=ImageFormat.PNG)
    assert opened(path).mode == "RGBA"
    assert opened(path).getpixel((0, 0))[3] == 0
    refused, path = derive(cutout)
    assert isinstance(refused, AdFileRefused)
    assert "transparent pixels and a JPEG cannot have any" in refused.reason
    refused, _ = derive(cutout, format=ImageFormat.PNG, alpha=False)
    assert "half-page does not accept any" in refused.reason
    white, path = derive(cutout, background="#ffffff")
    assert white.framing is Framing.EXTENDED
    assert opened(path).getpixel((2, 2)) == (255, 255, 255)


def test_an_image_with_too_few_pixels_is_refused_with_both_numbers(derive):
    refused, path = derive(studio_picture(), pixels=(1080, 1920))
    assert refused.reason.startswith("the image has 400×400 pixels, and would have to be enlarged")
    assert not path.exists()


def test_a_file_that_cannot_be_light_enough_is_refused_and_not_written(derive):
    refused, path = derive(studio_picture(), max_kb=1)
    assert "1 kB is the most" in refused.reason
    assert not path.exists()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"no image", "cannot be decoded"), (studio_picture()[:900], "cannot be decoded")],
)
def test_a_corrupt_image_is_told(derive, content, complaint):
    with pytest.raises(ImageBroken, match=complaint):
        derive(content)


def test_an_image_that_is_missing_or_another_one_is_told(derive, tmp_path):
    with pytest.raises(ImageBroken, match="is not the image that was approved"):
        derive(studio_picture(), source_sha256="0" * 64)


def test_a_full_disk_spoils_no_other_file(derive, tmp_path, monkeypatch):
    def full(self, path, content):
        raise LocalFault(f"{path}: No space left on device")

    monkeypatch.setattr(LocalImageStore, "write", full)
    refused, _ = derive(studio_picture())
    assert refused.reason == "c/adfiles/place/a.jpg: No space left on device"


def test_equal_recipes_have_equal_ids_and_everything_else_changes_them():
    base = {
        "source_sha256": "0" * 64, "placement": "a", "pixels": (300, 250),
        "format": ImageFormat.JPG, "labels": LABELS,
    }  # fmt: skip
    assert Recipe(**base).id == Recipe(**base).id
    changes = [
        {"source_sha256": "1" * 64}, {"placement": "b"}, {"pixels": (300, 251)}, {"max_kb": 9},
        {"format": ImageFormat.PNG}, {"safe": (0.1, 0.0, 0.0, 0.0)}, {"keep": ((0, 0, 1, 1),)},
        {"focus": (0.5, 0.5)}, {"labels": FileLabels(source_type="x")}, {"background": "#fff"},
    ]  # fmt: skip
    ids = {Recipe(**{**base, **change}).id for change in changes}
    assert len(ids | {Recipe(**base).id}) == len(changes) + 1


def red(mode, **how):
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (204, 51, 51)).convert(mode).save(out, how.pop("kind"), **how)
    return out.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "P", "CMYK"])
def test_whatever_its_channels_are_an_image_becomes_srgb(mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    pixels = open_source(io.BytesIO(red(mode, kind=kind))).pixels
    assert pixels.mode == "RGB"
    assert max(abs(a - b) for a, b in zip(pixels.getpixel((9, 9)), (204, 51, 51), strict=True)) < 9


def test_sixteen_bits_become_eight():
    out = io.BytesIO()
    Image.new("I;16", (40, 30), 257 * 128).save(out, "PNG")
    pixels = open_source(io.BytesIO(out.getvalue())).pixels
    assert (pixels.mode, pixels.getpixel((3, 3))) == ("RGB", (128, 128, 128))


def test_a_profile_is_converted_and_a_broken_one_ignored():
    lab_like = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    for profile in (lab_like, b"no profile"):
        pixels = open_source(io.BytesIO(red("RGB", kind="PNG", icc_profile=profile))).pixels
        assert (pixels.mode, pixels.size) == ("RGB", (40, 30))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pixels = open_source(io.BytesIO(red("RGB", kind="PNG", icc_profile=srgb))).pixels
    assert max(abs(a - b) for a, b in zip(pixels.getpixel((9, 9)), (204, 51, 51), strict=True)) < 3


def test_studio_walls_and_tables_can_be_continued_and_grass_cannot():
    wall = open_source(io.BytesIO(studio_picture())).pixels
    assert continuable_edges(wall)[0] == ALL_EDGES
    stripes = Image.new("RGB", (400, 400), "white")
    draw = ImageDraw.Draw(stripes)
    for x in range(0, 400, 16):
        draw.rectangle((x, 0, x + 7, 400), fill="black")
    assert len(continuable_edges(stripes)[0]) == 2
    cutout = Image.open(io.BytesIO(encoded("PNG", mode="RGBA", alpha=0)))
    assert continuable_edges(cutout) == (ALL_EDGES, ALL_EDGES)


def test_a_line_that_leaves_at_an_angle_keeps_its_direction_in_a_narrow_strip():
    """Repeating the edge's row would continue it horizontally."""
    image = Image.new("RGB", (600, 600), "white")
    ImageDraw.Draw(image).line((-50, 50, 500, 600), fill="black", width=8)
    wider = continue_edges(image, left=6, top=0, right=0, bottom=0)
    assert wider.size == (606, 600)
    assert wider.crop((36, 0, 606, 600)).tobytes() == image.crop((30, 0, 600, 600)).tobytes()

    def middle(x):
        dark = [y for y in range(600) if wider.getpixel((x, y))[0] < 128]
        return sum(dark) / len(dark)

    assert middle(1) == pytest.approx(101, abs=2)
    assert middle(18) - middle(1) == pytest.approx(17 / 1.2, abs=2)


def continued_floor(draw_on_floor):
    """A floor of 400 × 300 pixels with something on it, 200 pixels longer; a row of that."""
    floor = Image.new("RGB", (400, 300), (150, 120, 90))
    draw_on_floor(ImageDraw.Draw(floor))
    longer = continue_edges(floor, left=0, top=0, right=0, bottom=200)
    return [longer.getpixel((x, 400))[0] for x in range(400)], longer


def test_a_reflection_that_is_cut_by_the_edge_becomes_no_streak():
    """The reflection of an orange was drawn out to the end of the picture."""
    row, longer = continued_floor(
        lambda draw: draw.ellipse((180, 280, 220, 340), fill=(200, 130, 60))
    )
    assert max(row) - min(row) <= 22  # of 37
    assert longer.getpixel((200, 299)) == (200, 130, 60)


def test_a_joint_of_planks_that_runs_into_the_edge_goes_on():
    row, _ = continued_floor(lambda draw: draw.rectangle((170, 0, 230, 300), fill=(90, 70, 50)))
    assert row[200] < 100
    assert row[20] > 145
