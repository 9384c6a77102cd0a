"""`approve`, `reject`, `redo` and `undecide`: what they say, write, and end with."""

from pathlib import Path

import pytest

from pipeline.cli.main import main
from pipeline.review.review_file import read_reviews

CAMPAIGN = """\
campaign: soda
matrix: {product: [{id: a, name: Soda}, {id: b, name: Cola}], size: ["1:1", meta-feed-portrait]}
prompt: A product photo of {{ product.name }} on a wet table, soft light, centered framing.
stages:
  draft: {quality: low, takes: 1, review: human}
  final: {quality: high}
"""
FILE = Path("reviews/soda.yaml")


@pytest.fixture
def rendered(tmp_path, monkeypatch, capfd):
    """Drafts of product a; product b is not rendered."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIPELINE_REVIEWER", "ana")
    Path("pyproject.toml").touch()
    Path("soda.yaml").write_text(CAMPAIGN)
    assert main(["run", "soda.yaml", "--only", "a/*", "-q"]) == 0
    capfd.readouterr()


def in_file():
    written = read_reviews(FILE.read_text(), file="")
    return {
        (cell, stage): one.fields["status"]
        for (cell, stage), one in written.items()
        if one.fields["status"] != "undecided"
    }


@pytest.mark.usefixtures("rendered")
def test_a_verdict_is_in_the_review_file_at_once(capfd):
    """It was there only when the page was opened next."""
    assert main(["reject", "soda.yaml", "a/1x1"]) == 0
    assert in_file() == {("a/1x1", "draft"): "rejected"}
    assert 'by: "ana"' in FILE.read_text()
    assert "1 cell rejected" in capfd.readouterr().err


@pytest.mark.usefixtures("rendered")
def test_what_was_edited_in_the_file_is_imported_before_it_is_written():
    assert main(["reject", "soda.yaml", "a/1x1"]) == 0
    text = FILE.read_text().replace(
        "a/meta-feed-portrait:\n    draft: {status: undecided}",
        "a/meta-feed-portrait:\n    draft: {status: rejected, by: git}",
    )
    FILE.write_text(text)
    assert main(["undecide", "soda.yaml", "a/1x1"]) == 0
    assert in_file() == {("a/meta-feed-portrait", "draft"): "rejected"}


@pytest.mark.usefixtures("rendered")
def test_a_verdict_on_finals_before_there_are_any_says_where_they_come_from(capfd):
    """It said that the campaign had no cells."""
    assert main(["redo", "soda.yaml", "a/*", "--stage", "final"]) == 2
    assert capfd.readouterr().err == (
        "error: no cell has a final yet: they are rendered of approved drafts.\n"
        "Next  pipeline approve soda.yaml 'a/*'\n"
    )


@pytest.mark.usefixtures("rendered")
def test_cells_that_cannot_be_approved_are_listed_and_the_others_are_approved(capfd):
    assert main(["approve", "soda.yaml", "*"]) == 3
    said = capfd.readouterr().err
    assert "2 cells approved\n2 cells without this verdict:\n" in said
    assert said.endswith("\nNext  pipeline run soda.yaml\n")
    assert "2 cells without this verdict:" in said
    assert "b/1x1 has no stored image yet: nothing to approve" in said
    assert all(len(line) <= 80 for line in said.splitlines())
    assert set(in_file()) == {("a/1x1", "draft"), ("a/meta-feed-portrait", "draft")}


@pytest.mark.usefixtures("rendered")
def test_a_redo_names_the_run_of_its_own_stage_and_the_cells_that_follow(capfd):
    assert main(["redo", "soda.yaml", "a/1x1", "--note", "darker"]) == 0
    said = capfd.readouterr().err
    assert "pipeline run soda.yaml --stage draft" in said
    assert "a/meta-feed-portrait  shares the image, and gets the new image too" in said
    assert main(["undecide", "soda.yaml", "a/1x1"]) == 0
    assert main(["approve", "soda.yaml", "a/*"]) == 0
    assert main(["run", "soda.yaml", "--only", "a/*", "-q"]) == 0
    capfd.readouterr()
    assert main(["approve", "soda.yaml", "a/meta*", "--stage", "final"]) == 0
    assert main(["redo", "soda.yaml", "a/1x1", "--stage", "final"]) == 0
    said = capfd.readouterr().err
    assert "pipeline run soda.yaml --stage final" in said
    assert "a/meta-feed-portrait  is approved, and keeps the image that it shares now" in said


@pytest.mark.usefixtures("rendered")
def test_a_review_file_that_cannot_be_written_is_said_and_ends_with_74(capfd):
    """The ledger has the verdict; the next command writes the file."""
    FILE.parent.write_text("in the way")
    assert main(["approve", "soda.yaml", "a/1x1"]) == 74
    said = capfd.readouterr().err
    assert "1 cell approved" in said
    assert "the verdicts are in the ledger, but not in the review file" in said
    FILE.parent.unlink()
    assert main(["approve", "soda.yaml", "a/1x1"]) == 0
    assert in_file() == {("a/1x1", "draft"): "approved"}
