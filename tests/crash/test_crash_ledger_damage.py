"""A ledger that was torn, flipped or taken away: refused in words, or whole; never bought on."""

import random
import shutil
import time

import pytest
from crash.image_server import serving
from crash.workspace import Workspace, campaign, kill, wait_until


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    slow = [{"fault": "delay", "seconds": 0.1}]
    with serving(folder / "state", honours_keys=False, faults=slow) as opened:
        yield opened


@pytest.fixture(scope="module")
def finished(server, tmp_path_factory):
    """A campaign with all its images, to be copied and damaged."""
    workspace = Workspace(tmp_path_factory.mktemp("finished") / "workspace", server, campaign(4))
    assert workspace.run().code == 0
    return workspace


@pytest.fixture(scope="module")
def killed(server, tmp_path_factory):
    """A campaign whose run was killed: its last payments are in the journal only."""
    workspace = Workspace(tmp_path_factory.mktemp("killed") / "workspace", server, campaign(6))
    process = workspace.start("--concurrency", "1")
    wait_until(lambda: len(workspace.charges()) >= 4)
    kill(process)
    time.sleep(0.5)  # what was in flight is charged now, or never
    assert (workspace.output / "ledger.db-wal").stat().st_size
    return workspace


def copy_of(workspace, place):
    """Copy a workspace, with what was charged for it."""
    shutil.copytree(workspace.folder, place, symlinks=True)
    copied = Workspace(place, workspace.server, workspace.file.read_text())
    copied.since = workspace.since
    return copied


def flip(file, seed, *, times=8):
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose, no secret
    content = bytearray(file.read_bytes())
    for _ in range(times):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content)


def assert_refused_or_whole(workspace):
    before = workspace.charges()
    end = workspace.run()
    assert "Traceback" not in end.err
    assert "bug" not in end.err
    if end.code == 74:
        assert "ledger" in end.err
        assert workspace.charges() == before
        return "refused"
    assert end.code in {0, 6}, end.err
    assert workspace.complaints() == []
    return "whole"


@pytest.mark.parametrize("share", [0.0, 0.5, 0.95])
def test_a_ledger_that_was_cut_short_is_refused_before_anything_is_sent(finished, tmp_path, share):
    workspace = copy_of(finished, tmp_path / "workspace")
    ledger = workspace.output / "ledger.db"
    content = ledger.read_bytes()
    ledger.write_bytes(content[: int(len(content) * share)])
    before = workspace.charges()
    end = workspace.run()
    assert end.code == 74, end.err
    assert str(ledger) in end.err
    assert workspace.charges() == before


@pytest.mark.parametrize("seed", range(3))
def test_flipped_bits_in_a_ledger_never_buy_anything_twice(finished, tmp_path, seed):
    workspace = copy_of(finished, tmp_path / "workspace")
    flip(workspace.output / "ledger.db", seed)
    assert_refused_or_whole(workspace)


@pytest.mark.parametrize("seed", range(3))
def test_a_journal_with_flipped_bits_never_buys_anything_twice(killed, tmp_path, seed):
    workspace = copy_of(killed, tmp_path / "workspace")
    flip(workspace.output / "ledger.db-wal", seed, times=3)
    assert_refused_or_whole(workspace)


@pytest.mark.parametrize("share", [0.4, 0.9])
def test_a_journal_that_was_torn_never_buys_anything_twice(killed, tmp_path, share):
    workspace = copy_of(killed, tmp_path / "workspace")
    journal = workspace.output / "ledger.db-wal"
    content = journal.read_bytes()
    journal.write_bytes(content[: int(len(content) * share)])
    # the last group may be one that was never acknowledged: without it the ledger is whole
    assert_refused_or_whole(workspace)


@pytest.mark.parametrize("emptied", [True, False])
def test_a_journal_that_is_gone_is_refused_before_anything_is_sent(killed, tmp_path, emptied):
    workspace = copy_of(killed, tmp_path / "workspace")
    journal = workspace.output / "ledger.db-wal"
    if emptied:
        journal.write_bytes(b"")
    else:
        journal.unlink()
    assert assert_refused_or_whole(workspace) == "refused"


def test_an_older_copy_of_the_ledger_is_refused_before_anything_is_sent(server, tmp_path):
    workspace = Workspace(tmp_path / "workspace", server, campaign(3))
    assert workspace.run("--only", "soda-0/*").code == 0
    older = (workspace.output / "ledger.db").read_bytes()
    assert workspace.run().code == 0
    (workspace.output / "ledger.db").write_bytes(older)
    assert assert_refused_or_whole(workspace) == "refused"
