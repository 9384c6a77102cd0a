"""Comparing run manifests: what each form of manifest tells, and what a change cost."""

import copy
import json
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.reports.diff.comparing import REST, Kind, compare_runs
from pipeline.reports.diff.diff_page import draw_diff
from pipeline.reports.diff.shown_run import read_run

OLDER = Path(__file__).parents[2] / "e2e" / "upgrade" / "shop" / "output"


def image(cell="citrus/1x1", **changes):
    return {
        "job": f"job of {cell}",
        "cell": cell,
        "axes": {"product": cell.partition("/")[0]},
        "stage": "draft",
        "round": 1,
        "take": 1,
        "status": "stored",
        "file": f"shop/drafts/{cell}-t1.png",
        "sha256": f"sha of {cell}",
        "width": 64,
        "height": 64,
        "prompt": "a can",
        "model": "m",
        "size": "1:1",
        "quality": "low",
        "background": "opaque",
        "references": [],
        "overlay": [],
        "credits": 2,
        "in_doubt": 0,
        "shared_with": None,
        "derived_from": None,
        "verdict": None,
        "adfiles": [],
        "runs": ["first"],
        **changes,
    }


def manifest(*images, run="first", confirmed=2, runs=(("first", 2),), **changes):
    sums = [{"id": one, "account": "a", "confirmed": paid, "in_doubt": 0} for one, paid in runs]
    return {
        "schema": "campaign-pipeline/run-manifest/2",
        "run": {"id": run, "campaign": "shop", "account": "a", "started": None, **changes},
        "totals": {"credits": {"confirmed": confirmed, "in_doubt": 0}, "by": {"tag": {}}},
        "images": list(images),
        "runs": sums,
        "earlier_verdicts": [],
    }


@pytest.fixture
def compared(tmp_path):
    def compare(before, after):
        for name, content in (("before", before), ("after", after)):
            (tmp_path / name).write_text(json.dumps(content))
        return compare_runs(read_run(tmp_path / "before"), read_run(tmp_path / "after"))

    return compare


def test_a_manifest_reads_alike_by_line_and_in_any_other_layout(tmp_path):
    """This program writes an image a line; `jq` and editors lay the file out anew."""
    place = next(OLDER.glob("tea/runs/*/manifest.json"))
    (tmp_path / "same.json").write_text(json.dumps(json.loads(place.read_text()), indent=4))
    by_line, other = read_run(place), read_run(tmp_path / "same.json")
    assert by_line.images
    assert by_line.images == other.images
    assert (by_line.verdicts, by_line.run_sums) == (other.verdicts, other.run_sums)


def test_what_an_older_manifest_does_not_record_is_said_and_not_guessed(compared):
    before = image()
    del before["references"]
    diff = compared(manifest(before), manifest(image(job="another", sha256="x"), run="second"))
    (change,) = diff.images
    assert str(change.changes[0]) == "something that the older manifest does not record"


def test_an_image_that_was_bought_twice_and_one_that_came_are_told_apart(compared):
    due = image("berry/1x1", status="planned", sha256=None, file=None, credits=0, runs=[])
    came = image("berry/1x1", runs=["second"])
    again = image(sha256="another", runs=["first", "second"])
    second = {"run": "second", "confirmed": 6, "runs": (("first", 2), ("second", 4))}
    diff = compared(manifest(image(), due), manifest(again, came, **second))
    assert [(one.kind, one.cost) for one in diff.images] == [(Kind.AGAIN, 2), (Kind.ARRIVED, 2)]
    assert [(one.cause, one.amount) for one in diff.costs] == [
        ("bought again", 2),
        ("due before, bought now", 2),
    ]


def test_what_was_bought_and_is_no_longer_shown_is_part_of_the_total(compared):
    """Between the two runs another one bought images that the later manifest does not list."""
    later = manifest(image(), run="third", confirmed=14, runs=(("first", 2), ("second", 12)))
    diff = compared(manifest(image()), later)
    assert [(one.cause, one.amount) for one in diff.costs] == [(REST, 12)]
    assert diff.total == 12


def test_another_account_counts_for_itself(compared):
    """Play credits of earlier runs are no part of what the later account was charged."""
    before = manifest(image(), provider="embedded")
    after = manifest(image(job="b", runs=["second"]), run="second", provider="gptimage")
    after["run"]["account"] = "b"
    after["runs"].append({"id": "second", "account": "b", "confirmed": 2, "in_doubt": 0})
    diff = compared(before, after)
    assert diff.total == 2
    assert diff.settings == ("account a → b",)
    assert [str(one) for one in diff.images[0].changes] == ["provider embedded → gptimage"]


def test_changed_words_of_an_overlay_are_told_with_their_ad_files(compared):
    """An overlay is no part of a request: the image stays, its ad files are made anew."""
    files = [{"placement": "story", "format": "jpg", "recipe": "one"}]
    before = image(overlay=["BUY", "now"], adfiles=files)
    after = copy.deepcopy(before)
    after["overlay"][0], after["adfiles"][0]["recipe"] = "SAVE", "two"
    diff = compared(manifest(before), manifest(after, run="second"))
    assert diff.images == ()
    (file,) = diff.ad_files
    assert (file.name, [str(one) for one in file.words]) == ("story", ['"BUY" → "SAVE"'])
    after["adfiles"] = []
    assert compared(manifest(before), manifest(after, run="second")).ad_files == ()


def test_an_approval_of_another_take_or_picture_is_told(compared):
    def approved(take, at):
        given = {"decision": "approved", "round": 1, "take": take, "by": "mia", "at": at}
        takes = [image(take=n, job=f"take {n}", sha256=f"sha {n}") for n in (1, 2)]
        takes[take - 1]["verdict"] = given | {"sha256": f"sha {take}", "note": ""}
        return takes

    diff = compared(manifest(*approved(1, "1")), manifest(*approved(2, "2"), run="second"))
    assert [(one.before, one.after) for one in diff.verdicts] == [
        ("approved, take 1", "approved, take 2")
    ]
    same = compared(manifest(*approved(1, "1")), manifest(*approved(1, "1"), run="second"))
    assert same.verdicts == ()


def test_the_page_escapes_what_campaigns_and_reviewers_wrote(compared):
    words = 'a "<script>alert(1)</script>" can'
    diff = compared(manifest(image()), manifest(image(job="b", prompt=words), run="second"))
    page = draw_diff(diff, lambda *_: "data:image/webp;base64,AA==")
    assert "<script>alert" not in page
    assert page.count("<script>") == 1


@pytest.mark.parametrize("content", ["", "[]", '{"schema": "x"}', "\x00"])
def test_a_file_that_is_no_run_manifest_is_refused(content, tmp_path):
    (tmp_path / "file").write_text(content)
    with pytest.raises(UsageError):
        read_run(tmp_path / "file")


def test_runs_of_two_campaigns_are_not_compared(compared):
    with pytest.raises(UsageError, match="is of"):
        compared(manifest(image()), manifest(image(), campaign="other"))


def test_ad_files_of_cells_that_a_run_left_out_are_not_gone(compared):
    """A run with `--only` lists only those of its own cells: the others were told as gone."""
    files = [{"placement": "story", "format": "jpg", "recipe": "one"}]
    both = [image(adfiles=files), image("berry/1x1", adfiles=files)]
    later = [image(), image("berry/1x1", adfiles=files)]
    assert compared(manifest(*both), manifest(*later, run="second")).ad_files == ()
    several = [*files, {"placement": "banner", "format": "jpg", "recipe": "two"}]
    told = compared(manifest(*both), manifest(image(adfiles=several), both[1], run="second"))
    assert [(one.name, one.kind) for one in told.ad_files] == [("banner", Kind.ADDED)]
