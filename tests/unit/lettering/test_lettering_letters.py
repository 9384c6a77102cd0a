"""Every letter of Europe, drawn as another rasteriser draws it: FreeType, in Pillow."""

import unicodedata

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont

from pipeline.adfiles.overlay.plates import draw_path
from pipeline.lettering.box import Box
from pipeline.lettering.fonts import missing_letters, packaged_font
from pipeline.lettering.shaping import line_in

SIZE, SIDE, WEIGHT = 192, 480, 600
ALIKE = 0.095
"""Largest difference of two drawings of one letter; another accent differs by 0.1 and more."""
REDUCED = 4
"""Factor by which drawings are made smaller, since FreeType moves edges to whole pixels."""
LATIN = (
    "AÁÀÂÄÃÅĀĂĄÆǼBCĆČĊÇDĎĐÐEÉÈÊËĒĖĘĚFGĞĢĠHĦIÍÌÎÏĪĮİJKĶLĹĽĻŁMNŃŇÑŅŊOÓÒÔÖÕŐØŌŒPQRŔŘŖSŚŠŞȘẞ"
    "TŤȚŢŦUÚÙÛÜŰŮŪŲVWẀẂŴẄXYÝŸŶZŹŽŻÞƏ¿¡«»„“”‘’–…€£%&"  # noqa: RUF001
)
GREEK = "ΑΆΒΓΔΕΈΖΗΉΘΙΊΪΚΛΜΝΞΟΌΠΡΣΤΥΎΫΦΧΨΩΏΐΰς"
CYRILLIC = "АБВГҐЃДЂЕЁЄЖЗИЙЇІЈКЌЛЉМНЊОПРСТЋУЎФХЦЧЏШЩЪЫЬЭЮЯЅ"
LETTERS = {"Latin": LATIN, "Greek": GREEK, "Cyrillic": CYRILLIC}


def both_cases(letters):
    lower = (char.lower() for char in letters if len(char.lower()) == 1)
    return [*dict.fromkeys([*letters, *lower])]


def drawn_here(char, font):
    image = Image.new("RGB", (SIDE, SIDE))
    path = line_in(char, (font,), rtl=False).path.moved(120, 330, SIZE)
    draw_path(image, path, Box(0, 0, SIDE - 4, SIDE - 4), (255, 255, 255))
    return image.convert("L").reduce(REDUCED)


def drawn_by_freetype(char, font):
    face = ImageFont.truetype(font.path, SIZE)
    axes = face.get_variation_axes()
    face.set_variation_by_axes(
        [WEIGHT if b"eight" in axis["name"] else axis["default"] for axis in axes]
    )
    image = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(image).text((120, 330), char, font=face, fill=255, anchor="ls")
    return image.reduce(REDUCED)


def difference(first, second):
    """Return the mean difference of two drawings, in shares of their ink."""
    apart = sum(v * n for v, n in enumerate(ImageChops.difference(first, second).histogram()))
    return apart / max(1, sum(v * n for v, n in enumerate(second.histogram())))


@pytest.mark.parametrize("script", LETTERS)
def test_every_letter_has_the_shape_that_freetype_gives_it(script):
    font = packaged_font("inter", WEIGHT)
    letters = both_cases(LETTERS[script])
    assert missing_letters("".join(letters), [font]) == ()
    unlike = [
        char
        for char in letters
        if difference(drawn_here(char, font), drawn_by_freetype(char, font)) > ALIKE
    ]
    assert unlike == []


def test_the_comparison_tells_an_accent_from_another_one():
    font = packaged_font("inter", WEIGHT)
    for char, other in (("é", "è"), ("ű", "ü"), ("ď", "d"), ("Й", "И"), ("ό", "ο")):  # noqa: RUF001
        assert unicodedata.normalize("NFC", char) == char
        assert difference(drawn_here(char, font), drawn_by_freetype(other, font)) > ALIKE
