"""What `doctor` says of an installation that has run for months."""

import asyncio
import json
import shutil
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from builders import a_job, a_run

from pipeline.app.commands.doctor import check_machine
from pipeline.app.commands.ledger_backup import back_up
from pipeline.ledger.registry import open_ledger
from pipeline.model.money import Budget
from pipeline.settings import Settings


@pytest.fixture
def used(tmp_path):
    """An output folder with a doubt of a month ago."""
    output = tmp_path / "output"
    output.mkdir()

    async def life():
        ledger = await open_ledger(output, now=lambda: datetime.now(UTC) - timedelta(days=30))
        await ledger.begin(a_run())
        attempt = await ledger.submit(a_job(), run=a_run(), budget=Budget())
        await ledger.doubt(attempt, reason="reset")
        await ledger.close()

    asyncio.run(life())
    return Settings(output=output)


def said(settings, name):
    return [(one.state.value, one.said) for one in check_machine(settings) if one.name == name]


def test_a_disk_without_room_is_bad(used, monkeypatch):
    """It was noted with "0.0 GiB free", and "This machine can render" followed."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _root: SimpleNamespace(free=4096))
    [(state, words)] = said(used, "output")
    assert (state, "no room is left" in words, "make some on that disk" in words) == (
        "bad",
        True,
        True,
    )


def test_a_ledger_without_a_backup_is_noted(used, tmp_path):
    [(state, words)] = said(used, "backup")
    assert state == "note"
    assert "was never backed up" in words
    back_up(tmp_path / "ledger-backup.db", used)
    [(state, words)] = said(used, "backup")
    assert (state, "0 days old, 0 writes behind" in words) == ("ok", True)


def test_an_old_backup_and_one_that_is_gone_are_noted(used, tmp_path):
    back_up(tmp_path / "ledger-backup.db", used)
    place = used.output / "backup.json"
    record = json.loads(place.read_text())
    record |= {"at": "2026-01-01T00:00:00Z", "writes": record["writes"] - 1}
    place.write_text(json.dumps(record))
    [(state, words)] = said(used, "backup")
    assert (state, "1 writes behind" in words) == ("note", True)
    (tmp_path / "ledger-backup.db").unlink()
    [(state, words)] = said(used, "backup")
    assert (state, "is gone" in words) == ("note", True)


def test_doubts_of_more_than_a_week_are_noted(used):
    assert said(used, "doubts") == [
        ("note", "citrus-soda: 1 image has been in doubt for up to 30 days: pipeline resolve")
    ]


def test_feeds_that_nobody_checks_any_more_are_noted(used):
    folder = used.output / "soda" / "feeds"
    folder.mkdir(parents=True)
    row = {"source": "https://a.test/b.csv", "url": "ab", "sha256": "cd", "file": "cd.csv"}
    row |= {"fetched": "2026-01-01T00:00:00Z", "checked": "2026-01-01T00:00:00Z"}
    (folder / "index.json").write_text(json.dumps({"feeds": [row]}))
    [(state, words)] = said(used, "feed")
    assert state == "note"
    assert words.startswith("soda: https://a.test/b.csv was not checked for ")


def test_a_plan_that_does_not_fit_on_the_disk_is_noted(used):
    folder = used.output / "soda" / "plans"
    folder.mkdir(parents=True)
    (folder / "ab.json").write_text(json.dumps({"stages": {"draft": {"to_buy": [1]}}}))
    assert said(used, "disk") == []
    stages = {"draft": {"to_buy": [1, 2], "to_buy_more": 10**12}}
    (folder / "cd.json").write_text(json.dumps({"stages": stages}))
    [(state, words)] = said(used, "disk")
    assert state == "note"
    assert words.startswith("soda: its newest plan has 1,000,000,000,002 images, about ")


def test_a_damaged_ledger_is_told_once(used):
    (used.output / "ledger.db").write_bytes(b"no ledger" * 1000)
    [(state, _)] = said(used, "ledger")
    assert state == "bad"
    assert said(used, "doubts") == said(used, "backup") == []
