"""What the proof renderer promises about the file it paints."""

import hashlib
import io
import json
import os
import pickle
import subprocess
import sys

import pytest
from PIL import Image

from pipeline.imageserver.painting.painter import PaintOrder, PaintQuality, UnpaintableError
from pipeline.imageserver.painting.pixels import pixels
from pipeline.imageserver.studio.proof import GLOW_STRENGTH, paint
from pipeline.imageserver.studio.raster import add_glow
from pipeline.imageserver.studio.scene.reading import read_prompt

SODA = (
    "A photorealistic product photo of a citrus soda bottle on a wet studio table, "
    "soft reflections, premium lighting, minimal background."
)


def order(prompt=SODA, *, ratio=(4, 3), quality=PaintQuality.LOW, **more):
    return PaintOrder(prompt=prompt, ratio=ratio, quality=quality, **more)


def opened(picture):
    return Image.open(io.BytesIO(picture.png))


@pytest.mark.parametrize("hash_seed", ["1", "4242"])
def test_the_same_order_gives_the_same_bytes_in_any_process(hash_seed):
    script = (
        "import hashlib, pickle, sys; from pipeline.imageserver.studio.proof import paint; "
        "order = pickle.loads(sys.stdin.buffer.read()); "
        "print(hashlib.sha256(paint(order).png).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=pickle.dumps(order()),
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.decode().strip() == hashlib.sha256(paint(order()).png).hexdigest()


@pytest.mark.parametrize("ratio", [(1, 1), (4, 3), (9, 16), (3, 1), (1, 3)])
def test_a_picture_has_the_pixels_of_its_ratio_and_quality(ratio):
    picture = paint(order(ratio=ratio))
    assert (
        opened(picture).size == (picture.width, picture.height) == pixels(ratio, PaintQuality.LOW)
    )


def test_an_opaque_picture_has_no_alpha():
    assert opened(paint(order())).mode == "RGB"


def test_a_cutout_is_clear_at_its_corners_and_solid_on_its_label():
    image = opened(paint(order(ratio=(1, 1), transparent=True)))
    alpha = image.getchannel("A")
    corners = [alpha.getpixel(at) for at in ((0, 0), (image.width - 1, 0), (0, image.height - 1))]
    label = alpha.getpixel((image.width // 2, round(image.height * 0.66)))
    assert (corners, label) == ([0, 0, 0], 255)


def test_no_colour_is_left_under_full_transparency():
    image = opened(paint(order(ratio=(1, 1), transparent=True)))
    clear = image.getchannel("A").point(lambda a: 0 if a else 255)
    under = Image.new("RGB", image.size)
    under.paste(image.convert("RGB"), mask=clear)
    assert under.getextrema() == ((0, 0), (0, 0), (0, 0))


def test_the_file_says_what_it_was_painted_from():
    text = opened(paint(order("Ein Glas Honig, “Süß”"))).text
    seed = read_prompt(order("Ein Glas Honig, “Süß”")).seed
    assert json.loads(text.pop("boxes"))["size"] == [768, 576]
    told = json.loads(text.pop("understood"))
    assert (told["subject"], told["contents"], told["language"]) == ("jar", "honey", "de")
    assert text == {"prompt": "Ein Glas Honig, “Süß”", "seed": str(seed), "engine": "proof"}


def test_a_final_shows_its_drafts_scene():
    assert read_prompt(order()) == read_prompt(order(quality=PaintQuality.HIGH))


def test_lights_spill_over_what_is_round_them_and_a_flat_ground_stays_as_it_is():
    flat = Image.new("RGBA", (400, 400), "#203040")
    assert add_glow(flat, 1.0).tobytes() == flat.tobytes()
    lit = flat.copy()
    lit.paste("#ffffff", (180, 180, 220, 220))
    beside, far = (add_glow(lit, 1.0).getpixel(at) for at in ((230, 200), (20, 20)))
    assert beside > flat.getpixel((230, 200))
    assert far == flat.getpixel((20, 20))


def test_only_a_draft_goes_without_that_finish():
    assert [q for q in PaintQuality if not GLOW_STRENGTH[q]] == [PaintQuality.LOW]


@pytest.mark.parametrize(
    "other", [{"index": 1}, {"variation": "b"}, {"ratio": (3, 4)}, {"transparent": True}]
)
def test_another_index_variation_ratio_or_background_is_another_scene(other):
    assert read_prompt(order()).seed != read_prompt(order(**other)).seed


def test_copy_in_a_script_without_a_font_is_refused_with_a_hint():
    with pytest.raises(UnpaintableError) as refusal:
        paint(order('A poster with the headline "ᚠᚢᚦ"'))
    assert (refusal.value.reason[:24], bool(refusal.value.hint)) == (
        "no font here has the cha",
        True,
    )
