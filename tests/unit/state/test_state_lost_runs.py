"""A ledger that was deleted while its runs are still there is noticed before anything is sent."""

import json
import shlex
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from builders import a_job, a_run

from pipeline.cli.main import main
from pipeline.ledger.memory.ledger import MemoryLedger
from pipeline.ledger.registry import open_ledger
from pipeline.model.campaign import Campaign, StageSettings
from pipeline.model.money import Amount, Budget
from pipeline.model.names import Stage
from pipeline.model.outcome import Receipt
from pipeline.model.providers.request import Quality
from pipeline.model.run import RunPaths
from pipeline.reports.run_manifest import RunFacts, write_manifest
from pipeline.reports.run_report import ReportScope, make_report
from pipeline.state.output.folder import point_latest
from pipeline.state.output.lock import campaign_lock
from pipeline.state.output.run_folders import manifest_heads

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


async def left_behind(output, name, *, paid=True, account="gptimage@test", ledger=None):
    """What a run leaves but its ledger."""
    run, job = a_run(name, campaign="soda", account=account), a_job(campaign="soda")
    ledger = ledger or MemoryLedger()
    await ledger.begin(run)
    if paid:
        permit = await ledger.submit(job, run=run, budget=Budget())
        await ledger.paid(permit, Receipt(url="https://cdn.test/1.png", amount=Amount(2)))
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
        number=(await ledger.known_runs([run.id]))[run.id].number,
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
    assert _in_thread(*mending(err)) == 0


async def test_a_ledger_that_was_begun_for_another_campaign_hides_no_loss(folder, capfd):
    await left_behind(folder / "output", NEWER)
    await (await open_ledger(folder / "output")).close()
    assert _in_thread("run", "soda.yaml") == 2
    assert "pipeline ledger import" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["plan", "soda.yaml"], 0),
        (["status"], 0),
        (["ls", "soda.yaml"], 0),
        (["verify"], 2),
        (["resolve", "soda.yaml"], 2),
        (["sheet", "soda.yaml"], 2),
        (["doctor"], 74),
    ],
    ids=lambda words: words[0] if isinstance(words, list) else "",
)
async def test_whoever_looks_hears_that_the_ledger_is_lost(folder, capfd, words, code):
    """`ls` said "no matching images", `verify` and others "nothing has been rendered there"."""
    await left_behind(folder / "output", NEWER)
    assert _in_thread(*words) == code
    shown = capfd.readouterr()
    assert "pipeline ledger import" in shown.out + shown.err


async def test_the_message_says_what_is_lost_what_it_cost_and_what_to_type(folder, capfd):
    place = await left_behind(folder / "output", NEWER)
    assert _in_thread("run", "soda.yaml") == 2
    folder = folder / "output"
    head, again, named, *ways, end = capfd.readouterr().err.splitlines()
    assert head.startswith(f"error: the ledger of {folder} is missing: the folder has no ledger.db")
    assert "but 1 run of soda, which cost " in head
    assert "0 in doubt" not in head
    assert again == "A new run would buy its images again."
    assert named.strip() == str(place)
    assert ways == [
        f"Next  pipeline ledger import {folder / 'soda'} --output {folder}",
        f"or, to pay for them again, move {folder / 'soda'} away",
    ]
    assert end == "Nothing was sent."


async def test_an_import_that_brings_nothing_and_one_of_no_manifest_say_so(folder, capfd):
    await left_behind(folder / "output", NEWER)
    words = ["ledger", "import", str(folder / "output" / "soda")]
    assert _in_thread(*words) == 0
    assert _in_thread(*words) == 0
    (folder / "list.json").write_text("[]")
    assert _in_thread("ledger", "import", "list.json") == 2
    first, second, third = capfd.readouterr().err.splitlines()[-3:]
    assert "imported from" in first
    assert second.startswith("the ledger knows all of")
    assert third == "error: list.json is not a run manifest: it names no campaign"


async def test_a_trial_on_another_account_hides_no_loss_of_the_one_that_costs_money(folder, capfd):
    """Neither account stands for the other; one command brings both."""
    await left_behind(folder / "output", OLDER, account="gptimage@test")
    trial = await left_behind(folder / "output", NEWER, account="embedded")
    assert _in_thread("run", "soda.yaml") == 2
    words = mending(capfd.readouterr().err)
    alone = folder / "manifest.json"
    shutil.copy(trial, alone)
    assert _in_thread("ledger", "import", str(alone)) == 0
    assert _in_thread("plan", "soda.yaml", "--provider", "gptimage") == 0
    err = capfd.readouterr().err
    assert OLDER in err
    assert NEWER not in err.partition("warning")[2]
    assert mending(err) == words
    assert _in_thread(*words) == 0
    assert _in_thread("plan", "soda.yaml", "--provider", "gptimage") == 0
    assert "older" not in capfd.readouterr().err


async def test_a_run_in_which_nothing_was_paid_for_is_no_loss(folder, capfd):
    await left_behind(folder / "output", NEWER, paid=False)
    assert _in_thread("plan", "soda.yaml") == 0
    assert "ledger" not in capfd.readouterr().err


async def test_manifests_imported_in_any_order_count_every_credit_once(folder, capfd):
    """Oldest first, what the newer ones no longer listed was counted once more."""
    ledger = MemoryLedger()
    older = await left_behind(folder / "output", OLDER, ledger=ledger)
    newer = await left_behind(folder / "output", NEWER, ledger=ledger, paid=False)
    assert _in_thread("ledger", "import", str(older)) == 2
    assert f"{NEWER}/manifest.json is newer" in capfd.readouterr().err
    for code, place in ((0, newer), (2, older), (0, newer)):
        assert _in_thread("ledger", "import", str(place)) == code
    capfd.readouterr()
    assert _in_thread("status") == 0
    assert capfd.readouterr().out.splitlines()[-1].split()[-1] == "2"


def mending(err):
    """Return the words of the one command that is offered."""
    (line,) = (line for line in err.splitlines() if "pipeline ledger import" in line)
    return shlex.split(line.partition("pipeline ")[2])


def _in_thread(*words):
    """A command has an event loop of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(main, words).result()


async def test_an_import_waits_for_no_run_and_writes_beside_none(folder, capfd):
    """It wrote without the campaign's lock, into the ledger that a run was buying on."""
    await left_behind(folder / "output", NEWER)
    with campaign_lock(folder / "output", "soda"):
        assert _in_thread("ledger", "import", "output/soda") == 75
    assert not (folder / "output" / "ledger.db").exists()
    assert _in_thread("ledger", "import", "output/soda") == 0


@pytest.mark.parametrize(
    "what", ["output/soda", "output/soda/runs", "output/soda/runs/NEWER/manifest.json"]
)
async def test_a_campaign_is_imported_by_its_folder_its_runs_or_its_newest_manifest(folder, what):
    ledger = MemoryLedger()
    await left_behind(folder / "output", OLDER, ledger=ledger)
    await left_behind(folder / "output", NEWER, ledger=ledger, paid=False)
    assert _in_thread("ledger", "import", what.replace("NEWER", NEWER)) == 0
    opened = await open_ledger(folder / "output")
    assert [run.id for run in await opened.runs()] == [NEWER, OLDER]
    assert [run.number for run in await opened.runs()] == [2, 1]
    await opened.close()


@pytest.mark.parametrize(
    ("what", "complaint"),
    [
        ("output", "has no run manifests"),
        ("soda.yaml", "is not JSON"),
        ("gone.json", "cannot read"),
        ("other.json", "names no campaign"),
    ],
)
async def test_what_is_no_run_manifest_is_said_to_be_none(folder, capfd, what, complaint):
    (folder / "other.json").write_text('{"run": {"campaign": "../soda"}}')
    assert _in_thread("ledger", "import", what) == 2
    assert complaint in capfd.readouterr().err


async def test_runs_without_a_number_are_ordered_by_latest_and_by_what_was_spent(folder):
    """A manifest of an earlier version tells no number, and its date may be of a wrong clock."""
    ledger = MemoryLedger()
    for name, paid in (("2027-01-01T000000Z-cccccc", True), (OLDER, False), (NEWER, False)):
        place = await left_behind(folder / "output", name, ledger=ledger, paid=paid)
        place.write_text(place.read_text().replace('  "number": ', '  "nothing": '))
    point_latest(folder / "output", RunPaths(campaign="soda", run=OLDER))
    order = [head.run for head in manifest_heads(folder / "output", "soda")]
    assert order[-1] == OLDER


async def test_a_killed_run_of_an_earlier_version_is_mended_by_the_import_too(folder, capfd):
    """Its purchases are restored under the newest run, and it seemed to lack them for ever."""
    ledger = MemoryLedger()
    for name, paid in ((OLDER, True), (NEWER, False)):
        place = await left_behind(folder / "output", name, ledger=ledger, paid=paid)
        content = json.loads(place.read_text())
        del content["runs"], content["earlier_verdicts"], content["run"]["number"]
        for image in content["images"]:
            del image["runs"]
        place.write_text(as_written(content))
    assert _in_thread("run", "soda.yaml") == 2
    assert _in_thread(*mending(capfd.readouterr().err)) == 0
    assert _in_thread("plan", "soda.yaml") == 0
    assert "older" not in capfd.readouterr().err


def as_written(content):
    """Return a run manifest in the form in which it is written: the images come last."""
    images = content.pop("images")
    head = json.dumps(content | {"images": []}, indent=1).rpartition("]")[0]
    return head + ",".join(f"\n  {json.dumps(image)}" for image in images) + "\n ]\n}\n"
