"""The check of copy: quoted words against the words that were read."""

import pytest

from pipeline.inspection.quoted_text import quoted_texts, text_check
from pipeline.model.check import CheckOutcome

PROMPT = 'A can of Berry Soda, with the headline "BERRY RUSH" and price card "$2.49".'
READ = ["BERRY", "RUSH", "$2.49"]


def test_texts_are_quoted_in_the_style_of_any_language():
    assert quoted_texts('say "A b", „Ü“, «c d» and “e”') == ("A b", "Ü", "c d", "e")


@pytest.mark.parametrize(
    "lines",
    [
        READ,
        ["RUSH", "$2.49", "berry"],
        ["BERRYRUSH", "$2.49"],
        ["BER", "RY", "RUSH", "$2.49"],
        ["BERRY RUSH!", "$2.49"],
        [*READ, "BERRY"],
        [*READ, "Soda", "0.5 l"],
    ],
    ids=["read", "order", "no blank", "in pieces", "signs", "twice", "words of the prompt"],
)
def test_words_are_found_however_a_reader_splits_and_orders_them(lines):
    assert text_check(PROMPT, lines).result is CheckOutcome.PASS


@pytest.mark.parametrize(
    ("lines", "seen"),
    [
        (["BERY", "RUSH", "$2.49"], "BERRY not found, BERY instead"),
        ([*READ, "BERY"], "BERY besides"),
        (["BERRY", "$2.49"], "RUSH not found"),
        (["BERRY", "RUSH", "$2.94"], "$2.49 not found, $2.94 instead"),
        ([], "BERRY, RUSH, $2.49 not found"),
    ],
    ids=["typo", "typo beside the right word", "missing", "price", "nothing"],
)
def test_a_wrong_word_is_named(lines, seen):
    found = text_check(PROMPT, lines)
    assert (found.result, found.seen) == (CheckOutcome.FAIL, seen)
    assert 0 <= found.score < found.threshold


def test_signs_that_look_alike_count_as_equal():
    assert text_check('"ILL 10 OOPS"', ["lll", "IO", "0OPS"]).result is CheckOutcome.PASS


def test_a_sign_may_stand_on_the_other_side():
    """Beside Arabic, a reader puts the percent sign first."""
    assert text_check('"50% OFF"', ["%50", "OFF"]).result is CheckOutcome.PASS


def test_accents_count():
    assert text_check('"CRÈME"', ["CRÈME"]).result is CheckOutcome.PASS
    assert text_check('"CRÈME"', ["CREME"]).result is CheckOutcome.FAIL


@pytest.mark.parametrize("text", ["عصير الصيف", "Скоро лето", "सुबह", "Μεγάλη έκπτωση"])
def test_a_script_that_the_reader_does_not_know_is_unread_and_no_failure(text):
    found = text_check(f'a poster, headline "{text}"', [])
    assert found.result is CheckOutcome.UNREAD
    assert text.split()[0] in found.seen


def test_beside_an_unread_script_readable_words_are_checked():
    assert text_check('"عصير" "9.99"', ["9.99"]).result is CheckOutcome.UNREAD
    assert text_check('"عصير" "9.99"', ["9.95"]).result is CheckOutcome.FAIL


def test_a_prompt_without_quotes_asks_for_no_text():
    assert text_check("a bottle", ["SODA"]).result is CheckOutcome.PASS
