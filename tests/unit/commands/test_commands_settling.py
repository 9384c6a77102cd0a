"""`resolve` and `verify` as the command line answers them."""

import asyncio
import json

import pytest
from builders import a_job, a_run

from pipeline.commands.cli import main
from pipeline.ledger.registry import open_ledger
from pipeline.model.credits import Budget

SODA = """\
campaign: soda
matrix: {product: [{id: citrus, name: Soda}], size: ['4:3']}
prompt: A product photo of {{ product.name }} on a wet table, soft light, centered framing.
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "soda.yaml").write_text(SODA)
    (tmp_path / "output").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def a_ledger(*jobs):
    """The jobs in doubt."""

    async def make():
        ledger, run = await open_ledger("output/ledger.db"), a_run(campaign="soda")
        await ledger.begin(run)
        for job in jobs:
            permit = await ledger.submit(job, run=run, budget=Budget())
            await ledger.doubt(permit, reason="reset")
        await ledger.close()

    asyncio.run(make())


@pytest.mark.usefixtures("folder")
def test_nothing_in_doubt_is_an_empty_list_for_other_programs(capfd):
    """It was no JSON at all."""
    a_ledger()
    assert main(["resolve", "soda.yaml", "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == []


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("answer", "step"),
    [
        ("--charged", "pipeline run soda.yaml --rebuy-lost --provider gptimage"),
        ("--not-charged", "pipeline run soda.yaml --provider gptimage"),
    ],
)
def test_the_next_step_of_an_answer_is_one_that_does_something(capfd, answer, step):
    """After `--charged` a plain run was named, which did nothing and ended with 3."""
    a_ledger(a_job(campaign="soda"))
    assert main(["resolve", "soda.yaml", answer, "--provider", "gptimage"]) == 0
    assert capfd.readouterr().err.splitlines()[-1].endswith(f"  {step}")


@pytest.mark.usefixtures("folder")
def test_a_file_that_is_not_there_is_not_taken_for_all_campaigns(capfd):
    """It verified everything and ended with 0."""
    a_ledger()
    assert main(["verify", "nofile.yaml"]) == 2
    assert "nofile.yaml" in capfd.readouterr().err
