"""A ledger that was deleted while its runs are still there is noticed before anything is sent."""

import shlex
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from builders import a_job, a_run

from pipeline.cli.main import main
from pipeline.ledger.memory.ledger import MemoryLedger
from pipeline.ledger.registry import open_ledger
from pipeline.model.campaign import Campaign, Stage, StageSettings
from pipeline.model.credits import Budget, Credits
from pipeline.model.outcome import Receipt
from pipeline.model.request import Quality
from pipeline.model.run import RunPaths
from pipeline.reports.run_manifest import RunFacts, write_manifest
from pipeline.reports.run_report import ReportScope, make_report

SODA = """\
campaign: soda
matrix: {product: [{id: citrus, name: Soda}], size: ['4:3']}
prompt: A product photo of {{ product.name }} on a wet table, soft light, centered framing.
"""
CAMPAIGN = Campaign(
    slug="soda",
    file="soda.yaml",
    sha256="cd" * 32,
    provider="gptimage",
    stages={Stage.DRAFT: StageSettings(quality=Quality.LOW)},
    budget=Budget(),
)
OLDER, NEWER = "2026-11-20T060000Z-aaaaaa", "2026-11-22T060000Z-bbbbbb"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "soda.yaml").write_text(SODA)
    (tmp_path / "output").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def left_behind(output, name, *, paid=True, account="gptimage@test"):
    """What a run leaves but its ledger."""
    run, job = a_run(name, campaign="soda", account=account), a_job(campaign="soda")
    ledger = MemoryLedger()
    await ledger.begin(run)
    if paid:
        permit = await ledger.submit(job, run=run, budget=Budget())
        await ledger.paid(permit, Receipt(url="https://cdn.test/1.png", credits=Credits(2)))
    account = await make_report(
        ledger,
        run=run,
        campaign=CAMPAIGN,
        budget=Budget(),
        scope=ReportScope(jobs=[job]),
        verdicts={},
        checks={},
    )
    facts = RunFacts(
        run=run,
        campaign=CAMPAIGN,
        stages=["draft"],
        started="2026-11-22T06:00:00Z",
        finished="",
        exit_code=None,
        arguments=[],
        versions={},
        git="",
    )
    paths = RunPaths(campaign="soda", run=name)
    write_manifest(output, paths, facts=facts, totals=account.totals, rows=account.rows)
    return output / paths.manifest


@pytest.mark.parametrize("mark", [True, False], ids=["mark kept", "mark gone"])
async def test_a_run_without_the_ledger_of_earlier_runs_sends_nothing(folder, capfd, mark):
    """All was planned anew, and a run ended with 74 at every file that was there already."""
    await left_behind(folder / "output", NEWER)
    if mark:
        (folder / "output" / "ledger.db.mark").write_text(f"{'ab' * 16} {7:020}\n")
    assert _in_thread("run", "soda.yaml") == 2
    err = capfd.readouterr().err
    place = Path("soda", "runs", NEWER, "manifest.json")
    assert "pipeline ledger import" in err
    assert str(place) in err
    assert "Nothing was sent." in err
    assert not (folder / "output" / "ledger.db").exists()
    words = next(line for line in err.splitlines() if "pipeline ledger import" in line)
    assert _in_thread(*shlex.split(words.partition("pipeline ")[2])) == 0


async def test_a_ledger_that_was_begun_for_another_campaign_hides_no_loss(folder, capfd):
    await left_behind(folder / "output", NEWER)
    await (await open_ledger(folder / "output")).close()
    assert _in_thread("run", "soda.yaml") == 2
    assert "pipeline ledger import" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("words", "code"), [(["plan", "soda.yaml"], 0), (["status"], 0), (["doctor"], 74)]
)
async def test_whoever_looks_hears_that_the_ledger_is_lost(folder, capfd, words, code):
    await left_behind(folder / "output", NEWER)
    assert _in_thread(*words) == code
    shown = capfd.readouterr()
    assert "pipeline ledger import" in shown.out + shown.err


async def test_a_trial_on_another_account_hides_no_loss_of_the_one_that_costs_money(folder, capfd):
    """Each account is rebuilt from a manifest of its own; neither stands for the other."""
    await left_behind(folder / "output", OLDER, account="gptimage@test")
    trial = await left_behind(folder / "output", NEWER, account="embedded")
    assert _in_thread("run", "soda.yaml") == 2
    assert capfd.readouterr().err.count("pipeline ledger import") == 2
    assert _in_thread("ledger", "import", str(trial)) == 0
    assert _in_thread("plan", "soda.yaml", "--provider", "gptimage") == 0
    err = capfd.readouterr().err
    assert OLDER in err
    assert NEWER not in err.partition("warning")[2]


async def test_a_run_in_which_nothing_was_paid_for_is_no_loss(folder, capfd):
    await left_behind(folder / "output", NEWER, paid=False)
    assert _in_thread("plan", "soda.yaml") == 0
    assert "ledger" not in capfd.readouterr().err


async def test_manifests_imported_in_any_order_count_every_credit_once(folder, capfd):
    """Oldest first, what the newer ones no longer listed was counted once more."""
    older = await left_behind(folder / "output", OLDER)
    newer = await left_behind(folder / "output", NEWER)
    assert _in_thread("ledger", "import", str(older)) == 2
    assert f"{NEWER}/manifest.json is newer" in capfd.readouterr().err
    for code, place in ((0, newer), (2, older), (0, newer)):
        assert _in_thread("ledger", "import", str(place)) == code
    capfd.readouterr()
    assert _in_thread("status") == 0
    assert capfd.readouterr().out.splitlines()[-1].split()[-1] == "2"


def _in_thread(*words):
    """A command has an event loop of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(main, words).result()
