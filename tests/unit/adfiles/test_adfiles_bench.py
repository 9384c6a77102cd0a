"""The test bench of cuts: studio pictures whose boxes are known, and photos, which have none.

`python tests/unit/adfiles/test_adfiles_bench.py SHEET.png` draws a contact sheet of both.
"""

import io
import sys
from collections import Counter
from fractions import Fraction
from itertools import islice
from pathlib import Path

import pytest
from PIL import Image

sys.path.append(str(Path(__file__).parents[1] / "imageserver" / "studio"))
from studio_gallery import GALLERY

from pipeline.adfiles.contents.locate import boxes_found, lines_in
from pipeline.adfiles.encoding import encode
from pipeline.adfiles.framing import frame_image
from pipeline.adfiles.source_image import SourceImage, open_source
from pipeline.adfiles.window import WHOLE, Target, plan_window, safe_zone
from pipeline.campaign.matrix.placements import placements
from pipeline.errors import AdFileFailed
from pipeline.imageserver.painting.painter import UnpaintableError
from pipeline.imageserver.studio import proof
from pipeline.inspection.readers import NEEDED, is_installed
from pipeline.model.adfiles.ad_file import Flag
from pipeline.model.adfiles.placement import ImageFormat

PLACES = (
    "meta-feed-portrait", "instagram-story", "meta-vertical", "google-landscape", "pinterest-pin",
    "medium-rectangle", "half-page", "skyscraper", "billboard", "leaderboard",
)  # fmt: skip
LONGEST = 2.2
"""Cuts are made from a ratio that is not farther from the placement's, as campaigns choose them."""


def sources(pieces):
    """Painted pictures of the gallery, read as an ad file's task reads them."""
    for piece in pieces:
        try:
            painted = proof.paint(piece.order())
        except UnpaintableError:
            continue
        yield piece.name, open_source(io.BytesIO(painted.png))


def photos():
    """Free photos of a package, as they are: without boxes."""
    folder = Path(pytest.importorskip("skimage").__file__).parent / "data"
    names = (
        "astronaut.png", "brick.png", "camera.png", "chelsea.png", "clock_motion.png", "coffee.png",
        "coins.png", "grass.png", "gravel.png", "hubble_deep_field.jpg", "moon.png",
        "motorcycle_left.png", "motorcycle_right.png", "page.png", "retina.jpg", "rocket.jpg",
        "text.png", "ihc.png", "horse.png", "color.png",
    )  # fmt: skip
    for name in names:
        if (folder / name).is_file():
            source = open_source(io.BytesIO((folder / name).read_bytes()))
            if not source.has_alpha:
                yield name, source


def cuts(source, shape=None):
    """Each placement that a campaign would make from this ratio, with its window."""
    shape = shape or source.shape()
    for name in PLACES:
        placement = placements()[name]
        ratio = Fraction(*placement.pixels) / Fraction(shape.width, shape.height)
        if max(ratio, 1 / ratio) > LONGEST:
            continue
        width, height = placement.pixels
        target = Target(width=width, height=height, safe=placement.safe)
        yield placement, shape, plan_window(shape, target)


def share(box, other):
    return box.within(other).area / box.area if box.area else 1.0


def complaint(placement, shape, planned):
    """Why copy or product is not whole where it has to be; empty if they are."""
    zone = safe_zone(planned.window, placement.safe)
    if shape.product is not None and share(shape.product, planned.window) < WHOLE:
        return "product"
    if any(share(box, zone) < WHOLE for box in shape.copy):
        return "copy"
    return ""


def measured(pieces):
    found, flags = Counter(), Counter()
    for _, source in sources(pieces):
        for placement, shape, planned in cuts(source):
            why = complaint(placement, shape, planned)
            found[why or "whole"] += 1
            flags[planned.framing] += 1
            honest = not why or {Flag.CUT, Flag.OUTSIDE_SAFE_ZONE} & set(planned.flags)
            assert honest, "a cut that is not whole has no flag"
    return found, flags


def test_copy_and_product_of_studio_pictures_stay_whole():
    found, _ = measured(GALLERY[:6])
    assert found["whole"] == sum(found.values()) >= 20


@pytest.mark.thorough
@pytest.mark.timeout(1800)
def test_of_all_studio_cuts_99_percent_are_whole_and_the_others_are_told():
    found, flags = measured(GALLERY)
    print(dict(found), dict(flags))
    assert sum(found.values()) >= 150
    assert found["whole"] >= 0.99 * sum(found.values())


@pytest.mark.thorough
def test_every_cut_of_a_photo_is_for_a_person_to_look_at():
    made = 0
    for name, source in photos():
        for _, shape, planned in cuts(source):
            made += 1
            ratio = planned.window.w / planned.window.h / (shape.width / shape.height)
            assert planned.flags or abs(ratio - 1) < 0.01, name
    assert made >= 90


@pytest.mark.thorough
@pytest.mark.timeout(1800)
@pytest.mark.filterwarnings("ignore")
def test_of_studio_cuts_by_boxes_that_were_found_99_percent_are_whole():
    """The boxes that the pictures carry are only used to judge what was found without them."""
    if not is_installed(*NEEDED):
        pytest.skip("the extra ads is not installed")
    found = Counter()
    for _, source in sources(GALLERY):
        bare = SourceImage(source.pixels, None)
        picture = bare.flattened("#808080")
        boxes = boxes_found(bare, picture, lines_in(picture))
        shape = bare.shape(boxes)
        for placement, _, planned in cuts(bare, shape):
            found[complaint(placement, source.shape(), planned) or "whole"] += 1
    print(dict(found))
    assert sum(found.values()) >= 150
    assert found["whole"] >= 0.99 * sum(found.values())


@pytest.mark.thorough
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("form", [ImageFormat.JPG, ImageFormat.WEBP])
def test_no_file_of_30_pictures_is_above_any_of_8_limits(form):
    found, pictures = Counter(), 0
    for name, source in islice(sources(GALLERY), 30):
        pictures += 1
        image = source.flattened("#ffffff").convert("RGB")
        for most in (15, 30, 45, 60, 90, 150, 300, 600):
            told, content = "", b""
            try:
                content = encode(image, form, xmp=b"<x/>", max_kb=most).content
            except AdFileFailed as error:
                told = str(error)
            if told:
                assert f"{most} kB is the most" in told, name
            else:
                assert len(content) <= most * 1000, name
                assert Image.open(io.BytesIO(content)).size == image.size
            found["refused" if told else "reached"] += 1
    print(form, dict(found))
    assert pictures == 30
    assert found.total() == 240
    assert found["reached"] > found["refused"]


def sheet(to, *, height=260, gap=8, across=2400):
    """Draw every cut in rows, so that a person can look at all of them."""
    rows, row, x = [], [], 0
    for kind in (sources(GALLERY[::3]), photos()):
        for _, source in kind:
            for placement, _, planned in cuts(source):
                image = frame_image(source.pixels, planned, placement.pixels).convert("RGB")
                image.thumbnail((700, height))
                if x + image.width > across:
                    rows.append(row)
                    row, x = [], 0
                row.append((x, image))
                x += image.width + gap
    rows.append(row)
    page = Image.new("RGB", (across, len(rows) * (height + gap)), "white")
    for number, images in enumerate(rows):
        for x, image in images:
            page.paste(image, (x, number * (height + gap)))
    page.save(to)


if __name__ == "__main__":
    sheet(sys.argv[1])
