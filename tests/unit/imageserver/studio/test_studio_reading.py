"""The grammar: which words make which scene."""

import pytest

from pipeline.imageserver.painting.painter import PaintOrder, PaintQuality
from pipeline.imageserver.studio.colors import luminance
from pipeline.imageserver.studio.scene.quotes import find_quotes
from pipeline.imageserver.studio.scene.reading import read_prompt
from pipeline.imageserver.studio.scene.scene import (
    Family,
    Glass,
    Layout,
    Light,
    Prop,
    Role,
    Surface,
)


def scene(prompt, **more):
    return read_prompt(PaintOrder(prompt=prompt, ratio=(4, 3), quality=PaintQuality.LOW, **more))


def roles(prompt):
    return [(copy.text, copy.role.value) for copy in scene(prompt).copy]


@pytest.mark.parametrize(
    ("prompt", "family"),
    [
        ("A photo of a mug on a cream background", Family.MUG),
        ("A red sports car on a cream background", Family.GLYPH),
        ("A guitar beside a coffee mug", Family.GLYPH),
        ("A vitamin C serum bottle", Family.DROPPER),
        ("A perfume bottle", Family.PERFUME),
        ("A bottle of lemonade and a glass", Family.BOTTLE),
        ("A berry energy drink can", Family.CAN),
        ("A tea cup", Family.MUG),
        ("A paper cup", Family.CUP),
        ("A scoop of ice cream", Family.ICE_CREAM),
        ("A jar of face cream", Family.JAR),
        ("A bottle of red wine", Family.WINE),
        ("A shampoo bottle", Family.PUMP),
        ("A bottle of sunscreen", Family.TUBE),
        ("A running shoe", Family.SNEAKER),
        ("A smartwatch on a desk", Family.WATCH),
        ("Polarised sunglasses", Family.SUNGLASSES),
        ("A red lipstick", Family.LIPSTICK),
        ("A gift box with a ribbon", Family.GLYPH),
        ("A potted plant on a wood table", Family.GLYPH),
        ('Poster with the headline "Hello"', Family.WORDS),
        ("a gizmo that nobody ever saw", Family.NOUN),
    ],
)
def test_the_subject_is_the_first_phrase_that_names_a_product(prompt, family):
    assert scene(prompt).family is family


def test_quotes_take_their_roles_from_the_words_before_them():
    prompt = (
        'A can with the label "VOLT", headline "NEVER DIM", tagline "Zero sugar.", '
        'button "Buy", price "$2.49"'
    )
    assert roles(prompt) == [
        ("VOLT", "label"),
        ("NEVER DIM", "headline"),
        ("Zero sugar.", "sub"),
        ("Buy", "cta"),
        ("$2.49", "price"),
    ]


def test_a_quote_that_merely_follows_the_headline_is_a_sub_line():
    assert roles('A can, headline "One" and "Two"') == [("One", "headline"), ("Two", "sub")]


@pytest.mark.parametrize("text", ["$2.49", "199 €", "£7.50", "9.99", "EUR 5"])
def test_a_bare_amount_is_a_price_whatever_stands_before_it(text):
    assert roles(f'Poster for a mug, headline "Hi", text "{text}"')[1] == (text, "price")


@pytest.mark.parametrize(
    "quoted", ['"Hallo"', "“Hallo”", "„Hallo“", "«Hallo»", "「Hallo」", "'Hallo'"]
)
def test_quotation_marks_of_every_kind_hold_copy(quoted):
    assert [q.text for q in find_quotes(f"A mug with the label {quoted}")[0]] == ["Hallo"]


def test_an_apostrophe_is_no_quotation_mark():
    assert find_quotes("A baker's dozen of the shop's buns")[0] == []


def test_invisible_characters_are_left_out_of_copy():
    assert find_quotes('label "So\u00adda\u200b\x07"')[0][0].text == "Soda"


def test_a_brand_in_capitals_is_the_name_on_the_label():
    assert scene('An amber glass bottle of Citrus Soda, headline "SUMMER CRUSH"').name == (
        "Citrus Soda"
    )


@pytest.mark.parametrize(
    "prompt",
    [
        "A photo of a ginger ale bottle on a table",
        "A White Jar With A Gold Lid, Seen From Above",
        "A bottle, Label Saying nothing",
        "Eine Flasche Apfelsaft auf einem Holztisch",
    ],
)
def test_a_label_shows_no_word_that_is_neither_quoted_nor_a_name(prompt):
    """Labels said GOLD LID, SEEN FROM and LABEL SAYING, which nobody had asked for."""
    assert scene(prompt).name == ""


@pytest.mark.parametrize(
    ("words", "light", "warm"),
    [
        ("dramatic warm light", Light.DRAMATIC, True),
        ("soft neon glow", Light.NEON, False),
        ("bright airy light, golden hour", Light.GOLDEN, True),
        ("clean dark luxury", Light.DRAMATIC, False),
        ("premium lighting", Light.SOFT, False),
    ],
)
def test_light_words_make_one_mood_and_a_warmth_beside_it(words, light, warm):
    read_as = scene(f"A can, {words}")
    assert (read_as.light, read_as.warm) == (light, warm)


def test_what_is_denied_is_not_shown():
    assert Prop.ICE not in scene("A lemon soda bottle without ice, no mint").props


def test_amber_glass_is_a_material_and_no_colour_of_the_product():
    read_as = scene("An amber glass bottle of blueberry soda")
    assert (read_as.glass, read_as.palette.main) == (Glass.AMBER, "#3c4fa8")


def test_a_backdrop_that_is_asked_for_is_kept():
    assert scene("A mug on a teal background").backdrop == "#12908e"


@pytest.mark.parametrize("flavour", ["lemon", "honey", "mango"])
def test_a_dark_ground_for_something_golden_is_never_olive(flavour):
    backdrop = scene(f"A {flavour} bottle, dramatic light").backdrop
    red, green = int(backdrop[1:3], 16), int(backdrop[3:5], 16)
    assert red > green
    assert luminance(backdrop) < 0.05


def test_poster_words_make_a_poster_and_surfaces_are_read():
    read_as = scene("Summer poster for a can on a wet marble table")
    assert (read_as.layout, read_as.surface) == (Layout.POSTER, Surface.WET)


def test_a_menu_keeps_its_prices_with_its_dishes():
    read_as = scene('Menu board, title "COFFEE", items "Espresso" "2.40" "Filter" "3.00"')
    assert [c.role for c in read_as.copy] == [
        Role.HEADLINE,
        Role.MENU,
        Role.PRICE,
        Role.MENU,
        Role.PRICE,
    ]


@pytest.mark.parametrize(("words", "count"), [("Three cans of Lime", 3), ("A pair of mugs", 2)])
def test_a_number_of_products_is_a_line_up(words, count):
    assert scene(words).count == count


def test_an_emoji_alone_names_its_subject():
    assert scene("🍔").family is Family.BURGER
    assert scene("🎸").glyph == "guitar"
    assert scene("🎧").family is Family.HEADPHONES


def test_half_a_character_is_survived():
    assert scene('A mug with the label "a\ud800b"').texts(Role.LABEL) == ["ab"]


@pytest.mark.parametrize(
    ("prompt", "main"),
    [
        ("A yellow tube of sunscreen, orange slices beside it", "#ffd23f"),
        ("A slim pink can of Berry Soda", "#f78fb3"),
        ("An orange soda bottle", "#ff7a12"),
        ("A mug on a blue background, red berries", "#a3195b"),
        ("A red wine bottle", "#7a1f33"),
    ],
)
def test_the_colour_in_the_products_own_phrase_comes_before_what_lies_beside_it(prompt, main):
    assert scene(prompt).palette.main == main


def test_an_icon_takes_the_colour_that_its_own_phrase_asks_for():
    assert scene("A white guitar on a blue background").tint == "#f5f5f3"
    assert scene("A guitar beside a white box").tint == ""


def test_a_wall_of_middling_tone_is_deepened_only_where_copy_lies_over_it():
    bare = scene("A cake on a green background").backdrop
    under = scene('A cake on a green background, headline "Fresh"').backdrop
    assert bare == "#2e9e5b"
    assert luminance(under) < 0.13 < luminance(bare)


@pytest.mark.parametrize(("words", "glass"), [("beer", Glass.AMBER), ("ginger ale", Glass.CLEAR)])
def test_beer_comes_in_brown_bottles(words, glass):
    assert scene(f"A {words} bottle").glass is glass
