"""What the painter says it understood, against what was written down before it was painted."""

import pytest
from expected_pictures import expected_pictures, misheard

from pipeline.imageserver.painting.painter import PaintOrder, PaintQuality
from pipeline.imageserver.studio.drawing.layouts import compose
from pipeline.imageserver.studio.drawing.products.labels import label_lines
from pipeline.imageserver.studio.product_painting import item_scene
from pipeline.imageserver.studio.proof import paint_picture
from pipeline.imageserver.studio.scene.quotes import find_quotes
from pipeline.imageserver.studio.scene.reading import read_prompt
from pipeline.imageserver.studio.scene.scene import Family, Role

ALL = tuple(expected_pictures())
every_prompt = pytest.mark.parametrize("expected", ALL, ids=lambda one: one.name)


def order_of(prompt, ratio=(1, 1)):
    return PaintOrder(prompt=prompt, ratio=ratio, quality=PaintQuality.LOW)


def understood(prompt, ratio=(1, 1)):
    return read_prompt(order_of(prompt, ratio)).understood.record()


def test_there_are_prompts_of_many_trades_languages_and_ratios():
    assert len(ALL) >= 150
    assert len({one.language for one in ALL}) == 10  # nine, and one that cannot be read
    assert len({one.ratio for one in ALL}) == 15


@every_prompt
def test_a_prompt_is_understood_as_it_was_meant(expected):
    told = read_prompt(expected.order()).understood.record()
    assert (told["language"], misheard(expected, told)) == (expected.language, [])


@every_prompt
def test_every_quoted_text_has_the_role_that_its_words_name(expected):
    """A label without a place on its product is a caption, and that is its only other role."""
    told = read_prompt(expected.order()).understood
    heard = {c.text: c.role.value for c in told.words}
    moved = {text for text, role in heard.items() if role == "caption"}
    wanted = {
        text: "caption" if text in moved and role == "label" else role
        for text, role in expected.words.items()
    }
    assert heard == wanted


def painted_texts(order):
    """Return every text that a picture shows, on the product or beside it."""
    scene = read_prompt(order)
    composition = compose(scene, 1000, round(1000 * order.ratio[1] / order.ratio[0]))
    beside = [piece.text for piece in composition.copy]
    if scene.family is Family.BOARD:
        beside += [copy.text for copy in scene.copy]
    items = [item_scene(scene, item) for item in range(scene.count)]
    labels = [line for item in items if scene.texts(Role.LABEL) for line in label_lines(item)]
    return beside + labels


@every_prompt
def test_every_quoted_text_is_painted_and_no_other(expected):
    """Labels of eight products in eight were lost, and labels were invented."""
    quoted = {quote.text for quote in find_quotes(expected.prompt)[0]}
    assert set(painted_texts(expected.order())) == quoted


@pytest.mark.parametrize(
    "thing", ["watch", "sneaker", "lipstick", "guitar", "kettlebell", "burger"]
)
@pytest.mark.parametrize("ratio", [(1, 1), (9, 16), (3, 1)])
@pytest.mark.parametrize("more", ["", ', headline "Now"', ', headline "Now", price "$9"'])
def test_a_label_without_a_place_on_the_product_is_a_caption(thing, ratio, more):
    order = PaintOrder(
        prompt=f'A {thing}, label "NORTH"{more}', ratio=ratio, quality=PaintQuality.LOW
    )
    assert "NORTH" in painted_texts(order)
    assert set(painted_texts(order)) == {q.text for q in find_quotes(order.prompt)[0]}


@pytest.mark.parametrize("noun", ["kettlebell", "drone", "washing machine", "wedding invitation"])
def test_an_unknown_subject_is_set_in_type_and_said_to_be_unknown(noun):
    """It was painted as a box, which a client took for a bug in the feed."""
    order = PaintOrder(prompt=f"A red {noun} on a table", ratio=(1, 1), quality=PaintQuality.LOW)
    scene = read_prompt(order)
    assert (scene.family, scene.noun) == (Family.NOUN, noun)
    assert scene.understood.missed == (f"subject not known: {noun}",)


@pytest.mark.parametrize(
    ("prompt", "subject", "contents"),
    [
        ("A bag of dog food", "bag", "dog food"),
        ("Three scoops of strawberry ice cream", "ice cream", ""),
        ("A leather bag on a chair", "leather bag", ""),
        ("A coffee table with a mug", "coffee table", ""),
        ("A bottle of red wine beside a lamp", "bottle", "red wine"),
        ("Hot coffee in a blue cup", "cup", "coffee"),
        ("A glass of orange juice and a croissant", "glass", "juice"),
        ("A six-pack of craft beer bottles", "bottle", "beer"),
        ("Two glasses of white wine", "glass", "white wine"),
        ("Black Friday banner for a thermos on a desk", "thermos", ""),
    ],
)
def test_the_head_noun_wins(prompt, subject, contents):
    told = understood(prompt)
    assert (told["subject"], told.get("contents", "")) == (subject, contents)


@pytest.mark.parametrize(
    ("prompt", "colors"),
    [
        ("A navy t-shirt on a white wall", {"t-shirt": ["navy"], "wall": ["white"]}),
        ("A white jar with a gold lid", {"jar": ["white"], "lid": ["gold"]}),
        ("A silver watch with a coral band", {"watch": ["silver"], "band": ["coral"]}),
        ("A can in neon green, wall in peach", {"can": ["neon green"], "wall": ["peach"]}),
        ("An orange soda bottle", {}),
        ("An orange tent beside a blue mug", {"tent": ["orange"], "mug": ["blue"]}),
        ("A lipstick in a deep red shade", {"lipstick": ["deep red"]}),
        ("Des baskets blanches avec des lacets rouges", {"sneaker": ["white"], "laces": ["red"]}),
        ("Blauer Rucksack mit oranger Tasche", {"backpack": ["blue"], "pocket": ["orange"]}),
    ],
)
def test_a_colour_belongs_to_the_noun_of_its_phrase(prompt, colors):
    assert understood(prompt)["colors"] == colors


@pytest.mark.parametrize(
    ("prompt", "count"),
    [
        ("Seven red balloons", 7),
        ("A dozen croissants", 12),
        ("Five pairs of socks", 5),
        ("White, grey and navy t-shirts", 3),
        ("Sunscreen SPF 50 tube", 1),
        ("Drei Kugeln Eis", 3),
        ("赤い傘が三本", 3),
        ("A mug beside two books", 1),
    ],
)
def test_a_count_belongs_to_the_subjects_phrase(prompt, count):
    assert understood(prompt)["count"] == count


@pytest.mark.parametrize(
    ("prompt", "camera"),
    [
        ("Mug, flat lay", "overhead"),
        ("Mug seen from above", "overhead"),
        ("Low-angle shot of a mug", "low angle"),
        ("A macro of a mug", "close-up"),
        ("A mug", "eye level"),
    ],
)
def test_camera_words_choose_the_view(prompt, camera):
    assert understood(prompt)["camera"] == camera


@pytest.mark.parametrize("ratio", [(9, 16), (9, 21)])
@pytest.mark.parametrize("expected", ALL[:24], ids=lambda one: one.name)
def test_the_copy_of_a_story_keeps_clear_of_what_apps_lay_over_it(expected, ratio):
    """Every headline of a story stood in the top 14 %, under the app's own bar."""
    scene = read_prompt(
        PaintOrder(prompt=expected.prompt, ratio=ratio, quality=PaintQuality.MEDIUM)
    )
    if scene.family in (Family.BOARD, Family.WORDS):
        return
    high = round(1000 * ratio[1] / ratio[0])
    for piece in compose(scene, 1000, high).copy:
        assert piece.box.y >= 0.14 * high
        assert piece.box.bottom <= 0.65 * high
        assert piece.box.x >= 60 - 1e-6
        assert piece.box.right <= 940 + 1e-6


@pytest.mark.parametrize(
    ("prompt", "painted", "left_out"),
    [
        ("A burger with fries and lettuce on a table", ["fries"], []),
        ("A burger with fries and a ladle", ["fries"], ["ladle"]),
        ("A bottle of red wine with two glasses beside it", ["wine glass"], []),
        ("A cup of yogurt with a spoon, close-up", [], ["spoon"]),
        ("A guitar leaning on an amplifier", [], ["amplifier"]),
    ],
)
def test_what_goes_with_the_subject_is_painted_or_said_to_be_left_out(prompt, painted, left_out):
    """Fries beside a burger and glasses beside a bottle were left out, and nobody was told."""
    told = paint_picture(order_of(prompt, (4, 5))).understood
    assert told["props"] == painted + left_out
    assert [one for one in told["not_understood"] if one.startswith("not shown")] == [
        f"not shown: {one}" for one in left_out
    ]


@pytest.mark.parametrize(
    ("prompt", "subject"),
    [
        ("Walnut chess board with a red king", "chess board"),
        ("An ironing board in front of a wall", "ironing board"),
        ("A bottle on a wooden table", "bottle"),
    ],
)
def test_a_noun_of_the_setting_can_be_the_head_of_a_compound(prompt, subject):
    """A chess board was painted as the word CHESS."""
    assert read_prompt(order_of(prompt)).understood.subject == subject


@pytest.mark.parametrize(
    "prompt",
    [
        'En röd cykel mot en vit vägg, rubrik "UT"',
        'Zelený batoh na dřevěném stole, nadpis "VEN"',
        'Красный велосипед у белой стены, заголовок "ВПЕРЁД"',  # noqa: RUF001
    ],
)
def test_no_word_of_a_language_that_cannot_be_read_is_painted(prompt):
    """RÖD and SORT, which are colours, stood on a card as what the picture was about."""
    scene = read_prompt(order_of(prompt))
    assert painted_texts(order_of(prompt)) == scene.texts(Role.HEADLINE)
    assert scene.understood.missed[0].startswith("subject not known")


def test_an_emoji_in_front_is_the_subject():
    told = read_prompt(order_of("⌚ with an orange band")).understood
    assert (told.subject, told.colors) == ("watch", (("band", ("orange",)),))
