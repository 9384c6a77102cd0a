"""Whoever reads what a run says may stop reading, or never have been there: it goes on buying."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from crash.image_server import serving
from crash.workspace import Workspace, campaign, wait_until

JOBS = 60
SLOW = [{"fault": "delay", "seconds": 0.2}]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with serving(folder / "state", honours_keys=False, faults=SLOW) as opened:
        yield opened


@pytest.fixture
def stalled():
    """Both ends of a pipe that takes a page, and that nobody reads."""
    reading, writing = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    yield reading, writing
    os.close(reading)
    with contextlib.suppress(OSError):
        os.close(writing)


def start(workspace, *words, stderr, stdout=subprocess.DEVNULL):
    where = ["--output", str(workspace.output), "--concurrency", "8", "--yes"]
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline", "run", str(workspace.file), *where, *words],
        cwd=workspace.folder,
        env=workspace.environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
    )


def read_what_is_there(reading):
    os.set_blocking(reading, False)
    with contextlib.suppress(BlockingIOError):
        return os.read(reading, 1 << 20).decode()
    return ""


@pytest.mark.parametrize("words", [("--log", "json"), ()], ids=["json", "text"])
def test_a_reader_of_the_log_that_stops_stops_no_run(server, tmp_path, stalled, words):
    """`--log json` into a stalled reader blocked the event loop with paid images in flight."""
    reading, writing = stalled
    workspace = Workspace(tmp_path / "workspace", server, campaign(JOBS))
    process = start(workspace, *words, stderr=writing)
    assert process.wait(60) == 0
    assert len(workspace.charges()) == JOBS
    assert workspace.complaints() == []
    said = read_what_is_there(reading)
    if words:
        assert json.loads(said.splitlines()[0])["event"] == "start"
    log = workspace.output / "soda" / "latest" / "log.jsonl"
    events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    assert events.count("image") == JOBS
    assert events[-1] == "done"


def test_a_signal_ends_a_run_whose_log_nobody_reads(server, tmp_path, stalled):
    """Two SIGTERMs did nothing; after a kill, four paid images were in doubt."""
    _, writing = stalled
    workspace = Workspace(tmp_path / "workspace", server, campaign(JOBS))
    process = start(workspace, "--log", "json", stderr=writing)
    wait_until(lambda: len(workspace.charges(settled=False)) >= JOBS // 2)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 143
    assert workspace.manifest()["totals"]["in_doubt"] == 0
    assert workspace.in_bounds()


def test_a_terminal_that_stops_reading_stops_no_run(server, tmp_path):
    """The bar and the lines above it go to a terminal that is stuck, as a frozen ssh leaves one."""
    master, terminal = os.openpty()
    os.set_blocking(terminal, False)
    for _ in range(20):  # the kernel moves what was written on, and makes room once more
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(terminal, b"word " * 20)
        time.sleep(0.01)
    os.set_blocking(terminal, True)
    workspace = Workspace(tmp_path / "workspace", server, campaign(JOBS // 2))
    process = start(workspace, stderr=terminal)
    assert process.wait(60) == 0
    os.close(terminal)
    os.close(master)
    assert workspace.complaints() == []


CLOSED = 'exec "$@" 0<&- 1>&- 2>&-'


def test_a_daemon_that_closed_stdin_stdout_and_stderr_gets_its_pictures(server, tmp_path):
    """Every picture "could not be painted": files of the run had the numbers 0 to 2."""
    workspace = Workspace(tmp_path / "workspace", server, campaign(2))
    words = [sys.executable, "-m", "pipeline", "run", str(workspace.file)]
    words += ["--output", str(workspace.output), "--provider", "embedded"]
    ended = subprocess.run(
        ["/bin/sh", "-c", CLOSED, "sh", *words],
        cwd=workspace.folder,
        env=workspace.environment,
        check=False,
        timeout=90,
    )
    assert ended.returncode == 0
    assert workspace.manifest()["totals"]["stored"] == 2


def test_a_daemon_that_closed_them_may_serve(tmp_path):
    """So may the image server, whose database would have the number of stderr."""
    state = tmp_path / "state"
    words = [sys.executable, "-m", "pipeline", "serve", "--port", "0", "--cdn-port", "0"]
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'exec "$@" 0<&- 2>&-', "sh", *words, "--state", str(state)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    assert json.loads(process.stdout.readline())["url"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    process.stdout.close()


@pytest.mark.parametrize(("closed", "code"), [(True, 6), (False, 6)], ids=["closed", "full"])
def test_a_stdout_that_takes_nothing_leaves_the_exit_code_of_the_run(tmp_path, closed, code):
    """`run --json | head` of a run with a doubt ended with 0."""
    lost = [{"fault": "drop", "when": "after", "skip": 1, "times": 1}]
    with serving(tmp_path / "state", honours_keys=False, faults=lost) as server:
        workspace = Workspace(tmp_path / "workspace", server, campaign(2))
        reading, writing = os.pipe() if closed else (None, os.open("/dev/full", os.O_WRONLY))
        if closed:
            os.close(reading)
        with (tmp_path / "errors.txt").open("w") as errors:
            process = start(workspace, "--json", stderr=errors, stdout=writing)
            assert process.wait(60) == code
        os.close(writing)
        said = (tmp_path / "errors.txt").read_text()
        assert "Traceback" not in said
        assert "Exception ignored" not in said
        assert ("cannot print the run manifest: No space left" in said) == (not closed)


def test_a_result_that_a_full_disk_does_not_take_is_told(tmp_path):
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        words = [sys.executable, "-m", "pipeline", "schema"]
        ended = subprocess.run(
            words, stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path, check=False
        )
    assert ended.returncode == 74
    assert ended.stderr.startswith("error: No space left on device")
    assert len(ended.stderr.splitlines()) == 1
