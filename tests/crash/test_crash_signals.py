"""SIGINT and SIGTERM at every phase of a run: the state is good, and the next run finishes it."""

import json
import signal
import time

import pytest
from crash.image_server import serving
from crash.workspace import Workspace, campaign, ended, ignoring, wait_until

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}

BOTH_STAGES = campaign(3).replace("review: none}", "review: auto}\n  final: {quality: low}")
PHASES = 7


SLOW = [{"fault": "delay", "seconds": 0.3}, {"fault": "delay", "on": "cdn", "seconds": 0.3}]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with serving(folder / "state", honours_keys=False, faults=SLOW) as opened:
        yield opened


@pytest.fixture(scope="module")
def proof_server(tmp_path_factory):
    """A server whose pictures pass the checks, so that finals follow."""
    folder, engine = tmp_path_factory.mktemp("proof_server"), ("--engine", "proof")
    with serving(folder / "state", honours_keys=False, faults=SLOW, more=engine) as opened:
        yield opened


def finish_and_audit(workspace):
    """Check that the next run finishes the campaign and that everything adds up."""
    last = workspace.run("-q")
    assert last.code in {0, 6}, last.err
    assert workspace.complaints() == []


@pytest.mark.parametrize(
    ("which", "jobs_paid"),
    [(signal.SIGINT, 0), (signal.SIGTERM, 1), (signal.SIGINT, 4), (signal.SIGTERM, 4)],
)
def test_a_first_signal_lets_what_is_in_flight_arrive_and_buys_nothing_more(
    server, tmp_path, which, jobs_paid
):
    workspace = Workspace(tmp_path / "workspace", server, campaign(8))
    process = workspace.start("--concurrency", "2")
    if jobs_paid:
        wait_until(lambda: len(workspace.charges()) >= jobs_paid)
    else:
        wait_until((workspace.output / "soda" / "latest").exists)
    process.send_signal(which)
    end = ended(process)
    assert end.code == CODES[which], end.err
    assert "Traceback" not in end.err
    account = workspace.manifest()
    assert account["run"]["exit_code"] == CODES[which]
    assert account["totals"]["in_doubt"] == 0
    assert account["totals"]["stored"] == len(workspace.charges()) < 8
    finish_and_audit(workspace)


def test_a_second_signal_does_not_wait_and_says_what_is_in_doubt(tmp_path):
    slow = [{"fault": "delay", "seconds": 6.0, "skip": 1}]
    with serving(tmp_path / "state", honours_keys=False, faults=slow) as server:
        workspace = Workspace(tmp_path / "workspace", server, campaign(4))
        process = workspace.start("--concurrency", "2")
        wait_until(lambda: len(workspace.charges()) == 1)
        time.sleep(1.0)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        end = ended(process)
        assert time.monotonic() - began < 5
        assert end.code == 143, end.err
        assert "Traceback" not in end.err
        assert workspace.manifest()["totals"]["in_doubt"] == 2
        finish_and_audit(workspace)


@pytest.mark.parametrize(
    ("which", "after"),
    [(signal.SIGTERM, 0.03), (signal.SIGINT, 0.0), (signal.SIGTERM, 0.3), (signal.SIGINT, 0.15)],
)
def test_a_signal_before_anything_was_asked_for_ends_it_without_a_trace(
    server, tmp_path, which, after
):
    workspace = Workspace(tmp_path / "workspace", server, campaign(2))
    process = workspace.start()
    if which is signal.SIGINT:  # earlier it is Python, still starting, that this one interrupts
        wait_until((workspace.output / "soda" / ".lock").exists)
    time.sleep(after)
    process.send_signal(which)
    end = ended(process)
    assert end.code in {CODES[which], -which}, end.err
    assert "bug" not in end.err
    finish_and_audit(workspace)


def test_a_run_that_was_started_with_sigint_ignored_leaves_it_ignored(server, tmp_path):
    """A Ctrl-C meant for a script ended the run that the script had put into the background.

    The run took the signal back from the shell, but only once it had begun; SIGTERM still ends it.
    """
    workspace = Workspace(tmp_path / "workspace", server, campaign(8))
    process = workspace.start("--concurrency", "2", program=ignoring("INT"))
    wait_until(lambda: len(workspace.charges()) >= 1)
    process.send_signal(signal.SIGINT)
    wait_until(lambda: len(workspace.charges()) >= 4)
    process.send_signal(signal.SIGTERM)
    end = ended(process)
    assert end.code == 143, end.err
    assert "SIGINT" not in end.err
    assert 4 <= workspace.manifest()["totals"]["stored"] == len(workspace.charges()) < 8
    finish_and_audit(workspace)


@pytest.fixture(scope="module")
def undisturbed(proof_server, tmp_path_factory):
    """Seconds from the first sign of a run to its end, drafts, checks, finals and all."""
    workspace = Workspace(
        tmp_path_factory.mktemp("undisturbed") / "workspace", proof_server, BOTH_STAGES
    )
    process = workspace.start("--concurrency", "2")
    wait_until((workspace.output / "soda" / ".lock").exists)
    began = time.monotonic()
    assert ended(process).code == 0
    assert workspace.manifest()["totals"]["stored"] == 6
    return time.monotonic() - began


@pytest.mark.parametrize("phase", range(PHASES))
def test_an_interrupt_in_any_phase_leaves_a_state_from_which_the_next_run_ends(
    proof_server, tmp_path, undisturbed, phase
):
    workspace = Workspace(tmp_path / "workspace", proof_server, BOTH_STAGES)
    process = workspace.start("--concurrency", "2")
    wait_until((workspace.output / "soda" / ".lock").exists)
    time.sleep(undisturbed * phase / PHASES)
    process.send_signal(signal.SIGINT)
    end = ended(process)
    assert end.code in {0, 130, -signal.SIGINT}, end.err
    assert "bug" not in end.err
    assert workspace.in_bounds()
    finish_and_audit(workspace)
    totals = workspace.manifest()["totals"]
    assert totals["stored"] == len(workspace.charges()) == 6
    assert totals["in_doubt"] == 0


def test_a_journal_of_an_interrupted_run_is_lines_of_json(server, tmp_path):
    workspace = Workspace(tmp_path / "workspace", server, campaign(6))
    process = workspace.start("--concurrency", "2", "-q")
    wait_until(lambda: len(workspace.charges()) >= 2)
    process.send_signal(signal.SIGINT)
    ended(process)
    [journal] = (workspace.output / "soda" / "runs").glob("*/*.jsonl")
    events = [json.loads(line)["event"] for line in journal.read_text().splitlines()]
    assert events[0] == "start"
    assert events[-1] == "done"
