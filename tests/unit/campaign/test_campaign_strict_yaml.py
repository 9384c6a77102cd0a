"""YAML as people write it: text stays text, and every mistake has a place and a way out."""

from decimal import Decimal

import pytest

from pipeline.campaign.reading.document import parse
from pipeline.errors import CampaignError

AS_WRITTEN = ["1:1", "4:3", "16:9", "9:21", "no", "on", "0012", "1e3", "2024-01-01", "=", "<<"]


def value(text):
    return parse(text, file="c.yaml")[0]


def findings(text):
    """Everything said about a text, read to its end or not."""
    try:
        return [str(finding) for finding in parse(text, file="c.yaml")[1].all]
    except CampaignError as error:
        return [str(finding) for finding in error.findings]


@pytest.mark.parametrize("word", [*AS_WRITTEN, "0x1F", ".5", "+5", "-0", "1_000", "9" * 5000])
def test_a_word_that_is_not_exactly_a_number_stays_text_in_every_position(word):
    assert value(f"[{word}]") == [word]
    assert value(f"a: {word}") == {"a": word}
    assert value(f"? {word}\n: a") == {word: "a"} or word == "<<"


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("7", 7),
        ("-3", -3),
        ("4006381333931", 4006381333931),
        ("2.50", Decimal("2.50")),
    ],
)
def test_the_few_words_that_are_no_text_are_themselves(word, meant):
    assert value(f"a: {word}") == {"a": meant}


def test_a_decimal_prints_as_it_was_written():
    assert str(value("2.50")) == "2.50"


def test_quoted_words_are_always_text():
    assert value("a: ['7', \"true\", '~']") == {"a": ["7", "true", "~"]}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "prompt: {{ name }} is nice",
            ("c.yaml:1:9: a value that starts with a template must be quoted: "
            '"{{ name }} is nice"'),
        ),
        ("prompt: {{ name }}", 'c.yaml:1:9: prompt: a template must be quoted: "{{ name }}"'),
        ("- {{ name }}", 'c.yaml:1:3: [0]: a template must be quoted: "{{ name }}"'),
        (
            "prompt: {% if x %}a{% endif %}",
            ("c.yaml:1:9: a value that starts with a template must be quoted: "
            '"{% if x %}a{% endif %}"'),
        ),
        (
            "prompt: Poster: sale",
            ("c.yaml:1:15: a text that holds a colon and a space must be quoted: "
            'prompt: "Poster: sale"'),
        ),
        ("a:\n\t- b", "c.yaml:2:1: there is a tab here; indent with spaces"),
        (
            "{look: a bottle, chilled}",
            ("c.yaml:1:18: chilled: chilled has no value; a text that holds a comma must be "
            'quoted: look: "a bottle, chilled"'),
        ),
        ("{look: }", "c.yaml:1:8: look: look has no value"),
        (
            "{a:1}",
            "c.yaml:1:2: a:1: a:1 has no value; write a: 1 with a space after the colon",
        ),
        (
            "color: #ff0000",
            'c.yaml:1:7: color: nothing is left: # starts a comment; write "#ff0000"',
        ),
        (
            "name: Soda #1 here",
            ('c.yaml:1:7: name: the text ends before "#1 here": # starts a comment; '
            "quote the whole"),
        ),
        ("a: *-330", 'c.yaml:1:4: a: a text that starts with * must be quoted: "*-330"'),
        ("a: *citrus*", 'c.yaml:1:4: a text that starts with * must be quoted: "*citrus*"'),
        ("{p: ?IT-*}", 'c.yaml:1:5: a text that starts with ? must be quoted: "?IT-*"'),
        ("[?IT-*]", 'c.yaml:1:2: [0]: a text that starts with ? must be quoted: "?IT-*"'),
        ("a: @x", 'c.yaml:1:4: a text that starts with @ must be quoted: "@x"'),
        (
            'a: "x" y',
            'c.yaml:1:8: text follows the closing quote of "x"; quote all of it, or none',
        ),
        ("a: [1, 2", "c.yaml:1:4: the [ that opens here is not closed: a comma or ] is missing"),
        ('a: "b', "c.yaml:1:4: the quote that opens here is never closed"),
        (
            "a: 1\nb: 2\na: 3",
            "c.yaml:3:1: a: the key a appears here a second time (first on line 1)",
        ),
        (
            "a: !!python/object/apply:os.system [id]",
            ("c.yaml:1:4: a: the tag !!python/object/apply:os.system is not allowed; "
            "write the value plainly"),
        ),
        ("a: &x [*x]", "c.yaml:1:8: *x repeats the value that contains it"),
        ("a: b\n---\nc: d", "c.yaml:2:1: a second document starts here; one file holds one"),
        ("? [a]\n: b", "c.yaml:1:3: a key must be plain text"),
        ("a: &x 1\nb:\n  <<: *x", "c.yaml:3:7: b: << needs a mapping, or a list of mappings"),
        (
            "a: b\n c: d",
            ("c.yaml:2:3: a key is not possible here: check this line's indentation and the "
            "one above"),
        ),
        ("- a\nb: c", ("c.yaml:2:1: this line does not fit the list around it: "
         "check its indentation")),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_the_way_out(text, complaint):
    assert findings(text) == [complaint]


def test_a_comment_after_a_space_is_no_mistake():
    assert findings("campaign: demo   # slug: [a-z0-9-]") == []


def test_duplicate_keys_are_all_told_at_once():
    assert len(findings("a: 1\na: 2\nb: 1\nb: 2\nb: 3")) == 3


def test_a_merge_key_fills_what_is_not_set():
    text = "base: &base {p: 1, q: 2}\nb: {<<: *base, q: 3}"
    assert value(text)["b"] == {"q": 3, "p": 1}


LAUGHS = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)
MERGES = "a0: &a0 {k0: v}\n" + "".join(
    f"a{n}: &a{n}\n  <<: [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 8)
)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("- " * 200_000, "c.yaml:1:129: lists and mappings are nested deeper than 64"),
        (LAUGHS, "c.yaml:6:14: holds more than 250000 values, aliases counted in full"),
        (MERGES, "c.yaml:13:8: holds more than 250000 values, aliases counted in full"),
        (
            "[" + "a," * 1_000_000,
            "c.yaml:1:500000: holds more than 250000 values, aliases counted in full",
        ),
    ],
)
def test_bombs_end_at_a_limit(text, complaint):
    assert findings(text) == [complaint]


@pytest.mark.parametrize("opener", "[{")
def test_brackets_end_at_a_limit_whether_ours_or_the_parsers_own_comes_first(opener):
    (complaint,) = findings(opener * 200_000)
    place, _, told = complaint.rpartition(": ")
    assert told == "lists and mappings are nested deeper than 64"
    assert place in ("c.yaml:1:65", "c.yaml:1:1001")
