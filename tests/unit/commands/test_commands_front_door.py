"""What the front door lets in, and how it tells what was not done."""

from types import SimpleNamespace

import pytest

from pipeline.commands import cli
from pipeline.commands.serve import tell_shortfall
from pipeline.engine import engines
from pipeline.engine.options import Engine
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
    monkeypatch.setattr(cli, "find", lambda _name: listing)
    assert cli.main(["finals"]) == 2
    assert capsys.readouterr().err == "nothing was sent\n"


def test_finals_of_drafts_are_refused_instead_of_silently_being_finals(capsys):
    assert cli.main(["finals", "tea.yaml", "--stage", "draft", "--yes"]) == 2
    assert "unrecognized arguments: --stage draft" in capsys.readouterr().err


@pytest.mark.parametrize("engine", [Engine.STUDIO, Engine.AUTO])
def test_a_server_that_cannot_trace_says_so_before_its_first_picture(monkeypatch, capsys, engine):
    monkeypatch.setattr(engines, "without_packages", lambda _names: "the extra is missing")
    tell_shortfall(engine)
    said = capsys.readouterr().err
    assert "warning: the extra is missing; proof paints all pictures instead" in said
    assert "pip install -e '.[studio]'" in said


def test_a_server_that_was_never_asked_to_trace_says_nothing_of_it(monkeypatch, capsys):
    monkeypatch.setattr(engines, "without_packages", lambda _names: "the extra is missing")
    tell_shortfall(Engine.PROOF)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("plan", ["plan for a run that may spend no more", "end with 5 where a run would buy"]),
        ("run", ["json: an object a line", "end with 5 where drafts wait"]),
    ],
)
def test_help_explains_an_option_without_pointing_elsewhere(capsys, command, words):
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert [word for word in words if word not in said] == []
