import fcntl
import os
import subprocess
import sys
import time

import pytest

from pipeline.errors import LocalFault, LockHeld
from pipeline.state.output.lock import campaign_lock, run_is_alive

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
