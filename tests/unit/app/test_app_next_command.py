"""What is named as the next command does what was begun, on the same account."""

import shlex
from pathlib import Path

import pytest

from pipeline.app.options import CampaignOptions, next_step
from pipeline.cli.main import main

CAMPAIGN = """\
campaign: soda
matrix: {product: [{id: a, name: Soda}, {id: b, name: Cola}], size: ['1:1']}
prompt: A product photo of {{ product.name }} on a wet table, soft light, centered framing.
"""


def given(**flags):
    return CampaignOptions(campaign=Path("my soda.yaml"), **flags)


def test_a_file_with_a_space_in_its_name_is_one_word_of_the_next_command():
    assert next_step(given(), "approve", "*") == "pipeline approve 'my soda.yaml' '*'"


def test_the_next_command_never_falls_back_to_the_account_of_the_file():
    options = given(provider="gptimage", output=Path("/tmp/o"), only=("a/*",), max_credits=5)
    words = shlex.split(next_step(options, "run"))
    flags = ["--provider", "gptimage", "--output", "/tmp/o", "--only", "a/*", "--max-credits", "5"]
    assert words == ["pipeline", "run", "my soda.yaml", *flags]


def test_a_command_that_knows_no_choice_of_cells_is_not_given_one():
    options = given(provider="gptimage", only=("a/*",), max_credits=5)
    assert next_step(options, "approve", "a/1x1").split("'")[-1] == (" a/1x1 --provider gptimage")


@pytest.mark.parametrize("flags", [["--provider", "gptimage"], ["--only", "a/*"]])
def test_a_plan_with_flags_names_the_run_that_it_is_of(flags, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_text(CAMPAIGN)
    assert main(["plan", "c.yaml", *flags, "--output", "else where"]) == 0
    words = shlex.split(capfd.readouterr().out.splitlines()[-1])
    assert words[:4] == ["Next", "pipeline", "run", "c.yaml"]
    assert all(word in words for word in (*flags, "else where"))
