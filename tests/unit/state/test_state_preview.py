"""A plan is counted image by image, and says the same as the jobs that a run would make."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest
from builders import NOW, a_run

from pipeline.campaign.loading import load_campaign
from pipeline.images.registry import images_in
from pipeline.ledger.memory.ledger import MemoryLedger
from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.money import Budget
from pipeline.model.names import Stage
from pipeline.model.outcome import Failed, FailureKind, Receipt, Stored
from pipeline.model.verdict import Decision
from pipeline.prompts.finals_check import price_finals
from pipeline.prompts.jobs import plan_drafts
from pipeline.providers.registry import profiles
from pipeline.review.verdicts import UnboundVerdict, decide_cells
from pipeline.state.due import Rules
from pipeline.state.preview import preview_run
from pipeline.state.saved_plans import DueReason, plan_id
from pipeline.state.survey import survey
from pipeline.state.work_ahead import work_ahead

PLAIN = """\
campaign: demo
matrix:
  product: [{id: citrus, name: Citrus Soda}, {id: berry, name: Berry Soda}]
  size: ['1:1', '4:3']
prompt: A photo of {{ product.name }} on a table, soft light, centered framing.
"""
TAKES = PLAIN + "stages: {draft: {takes: 2}, final: {takes: 2}}\n"
SHARED = PLAIN.replace("'4:3'", "{id: story, ratio: '1:1'}, {id: reel, ratio: '1:1'}, '4:3'")
STAGED = PLAIN.replace("soft light", "{{ stage }} light")
UNSEEN = SHARED + "stages: {draft: {review: none}, final: {quality: medium}}\n"
FINALS = SHARED + "stages: {final: {quality: high}}\n"
DEARER = SHARED + (
    "overrides: [{match: {product: berry}, set: {stages: {final: {quality: low, takes: 3}}}}]\n"
)
CAMPAIGNS = {
    "plain": PLAIN,
    "takes": TAKES,
    "shared": SHARED,
    "staged": STAGED,
    "unseen": UNSEEN,
    "finals": FINALS,
    "dearer": DEARER,
}


@dataclass
class PlanCase:
    """A campaign file and what a ledger knows of it."""

    folder: Path
    ledger: MemoryLedger

    def load(self, text):
        file = self.folder / "c.yaml"
        file.write_text(text)
        return load_campaign(file, profiles=profiles())

    @property
    def rules(self):
        return Rules(images=images_in(self.folder), caps=profiles()["embedded"].caps, now=NOW)

    async def store(self, job, *, on_disk=True):
        attempt = await self.submit(job)
        receipt = Receipt(url="https://cdn.test/x.png", amount=job.price)
        await self.ledger.paid(attempt, receipt)
        place = self.folder / job.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if on_disk:
            place.write_bytes(job.key.encode())
        artifact = Artifact(
            path=job.path,
            sha256=hashlib.sha256(job.key.encode()).hexdigest(),
            bytes=32,
            kind=ImageKind.PNG,
            width=1,
            height=1,
            alpha=Alpha.NONE,
        )
        await self.ledger.stored(job.key, artifact)

    async def submit(self, job):
        return await self.ledger.submit(job, run=a_run(campaign="demo"), budget=Budget())

    async def fail(self, job, kind):
        await self.ledger.fail(await self.submit(job), Failed(kind=kind, reason="no"))

    async def decide(self, loaded, glob, decision, **said):
        opinion = UnboundVerdict(decision=decision, by="ana", at=NOW, **said)
        drafts = (await survey(self.ledger, loaded, shown=True)).drafts
        await decide_cells(self.ledger, "demo", drafts, glob=glob, opinion=opinion)

    async def foresee(self, loaded, **asked):
        return await preview_run(self.ledger, loaded, rules=self.rules, **asked)

    async def agrees(self, loaded, only=()):
        """The counts of the stream, and those of every job held at once."""
        preview = await self.foresee(loaded, only=only)
        standing = await survey(self.ledger, loaded, only=only)
        lists = {
            stage: work_ahead(standing.of(stage), standing.entries, self.rules)
            for stage in loaded.campaign.stages
        }
        known = await self.ledger.campaign_entries("demo")
        keys = {job.key for job in standing.jobs}
        unasked = [e.key for e in known if isinstance(e.outcome, Stored) and e.key not in keys]
        counted = {
            stage: (one.jobs, one.shared, one.buying, one.fetching, one.done, one.amount)
            for stage, one in preview.stages.items()
        }
        listed = {
            stage: (
                one.jobs,
                one.shared,
                len(one.to_buy),
                len(one.to_fetch),
                one.done,
                one.amount,
            )
            for stage, one in lists.items()
        }
        gone = sorted(entry.key for entry in preview.gone)
        assert (counted, gone) == (listed, [] if only else sorted(unasked))
        ids = [plan_id("", "", one.values()) for one in (preview.stages, lists)]
        return ids[0] == ids[1]


@pytest.fixture
async def case(tmp_path):
    (tmp_path / "pyproject.toml").touch()
    ledger = MemoryLedger()
    await ledger.begin(a_run(campaign="demo"))
    return PlanCase(tmp_path, ledger)


@pytest.mark.parametrize(
    ("name", "only"),
    [
        *((name, ()) for name in CAMPAIGNS),
        ("shared", ("citrus/reel", "berry/*")),
        ("unseen", ("citrus/4x3",)),
    ],
)
async def test_a_fresh_campaign_is_counted_as_it_would_be_listed(case, name, only):
    assert await case.agrees(case.load(CAMPAIGNS[name]), only)


@pytest.mark.parametrize(
    ("name", "only"), [("takes", ()), ("shared", ()), ("unseen", ("citrus/*",)), ("dearer", ())]
)
async def test_a_campaign_half_way_through_is_counted_as_it_would_be_listed(case, name, only):
    loaded = case.load(CAMPAIGNS[name])
    first, *others, unsent, failed = [job for job in plan_drafts(loaded) if not job.payer]
    await case.store(first)
    for job in others:
        await case.store(job, on_disk=False)
    await case.fail(unsent, FailureKind.NOT_SENT)
    await case.fail(failed, FailureKind.REFUSED)
    if name != "unseen":
        take = 1 if name == "takes" else None
        await case.decide(loaded, "citrus/1x1", Decision.APPROVED, take=take)
    assert await case.agrees(loaded, only)
    changed = case.load(CAMPAIGNS[name].replace("Citrus Soda", "Citrus Fizz"))
    assert await case.agrees(changed, only)


async def test_an_image_bought_under_the_second_cell_of_a_group_is_not_planned_again(case):
    loaded = case.load(SHARED)
    [reel] = (await survey(case.ledger, loaded, only=["citrus/reel"])).drafts
    await case.store(reel)
    await case.decide(loaded, "citrus/story", Decision.APPROVED)
    assert await case.agrees(loaded)
    preview = await case.foresee(loaded)
    assert preview.stages[Stage.DRAFT].buying == 3
    assert preview.stages[Stage.FINAL].buying == 1


async def test_a_final_of_a_redone_draft_is_written_with_the_note_it_was_approved_with(case):
    loaded = case.load(PLAIN)
    for draft in plan_drafts(loaded):
        await case.store(draft)
    await case.decide(loaded, "citrus/1x1", Decision.REDO, note="more ice")
    again = next(d for d in (await survey(case.ledger, loaded)).drafts if d.at.round == 2)
    await case.store(again)
    await case.decide(loaded, "citrus/1x1", Decision.APPROVED)
    [final] = (await survey(case.ledger, loaded)).finals
    assert final.request.prompt.endswith("Revision note: more ice")
    assert await case.agrees(loaded)


async def test_a_plan_knows_why_each_image_is_due(case):
    loaded = case.load(PLAIN)
    one, two, _, unsent = plan_drafts(loaded)
    await case.store(one)
    await case.store(two)
    await case.fail(unsent, FailureKind.NOT_SENT)
    await case.decide(loaded, "citrus/4x3", Decision.REDO)
    changed = PLAIN.replace("'1:1'", "{id: 1x1, ratio: '16:9'}")
    preview = await case.foresee(case.load(changed))
    said = {job.at.cell: preview.known.why(job) for job in preview.stages[Stage.DRAFT].to_buy}
    assert said == {
        "citrus/1x1": DueReason.CHANGED,
        "citrus/4x3": DueReason.REDO,
        "berry/1x1": DueReason.NEW,
        "berry/4x3": DueReason.UNSENT,
    }


@pytest.mark.parametrize(
    ("name", "only"), [("takes", ()), ("shared", ()), ("shared", ("citrus/reel",)), ("dearer", ())]
)
async def test_the_most_that_finals_can_cost_is_what_all_of_them_cost(case, name, only):
    loaded = case.load(CAMPAIGNS[name])
    preview = await case.foresee(loaded, only=only)
    assert preview.finals == price_finals(loaded, only=only)


async def test_the_same_products_in_another_order_have_the_same_work(case):
    swapped = PLAIN.replace("'1:1', '4:3'", "'4:3', '1:1'")
    ids = {
        plan_id("", "", (await case.foresee(case.load(text))).stages.values())
        for text in (PLAIN, swapped)
    }
    assert len(ids) == 1


async def test_a_long_plan_names_a_thousand_images_and_counts_the_rest(case):
    scenes = ", ".join(f"s{number}" for number in range(300))
    text = PLAIN.replace("prompt:", f"  scene: [{scenes}]\nprompt:")
    text = text.replace("a table", "a {{ scene }} table")
    drafts = (await case.foresee(case.load(text))).stages[Stage.DRAFT]
    assert (drafts.buying, len(drafts.to_buy)) == (1200, 1000)


async def test_a_plan_counts_the_cells_whose_drafts_nobody_has_decided_on(case):
    loaded = case.load(SHARED)
    for draft in plan_drafts(loaded):
        if not draft.payer:
            await case.store(draft)
    assert (await case.foresee(loaded)).waiting == 8
    await case.decide(loaded, "citrus/story", Decision.APPROVED)
    await case.decide(loaded, "berry/4x3", Decision.REDO)
    assert (await case.foresee(loaded)).waiting == 6
    assert (await case.foresee(loaded, only=["berry/*"])).waiting == 3


async def test_a_fresh_plan_and_one_that_asks_nobody_wait_for_nobody(case):
    assert (await case.foresee(case.load(SHARED))).waiting == 0
    unseen = case.load(UNSEEN)
    for draft in plan_drafts(unseen):
        if not draft.payer:
            await case.store(draft)
    assert (await case.foresee(unseen)).waiting == 0
