"""A bounded sample of the sweep; `python -m tests.crash --thorough` tries every step."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from crash import __main__ as sweeps
from crash import crash_points, run_under_test
from crash.__main__ import MODES
from crash.negative_controls import CONTROLS, CONTROLS_OF

from pipeline.images.local.part_file import PartFile

ROOT = Path(__file__).resolve().parents[2]


def sweep(*words, seconds=850):
    """Sweep in a process of its own: a test runner has threads, and a fork would lose them."""
    return subprocess.run(
        [sys.executable, "-m", "tests.crash", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def found_by(ended, title):
    """Return the points and the violations of all sweeps whose line begins like this."""
    lines = re.findall(rf"^{title}.*: (\d+) points.* (\d+) violations", ended.stdout, re.MULTILINE)
    return [(int(points), int(violations)) for points, violations in lines]


SWEPT = {"honoured": (1, 2, "import"), "ignored": (1, 1, "closing", "sealed", "batch")}
"""Runs, resumed runs, and others that a quick sweep tries in each mode."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("keys", SWEPT)
def test_a_run_that_dies_at_any_kind_of_step_loses_nothing_and_pays_nothing_twice(keys):
    ended = sweep("--quick", "--keys", keys, "--controls", "no")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    runs, resumed, *others = SWEPT[keys]
    swept = found_by(ended, "keys")
    assert len(swept) == runs + resumed + len(others)
    assert sum(points for points, _ in swept) > 40
    assert {violations for _, violations in swept} == {0}
    commands = found_by(ended, "command")
    assert len(commands) == (3 if keys == "ignored" else 0)
    assert all(points >= 4 and violations == 0 for points, violations in commands)


@pytest.mark.timeout(900)
def test_every_promise_that_is_broken_is_caught():
    ended = sweep("--quick", "--controls", "only")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    controls = found_by(ended, "negative control")
    assert len(controls) == len(CONTROLS) + len(CONTROLS_OF)
    assert all(violations > 0 for _, violations in controls)


@pytest.mark.parametrize("keys", MODES)
def test_a_whole_sweep_asks_no_server_for_keys_that_its_api_does_not_have(keys, monkeypatch):
    """The sweep with keys honoured ended at `sealed`: `serve --wire openai` refuses to start so."""
    swept = []
    monkeypatch.setattr(
        sweeps, "run_sweep", lambda *_, subject, **__: swept.append(subject.wire) or True
    )
    arguments = SimpleNamespace(quick=False)
    assert sweeps.run_others(arguments, keys, None, place=0)
    assert ("openai" in swept) == (not MODES[keys])
    assert swept.count("gptimage") >= 4


def test_a_step_that_was_renamed_is_no_longer_watched_in_silence():
    """The part file's `settle` became two steps, and the runs that should have ended there did not.

    Every name that the harness watches, replaces or waits for is looked up when it is used.
    """
    with pytest.raises(AttributeError, match="settle"):
        crash_points.step_name(PartFile, "settle")
    with pytest.raises(AttributeError, match="settle"):
        crash_points.replace(PartFile, "settle", None)
    with pytest.raises(LookupError, match=r"PartFile.write is not watched"):
        run_under_test.before(PartFile, "write")


@pytest.fixture
def asked_for(request):
    """Whole sweeps take a quarter of an hour: `pytest -m thorough` asks for them."""
    if "thorough" not in request.config.option.markexpr:
        pytest.skip("a whole sweep; ask with -m thorough")


@pytest.mark.thorough
@pytest.mark.usefixtures("asked_for")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("keys", ["honoured", "ignored"])
def test_a_run_that_dies_at_any_step_at_all_loses_nothing_and_pays_nothing_twice(keys):
    ended = sweep("--thorough", "--keys", keys, seconds=3600)
    assert ended.returncode == 0, ended.stdout + ended.stderr
