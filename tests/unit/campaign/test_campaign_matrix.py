"""The matrix: cross product, then exclude, then include; names, globs, samples."""

import pytest

from pipeline.prompts.cells import expand

TWO_BY_TWO = "campaign: demo\nmatrix:\n  product: [a, b]\n  size: [1:1, 4:3]\n"
LOCALES = "  locale: [en-US, de-DE]\n"
PROMPT = "prompt: a photo\n"


def names(board, text, **options):
    return [cell.name for cell in expand(board.write(text).load(), **options)]


def test_cells_are_named_product_size_locale_then_the_rest_by_name(board):
    text = (
        "campaign: demo\nmatrix:\n  weather: [sun]\n  locale: [en]\n  angle: [top]\n"
        "  size: [4:3]\n  product: [a]\n" + PROMPT
    )
    assert names(board, text) == ["a/4x3/en/top/sun"]


def test_the_product_goes_outermost(board):
    assert names(board, TWO_BY_TWO + PROMPT) == ["a/1x1", "a/4x3", "b/1x1", "b/4x3"]


@pytest.mark.parametrize("size", ["4:3", "4x3", '"4:*"', "[4:3, 16:9]"])
def test_exclude_takes_globs_lists_and_both_spellings_of_a_ratio(board, size):
    text = TWO_BY_TWO + f"  exclude: [{{product: a, size: {size}}}]\n" + PROMPT
    assert names(board, text) == ["a/1x1", "b/1x1", "b/4x3"]


def test_exclude_matches_the_columns_of_a_value(board):
    text = (
        "campaign: demo\nmatrix:\n  product: [{id: a, kind: tea}, {id: b, kind: soda}]\n"
        "  size: ['1:1']\n  exclude: [{product: {kind: te*}}]\n" + PROMPT
    )
    assert names(board, text) == ["b/1x1"]


def test_exclude_takes_a_condition(board):
    text = (
        TWO_BY_TWO
        + LOCALES
        + "  exclude: [{if: \"locale == 'de-DE' and size.ratio == '4:3'\"}]\n"
        + PROMPT
    )
    assert names(board, text) == [
        "a/1x1/en-US",
        "a/1x1/de-DE",
        "a/4x3/en-US",
        "b/1x1/en-US",
        "b/1x1/de-DE",
        "b/4x3/en-US",
    ]


def test_a_condition_that_cannot_be_decided_names_the_cell(board):
    text = TWO_BY_TWO + '  exclude: [{if: "sise.ratio == 1"}]\n' + PROMPT
    assert board.write(text).refused()[0] == (
        "c.yaml:5:18: matrix.exclude[0].if: nothing is named sise (did you mean size?) (cell a/1x1)"
    )


def test_a_broken_condition_is_told_while_loading(board):
    text = TWO_BY_TWO + '  exclude: [{if: "size =="}]\n' + PROMPT
    (complaint,) = board.write(text).refused()
    assert complaint.startswith("c.yaml:5:18: matrix.exclude[0].if: not readable as a template")


def test_a_glob_that_fits_nothing_is_a_warning(board):
    text = TWO_BY_TWO + "  exclude: [{product: TON-*}]\n" + PROMPT
    assert board.write(text).warnings() == [
        "c.yaml:5:14: matrix.exclude[0].product: no value of product fits TON-*"
    ]


def test_include_is_added_after_exclude_also_with_values_the_axes_do_not_have(board):
    text = (
        TWO_BY_TWO
        + "  exclude: [{product: b}]\n"
        + "  include:\n"
        + "    - {product: b, size: 4:3}\n"
        + "    - {product: {id: c, name: Cola}, size: {id: wide, px: 970x250}}\n"
        + PROMPT
    )
    assert names(board, text) == ["a/1x1", "a/4x3", "b/4x3", "c/wide"]


def test_an_included_cell_that_is_there_already_stays_one_cell(board):
    text = TWO_BY_TWO + "  include: [{product: a, size: 4:3}]\n" + PROMPT
    assert names(board, text) == ["a/1x1", "a/4x3", "b/1x1", "b/4x3"]


def test_an_included_cell_survives_a_condition_that_excludes_it(board):
    text = (
        TWO_BY_TWO
        + "  exclude: [{if: \"product == 'a'\"}]\n"
        + "  include: [{product: a, size: 4:3}]\n"
        + PROMPT
    )
    assert names(board, text) == ["a/4x3", "b/1x1", "b/4x3"]


def test_include_must_name_every_axis(board):
    text = TWO_BY_TWO + LOCALES + "  include: [{product: a, sise: 4:3}]\n" + PROMPT
    assert board.write(text).refused() == [
        "c.yaml:6:13: matrix.include[0]: must name every axis; size and locale is missing",
        "c.yaml:6:26: matrix.include[0].sise: there is no axis sise (did you mean size?)",
    ]


def test_zipped_axes_walk_together(board):
    text = TWO_BY_TWO + LOCALES + "  scene: [loft, beach]\n  zip: [[locale, scene]]\n" + PROMPT
    assert names(board, text)[:3] == ["a/1x1/en-US/loft", "a/1x1/de-DE/beach", "a/4x3/en-US/loft"]


def test_zipped_axes_need_as_many_values_as_each_other(board):
    text = TWO_BY_TWO + LOCALES + "  scene: [loft]\n  zip: [[locale, scene]]\n" + PROMPT
    assert board.write(text).refused() == [
        (
            "c.yaml:7:9: matrix.zip[0]: axes in a zip need the same number of values: "
            "locale has 2 and scene has 1"
        )
    ]


SAMPLED = "  scene: [s1, s2, s3, s4, s5]\n  sample: {scene: {n: 2, seed: 7}}\n"


def test_a_sample_keeps_n_values_for_each_combination(board):
    cells = names(board, TWO_BY_TWO + SAMPLED + PROMPT)
    assert len(cells) == 8
    assert len({cell.rsplit("/", 1)[0] for cell in cells}) == 4


def test_a_sample_does_not_change_when_another_product_comes(board):
    before = names(board, TWO_BY_TWO + SAMPLED + PROMPT)
    after = names(board, (TWO_BY_TWO + SAMPLED + PROMPT).replace("[a, b]", "[z, b, a]"))
    assert sorted(before) == sorted(cell for cell in after if not cell.startswith("z"))


def test_another_seed_is_another_sample(board):
    before = names(board, TWO_BY_TWO + SAMPLED + PROMPT)
    after = names(board, (TWO_BY_TWO + SAMPLED + PROMPT).replace("seed: 7", "seed: 8"))
    assert before != after


@pytest.mark.parametrize(
    ("only", "cells"),
    [
        (["a/*"], ["a/1x1", "a/4x3"]),
        (["*/4:3"], ["a/4x3", "b/4x3"]),
        (["*/4x3"], ["a/4x3", "b/4x3"]),
        (["a/1x1", "b/4:3"], ["a/1x1", "b/4x3"]),
        (["*"], ["a/1x1", "a/4x3", "b/1x1", "b/4x3"]),
        (["c/*"], []),
    ],
)
def test_only_is_matched_against_cell_names(board, only, cells):
    assert names(board, TWO_BY_TWO + PROMPT, only=only) == cells


@pytest.mark.parametrize(
    ("identity", "complaint"),
    [
        ('"a/b"', "a/b: an id may not contain /, since it names files and cells; a-b would do"),
        ('".."', "..: an id may not be .."),
        ("CON", "CON: CON is a name that Windows reserves"),
        ("nul.txt", "nul.txt: nul.txt is a name that Windows reserves"),
        ("b.", "b.: an id may not start or end with a space, or end with a dot"),
        ('"x\\u202ey"', ("x\u202ey: an id may not contain U+202E, since it names files and "
         "cells; x-y would do")),
        ('""', ": an id must not be empty"),
    ],
)  # fmt: skip
def test_an_id_that_cannot_name_files_everywhere_is_refused(board, identity, complaint):
    text = f"campaign: demo\nmatrix:\n  product: [ok, {identity}]\n  size: ['1:1']\n" + PROMPT
    assert board.write(text).refused() == [f"c.yaml:3:17: matrix.product: {complaint}"]


@pytest.mark.parametrize(
    ("second", "told"),
    [("Citrus", "citrus"), ("citrus", "citrus"), ("4x3", "4x3")],
)
def test_ids_that_a_file_system_takes_for_one_are_refused(board, second, told):
    axis = "size: ['1:1', 4:3, 4x3]" if second == "4x3" else "size: ['1:1']"
    products = "[a, b]" if second == "4x3" else f"[citrus, {second}]"
    text = f"campaign: demo\nmatrix:\n  product: {products}\n  {axis}\n" + PROMPT
    (complaint,) = board.write(text).refused()
    assert told in complaint
    assert "line " in complaint


def test_composed_and_decomposed_letters_are_one_name(board):
    text = "campaign: demo\nmatrix:\n  product: [café, cafe\u0301]\n  size: ['1:1']\n" + PROMPT
    assert board.write(text).refused() == [
        (
            "c.yaml:3:19: matrix.product: cafe\u0301: some file systems cannot tell it from café "
            "(line 3)"
        )
    ]


def test_a_placement_is_rendered_in_the_ratio_that_loses_least(board):
    text = (
        "campaign: demo\nmatrix:\n  product: [a]\n"
        "  size: [instagram-story, meta-feed-portrait, leaderboard]\n" + PROMPT
    )
    sizes = {cell.size.id: cell.size for cell in expand(board.write(text).load())}
    assert (sizes["instagram-story"].ratio, round(sizes["instagram-story"].kept, 3)) == (
        "1:2",
        0.889,
    )
    assert (sizes["meta-feed-portrait"].ratio, sizes["meta-feed-portrait"].kept) == ("1:1", 0.8)
    assert round(sizes["leaderboard"].kept, 3) == 0.247
    assert sizes["instagram-story"].placement.safe == (0.14, 0.0, 0.2, 0.0)


def test_a_long_extension_is_warned_about(board):
    text = "campaign: demo\nmatrix:\n  product: [a]\n  size: [leaderboard]\n" + PROMPT
    assert board.write(text).warnings() == [
        (
            "c.yaml:4:10: matrix.size: leaderboard: a 2:1 image fills 25% of 728×90, and the rest "
            "is continued from its edges; prefer an image without copy for so narrow a strip, and "
            "lay the words over it with adfiles.overlay"
        )
    ]


def test_overrides_apply_in_order_and_the_later_one_wins(board):
    text = TWO_BY_TWO + (
        "vars: {look: plain}\n"
        "overrides:\n"
        "  - {match: {product: a}, set: {vars: {look: red}}}\n"
        "  - {match: {size: 4:3}, set: {vars: {look: blue}}}\n"
        "  - {match: {product: b, size: 4:3}, set: {prompt: 'a {{ look }} cut-out', "
        "background: transparent, stages: {draft: {quality: high, takes: 2}}}}\n"
        'prompt: "a {{ look }} photo"\n'
    )
    jobs = board.write(text).jobs()
    assert [(job.at.cell, job.at.take, job.request.prompt) for job in jobs] == [
        ("a/1x1", 1, "a red photo"),
        ("a/4x3", 1, "a blue photo"),
        ("b/1x1", 1, "a plain photo"),
        ("b/4x3", 1, "a blue cut-out"),
        ("b/4x3", 2, "a blue cut-out"),
    ]
    assert (jobs[-1].request.background, jobs[-1].price) == ("transparent", 12)
