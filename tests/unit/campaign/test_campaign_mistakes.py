"""Slips in what a campaign says: each is told where it stands, with what to write instead."""

import pytest
from campaign_texts import HEAD

FINE = "prompt: a photo\n"


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (
            "takes: 2",
            "c.yaml:6:1: takes: unknown key takes; it belongs under stages.draft or stages.final",
        ),
        (
            "concurrency: 4",
            "c.yaml:6:1: concurrency: unknown key concurrency; it belongs under run",
        ),
        ("size: [1:1]", "c.yaml:6:1: size: unknown key size; it belongs under matrix"),
        (
            "locale: [de-DE]",
            "c.yaml:6:1: locale: unknown key locale; an axis goes below matrix, indented",
        ),
        (
            "budget: 500",
            "c.yaml:6:9: budget: must be a mapping with campaign, run or month, not 500",
        ),
        (
            "budget: {total: 5}",
            ("c.yaml:6:10: budget.total: unknown key total; known here: campaign, run and month"),
        ),
        (
            "references: packshot.png",
            "c.yaml:6:13: references: must be a list: [packshot.png]",
        ),
        (
            "notify: {when: [always], webhook: x}",
            "c.yaml:6:9: notify: must be a list, not a mapping; begin each entry with -",
        ),
        (
            "notify: [{when: always, webhook: x}]",
            "c.yaml:6:17: notify[0].when: must be a list: [always]",
        ),
        (
            "overrides: [{match: {size: 1:1}, set: {quality: high}}]",
            ("c.yaml:6:40: overrides[0].set.quality: unknown key quality; it belongs under "
            "stages.draft or stages.final"),
        ),
        (
            "data: {p: {source: prodcts.csv, key: sku}}",
            ("c.yaml:6:20: data.p.source: prodcts.csv cannot be read: No such file or directory "
            "(did you mean products.csv?)"),
        ),
    ],
)  # fmt: skip
def test_a_misplaced_or_misshapen_key_is_told_where_it_belongs(board, lines, complaint):
    board.put("products.csv", "sku\nA\n")
    assert board.write(HEAD + FINE + lines).refused() == [complaint]


def test_axes_that_are_zipped_without_a_second_bracket_get_one_in_the_hint(board):
    board.write(
        "campaign: demo\nmatrix: {size: ['1:1'], product: [a], zip: [product]}\nprompt: a photo\n"
    )
    assert board.refused() == [
        "c.yaml:2:45: matrix.zip[0]: must be a list of lists: [[product, …]]"
    ]


def test_a_size_axis_that_is_misspelt_is_not_just_missing(board):
    board.write("campaign: demo\nmatrix:\n  product: [a]\n  sizes: [1:1]\nprompt: a photo")
    assert board.refused() == [
        "c.yaml:3:3: matrix.size: is missing; was sizes on line 4 meant to be it?"
    ]


def test_the_name_of_a_prompt_file_with_another_ending_is_not_sent_as_a_prompt(board):
    board.write(HEAD + "prompt: prompts/hero.jinja\n")
    assert board.refused() == [
        "c.yaml:5:9: prompt: prompts/hero.jinja looks like a file; a prompt file's name ends in .j2"
    ]


@pytest.mark.parametrize("word", ["1080x1920", "1080 × 1920", "{id: 1080x1920}"])
def test_pixels_may_be_written_as_they_are_spoken_and_are_cut_from_the_nearest_ratio(board, word):
    board.write(f"campaign: demo\nmatrix: {{size: [{word}]}}\nprompt: a photo\n")
    (job,) = board.jobs()
    (size,) = board.load().matrix.axes[0].sizes
    assert (job.at.cell, job.request.size) == ("1080x1920", "1:2")
    assert (size.pixels, f"{size.kept:.1%}") == ((1080, 1920), "88.9%")


def test_an_id_with_a_slash_gets_a_plain_one_and_a_feed_another_column(board):
    board.put("p.csv", "sku,name\nA/1,x\n")
    board.write(
        "campaign: demo\ndata: {p: {source: p.csv, key: sku}}\n"
        "matrix: {product: {from: p}, size: ['1:1'], scene: [day / night]}\nprompt: a photo\n"
    )
    assert board.refused() == [
        ("c.yaml:3:53: matrix.scene: day / night: an id may not contain /, since it names files "
        "and cells; day-night would do"),
        ("p.csv: matrix.product: row 2: A/1: an id may not contain /, since it names files and "
        "cells; another column may be the key"),
    ]  # fmt: skip


def test_a_path_that_climbs_out_of_its_folder_is_told_so(board):
    board.write(HEAD + FINE + 'output: {path: "../{{ product.id }}"}\n')
    assert board.refused() == [
        ("c.yaml:6:16: output.path: the path ../citrus cannot be used: a part of the path may not "
        "be .. (cell citrus/1x1)")
    ]  # fmt: skip


@pytest.mark.parametrize("rule", ["{product: citrus}", "{if: \"size.id == '1x1'\"}"])
def test_a_campaign_that_excludes_everything_is_no_campaign(board, rule):
    board.write(HEAD + f"  exclude: [{rule}]\n" + FINE)
    assert board.refused() == [
        (
            "c.yaml:2:1: matrix: no cell is left: every cell is excluded, or skipped because "
            "it has no row"
        )
    ]


def test_a_campaign_whose_every_row_is_missing_is_no_campaign(board):
    board.put("t.csv", "product,claim\nother,x\n")
    board.write(HEAD + "data: {t: {source: t.csv, key: product, on_missing: skip}}\n" + FINE)
    assert [told.rpartition(": ")[0] for told in board.refused()] == [
        "c.yaml:2:1: matrix: no cell is left"
    ]
