"""What a plan's page promises: a time that can be kept, finals still to pay, what comes next."""

from dataclasses import replace
from pathlib import Path

import pytest
from builders import NOW, a_run

from pipeline.app.commands.plan import Plan
from pipeline.app.options import CampaignOptions
from pipeline.campaign.loading import load_campaign
from pipeline.cli.plan_page import plan_ending, plan_page
from pipeline.images.registry import images_in
from pipeline.ledger.memory.ledger import MemoryLedger
from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.money import Budget
from pipeline.model.outcome import Receipt
from pipeline.model.verdict import Decision
from pipeline.providers.registry import profiles
from pipeline.review.verdicts import UnboundVerdict, decide_cells
from pipeline.state.due import Rules
from pipeline.state.preview import preview_run
from pipeline.state.survey import survey

FIZZ = """\
campaign: fizz
matrix:
  product: [{id: citrus, name: Citrus Soda}, {id: berry, name: Berry Soda}]
  size: ['1:1', '4:3']
prompt: A photo of {{ product.name }} on a table, soft light, centered framing.
"""


class PlanCase:
    """A campaign of four cells and its ledger."""

    def __init__(self, folder):
        self.folder = folder
        self.ledger = MemoryLedger()
        file = folder / "fizz.yaml"
        file.write_text(FIZZ)
        self.loaded = load_campaign(file, profiles=profiles())
        self.rules = Rules(images=images_in(folder), caps=profiles()["embedded"].caps, now=NOW)

    async def store(self, job, *, on_disk=True):
        attempt = await self.ledger.submit(job, run=a_run(campaign="fizz"), budget=Budget())
        receipt = Receipt(url="https://cdn.test/x.png", amount=job.price)
        await self.ledger.paid(attempt, receipt)
        place = self.folder / job.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if on_disk:
            place.write_bytes(b"x")
        artifact = Artifact(
            path=job.path,
            sha256=job.key.encode().hex()[:64],
            bytes=1,
            kind=ImageKind.PNG,
            width=1,
            height=1,
            alpha=Alpha.NONE,
        )
        await self.ledger.stored(job.key, artifact)

    async def drafts(self, *, on_disk=True):
        for job in (await survey(self.ledger, self.loaded)).drafts:
            await self.store(job, on_disk=on_disk)

    async def approve(self, glob):
        opinion = UnboundVerdict(decision=Decision.APPROVED, by="ana", at=NOW)
        drafts = (await survey(self.ledger, self.loaded, shown=True)).drafts
        await decide_cells(self.ledger, "fizz", drafts, glob=glob, opinion=opinion)

    async def plan(self, *, seconds=9.3):
        return Plan(
            loaded=self.loaded,
            preview=await preview_run(self.ledger, self.loaded, rules=self.rules),
            budgets=(),
            seconds=seconds,
            concurrency=8,
        )


@pytest.fixture
async def case(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    (tmp_path / "pyproject.toml").touch()
    case = PlanCase(tmp_path)
    await case.ledger.begin(a_run(campaign="fizz"))
    return case


def ending(plan):
    return plan_ending(plan, CampaignOptions(campaign=Path("fizz.yaml")))


async def test_one_image_is_not_promised_in_an_eighth_of_the_time_of_one_image(case):
    await case.drafts()
    await case.approve("citrus/1x1")
    page = "\n".join(plan_page(await case.plan()))
    assert "about 9 s at 1 at once, 9.3 s an image in the last run" in page


async def test_nine_images_at_eight_at_once_take_two_turns(case):
    plan = await case.plan()
    stages = {stage: replace(one, buying=9) for stage, one in plan.preview.stages.items()}
    first = dict([*stages.items()][:1])
    plan = replace(plan, preview=replace(plan.preview, stages=first))
    assert "about 19 s at 8 at once" in "\n".join(plan_page(plan))


async def test_a_pure_download_is_not_told_the_time_of_painting(case):
    await case.drafts(on_disk=False)
    plan = await case.plan()
    assert plan.work == 4
    assert "Time" not in "\n".join(plan_page(plan))


async def test_what_is_ordered_in_batches_is_not_promised_at_the_pace_of_requests(case):
    """It is made within a day, whatever a single image took in the last run."""
    plan = await case.plan()
    assert "Time" in "\n".join(plan_page(plan))
    in_batch = replace(plan.loaded, campaign=replace(plan.loaded.campaign, batch=True))
    page = "\n".join(plan_page(replace(plan, loaded=in_batch)))
    assert "Time" not in page
    assert "half price; made within 24 hours" in page


async def test_finals_that_are_paid_are_no_longer_among_those_that_may_cost(case):
    await case.drafts()
    await case.approve("citrus/*")
    for final in (await survey(case.ledger, case.loaded)).finals:
        await case.store(final)
    page = "\n".join(plan_page(await case.plan()))
    assert "up to 2 images × 12" in page
    assert "up to 4" not in page


async def test_the_table_says_that_it_counts_drafts(case):
    page = plan_page(await case.plan())
    assert page[3].split()[0] == "drafts"


async def test_a_plan_with_drafts_waiting_names_the_review_as_the_next_step(case):
    await case.drafts()
    assert ending(await case.plan())[1:] == [
        "Nothing was sent.",
        "4 cells to review",
        "Next  pipeline review fizz.yaml",
    ]


async def test_a_plan_with_work_and_drafts_waiting_names_both(case):
    await case.drafts()
    await case.approve("citrus/*")
    plan = await case.plan()
    assert ending(plan)[2:] == [
        "2 cells to review",
        f"Next  pipeline run fizz.yaml --plan {plan.id}",
        "or    pipeline review fizz.yaml",
    ]


async def test_a_plan_tells_images_in_doubt_and_how_to_settle_them(case):
    """They were counted among the images `on disk or settled`, and `resolve` was not named."""
    doubtful, *others = (await survey(case.ledger, case.loaded)).drafts
    for job in others:
        await case.store(job)
    run = a_run(campaign="fizz")
    attempt = await case.ledger.submit(doubtful, run=run, budget=Budget())
    await case.ledger.doubt(attempt, reason="no answer")
    plan = await case.plan()
    page = "\n".join(plan_page(plan))
    assert "? 1 image:  in doubt, not bought again" in page
    assert "3 images on disk or settled, 1 image in doubt" in page
    assert "Next  pipeline resolve fizz.yaml" in ending(plan)


async def test_every_size_has_a_column_at_80_columns(case, monkeypatch):
    """Of nine sizes, six were only counted: the ones that somebody forgot were not to be seen."""
    monkeypatch.setenv("COLUMNS", "80")
    names = [f"banner-{number:02}-of-the-year" for number in range(9)]
    sizes = ", ".join(f"{{id: {name}, px: 600x40{n}}}" for n, name in enumerate(names))
    file = case.folder / "fizz.yaml"
    file.write_text(FIZZ.replace("'1:1', '4:3'", sizes))
    case.loaded = load_campaign(file, profiles=profiles())
    lines = plan_page(await case.plan())
    assert all(any(name in line for line in lines) for name in names)
    assert max(map(len, lines[1:])) <= 80
    assert sum(line.split()[:1] == ["citrus"] for line in lines) == len(
        [line for line in lines if line.startswith("  drafts")]
    )
