"""kill -9 of the real program, at instants that nobody chose."""

import random
import signal
import time
from functools import partial

import pytest
from crash.image_server import serving
from crash.workspace import Workspace, campaign, ended, kill, wait_until

SLOW = [{"fault": "delay", "seconds": 0.15}, {"fault": "delay", "on": "cdn", "seconds": 0.05}]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with serving(folder / "state", honours_keys=False, faults=SLOW) as opened:
        yield opened


def _moved_on(workspace, process, seen):
    return process.poll() is not None or len(workspace.charges()) > seen


def test_killed_five_times_while_it_resumes_it_loses_nothing_and_pays_nothing_twice(
    server, tmp_path
):
    workspace = Workspace(tmp_path / "workspace", server, campaign(16))
    chance = random.Random(5)  # noqa: S311 - repeatable on purpose, no secret
    for _ in range(5):
        before = len(workspace.charges())
        process = workspace.start("--concurrency", "2", "-q")
        wait_until(partial(_moved_on, workspace, process, before))
        time.sleep(chance.random() * 0.3)
        kill(process)
        assert workspace.in_bounds()
    last = workspace.run()
    assert last.code in {0, 6}, last.err
    totals = workspace.manifest()["totals"]
    assert totals["stored"] + totals["in_doubt"] == 16
    assert workspace.complaints() == []


@pytest.mark.parametrize("after", [0.05, 0.2, 0.4])
def test_killed_before_it_has_asked_for_anything_it_has_cost_nothing(server, tmp_path, after):
    workspace = Workspace(tmp_path / "workspace", server, campaign(2))
    process = workspace.start("-q")
    time.sleep(after)
    kill(process)
    assert not (workspace.output / "ledger.db").exists() or workspace.in_bounds()
    last = workspace.run()
    assert last.code in {0, 6}, last.err
    assert workspace.complaints() == []


def test_a_manifest_that_was_deleted_is_written_again_without_a_request(server, tmp_path):
    workspace = Workspace(tmp_path / "workspace", server, campaign(2))
    assert workspace.run().code == 0
    before, charges = workspace.manifest(), workspace.charges()
    for place in [
        *(workspace.output / "soda" / "runs").rglob("*"),
        workspace.output / "soda" / "latest",
    ]:
        if place.is_file() or place.is_symlink():
            place.unlink()
    assert workspace.run().code == 0
    assert workspace.manifest()["images"] == before["images"]
    assert workspace.charges() == charges


def test_a_frozen_process_goes_on_where_it_was_and_asks_for_nothing_twice(server, tmp_path):
    workspace = Workspace(tmp_path / "workspace", server, campaign(8))
    process = workspace.start("--concurrency", "2", "-q")
    wait_until(lambda: len(workspace.charges()) >= 3)
    process.send_signal(signal.SIGSTOP)
    time.sleep(1.0)
    asleep = len(workspace.charges())
    time.sleep(0.5)
    assert len(workspace.charges()) == asleep
    process.send_signal(signal.SIGCONT)
    assert ended(process).code == 0
    assert len(workspace.charges()) == 8
    assert workspace.complaints() == []


def test_what_a_dead_run_left_half_written_is_swept_away(server, tmp_path):
    workspace = Workspace(tmp_path / "workspace", server, campaign(2))
    assert workspace.run().code == 0
    assert workspace.run().code == 0
    for part in ("drafts/soda-0/1x1.png.part", "runs/gone/manifest.json.1-2.part"):
        place = workspace.output / "soda" / part
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"half")
    assert workspace.run().code == 0
    assert workspace.complaints() == []


def test_an_image_that_was_deleted_is_fetched_again_and_not_paid_again(server, tmp_path):
    workspace = Workspace(tmp_path / "workspace", server, campaign(3))
    for _ in range(3):
        assert workspace.run().code == 0
    workspace.images()[0].unlink()
    assert workspace.run().code == 0
    assert len(workspace.charges()) == 3
    assert workspace.complaints() == []


def test_a_deleted_image_gone_at_its_host_is_told_as_lost_and_not_paid_again(
    tmp_path,
):
    gone = [{"fault": "status", "status": 410, "on": "cdn", "skip": 3}]
    with serving(tmp_path / "state", honours_keys=False, faults=gone) as server:
        workspace = Workspace(tmp_path / "workspace", server, campaign(3))
        assert workspace.run().code == 0
        workspace.images()[0].unlink()
        for _ in range(3):
            end = workspace.run()
            assert end.code == 3, end.err
            totals = workspace.manifest()["totals"]
            assert (totals["stored"], totals["paid_lost"]) == (2, 1)
        assert "--rebuy-lost" in end.err
        assert len(workspace.charges()) == 3
        [complaint] = workspace.complaints()
        assert complaint.endswith("was charged and is paid_lost")


def test_a_stored_image_that_was_truncated_is_reported_and_fetched_again(server, tmp_path):
    workspace = Workspace(tmp_path / "workspace", server, campaign(3))
    for _ in range(3):
        assert workspace.run().code == 0
    changed = workspace.images()[0]
    with changed.open("r+b") as file:
        file.truncate(100)
    end = workspace.run()
    assert end.code == 74, end.err
    assert str(changed.relative_to(workspace.output)) in end.err
    changed.unlink()
    assert workspace.run().code == 0
    assert len(workspace.charges()) == 3
    assert workspace.complaints() == []
