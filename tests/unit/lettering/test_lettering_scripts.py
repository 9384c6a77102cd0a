"""Words of every script: shaped as by HarfBuzz, ordered by UAX 9, broken by UAX 14."""

import unicodedata

import pytest
import uharfbuzz as hb
from bidi import get_display
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.lettering.bidi import visual_runs
from pipeline.lettering.box import Box
from pipeline.lettering.fonts import (
    LetteringError,
    fallback_fonts,
    fonts_with,
    missing_letters,
    open_font,
    packaged_font,
)
from pipeline.lettering.line_breaks import SOFT_HYPHEN, break_units, joined, plain
from pipeline.lettering.path import Path
from pipeline.lettering.setting import TextStyle, set_text
from pipeline.lettering.shaping import line_in

INTER = packaged_font("inter", 600)
WORDS = {
    "Latin": ("Ångström, façade & œuvre: ŁÓDŹ, ČEŠTINA, Ğİı, ȘȚ, ẞ", "ltr"),
    "Vietnamese": ("Mùa hè rực rỡ, giảm nửa giá", "ltr"),
    "Greek": ("Καλοκαιρινή δροσιά, μόνο ΣΉΜΕΡΑ", "ltr"),
    "Cyrillic": ("Летняя свежесть: їжа, ђак, Қазақ", "ltr"),
    "Arabic": ("خصم حتى نهاية الأسبوع، تسوّق الآن", "rtl"),
    "Hebrew": ("מבצע לכל הקיץ, קנו עכשיו", "rtl"),
    "Devanagari": ("गर्मियों की ताज़गी, अभी ख़रीदें", "ltr"),
    "Thai": ("ลดราคาพิเศษสุดสัปดาห์นี้เท่านั้น", "ltr"),
    "Japanese": ("この夏の新しい味わい", "ltr"),
    "Chinese": ("夏日清凉新口味现已上市", "ltr"),
    "Korean": ("여름의 새로운 맛", "ltr"),
}


def shaped_by_the_library(text, font, direction):
    """The outline and the width that HarfBuzz itself gives for a text in one font."""
    face, buffer = open_font(font), hb.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    assert buffer.direction == direction
    hb.shape(face.font, buffer, {"kern": True, "liga": True})
    path, x = Path(), 0
    for glyph, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        drawn = []
        funcs = hb.DrawFuncs()
        funcs.set_move_to_func(lambda a, b, _, to=drawn: to.append(("M", ((a, b),))))
        funcs.set_line_to_func(lambda a, b, _, to=drawn: to.append(("L", ((a, b),))))
        funcs.set_quadratic_to_func(
            lambda a, b, c, d, _, to=drawn: to.append(("Q", ((a, b), (c, d))))
        )
        funcs.set_cubic_to_func(
            lambda a, b, c, d, e, f, _, to=drawn: to.append(("C", ((a, b), (c, d), (e, f))))
        )
        funcs.set_close_path_func(lambda _, to=drawn: to.append(("Z", ())))
        face.font.draw_glyph(glyph.codepoint, funcs)
        em = face.upem
        dx, dy = (x + place.x_offset) / em, -place.y_offset / em
        path.extend(Path(drawn).moved(dx, dy, 1 / em, -1 / em))
        x += place.x_advance
    return path, x / face.upem


@pytest.mark.parametrize("script", WORDS)
def test_outlines_are_those_of_the_shaping_library(script):
    text, direction = WORDS[script]
    text = plain(text)
    letters = text.replace(",", "").replace("،", "").replace("&", "")
    (font,) = [one for one in fallback_fonts(letters, 600) if not missing_letters(text, [one])][:1]
    line = line_in(text, (font,), rtl=direction == "rtl")
    path, width = shaped_by_the_library(text, font, direction)
    assert line.advance == pytest.approx(width, abs=1e-6)
    assert [op for op, _ in line.path.steps] == [op for op, _ in path.steps]
    ours = [xy for _, points in line.path.steps for point in points for xy in point]
    theirs = [xy for _, points in path.steps for point in points for xy in point]
    assert ours == pytest.approx(theirs, abs=1e-6)


def test_a_word_of_another_script_in_one_font_is_shaped_by_its_own_rules():
    """Latin before Devanagari made HarfBuzz take the whole text for Latin: vowels fell apart."""
    font = packaged_font("noto-sans", 600)
    both = line_in("Sale हिन्दी", (font,), rtl=False).advance
    apart = line_in("Sale ", (font,), rtl=False).advance
    assert both == pytest.approx(apart + line_in("हिन्दी", (font,), rtl=False).advance)


ALPHABET = "abcאבגשعب123\u0664\u0665 ().,%€-+/[]:!?\u0301"


@given(text=st.text(ALPHABET, min_size=1, max_size=14), rtl=st.booleans())
@settings(max_examples=300, deadline=None)
def test_the_order_is_that_of_another_implementation_of_uax_9(text, rtl):
    text = text.strip() or "a"
    ours = "".join(piece[::-1] if is_rtl else piece for piece, is_rtl in visual_runs(text, rtl=rtl))
    assert ours == get_display(text, base_dir="R" if rtl else "L")


@pytest.mark.parametrize(
    ("text", "language", "units"),
    [
        ("Up to 40% off – this week-end", "",
         ("Up ", "to ", "40% ", "off ", "– ", "this ", "week-", "end")),
        ("nur 20\u00a0€ pro Stück", "", ("nur ", "20\u00a0€ ", "pro ", "Stück")),
        ("ลดราคาพิเศษ 50% ทุกสาขา", "th", ("ลดราคา", "พิเศษ ", "50% ", "ทุกสาขา")),
        ("この夏の新しい味わい、「抹茶」を楽しもう。", "ja",
         ("この", "夏の", "新しい", "味わい、", "「抹茶」を", "楽しもう。")),
        ("한국어 신제품 출시", "ko", ("한국어 ", "신제품 ", "출시")),
        ("عرض خاص", "ar", ("عرض ", "خاص")),
    ],
)  # fmt: skip
def test_lines_break_at_words_and_phrases(text, language, units):
    assert break_units(text, language=language) == units
    assert "".join(units) == text


def test_a_soft_hyphen_shows_only_where_the_line_ends():
    units = break_units(f"Donau{SOFT_HYPHEN}dampf{SOFT_HYPHEN}schiff")
    assert [joined(units[:1]), joined(units)] == ["Donau-", "Donaudampfschiff"]


def setting(text, **changes):
    box = {"width": 300, "height": 120, "size": 40, "least": 9, **changes}
    fonts = fallback_fonts(text, 600)
    return set_text(text, TextStyle(fonts=fonts), **box)


def test_a_text_keeps_its_size_where_it_fits_and_shrinks_where_it_does_not():
    assert setting("Summer").size == 40
    small = setting("Summer", width=60)
    assert 9 < small.size < 40
    assert Box(0, 0, 60, 120).holds(small.path().box(), slack=0.1)
    assert setting("Donaudampfschifffahrtsgesellschaft", width=40) is None


@pytest.mark.parametrize("script", WORDS)
def test_lines_are_whole_words_inside_the_box_at_every_size(script):
    text = plain(WORDS[script][0])
    for width in (90, 160, 320):
        block = setting(text, width=width, height=400)
        assert Box(0, 0, width, 400).holds(block.path().box(), slack=0.1)
        assert "".join(block.lines).replace(" ", "") == text.replace(" ", "")
        assert len(block.lines) == 1 or block.ink.h > block.size


def test_a_line_break_in_the_text_is_kept():
    assert setting("One\nTwo").lines == ("One", "Two")


def test_lines_of_arabic_keep_the_direction_of_the_text():
    """A line that began with a Latin word was set from left to right."""
    fonts = fallback_fonts("عرض Mega اليوم", 600)
    block = set_text(
        "عرض\nMega اليوم", TextStyle(fonts=fonts), width=300, height=200, size=40, least=9
    )
    latin = line_in("Mega", fonts, rtl=False).advance * 40
    second = block.shaped[1][0]
    assert second.path.box().right * 40 > latin
    assert visual_runs("Mega اليوم", rtl=True)[-1] == ("Mega", False)


def test_accents_that_are_typed_apart_are_the_same_text():
    assert plain("e\u0301te\u0301") == "été"
    assert missing_letters(unicodedata.normalize("NFD", "Ǻ ș ế"), [INTER]) == ()


def test_letters_that_are_missing_are_found_with_their_marks():
    assert missing_letters("Aส้", [INTER]) == ("ส้",)
    assert fonts_with(["ส้"]) == ("noto-sans-thai",)
    with pytest.raises(LetteringError, match=r"no packaged font has ᚠ \(U\+16A0\)"):
        fallback_fonts("ᚠ", 600)
