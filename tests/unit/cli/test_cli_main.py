"""What the front door lets in, and how it tells what was not done."""

import json
import tempfile
from types import SimpleNamespace

import pytest

from pipeline.cli import main
from pipeline.errors import Declined


class Asking:
    """A command whose question was answered with no."""

    @staticmethod
    def add_arguments(parser):
        """Takes no words."""

    @staticmethod
    def run(_arguments):
        raise Declined("nothing was sent")


def test_who_answers_no_is_not_told_of_an_error(monkeypatch, capsys):
    listing = SimpleNamespace(name="finals", help="Render", load=lambda: Asking)
    monkeypatch.setattr(main, "find", lambda _name: listing)
    assert main.main(["finals"]) == 2
    assert capsys.readouterr().err == "nothing was sent\n"


def test_finals_of_drafts_are_refused_instead_of_silently_being_finals(capsys):
    assert main.main(["finals", "tea.yaml", "--stage", "draft", "--yes"]) == 2
    assert "there is no option --stage\n" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--log", "json"], ["--log=json"]], ids=["apart", "joined"])
def test_whoever_parses_the_log_died_of_an_error_in_plain_words_before_the_run_began(
    tmp_path, monkeypatch, capsys, words
):
    monkeypatch.chdir(tmp_path)  # where its lock goes
    file = tmp_path / "soda.yaml"
    file.write_text("campaign: soda\nprompt: A can.\nsizes: [1:1]\n")
    output = str(tmp_path / "output")
    assert main.main(["run", str(file), "--output", output, *words]) == 2
    [line] = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert (said["event"], said["exit_code"]) == ("error", 2)
    found = next(one for one in said["findings"] if one["path"] == "sizes")
    assert (found["file"], found["line"], found["severity"]) == (str(file), 3, "error")


def test_a_command_line_that_is_wrong_is_told_in_json_where_the_log_is_json(capsys):
    assert main.main(["run", "--log", "json", "--no-such-word", "tea.yaml"]) == 2
    assert "--no-such-word" in json.loads(capsys.readouterr().err)["message"]


def test_a_bug_is_told_in_json_where_the_log_is_json(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    broken = SimpleNamespace(add_arguments=lambda _parser: 1 / 0, run=None)
    monkeypatch.setattr(
        main, "find", lambda _name: SimpleNamespace(name="run", help="Run", load=lambda: broken)
    )
    assert main.main(["run", "tea.yaml", "--log", "json"]) == 1
    said = json.loads(capsys.readouterr().err)
    [trace] = tmp_path.iterdir()
    assert said["exit_code"] == 1
    assert str(trace) in said["message"]
    assert "ZeroDivisionError" in trace.read_text()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("plan", ["plan a run that spends at most", "5 instead of 0 if a run would buy"]),
        ("run", ["one JSON object per line", "5 instead of 0 if drafts wait"]),
    ],
)
def test_help_explains_an_option_without_pointing_elsewhere(capsys, command, words):
    with pytest.raises(SystemExit):
        main.main([command, "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert [word for word in words if word not in said] == []
