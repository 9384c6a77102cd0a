"""Slips that people make in YAML: each is told where it stands, with what to write instead."""

import pytest

from pipeline.campaign.reading.document import parse
from pipeline.errors import CampaignError


def findings(text):
    try:
        return [str(finding) for finding in parse(text, file="c.yaml")[1].all]
    except CampaignError as error:
        return [str(finding) for finding in error.findings]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "a: b\nprompt:A photo\nc: d",
            "c.yaml:2:7: no space follows the colon; write prompt: A photo",
        ),
        ("a: b\nsize:[1:1]", "c.yaml:2:5: no space follows the colon; write size: [1:1]"),
        (
            "a: b\nprompt\uff1a A photo",
            "c.yaml:2:7: the colon is a full-width one; write prompt: A photo",
        ),
        (
            "a: b\nprompt:\u00a0A photo",
            ("c.yaml:2:7: a no-break space (U+00A0) follows the colon; write prompt: A photo"),
        ),
        (
            "prompt: |\nA photo of {{ x }}\nb: c",
            "c.yaml:2:1: the text that | or > begins must be indented below its key",
        ),
        (
            "prompt: | A photo",
            "c.yaml:1:11: the text after | or > begins on the next line, indented",
        ),
        (
            "a: b\nso here is a line\n",
            ("c.yaml:2:1: this line is neither a key with a value nor a continuation of the text "
            "above"),
        ),
        (
            "a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> theirs\n",
            ("c.yaml:2:1: a merge conflict is not resolved: keep one version, and delete the marks "
            "<<<<<<<, =======, >>>>>>>"),
        ),
        (
            "- {id: c, look: 'Ben's bottle'}",
            ("c.yaml:1:22: text follows the closing quote of 'Ben'; write an apostrophe twice "
            "inside single quotes, or use double quotes"),
        ),
        (
            'a: "{{ product["look"] }}"',
            ('c.yaml:1:17: text follows the closing quote of "{{ product["; inside a template use '
            "the other kind of quotes, or write the text as a block (|)"),
        ),
        (
            'a: "c:\\pictures"',
            "c.yaml:1:7: \\ begins an escape inside double quotes; use single quotes",
        ),
        (
            "a: !important photo",
            'c.yaml:1:4: a: a text that starts with ! must be quoted: "!important photo"',
        ),
        (
            "{look: &bottle}",
            'c.yaml:1:8: look: a text that starts with & must be quoted: "&bottle"',
        ),
        (
            "{month: 2,400}",
            ("c.yaml:1:11: 400: 400 has no value; a number is written without commas: "
            "month: 2400"),
        ),
        (
            "- {red|green|blue}",
            ("c.yaml:1:3: [0]: {red|green|blue} is read as a mapping; a choice is a list: "
            "[red, green, blue]"),
        ),
        (
            "colour: { warm | cold }",
            ("c.yaml:1:9: colour: { warm | cold } is read as a mapping; a choice is a list: "
            "[warm, cold]"),
        ),
        (
            "[{a red mug}]",
            ('c.yaml:1:2: [0]: {a red mug} is read as a mapping; a text in braces must be quoted: '
            '"{a red mug}"'),
        ),
        (
            "prompt: on #ff0000 paper",
            ('c.yaml:1:9: prompt: the text ends before "#ff0000 paper": # starts a comment; '
            "quote the whole"),
        ),
        (
            "\u00a0\u00a0size: [1:1]",
            "c.yaml:1:1: a key begins here that holds U+00A0, which is invisible; retype it",
        ),
        (
            "pro\u200bmpt: x",
            "c.yaml:1:1: a key begins here that holds U+200B, which is invisible; retype it",
        ),
        (
            "prompt: “A photo”",
            "c.yaml:1:9: prompt: these quotes are part of the text; YAML's quotes are straight",
        ),
    ],
)  # fmt: skip
def test_a_slip_is_told_where_it_stands_with_what_to_write(text, complaint):
    assert findings(text) == [complaint]


@pytest.mark.parametrize(
    "text", ["prompt: say “hello” to {{ x }}", "a: &house x\nb: *house", "a: 'red #ff0000'"]
)
def test_what_only_looks_like_a_slip_is_none(text):
    assert findings(text) == []


def test_a_colour_that_a_comment_swallowed_stops_the_campaign():
    with pytest.raises(CampaignError):
        parse("prompt: on #ff0000 paper", file="c.yaml")[1].raise_if_failed()
