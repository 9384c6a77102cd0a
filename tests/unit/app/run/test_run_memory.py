"""A run holds some hundred bytes for each image: a kilobyte each was 2.6 GB for a million."""

import asyncio
import gc
import tracemalloc
from dataclasses import replace
from types import SimpleNamespace

import pytest
from builders import NOW, a_run

from pipeline.app.run.manifest_writer import ManifestWriter
from pipeline.campaign.loading import load_campaign
from pipeline.images.registry import images_in
from pipeline.ledger.registry import open_ledger
from pipeline.ledger.rules import buying, settling
from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.money import Amount, Budget
from pipeline.model.outcome import Receipt
from pipeline.model.packed.containers import batched
from pipeline.prompts.jobs import plan_drafts
from pipeline.providers.registry import account_at, profiles
from pipeline.purchasing.buying import KnownImages
from pipeline.reports.run_report import ReportScope, make_report
from pipeline.state.due import rules_now
from pipeline.state.output.kept_checks import KeptChecks
from pipeline.state.output.run_folders import MOST_LISTED
from pipeline.state.survey import survey
from pipeline.state.work_ahead import work_ahead

CAMPAIGN = """\
campaign: big
provider: gptimage
data: {products: {source: products.csv, key: sku}}
matrix: {product: {from: products}, size: ["1:1", "4:3"]}
prompt: A photo of {{ product.look }} on a marble table, soft morning light, centered framing.
stages: {draft: {quality: low, takes: 2, review: none}}
"""
PER_PRODUCT = 4
FEW, MANY = 200, 1000
MOST = 800
"""Bytes for each image; some 350 in large campaigns. A job and its entry are 1,700 as objects."""
ACCOUNT = account_at("gptimage", "http://127.0.0.1:9")
RUN = a_run(campaign="big", account=ACCOUNT)


def a_campaign(folder, images):
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    rows = [f"sku-{row},a glass bottle no. {row}" for row in range(images // PER_PRODUCT)]
    (folder / "products.csv").write_text("\n".join(["sku,look", *rows]))
    file = folder / "big.yaml"
    file.write_text(CAMPAIGN)
    return load_campaign(file, profiles=profiles())


def bought(jobs):
    def operation(store, now):
        for job in jobs:
            permit = buying.submit(store, now, job, run=RUN, budget=Budget())
            url = f"http://127.0.0.1:9/{job.key}.png"
            settling.paid(store, now, permit, Receipt(url=url, amount=Amount(2)))
            artifact = Artifact(
                path=f"big/{job.path}",
                sha256=job.key * 2,
                bytes=1,
                kind=ImageKind.PNG,
                width=8,
                height=8,
                alpha=Alpha.NONE,
            )
            settling.stored(store, job.key, artifact)

    return operation


def traced(work):
    """Return what some work holds in the end, and the most that it held, in bytes."""
    gc.collect()
    tracemalloc.start()
    try:
        held = work()
        now, most = tracemalloc.get_traced_memory()
        del held
        return now, most
    finally:
        tracemalloc.stop()


async def rerun(folder, loaded):
    """Return all that a run with nothing due, or with all due, keeps for its report."""
    ledger = await open_ledger(folder)
    rules = replace(rules_now(loaded.profile.caps, images=images_in(folder)), now=NOW)
    state = await survey(ledger, loaded)
    ahead = work_ahead(state.drafts, state.entries, rules)
    known = KnownImages(ledger)
    await known.load()
    report = await make_report(
        ledger,
        run=RUN,
        campaign=loaded.campaign,
        budget=Budget(),
        scope=ReportScope(jobs=state.jobs, entries=state.entries),
        verdicts=[],
        checks={},
        scratch=folder,
    )
    await ledger.close()
    return state, ahead, known, report


@pytest.mark.parametrize("stored", [True, False], ids=["nothing due", "all due"])
def test_an_image_takes_little_memory_of_a_run(tmp_path, monkeypatch, stored):
    """The slope between two sizes: what is the same for every campaign is not counted."""
    monkeypatch.setattr("pipeline.model.packed.containers.RECENT", 1)
    monkeypatch.setattr("pipeline.reports.image_rows.HELD", 1000)
    monkeypatch.setattr("pipeline.prompts.writing.BATCH", 50)
    monkeypatch.setattr("pipeline.reports.run_report.BATCH", 50)
    monkeypatch.setattr("pipeline.state.work_ahead.LOOKED_FOR", 50)
    measured = []
    for images in (FEW, MANY):
        folder = tmp_path / str(images)
        loaded = a_campaign(folder, images)
        if stored:
            asyncio.run(store_all(folder, loaded))
        [*plan_drafts(loaded)]  # the prompts are written before
        measured.append(traced(lambda: asyncio.run(rerun(folder, loaded))))  # noqa: B023
    slopes = [(many - few) / (MANY - FEW) for few, many in zip(*measured, strict=True)]
    assert max(slopes) < MOST


async def store_all(folder, loaded):
    ledger = await open_ledger(folder)
    await ledger.begin(RUN)
    for some in batched(plan_drafts(loaded), 500):
        await ledger._write(bought(some))
    await ledger.close()


def test_the_checks_of_an_image_take_little_memory(tmp_path, monkeypatch):
    """Every image that was inspected has a line, and each was an object of a kilobyte."""
    monkeypatch.setattr("pipeline.model.packed.containers.RECENT", 1)
    monkeypatch.setattr("pipeline.files.unreadable.PIECE", 1000)
    (tmp_path / "big").mkdir()
    kept = KeptChecks(tmp_path, "big")
    for number in range(MANY):
        blank = {"passed": True, "score": number / 7, "threshold": 0.2, "said": "not blank"}
        kept.keep(f"{number:064x}", {"whole": {"passed": True}, "blank": blank})

    def read():
        later = KeptChecks(tmp_path, "big")
        later.load()
        return later

    held, _ = traced(read)
    assert held / MANY < MOST / 2


@pytest.mark.parametrize(("images", "drawn"), [(MOST_LISTED, 1), (MOST_LISTED + 1, 0)])
async def test_a_run_of_many_images_draws_no_sheet(tmp_path, images, drawn):
    """Its 4 kB for each image came on top of all else at the end of a run: 4 GB for a million."""
    sheets = []

    async def draw(*of):
        sheets.append(of)

    writer = SimpleNamespace(
        campaign=SimpleNamespace(slug="big"),
        output=tmp_path,
        paths=SimpleNamespace(folder=tmp_path),
        _draw_sheet=draw,
    )
    report = SimpleNamespace(totals=SimpleNamespace(this_run=2, jobs=images))
    await ManifestWriter.finish(writer, None, report, None)
    assert len(sheets) == drawn
