import fcntl
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.errors import LocalFault, LockHeld, RunHangs
from pipeline.state.output.lock import campaign_lock, note_waiting, run_is_alive

HOLD = """
import pathlib, sys, time
from pipeline.state.output.lock import campaign_lock
with campaign_lock(pathlib.Path(sys.argv[1]), "soda"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_holder_is_sent_away_at_once(tmp_path):
    with campaign_lock(tmp_path, "soda"), pytest.raises(LockHeld, match="another run of soda"):
        campaign_lock(tmp_path, "soda").__enter__()


def test_other_campaigns_are_not_locked_out(tmp_path):
    with campaign_lock(tmp_path, "soda"), campaign_lock(tmp_path, "tea"):
        assert (tmp_path / "tea" / ".lock").exists()


def test_the_lock_is_gone_with_the_process_that_held_it(tmp_path):
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            HOLD,
            str(tmp_path),
        ],
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(LockHeld, match=str(holder.pid)):
            campaign_lock(tmp_path, "soda").__enter__()
        holder.kill()
    deadline = time.monotonic() + 5
    while True:
        try:
            with campaign_lock(tmp_path, "soda"):
                break
        except LockHeld:
            assert time.monotonic() < deadline


def test_a_folder_that_cannot_be_made_is_a_fault_of_this_machine(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalFault, match="cannot write"):
        campaign_lock(tmp_path / "file", "soda").__enter__()


def test_the_lock_knows_whether_a_run_is_alive_and_asking_makes_no_file(tmp_path):
    assert not run_is_alive(tmp_path, "soda")
    assert not (tmp_path / "soda").exists()
    with campaign_lock(tmp_path, "soda"):
        assert run_is_alive(tmp_path, "soda")
    assert not run_is_alive(tmp_path, "soda")


def test_asking_whether_a_run_is_alive_sends_no_run_away(tmp_path, monkeypatch):
    """The question takes the lock for a moment: a run that begins just then tries again."""
    with campaign_lock(tmp_path, "soda"):
        pass
    asking = os.open(tmp_path / "soda" / ".lock", os.O_RDONLY)
    fcntl.flock(asking, fcntl.LOCK_SH | fcntl.LOCK_NB)
    monkeypatch.setattr("pipeline.state.output.lock.time.sleep", lambda _: os.close(asking))
    with campaign_lock(tmp_path, "soda"):
        assert run_is_alive(tmp_path, "soda")


def an_earlier_run(output, *, seconds, ended=True, days_ago=1.0):
    began = datetime.now(UTC) - timedelta(days=days_ago)
    folder = output / "soda" / "runs" / f"{began:%Y-%m-%dT%H%M%SZ}-abc123"
    folder.mkdir(parents=True)
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({"run": {"exit_code": 0 if ended else None}}, indent=1))
    at = began.timestamp() + seconds
    os.utime(manifest, (at, at))


def held_since(output, seconds, words=""):
    """Give the lock's file the beginning of a run so long ago."""
    place = output / "soda" / ".lock"
    process = place.read_text().splitlines()[0]
    place.write_text(f"{process}\n{time.time() - seconds:.0f}\n{words}")


def overlap(output):
    with pytest.raises(LockHeld) as held:
        campaign_lock(output, "soda").__enter__()
    return held.value


@pytest.mark.parametrize(("minutes", "hangs"), [(20, False), (40, True)])
def test_an_overlap_longer_than_any_run_before_is_told(tmp_path, minutes, hangs):
    """A run hung for days; each night's run ended with 75, which nobody was told of."""
    an_earlier_run(tmp_path, seconds=1800)
    an_earlier_run(tmp_path, seconds=90_000, ended=False, days_ago=3)
    with campaign_lock(tmp_path, "soda"):
        held_since(tmp_path, minutes * 60)
        error = overlap(tmp_path)
    assert isinstance(error, RunHangs) == hangs
    assert error.exit_code == 75
    if hangs:
        lines = str(error).splitlines()
        assert "seems to hang; nothing was sent" in lines[0]
        assert lines[1] == (
            "It has been running for 40 min, and no run before it took longer than 30 min."
        )
        assert lines[-1].startswith(f"To end it  kill {os.getpid()}   ")
        assert max(map(len, lines)) <= 85


def test_an_overlap_says_what_the_other_run_waits_for(tmp_path):
    an_earlier_run(tmp_path, seconds=60)
    with campaign_lock(tmp_path, "soda"):
        held_since(tmp_path, 3600)
        note_waiting(tmp_path, "soda", "nothing has moved for 900 s: waiting for the image host")
        assert "It says: nothing has moved for 900 s" in str(overlap(tmp_path))
        note_waiting(tmp_path, "soda", "")
        assert "It says" not in str(overlap(tmp_path))


@pytest.mark.parametrize(("hours", "hangs"), [(3, False), (25, True)])
def test_a_first_run_counts_as_hanging_after_a_day(tmp_path, hours, hangs):
    with campaign_lock(tmp_path, "soda"):
        held_since(tmp_path, hours * 3600)
        assert isinstance(overlap(tmp_path), RunHangs) == hangs


def test_a_lock_that_an_older_version_wrote_is_understood(tmp_path):
    with campaign_lock(tmp_path, "soda"):
        (tmp_path / "soda" / ".lock").write_text("4711\n")
        assert str(overlap(tmp_path)) == (
            "another run of soda is alive (process 4711); nothing was sent.\n"
            "That run goes on, and `pipeline status` says when it is done"
        )
