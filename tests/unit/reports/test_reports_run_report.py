"""The account of many images: drawn up in batches, written image by image, and still one JSON."""

import csv
import json

import pytest
from builders import a_job, a_run

from pipeline.ledger.memory.ledger import MemoryLedger
from pipeline.model.campaign import Campaign, StageSettings
from pipeline.model.money import Amount, Budget
from pipeline.model.names import Stage
from pipeline.model.outcome import Receipt, Status
from pipeline.model.providers.request import Quality
from pipeline.model.run import RunPaths
from pipeline.reports import image_rows, run_report
from pipeline.reports.run_manifest import RunFacts, manifest_text, write_manifest
from pipeline.reports.run_report import NAMED, ReportScope, make_report

JOBS = [a_job(f"citrus/{number}", prompt=f"=sum(1+{number}), größer") for number in range(7)]
CAMPAIGN = Campaign(
    slug="citrus-soda",
    file="citrus-soda.yaml",
    sha256="cd" * 32,
    provider="gptimage",
    stages={Stage.DRAFT: StageSettings(quality=Quality.LOW)},
    budget=Budget(),
    tags={"client": "sunburst"},
)
FACTS = RunFacts(
    run=a_run(),
    campaign=CAMPAIGN,
    stages=["draft"],
    started="2026-11-22T06:00:00Z",
    finished="",
    exit_code=None,
    arguments=[],
    versions={},
    git="",
)


class Asked(MemoryLedger):
    """Remembers how many jobs it was asked about at a time."""

    def __init__(self):
        super().__init__()
        self.most = 0

    async def entries(self, keys):
        self.most = max(self.most, len(keys))
        return await super().entries(keys)

    async def attempts(self, keys):
        self.most = max(self.most, len(keys))
        return await super().attempts(keys)


@pytest.fixture
async def ledger():
    kept = Asked()
    await kept.begin(a_run())
    permit = await kept.submit(JOBS[0], run=a_run(), budget=Budget())
    await kept.paid(permit, Receipt(url="https://cdn.test/1.png", amount=Amount(2)))
    return kept


async def account_of(ledger, jobs, **how):
    return await make_report(
        ledger,
        run=a_run(),
        campaign=CAMPAIGN,
        budget=Budget(),
        scope=ReportScope(jobs=jobs),
        verdicts={},
        checks={},
        **how,
    )


def text_of(account):
    return b"".join(manifest_text(FACTS, account.totals, account.rows)).decode()


async def test_the_history_of_a_batch_is_asked_for_and_never_that_of_the_whole_campaign(
    ledger, monkeypatch
):
    monkeypatch.setattr(run_report, "BATCH", 3)
    batched = await account_of(ledger, JOBS)
    assert ledger.most == 3
    monkeypatch.setattr(run_report, "BATCH", 100)
    assert text_of(batched) == text_of(await account_of(ledger, JOBS))


async def test_a_roll_too_large_for_memory_says_the_same_from_the_disk(
    ledger, monkeypatch, tmp_path
):
    held = await account_of(ledger, JOBS)
    monkeypatch.setattr(image_rows, "HELD", 10)
    aside = await account_of(ledger, JOBS, scratch=tmp_path)
    assert text_of(aside) == text_of(held)
    assert list(tmp_path.iterdir()) == []


async def test_each_image_stands_on_a_line_of_its_own_in_plan_order(ledger):
    text = text_of(await account_of(ledger, JOBS))
    lines = [line for line in text.splitlines() if line.startswith("  {")]
    images = [json.loads(line.rstrip(",")) for line in lines]
    assert images == json.loads(text)["images"]
    assert [image["job"] for image in images] == [job.key for job in JOBS]


async def test_a_campaign_without_images_has_an_empty_list(ledger):
    assert json.loads(text_of(await account_of(ledger, [])))["images"] == []


async def test_the_totals_count_what_the_lines_say(ledger):
    totals = (await account_of(ledger, JOBS)).totals
    assert (totals.cells, totals.jobs, totals.gone) == (7, 7, 0)
    assert totals.counts == {Status.PENDING_DOWNLOAD: 1, Status.PLANNED: 6}
    whole = {"images": 7, "stored": 0, "credits": 2}
    assert totals.by["stage"] == {"draft": whole}
    assert totals.by["tag"] == {"client=sunburst": whole}
    assert totals.by["size"]["0"] == {"images": 1, "stored": 0, "credits": 2}


async def test_only_a_few_images_of_a_status_are_kept_to_be_named(ledger):
    named = (await account_of(ledger, JOBS)).named
    assert [line.job.key for line in named[Status.PLANNED]] == [
        job.key for job in JOBS[1 : 1 + NAMED]
    ]


async def test_the_table_tells_the_same_images_and_no_cell_runs_as_a_formula(ledger, tmp_path):
    account = await account_of(ledger, JOBS)
    paths = RunPaths(campaign="citrus-soda", run=a_run().id)
    write_manifest(tmp_path, paths, facts=FACTS, totals=account.totals, rows=account.rows)
    images = json.loads((tmp_path / paths.manifest).read_text())["images"]
    rows = list(csv.DictReader((tmp_path / paths.table).read_text().splitlines()))
    assert [row["job"] for row in rows] == [image["job"] for image in images]
    assert rows[0]["prompt"] == "'=sum(1+0), größer"
    assert rows[0]["error"] == ""


async def test_what_another_account_paid_is_not_taken_from_what_this_one_spent(ledger):
    """Six images were bought at one base URL, and the run at another one had `gone` below zero."""
    other = a_run("2026-11-22T070000Z-bbbbbb", account="gptimage@elsewhere")
    await ledger.begin(other)
    permit = await ledger.submit(JOBS[1], run=other, budget=Budget())
    await ledger.paid(permit, Receipt(url="https://cdn.test/2.png", amount=Amount(12)))
    totals = (await account_of(ledger, JOBS)).totals
    assert (totals.spent.confirmed, totals.gone) == (2, 0)
    assert totals.by["stage"]["draft"] == {"images": 7, "stored": 0, "credits": 2}
    assert totals.counts[Status.PENDING_DOWNLOAD] == 2
