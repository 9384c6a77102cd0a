"""Naming the words that differ between two prompts."""

import pytest

from pipeline.prompts.word_changes import changed_words


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("a can", "a can", []),
        ("a can", "a  can\n", []),
        ("a red can", "a blue can", ['"red" → "blue"']),
        ("a can", "a wet can", ['"wet" added']),
        ("a wet can", "a can", ['"wet" removed']),
        ('with "SUMMER CRUSH".', 'with "SUMMER RUSH".', ['"SUMMER CRUSH" → "SUMMER RUSH"']),
        ("„BLEIB KÜHL“ groß", "„IMMER KÜHL“ groß", ["„BLEIB KÜHL“ → „IMMER KÜHL“"]),
        ("a red, round can", "a blue, flat can", ['"red, round" → "blue, flat"']),
        (
            "one. A can on wood here.",
            "two. A can on ice here.",
            ['"one" → "two"', '"wood" → "ice"'],
        ),
        ("", "new words", ['"new words" added']),
        ("24,90 €", "19,90 €", ['"24" → "19"']),
    ],
)
def test_whole_words_and_quoted_texts_are_told(before, after, told):
    assert [str(one) for one in changed_words(before, after)] == told


def test_a_change_inside_a_value_is_told_by_its_name_and_whole():
    values = {"product.headline": "IMMER KÜHL", "product.id": "KÜHL", "vars.empty": ""}
    (change,) = changed_words('Ad "BLEIB KÜHL" here', 'Ad "IMMER KÜHL" here', values)
    assert str(change) == 'product.headline "BLEIB KÜHL" → "IMMER KÜHL"'


def test_a_value_that_is_used_elsewhere_gives_no_name_to_a_change():
    (change,) = changed_words("a wet can, red", "a dry can, red", {"product.colour": "red"})
    assert not change.name


def test_a_long_prompt_of_which_all_is_new_takes_no_time():
    """Each of the words differs; the comparison must not be quadratic in a bad way."""
    before, after = ("".join(f"{word}{n} " for n in range(600)) for word in "ab")
    assert len(changed_words(before, after)) == 1
