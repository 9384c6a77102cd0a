"""What was measured is kept in a file of our own, and in no other."""

import json

import pytest

from pipeline.errors import LocalFault
from pipeline.state.output.kept_checks import KeptChecks

PASSED = {"blank": {"passed": True}}


@pytest.fixture
def output(tmp_path):
    (tmp_path / "output/soda").mkdir(parents=True)
    return tmp_path / "output"


def test_what_one_run_measured_the_next_one_knows(output):
    KeptChecks(output, "soda").keep("ab", PASSED)
    later = KeptChecks(output, "soda")
    later.load()
    assert later.known == {"ab": PASSED}


def test_a_line_that_a_crash_tore_is_measured_again(output):
    KeptChecks(output, "soda").keep("ab", PASSED)
    place = output / "soda/checks.jsonl"
    place.write_text(place.read_text() + '{"sha256": "cd", "che')
    later = KeptChecks(output, "soda")
    later.load()
    assert later.known == {"ab": PASSED}


def test_checks_are_not_written_through_a_link(output):
    precious = output.parent / "precious"
    precious.write_text("mine")
    (output / "soda/checks.jsonl").symlink_to(precious)
    with pytest.raises(LocalFault, match=r"cannot write soda/checks\.jsonl"):
        KeptChecks(output, "soda").keep("ab", PASSED)
    assert precious.read_text() == "mine"


def test_the_newest_line_of_an_image_counts(output):
    """Older versions did not look for missing pixels; their images are checked again."""
    old = {"sha256": "ab", "checks": {"blank": {"passed": False}}}
    new = {"sha256": "ab", "checks": PASSED, "complete": True}
    other = {"sha256": "cd", "checks": PASSED}
    place = output / "soda/checks.jsonl"
    place.write_text("".join(json.dumps(row) + "\n" for row in (old, other, new)))
    later = KeptChecks(output, "soda")
    later.load()
    assert later.known == {"cd": PASSED, "ab": PASSED}
    assert (len(later.known), later.proven("ab"), later.proven("cd")) == (2, PASSED, None)
