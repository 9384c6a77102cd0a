"""One dialect of globs for `--only`, `approve`, `resolve` and rules over axes."""

import pytest

from pipeline.campaign.cell_globs import canonical_glob, compile_cell_globs, matching_cells
from pipeline.errors import UsageError
from pipeline.model.names import CellName
from pipeline.prompts.cells import check_only, expand

CELLS = tuple(
    CellName(name)
    for name in ("citrus/4x3/en-US", "citrus/16x9/en-US", "berry/4x3/de-DE", "Berry/1x1/de-DE")
)
SOFT_DRINKS = """\
campaign: demo
matrix:
  product: [citrus, berry]
  size: ['4:3', '16:9']
prompt: a photo
"""


@pytest.mark.parametrize(
    ("glob", "numbers"),
    [
        ("*", [0, 1, 2, 3]),
        ("citrus/*", [0, 1]),
        ("*4:3*", [0, 2]),
        ("*4x3*", [0, 2]),
        ("*/[0-9]:3/*", [0, 2]),
        ("*:9*", [1]),
        ("*de-DE", [2, 3]),
        ("berry*", [2]),
        ("?erry/*", [2, 3]),
        ("citrus/16:9/en-US", [1]),
    ],
)
def test_every_command_means_the_same_cells(glob, numbers):
    """`approve '*/[0-9]:3/*'` once found nothing where `--only` found cells: a dialect apart."""
    expected = [CELLS[number] for number in numbers]
    assert list(matching_cells(CELLS, glob)) == expected
    pattern = compile_cell_globs([glob])
    assert [name for name in CELLS if pattern.match(name)] == expected


def test_no_globs_mean_every_cell():
    assert compile_cell_globs([]) is None


def test_a_colon_outside_a_size_stays():
    assert canonical_glob("a:b/4:3") == "a:b/4x3"


@pytest.mark.parametrize(
    ("glob", "hint"),
    [
        ("citrsu/*", r"no cell matches citrsu/\* \(did you mean citrus for citrsu\?\)"),
        ("citrus/4:3/en-UK", r"\(did you mean citrus/4x3/en-US\?\)"),
        ("*nothing-like-it*", "; the first cell is citrus/4x3/en-US"),
        ("zzz", "; the first cell is citrus/4x3/en-US"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(glob, hint):
    with pytest.raises(UsageError, match=hint):
        matching_cells(CELLS, glob)


def test_a_campaign_without_cells_says_so():
    with pytest.raises(UsageError, match="the campaign has no cells"):
        matching_cells([], "*")


def test_only_takes_the_same_globs_and_gives_the_same_hints(board):
    loaded = board.write(SOFT_DRINKS).load()
    assert [cell.name for cell in expand(loaded, only=["*:9"])] == ["citrus/16x9", "berry/16x9"]
    check_only(loaded, ["*:9", "berry/*"])
    with pytest.raises(UsageError, match=r"--only citrsu/\* \(did you mean citrus for citrsu\?\)"):
        check_only(loaded, ["berry/*", "citrsu/*"])
