"""What nobody should send: a good picture or a clear refusal; never a crash or a long wait."""

import time

import pytest

from pipeline.imageserver.painting.painter import PaintOrder, PaintQuality, UnpaintableError
from pipeline.imageserver.studio import proof
from pipeline.imageserver.studio.drawing.layouts import compose
from pipeline.imageserver.studio.scene.reading import read_prompt

WORDS = "the quick brown fox jumps over the lazy dog while the sun sets behind the hills "
FORTY = " ".join(f'"item {n}"' for n in range(40))


def order(prompt, ratio=(1, 1)):
    return PaintOrder(prompt=prompt, ratio=ratio, quality=PaintQuality.LOW)


@pytest.mark.parametrize(
    ("prompt", "ratio"),
    [
        ("", (1, 1)),
        ("🎸", (1, 1)),
        (f'A poster with the text "{(WORDS * 26)[:2000]}"', (1, 1)),
        (f"A wall of {FORTY}", (3, 4)),
        ('Banner for a bottle, headline "SUMMER CRUSH", tagline "Cold", price "$2"', (3, 1)),
        ('Poster for a bottle, headline "SUMMER CRUSH", button "Buy", price "$2"', (1, 3)),
        ('Poster, headline "<svg> & \x00 \ud800"', (1, 1)),
        ("a bottle " * 3000, (1, 1)),
        (f'Poster, headline "{"x" * 1500}"', (1, 1)),
    ],
    ids=["empty", "emoji", "2000", "forty", "strip", "tower", "markup", "endless", "one-word"],
)
def test_a_strange_prompt_still_gives_a_picture(prompt, ratio):
    start = time.process_time()
    picture = proof.paint(order(prompt, ratio))
    assert picture.png.startswith(b"\x89PNG")
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    "prompt",
    [
        f'A bottle with the label "{(WORDS * 5)[:300]}"',
        f"A soda bottle with {FORTY}",
        'Poster, headline "Hi 😀"',
        'Poster, headline "გამარჯობა"',
    ],
    ids=["long-label", "forty-on-a-bottle", "emoji-copy", "georgian"],
)
def test_copy_that_cannot_be_set_is_refused_with_a_hint(prompt):
    with pytest.raises(UnpaintableError) as refusal:
        proof.paint(order(prompt))
    assert refusal.value.hint


def test_copy_keeps_off_the_product_however_long_it_is():
    scene = read_prompt(
        order(f'Poster for a bottle, headline "Terms", small text "{(WORDS * 8)[:600]}"')
    )
    composition = compose(scene, 1024, 1024)
    assert [p.text[:9] for p in composition.copy if p.box.touches(composition.product_box)] == []
