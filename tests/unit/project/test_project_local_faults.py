"""What the operating system refuses ends every command with 74, wherever it was refused."""

import errno
import json
import os
from types import SimpleNamespace

import pytest

from pipeline.cli import main
from pipeline.errors import LocalFault, UsageError
from pipeline.system_errors import expected_error, expected_errors


def raising(error):
    """A command that raises this."""

    def run(_arguments):
        raise error

    command = SimpleNamespace(add_arguments=lambda _parser: None, run=run)
    return SimpleNamespace(name="approve", help="Approve", load=lambda: command)


def refused(number, name=None):
    return OSError(number, os.strerror(number), *([name] if name else []))


FULL = refused(errno.ENOSPC, "output/log.jsonl")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FULL, ["output/log.jsonl", "No space left", "Make room"]),
        (refused(errno.EMFILE), ["Too many open files", "ulimit -n"]),
        (refused(errno.EIO), ["Input/output error", "Repair the disk"]),
        (refused(errno.ENETUNREACH), ["unreachable", "Check the network"]),
        (RuntimeError("can't start new thread"), ["no further thread"]),
        (MemoryError(), ["out of memory"]),
        (ExceptionGroup("tasks", [FULL]), ["No space left"]),
        (ExceptionGroup("tasks", [UsageError("no"), LocalFault("the disk is gone")]), ["is gone"]),
        (ExceptionGroup("a", [ExceptionGroup("b", [FULL, FULL])]), ["No space left"]),
    ],
)
def test_what_the_system_refuses_ends_any_command_with_74(monkeypatch, capsys, error, words):
    """A full disk ended approve, reject and redo with an ExceptionGroup, and a run with a bug."""
    monkeypatch.setattr(main, "find", lambda _name: raising(error))
    assert main.main(["approve"]) == 74
    said = capsys.readouterr().err
    assert [word for word in words if word not in said] == []
    assert "bug" not in said
    assert "Traceback" not in said


def test_a_full_disk_is_told_in_json_where_the_log_is_json(monkeypatch, capsys):
    command = raising(FULL)
    command.load().add_arguments = lambda parser: parser.add_argument("--log")
    monkeypatch.setattr(main, "find", lambda _name: command)
    assert main.main(["run", "--log", "json"]) == 74
    said = json.loads(capsys.readouterr().err)
    assert (said["event"], said["exit_code"]) == ("error", 74)


@pytest.mark.parametrize(
    "error", [TypeError("x"), RuntimeError("x"), TimeoutError(), ExceptionGroup("t", [KeyError(1)])]
)
def test_a_bug_stays_a_bug(error):
    assert expected_error(error) is None
    assert expected_error(ExceptionGroup("tasks", [FULL, error])) is None


def test_a_bug_in_one_of_many_tasks_is_raised_by_itself():
    with pytest.raises(KeyError), expected_errors():
        raise ExceptionGroup("tasks", [ExceptionGroup("more", [KeyError("x")]), FULL])


def test_the_gravest_of_many_tasks_is_raised():
    with pytest.raises(LocalFault, match="No space left"), expected_errors():
        raise ExceptionGroup("tasks", [UsageError("somebody was faster"), FULL])
