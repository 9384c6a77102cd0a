"""Pictures of the path tracer; they need the extra `studio` and half a minute each."""

import io
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest
from PIL import Image

from pipeline.engine.order import Order, Picture, Quality
from pipeline.engine.pixels import pixels
from pipeline.engine.studio.traced import painter
from pipeline.engine.studio.traced.readiness import ATOMIC, PACKAGES, without_library
from pipeline.engine.studio.traced.readiness import without_packages as without

MISSING = without(PACKAGES) or without_library(ATOMIC)
pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.timeout(1800),
]
DOCUMENTED = (
    "A photorealistic product photo of a citrus soda bottle on a wet studio table, "
    "soft reflections, premium lighting, minimal background."
)
GOODS = (
    'a bottle of red wine, a wine bottle with label "VALDORO" on stone, moody light',
    'a berry energy drink can, label "VOLT", on a wet table, neon light, headline "NEVER DIM"',
    'a face cream jar on a stone table with rose petals, headline "Soft is strong"',
    'a serum dropper bottle with label "LUMINA" on a marble table, dramatic lighting',
    'a chocolate bar box, label "KAKAWA", headline "70% dark", brown background',
    'a coffee bag pouch, label "NORTH", coffee beans, wood table, golden hour',
    'a ceramic mug with logo "MONDAY" on a wood table, morning light',
    'a paper coffee cup on a pedestal, bright light, price "$4"',
    'a sunscreen tube with label "SOLEIL" on sand',
    'three lavender candles with label "HUSH" on linen, dramatic warm light',
    "a perfume bottle on a mirror table with ice and mint",
    "a jar of honey with lemon and pebbles",
)


@pytest.fixture(scope="module")
def paint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Order], Picture]]:
    """The painter in a process of its own, as the server has it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRJIT_CACHE_DIR", str(tmp_path_factory.mktemp("kernels")))
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
            yield lambda order: pool.submit(painter.paint, order).result()


def small(prompt: str, *, transparent: bool = False) -> Order:
    return Order(prompt=prompt, ratio=(1, 1), quality=Quality.LOW, transparent=transparent)


def opened(picture: Picture) -> Image.Image:
    image = Image.open(io.BytesIO(picture.png))
    image.load()
    return image


@pytest.mark.parametrize("quality", Quality)
def test_the_documented_prompt_is_traced_in_every_quality(
    paint: Callable[[Order], Picture], quality: Quality
):
    picture = paint(Order(prompt=DOCUMENTED, ratio=(4, 3), quality=quality))
    assert (picture.renderer, picture.notes) == ("studio", ())
    assert opened(picture).size == pixels((4, 3), quality)


def test_the_same_order_gives_the_same_bytes(paint: Callable[[Order], Picture]):
    order = Order(prompt=DOCUMENTED, ratio=(1, 1), quality=Quality.LOW)
    assert paint(order).png == paint(order).png


def test_the_file_says_who_painted_what(paint: Callable[[Order], Picture]):
    text = opened(paint(small("a mug with logo MONDAY"))).text
    assert (text["engine"], text["prompt"]) == ("studio", "a mug with logo MONDAY")


def test_a_cut_out_has_clear_corners_a_solid_middle_and_a_soft_shadow(
    paint: Callable[[Order], Picture],
):
    image = opened(paint(small("a citrus soda bottle, cutout", transparent=True)))
    alpha = image.getchannel("A")
    assert [alpha.getpixel(at) for at in ((0, 0), (639, 0), (0, 639), (639, 639))] == [0, 0, 0, 0]
    assert alpha.getpixel((320, 320)) == 255
    below = alpha.crop((200, 560, 440, 640)).histogram()
    assert sum(below[8:200]) > 500


@pytest.mark.parametrize("prompt", GOODS)
def test_every_modelled_family_is_traced_and_well_exposed(
    paint: Callable[[Order], Picture], prompt: str
):
    picture = paint(small(prompt))
    assert picture.notes == ()
    levels = opened(picture).convert("L").histogram()
    share_blown = sum(levels[252:]) / sum(levels)
    assert share_blown < 0.12
    assert sum(levels[40:]) / sum(levels) > 0.15
