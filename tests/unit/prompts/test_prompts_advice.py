"""Lint: the API guide's advice, each rule with a code."""

import time

import pytest
from campaign_texts import HEAD

from pipeline.prompts import writing
from pipeline.prompts.advice import lint_prompt
from pipeline.prompts.jobs import plan_drafts
from pipeline.prompts.lint import lint
from pipeline.templates.template_process import TemplateProcess

GOOD = 'A photorealistic product photo of a bottle on a wet table, soft light, poster with "HELLO".'


def codes(prompt, *, transparent=False):
    return [advice.code for advice in lint_prompt(prompt, transparent=transparent)]


def test_a_prompt_that_follows_the_guide_is_fine():
    assert codes(GOOD) == []


@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        ("A photo of a sign on a wall in soft light that says Hello", "lint-quote"),
        (GOOD.replace("HELLO", "one two three four five six seven"), "lint-long-quote"),
        (GOOD + ' "a b c d e f"' * 5, "lint-much-text"),
        (GOOD.replace("poster with", "with"), "lint-layout"),
        ("Product photo of a bottle, soft light", "lint-setting"),
        (GOOD.replace(", soft light", ""), "lint-light"),
        ("A bottle on a wet table, soft light", "lint-framing"),
        (GOOD + " Split screen.", "lint-scenes"),
        (GOOD.replace("of a bottle on", "of on"), "lint-subject"),
        ("On a wet table, soft light, close-up", "lint-subject"),
        (GOOD + " Say [[product.name]].", "lint-placeholder"),
        (GOOD + " It costs #REF!", "lint-placeholder"),
        (GOOD + " TODO: mood", "lint-placeholder"),
        (GOOD + " A {red|green} mug.", "lint-placeholder"),
        (GOOD + " {2$$warm|cold} light.", "lint-placeholder"),
        (GOOD + " A __mood__ scene.", "lint-placeholder"),
        (GOOD + " By {{ brand }}.", "lint-placeholder"),
        (GOOD.replace("a bottle on", "a bottle of  on"), "lint-empty"),
        (GOOD.replace("a bottle on", "a bottle of , on"), "lint-empty"),
        (GOOD.replace("HELLO", ""), "lint-empty"),
    ],
)
def test_each_rule_finds_what_it_is_about(prompt, code):
    assert codes(prompt) == [code]


@pytest.mark.parametrize(
    "more",
    [
        " 20% off, 30% more.",
        "  Two blanks after a full stop.",
        "\n  indented, «bon soir», <Fudge>, a to-do list.",
        " Ben & Jerry's #1 taste, NAN naan.",
    ],
)
def test_a_prompt_with_nothing_left_out_is_not_suspected(more):
    assert codes(GOOD + more) == []


def test_a_described_backdrop_contradicts_a_transparent_background():
    assert codes(GOOD, transparent=True) == ["lint-backdrop"]
    cutout = "Product photo of a bottle, isolated studio cut-out, soft light"
    assert codes(cutout, transparent=True) == []


def test_advice_is_told_once_with_its_template_and_first_cell(board):
    board.write(
        "campaign: demo\nmatrix: {product: [a, b], size: ['1:1']}\n"
        'prompt: "Product photo of {{ product }} on a table"\n'
    )
    (finding,) = lint(board.load())
    assert board.told(finding) == (
        "c.yaml:3:9: prompt: no lighting is named (soft daylight, rim light, …) "
        "(cell a/1x1 and 1 more prompt)"
    )
    assert (finding.code, finding.severity) == ("lint-light", "warning")


def test_advice_reads_the_prompts_that_were_proven_and_writes_none_again(board, monkeypatch):
    begun = []
    monkeypatch.setattr(writing, "TemplateProcess", lambda: begun.append(1) or TemplateProcess())
    board.write(HEAD + "prompt: a bottle\n")
    loaded = board.load()
    plan_drafts(loaded)
    assert lint(loaded)
    assert len(begun) == 1


def test_ids_that_two_axes_share_are_told(board):
    board.write(
        "campaign: demo\nmatrix: {product: [a, b], size: ['1:1'], scene: [b]}\n"
        "prompt: " + GOOD.replace('"HELLO"', "light") + "\n"
    )
    assert [board.told(finding) for finding in lint(board.load())] == [
        "c.yaml:2:50: matrix.scene: b is also an id of product; globs cannot tell them apart"
    ]


def test_finals_are_linted_where_there_are_no_drafts(board):
    board.write(HEAD + "stages: {final: {}}\nprompt: a bottle\n")
    assert {finding.code for finding in lint(board.load())} == {
        "lint-setting",
        "lint-light",
        "lint-framing",
    }


def test_a_page_of_blanks_after_a_preposition_is_read_at_once():
    """The rule for settings took 14 seconds over 32,000 blanks."""
    began = time.monotonic()
    lint_prompt("in" + " " * 32_000, transparent=False)
    assert time.monotonic() - began < 2


def test_one_word_as_long_as_a_prompt_is_read_at_once():
    started = time.process_time()
    lint_prompt("x" * 32_000)
    lint_prompt("%" * 32_000)
    lint_prompt("{" * 32_000)
    assert time.process_time() - started < 1
