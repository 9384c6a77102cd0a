"""A bounded sample of the sweep over system calls; `python -m tests.crash --syscalls` is 400."""

import re

import pytest
from crash.syscalls import FAULTS, Fault, cannot_trace, points
from crash.test_crash_points import sweep


@pytest.mark.timeout(600)
def test_whatever_system_call_fails_no_command_ends_with_a_bug_hangs_or_loses_money():
    if why := cannot_trace():
        pytest.skip(why)
    ended = sweep("--syscalls", "--most", "20")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    if ended.stdout.startswith("skipped"):
        pytest.skip(ended.stdout)
    found = re.search(r"^system calls: (\d+) points, 0 violations", ended.stdout, re.MULTILINE)
    assert int(found[1]) >= 16


def test_the_points_of_a_sweep_are_spread_over_kinds_errors_and_calls():
    found = points("run", dict.fromkeys(FAULTS, 50), most=100)
    assert len(found) > 80
    assert {(fault.kind, fault.error) for fault in found} == {
        (kind, error) for kind, errors in FAULTS.items() for error in errors
    }
    assert {fault.nth for fault in found} >= {1, 50}
    assert any(fault.lasting for fault in found)
    few = points("run", dict.fromkeys(FAULTS, 50), most=5)
    assert len(few) == 5


def test_a_fault_is_said_as_strace_is_told_it():
    fault = Fault(command="run", kind="clone", error="EAGAIN", nth=3, lasting=True)
    assert str(fault) == "run: clone 3+ EAGAIN"
    assert fault.strace == "inject=clone,clone3:error=EAGAIN:when=3+"
