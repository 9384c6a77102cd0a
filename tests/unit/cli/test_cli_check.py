"""`check` and `plan` as the command line answers them: what is said where, and the exit code."""

import json

import pytest

from pipeline.cli.main import main

FINE = """\
campaign: soda
matrix: {product: [{id: a, name: Soda}], size: ['1:1']}
prompt: A product photo of {{ product.name }} on a wet table, soft light, centered framing.
"""
SUSPECT = FINE.replace(", soft light", "")
BROKEN = FINE.replace("prompt", "promt")


@pytest.fixture
def said(tmp_path, monkeypatch, capfd):
    """Run a command over files of these contents: exit code, stdout, stderr."""
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)

    def said(words, **files):
        for name, content in files.items():
            (tmp_path / f"{name}.yaml").write_text(content)
        code = main(words.split())
        shown = capfd.readouterr()
        return code, shown.out, shown.err

    return said


def test_a_file_without_a_finding_is_said_to_be_fine_and_quiet_says_nothing(said):
    assert said("check a.yaml", a=FINE) == (
        0,
        "",
        "1 file checked: 0 errors, 0 warnings. Nothing was sent.\n",
    )
    assert said("check a.yaml -q") == (0, "", "")


def test_a_warning_is_told_and_strict_makes_it_an_error(said):
    told = (
        "a.yaml:3:9: prompt: no lighting is named (soft daylight, rim light, …) (cell a/1x1)"
        "  [lint-light]\n"
    )
    assert said("check a.yaml -q", a=SUSPECT) == (0, f"warning: {told}", "")
    assert said("check a.yaml -q --strict") == (2, f"error: {told}", "")


def test_every_file_is_checked_even_after_a_broken_one(said):
    code, out, err = said("check a.yaml b.yaml", a=BROKEN, b=SUSPECT.replace("soda", "tonic", 1))
    assert code == 2
    assert [line.partition(": ")[2].partition(":")[0] for line in out.splitlines()] == [
        "a.yaml",
        "a.yaml",
        "b.yaml",
    ]
    assert err == "2 files checked: 2 errors, 1 warning. Nothing was sent.\n"


def test_findings_are_json_for_other_programs(said):
    code, out, _ = said("check a.yaml --json", a=BROKEN)
    assert code == 2
    assert [(one["line"], one["column"], one["code"]) for one in json.loads(out)] == [
        (1, 1, "missing"),
        (3, 1, "unknown-key"),
    ]


def test_every_valid_key_is_acted_on(said):
    """Some were valid, and came with a warning that this version did not act on them."""
    code, out, _ = said(
        "check a.yaml -q",
        a=FINE + "providers: {embedded: {edits: /v1/edits, model: gpt-image-2}}\n",
    )
    assert (code, out) == (0, "")


def test_a_plan_with_work_ends_with_five_where_that_is_asked(said):
    code, out, _ = said("plan a.yaml --detailed-exitcode", a=FINE)
    assert code == 5
    assert out.splitlines()[-1].startswith("Next  pipeline run a.yaml --plan ")
    assert "\x1b" not in out


def test_a_plan_says_its_warnings_before_what_comes_next_and_on_stderr(said):
    code, out, err = said("plan a.yaml", a=SUSPECT)
    assert code == 0
    assert err == (
        "\nwarning: a.yaml:3:9: prompt: no lighting is named (soft daylight, rim light, …) "
        "(cell a/1x1)\n"
    )
    assert "Nothing was sent." in out


def test_a_plan_that_the_budget_does_not_cover_says_how_much_is_short(said):
    budget = "budget: {run: 1}\nprovider: gptimage\n"
    _, out, _ = said("plan a.yaml", a=FINE + budget)
    assert "  Budget   1 of 1 credit left for the run, enough for 0 of 1 image\n" in out


@pytest.mark.parametrize("change", [("centered", "close-up"), ("name: Soda", "name: Cola")])
def test_a_plan_is_not_run_once_anything_has_changed(said, change):
    _, out, _ = said("plan a.yaml", a=FINE)
    plan = out.split()[-1]
    code, _, err = said(f"run a.yaml --plan {plan}", a=FINE.replace(*change))
    assert code == 2
    assert plan in err
