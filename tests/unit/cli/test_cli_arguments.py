"""The help of every command, and what is said of a command line that is wrong."""

import sys

import pytest
from test_cli_width import Terminal

from pipeline.cli.main import main
from pipeline.cli.registry import COMMANDS
from pipeline.cli.terminal import breadth

WRONG = {
    "run tea.yaml --stage drafts": "--stage: there is no 'drafts' (did you mean draft?); "
    "choose draft or final",
    "run tea.yaml --max-credit 5": "there is no option --max-credit (did you mean --max-credits?)",
    "run tea.yaml --max-credits many": "--max-credits: 'many' is not a whole number of credits",
    "ls tea.yaml citrus": "one argument too many: citrus",
    "schedule tea.yaml": "SCHEDULER is missing: kubernetes, github, slurm, systemd or cron",
    "schedule tea.yaml crontab": "SCHEDULER: there is no 'crontab' (did you mean cron?); "
    "choose kubernetes, github, slurm, systemd or cron",
    "ledger": "WHAT is missing: import, backup, restore or copy",
    "completion": "SHELL is missing: bash, zsh or tcsh",
    "approve tea.yaml": "GLOB is missing: names of cells, such as 'citrus/*'; * also matches /, "
    "or of flagged ad files: 'citrus/*@leaderboard'",
}


@pytest.mark.parametrize(("line", "words"), WRONG.items(), ids=WRONG)
def test_a_wrong_command_line_is_told_with_what_to_type(capsys, *, line, words):
    """argparse says "the following arguments are required: scheduler", and not what it can be."""
    assert main(line.split()) == 2
    told, usage, step = capsys.readouterr().err.splitlines()
    command = line.split()[0]
    assert told == f"error: {words}"
    assert usage.startswith(f"Usage  pipeline {command} ")
    assert step == f"Next  pipeline {command} --help"


@pytest.mark.parametrize("name", [entry.name for entry in COMMANDS])
def test_the_help_of_a_command_fits_and_looks_like_the_overview(monkeypatch, name):
    """It begins with what the command does, as the overview says it; headings are bold."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with monkeypatch.context() as here:
        here.setattr(sys, "stdout", Terminal())
        with pytest.raises(SystemExit, match="0"):
            main([name, "--help"])
        shown = sys.stdout.getvalue()
    lines = shown.splitlines()
    [about] = [entry.help for entry in COMMANDS if entry.name == name]
    assert lines[0].removesuffix(".") == about
    assert lines[2].startswith(f"\x1b[1mUsage\x1b[0m  pipeline {name}")
    assert "\x1b[1mOptions\x1b[0m" in lines
    assert "usage:" not in shown
    assert [line for line in lines if line.startswith("   ") and "\x1b" in line] == []
    assert "--verbose" not in shown  # it did nothing
    assert [line for line in lines if breadth(line) > 80] == []
