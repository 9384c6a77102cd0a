"""Words to outlines: nothing overflows, nothing is printed as a box, every script runs its way."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.lettering.bidi import visual_runs
from pipeline.lettering.box import Box
from pipeline.lettering.fitting import TextAlign, TextSetting, fit
from pipeline.lettering.fonts import LetteringError
from pipeline.lettering.scripts import is_rtl, may_break
from pipeline.lettering.shaping import line
from pipeline.lettering.typefaces import Typeface, choose_typeface, covers, face_for

BOX = Box(10, 20, 300, 120)
WORDS = st.lists(st.text("abcdeghikMNORST.!", min_size=1, max_size=12), min_size=1, max_size=14)


@given(words=WORDS)
@settings(max_examples=40, deadline=None)
def test_text_never_leaves_its_box(words):
    block = fit(" ".join(words), BOX, TextSetting(face=Typeface.BOLD))
    assert BOX.holds(block.box, slack=0.01)


@given(words=WORDS)
@settings(max_examples=40, deadline=None)
def test_no_word_is_lost_or_changed_by_breaking_lines(words):
    block = fit(" ".join(words), BOX, TextSetting(face=Typeface.BOLD))
    assert " ".join(block.lines).split() == words


def test_two_short_words_are_set_on_two_lines_where_that_is_larger():
    block = fit("SUMMER CRUSH", Box(0, 0, 200, 200), TextSetting(face=Typeface.BEBAS))
    assert block.lines == ("SUMMER", "CRUSH")


def test_sentences_keep_their_lines():
    block = fit("70% dark. 100% calm.", Box(0, 0, 400, 200), TextSetting(face=Typeface.BLOCK))
    assert block.lines == ("70% dark.", "100% calm.")


def test_a_very_long_word_is_hyphenated_rather_than_set_tiny():
    block = fit(
        "Donaudampfschifffahrtsgesellschaft", Box(0, 0, 200, 200), TextSetting(face=Typeface.BOLD)
    )
    assert len(block.lines) > 1
    assert "".join(block.lines).replace("-", "") == "Donaudampfschifffahrtsgesellschaft"


def test_alignment_moves_the_ink_to_the_edge():
    block = fit("Hi", BOX, TextSetting(face=Typeface.BOLD, across=TextAlign.END, max_size=20))
    assert block.box.right == pytest.approx(BOX.right)


def test_an_empty_text_is_an_empty_block():
    assert fit("  ", BOX, TextSetting(face=Typeface.BOLD)).lines == ()


@pytest.mark.parametrize(
    ("text", "rtl"), [("Hello", False), ("عصير", True), ("100% عصير", True), ("123", False)]
)
def test_the_first_letter_decides_the_direction(text, rtl):
    assert is_rtl(text) is rtl


def test_a_latin_word_in_arabic_copy_keeps_its_own_direction():
    assert visual_runs("عرض OFF اليوم") == [(" اليوم", True), ("OFF", False), ("عرض ", True)]


def test_arabic_letters_are_joined():
    whole = line("سلام", Typeface.ARABIC).advance
    apart = sum(line(char, Typeface.ARABIC).advance for char in "سلام")
    assert whole < apart


@pytest.mark.parametrize(
    ("before", "after", "breaks"),
    [
        ("、", "は", True),
        ("抹", "茶", False),
        ("の", "抹", True),
        ("は", "。", False),
        ("a", "b", False),
    ],
)
def test_lines_of_cjk_break_where_phrases_end(before, after, breaks):
    assert may_break(before, after, loose=False) is breaks


def test_a_face_is_chosen_only_if_it_has_every_character():
    assert choose_typeface("Ωραία", (Typeface.BEBAS, Typeface.BLOCK)) is Typeface.BOLD


@pytest.mark.parametrize("char", ["é", "ß", "Ж", "Ω", "ğ", "₹", "अ", "ع", "ש", "ส"])
def test_the_packaged_faces_cover_the_promised_scripts(char):
    assert covers(face_for(char, Typeface.BOLD), char)


@pytest.mark.parametrize("char", ["ქ", "😀", "ᚠ"])
def test_a_character_without_a_glyph_is_refused_not_boxed(char):
    with pytest.raises(LetteringError, match="no font here has the character"):
        face_for(char, Typeface.BOLD)
