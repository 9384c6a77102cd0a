"""What each command says, and which of its words it takes."""

import json
import unicodedata
from pathlib import Path

import pytest

from pipeline.cli.main import main
from pipeline.cli.run_console import TerminalConsole

SODA = """\
campaign: soda
matrix: {product: [{id: citrus, name: Soda}], size: ['4:3']}
prompt: A product photo of {{ product.name }} on a wet table, soft light, centered framing.
"""
NEXT = "Next  pipeline run soda.yaml"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "soda.yaml").write_text(SODA)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def help_of(name, capsys):
    with pytest.raises(SystemExit):
        main([name, "--help"])
    return capsys.readouterr().out


def test_the_list_of_commands_fits_80_columns(capsys):
    assert main([]) == 0
    assert [line for line in capsys.readouterr().out.splitlines() if len(line) > 80] == []


def test_help_takes_the_name_of_a_command(capsys):
    with pytest.raises(SystemExit):
        main(["help", "run"])
    assert capsys.readouterr().out == help_of("run", capsys)
    assert main(["help", "rum"]) == 2
    assert "did you mean run" in capsys.readouterr().err


def test_a_missing_argument_is_told_with_the_way_to_the_help(capsys):
    assert main(["run"]) == 2
    assert capsys.readouterr().err == (
        "error: FILE is missing: the campaign file (YAML)\n"
        "Usage  pipeline run FILE [OPTIONS]\n"
        "Next  pipeline run --help\n"
    )


@pytest.mark.usefixtures("folder")
def test_cells_may_follow_an_option(capfd):
    """`resolve FILE --provider X GLOB` was refused: "unrecognized arguments"."""
    assert main(["run", "soda.yaml", "-q"]) == 0
    capfd.readouterr()
    assert main(["resolve", "soda.yaml", "--provider", "embedded", "citrus/*"]) == 0
    assert capfd.readouterr().err == "nothing is in doubt or lost\n"
    assert main(["resolve", "soda.yaml", "--provider", "embedded", "citrus/*", "more"]) == 2
    assert "one argument too many: more\n" in capfd.readouterr().err


@pytest.mark.usefixtures("folder")
def test_a_campaign_that_tells_nobody_has_no_samples_to_send(capfd):
    """`notify --test` ended as a bug: its table had no row."""
    assert main(["notify", "soda.yaml", "--test"]) == 0
    assert capfd.readouterr() == ("", "The campaign has no notify: nobody is told.\n")


@pytest.mark.usefixtures("folder")
def test_a_quiet_plan_is_made_and_not_printed(capfd):
    """`plan -q` printed the whole plan."""
    assert main(["plan", "soda.yaml", "-q", "--detailed-exitcode"]) == 5
    assert capfd.readouterr() == ("", "")
    [saved] = Path("output/soda/plans").iterdir()
    assert main(["run", "soda.yaml", "-q", "--plan", saved.stem]) == 0


@pytest.mark.usefixtures("folder")
def test_the_time_in_a_plan_is_of_the_account_that_it_is_for(capfd):
    """After a trial offline, a plan for the real API promised the embedded server's speed."""
    assert main(["run", "soda.yaml", "-q"]) == 0
    assert main(["redo", "soda.yaml", "*", "-q"]) == 0
    assert main(["plan", "soda.yaml"]) == 0
    assert "Time" in capfd.readouterr().out
    assert main(["plan", "soda.yaml", "--provider", "gptimage"]) == 0
    assert "Time" not in capfd.readouterr().out


@pytest.mark.usefixtures("folder")
def test_a_budget_on_play_credits_is_not_ignored_silently(capfd):
    """Who tried `--max-credits` offline saw nothing happen."""
    assert main(["run", "soda.yaml", "--max-credits", "1"]) == 0
    assert "play credits, which --max-credits does not limit" in capfd.readouterr().err


@pytest.mark.usefixtures("folder")
def test_a_json_log_has_the_warnings_too(capfd):
    """A budget that pays for a part of the work was said to people only."""
    assert main(["run", "soda.yaml", "--max-credits", "1", "--log", "json"]) == 0
    events = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    told = [event["message"] for event in events if event["event"] == "warning"]
    assert told == ["play credits, which --max-credits does not limit"]


def test_whatever_a_run_tells_is_json_where_the_log_is_json(capfd):
    console = TerminalConsole(log_json=True, ask_above={}, watcher=None)
    console.warn("the run budget of 1 credit pays for 0 of 1 image; the run stops there")
    console.note("SIGTERM: finishing 2 images")
    warning, note = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert (warning["event"], note["event"]) == ("warning", "note")
    assert warning["message"].startswith("the run budget of 1 credit")


@pytest.mark.usefixtures("folder")
def test_an_accent_typed_in_its_other_form_names_the_same_cell_and_round(capfd):
    """`explain` found the cell, but showed round 1, since the ledger has the campaign's form."""
    one, two = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    Path("soda.yaml").write_text(SODA.replace("citrus", one), encoding="utf-8")
    assert main(["run", "soda.yaml", "-q"]) == 0
    assert main(["redo", "soda.yaml", f"{two}/4x3", "--note", "darker"]) == 0
    capfd.readouterr()
    for name in (f"{one}/4x3", f"{two}/4x3"):
        assert main(["explain", "soda.yaml", name]) == 0
        assert "round 2" in capfd.readouterr().out


@pytest.mark.usefixtures("folder")
def test_a_run_that_stopped_in_time_is_not_journaled_as_a_budget(capfd):
    """Both end with 4, and the log went by the exit code."""
    assert main(["run", "soda.yaml", "-q", "--stop-after", "0s"]) == 4
    log = Path("output/soda/latest/log.jsonl").read_text()
    events = [json.loads(line) for line in log.splitlines()]
    assert "budget" not in {event["event"] for event in events}
    assert any("the 0 s of --stop-after" in event.get("reason", "") for event in events)


@pytest.mark.parametrize(
    ("words", "choices"),
    [
        (
            ["run", "soda.yaml", "--stage", "finals"],
            "(did you mean final?); choose draft or final\n",
        ),
        (["ls", "soda.yaml", "--status", "lost"], "; choose planned, rendering, ordered, "),
    ],
    ids=["run", "ls"],
)
def test_a_wrong_choice_names_the_right_ones(capsys, words, choices):
    """They were named as Python shows an enumeration: <Stage.DRAFT: 'draft'>."""
    assert main(words) == 2
    assert choices in capsys.readouterr().err


VERDICTS = [
    ("approve", ["--take", "1"], f"1 cell approved\n{NEXT}"),
    ("redo", ["--note", "warmer"], f"1 cell to be rendered again\n{NEXT} --stage draft"),
    ("reject", ["--note", "blurred"], "1 cell rejected: no finals are made"),
    ("undecide", [], "1 cell without a verdict"),
]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("name", "words", "said"), VERDICTS, ids=[one[0] for one in VERDICTS])
def test_a_verdict_says_what_it_did_and_what_follows(capfd, name, words, said):
    assert main(["run", "soda.yaml", "-q"]) == 0
    assert main([name, "soda.yaml", "citrus/*", *words, "--json"]) == 0
    told = capfd.readouterr()
    lines = said.splitlines()
    assert told.err.splitlines()[-len(lines) :] == lines
    [row] = json.loads(told.out)
    assert row["cell"] == "citrus/4x3"


def test_only_an_approval_chooses_a_take(capsys):
    assert main(["reject", "soda.yaml", "*", "--take", "1"]) == 2
    assert "error: there is no option --take" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_status_on_a_narrow_terminal_has_a_line_for_each_account(capsys, monkeypatch):
    """The name of an API's account is a URL: every row of the table was broken by the terminal."""
    assert main(["run", "soda.yaml", "-q"]) == 0
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("pipeline.cli.commands.status.is_terminal", lambda _stream: True)
    assert main(["status"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("soda  20")
    assert first.endswith("done  1 to review")
    assert second == "  embedded  1 stored  2 credits"
