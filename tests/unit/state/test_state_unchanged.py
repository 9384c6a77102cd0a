"""The short cut of a run with nothing to do: what it may go by, and what it must not miss."""

import pytest

from pipeline.model.campaign import Campaign
from pipeline.model.money import Budget
from pipeline.state.output.unchanged import (
    OWN_WRITES,
    campaign_fingerprint,
    remember_unchanged,
    repeat_report,
    still_unchanged,
    take_fingerprint,
)

CAMPAIGN, RUN = "citrus-soda", "2026-11-22T060000Z-aaaaaa"
MANIFEST = b"""\
{
 "schema": "s",
 "run": {
  "id": "old",
  "git": null
 },
 "totals": {},
 "images": [
  {"cell": "a"}
 ]
}
"""


@pytest.fixture
def output(tmp_path):
    runs = tmp_path / CAMPAIGN / "runs" / RUN
    runs.mkdir(parents=True)
    (runs / "manifest.json").write_bytes(MANIFEST)
    (runs / "images.csv").write_bytes(b"job\r\n")
    image(tmp_path).parent.mkdir(parents=True)
    image(tmp_path).write_bytes(b"picture")
    written(tmp_path, 10)
    return tmp_path


def image(output):
    return output / CAMPAIGN / "drafts" / "citrus" / "4x3-t1.png"


def written(output, writes):
    """The ledger, after so many groups of writes."""
    (output / "ledger.db.mark").write_text(f"{'ab' * 16} {writes:020}\n")


def keep(output, found):
    remember_unchanged(output, CAMPAIGN, run=RUN, seen="words", found=found, images=1)


def holds(output, seen="words"):
    found = take_fingerprint(output, CAMPAIGN)
    return still_unchanged(output, CAMPAIGN, seen=seen, found=found) is not None


def test_what_a_quiet_run_found_holds_for_the_next_one(output):
    found = take_fingerprint(output, CAMPAIGN)
    written(output, 10 + OWN_WRITES)
    keep(output, found)
    assert holds(output)
    assert not holds(output, seen="other words")


def test_a_verdict_given_while_the_run_looked_is_heard_by_the_next_one(output):
    found = take_fingerprint(output, CAMPAIGN)
    written(output, 10 + OWN_WRITES + 1)
    keep(output, found)
    assert not holds(output)


def test_an_image_deleted_while_the_run_wrote_its_account_is_missed_by_the_next_one(output):
    found = take_fingerprint(output, CAMPAIGN)
    written(output, 10 + OWN_WRITES)
    image(output).unlink()
    keep(output, found)
    assert not holds(output)


def test_a_ledger_of_another_name_or_without_a_mark_settles_nothing(output):
    found = take_fingerprint(output, CAMPAIGN)
    written(output, 10 + OWN_WRITES)
    keep(output, found)
    (output / "ledger.db.mark").write_text(f"{'cd' * 16} {10 + OWN_WRITES:020}\n")
    assert not holds(output)
    (output / "ledger.db.mark").unlink()
    assert take_fingerprint(output, CAMPAIGN) is None
    assert not holds(output)


def test_an_account_is_told_again_with_only_the_run_made_new(output):
    repeat_report(output, CAMPAIGN, before=RUN, now="new", run={"id": "new"})
    folder = output / CAMPAIGN / "runs" / "new"
    assert (folder / "manifest.json").read_bytes() == MANIFEST.replace(b'"old"', b'"new"')
    assert (folder / "images.csv").read_bytes() == b"job\r\n"


def test_a_manifest_that_is_none_of_ours_is_not_told_again(output):
    (output / CAMPAIGN / "runs" / RUN / "manifest.json").write_bytes(b"{}")
    with pytest.raises(ValueError, match="not found"):
        repeat_report(output, CAMPAIGN, before=RUN, now="new", run={"id": "new"})


def test_a_report_of_an_older_form_is_not_repeated(monkeypatch):
    """After an upgrade the first run writes its manifest anew, with units and prices."""
    campaign = Campaign(
        slug="soda",
        file="soda.yaml",
        sha256="ab" * 32,
        provider="embedded",
        stages={},
        budget=Budget(),
    )
    now = campaign_fingerprint(campaign, account="embedded", asked=[None])
    monkeypatch.setattr("pipeline.state.output.unchanged.REPORT", "run-manifest/1")
    assert campaign_fingerprint(campaign, account="embedded", asked=[None]) != now
