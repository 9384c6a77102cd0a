"""Cells that share images, decided on in random orders over rounds and stages."""

import io
import random
from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from builders import NOW
from PIL import Image
from review_case import SLUG, CaseSource, ReviewCase

from pipeline.app.run.workflow import keep_shared
from pipeline.errors import UsageError
from pipeline.images.registry import images_in
from pipeline.model.entry import Resolution
from pipeline.model.names import Stage
from pipeline.model.outcome import InDoubt, Receipt, Status
from pipeline.model.verdict import Decision
from pipeline.providers.profiles import PROFILES
from pipeline.reports.totals import image_lines
from pipeline.review.verdicts import UnboundVerdict, decide_cells
from pipeline.state.campaign_state import CellState, cell_table
from pipeline.state.due import Rules
from pipeline.state.figures import launch_quote, stage_figures
from pipeline.state.ledger_figures import ledger_figures
from pipeline.state.work_ahead import work_ahead


@dataclass
class Bought:
    """A painter that never paints the same picture twice, and counts what it paints."""

    count: int = 0
    pictures: Counter = field(default_factory=Counter)

    def __call__(self, job):
        self.count += 1
        out = io.BytesIO()
        Image.new("RGB", (8, 8), (self.count % 256, self.count // 256, 7)).save(out, "PNG")
        return out.getvalue()


class Campaign:
    """A matrix of which some cells share images, and its runs."""

    def __init__(self, folder, dice, *, faults):
        self.dice, self.faults = dice, faults
        products = {f"p{n}": f"Product {n}" for n in range(dice.randint(1, 2))}
        sizes = ("1:1", "4:3", "3:4")[: dice.randint(2, 3)]
        source = CaseSource(products=products, sizes=sizes, takes=dice.randint(1, 2))
        names = [cell.name for cell in source.cells()]
        leaders = names[:1]
        for name in names[1:]:
            if dice.random() < 0.7:
                source.shared[name] = dice.choice(leaders)
            else:
                leaders.append(name)
        self.painter = Bought()
        self.case = ReviewCase(folder=folder, source=source, painter=self.painter)
        self.names = names
        self.asked = set()
        """Places for which somebody asked: group, stage, round."""
        self.bought = {}
        """Job → the picture that was bought for it."""
        self.held = {}
        """Approved cell and stage → the sha256 that was approved."""

    @property
    def rules(self):
        caps = PROFILES["gptimage"].caps
        return Rules(images=images_in(self.case.output), caps=caps, now=NOW)

    def group(self, cell):
        return self.case.source.shared.get(cell, cell)

    async def decide(self):
        """Somebody decides on one cell or on several; returns whether it was possible."""
        stage = self.dice.choice([Stage.DRAFT, Stage.DRAFT, Stage.FINAL])
        state = await self.case.survey(shown=True)
        names = sorted({job.at.cell for job in state.of(stage)})
        if not names:
            return
        cell = self.dice.choice([*names, "*", f"{self.dice.choice(names).split('/')[0]}/*"])
        opinion = UnboundVerdict(
            decision=self.dice.choice(list(Decision)),
            by=self.dice.choice(["ana", "jon"]),
            at=NOW,
            take=self.dice.choice([1, self.case.source.takes]) if stage is Stage.DRAFT else 1,
            note=self.dice.choice(["", "darker", "brighter"]),
        )
        if opinion.decision is not Decision.REDO:
            opinion = replace(opinion, note="")
        await keep_shared(self.case.ledger, state)  # as shell and page do
        try:
            decided = await decide_cells(
                self.case.ledger, SLUG, state.of(stage), glob=cell, opinion=opinion
            )
        except UsageError:
            return
        for verdict in decided.verdicts:
            if verdict.decision is Decision.REDO:
                self.asked.add((self.group(verdict.cell), stage, verdict.round + 1, verdict.note))
        touched = {(one.cell, one.stage) for one in (*decided.verdicts, *decided.followed)}
        assert not {(one.cell, one.stage) for one in decided.kept} & touched

    async def run(self):
        """Buy what is due, as a run does, and give every shared image to its cells."""
        for stage in self.dice.choice([list(Stage), [Stage.DRAFT], [Stage.FINAL]]):
            state = await self.case.survey()
            quote = launch_quote(state, stage, self.rules)
            ahead = work_ahead(state.of(stage), state.entries, self.rules)
            assert (quote.images, quote.amount) == (len(ahead.to_buy), ahead.amount)
            for job in ahead.to_fetch:
                await self.case.land(job, self.painter(job))
            for job in ahead.to_buy:
                self.see_bought(job)
                await self.buy(job)
            if self.dice.random() < 0.9:  # else the run was killed at that moment
                await keep_shared(self.case.ledger, await self.case.survey())

    async def buy(self, job):
        """Buy one image, or have no answer, or have an answer and no image."""
        chance = self.dice.random() if self.faults else 1
        if chance > 0.2:
            await self.case.store(job, self.painter(job))
            return
        attempt = await self.case.submit(job)
        if chance > 0.1:
            await self.case.ledger.doubt(attempt, reason="no answer")
        else:
            receipt = Receipt(url="https://cdn.test/x.png", amount=job.price)
            await self.case.ledger.paid(attempt, receipt)

    async def resolve(self):
        """Somebody says of one doubt that nothing was charged: its picture may be bought."""
        for entry in await self.case.ledger.campaign_entries(SLUG):
            if isinstance(entry.outcome, InDoubt):
                await self.case.ledger.resolve(entry.key, Resolution.NOT_CHARGED)
                del self.painter.pictures[self.bought[entry.key]]
                return

    def see_bought(self, job):
        """No picture is bought twice, and none that nobody asked for."""
        at = job.at
        picture = self.group(at.cell), at.stage, at.round, at.take, job.request.prompt
        self.painter.pictures[picture] += 1
        self.bought[job.key] = picture
        assert max(self.painter.pictures.values()) == 1, (at, self.painter.pictures)
        if at.stage is Stage.DRAFT and at.round > 1:
            rounds = {(g, s, r) for g, s, r, _ in self.asked}
            assert (self.group(at.cell), at.stage, at.round) in rounds

    async def check(self):
        """Approved cells show what was approved; manifest, page and status say the same."""
        record = await self.case.ledger.record(SLUG)
        shown = await self.case.survey(shown=True)
        table = cell_table(self.case.source.campaign, tuple(self.case.source.cells()), shown)
        held = {}
        for stage in Stage:
            for cell in table.at_stage(stage):
                assert cell.state is not CellState.STALE, cell
                if cell.state is CellState.APPROVED:
                    place = cell.takes[0].job.at.cell, stage
                    artifact = cell.takes[cell.verdict.take - 1].artifact
                    held[place] = cell.verdict.revision, artifact.sha256
        for place, (revision, sha256) in held.items():
            known = self.held.get(place)
            assert known is None or known[0] != revision or known[1] == sha256
        self.held |= held
        ahead = await self.case.survey()
        lines = image_lines(
            ahead.jobs, entries=ahead.entries, verdicts=ahead.verdicts, attempts={}, checks={}
        )
        figures = [stage_figures(ahead, stage, self.rules) for stage in Stage]
        stored = sum(line.status is Status.STORED for line in lines)
        assert stored == sum(one.stored for one in figures)
        paid = sum(line.amount for line in lines)
        assert paid <= sum(entry.spent.confirmed for entry in record.entries.values())
        told = ledger_figures(record, listed=None, alive=False)
        drafted = [
            cell for cell in table.at_stage(Stage.DRAFT) if any(t.artifact for t in cell.takes)
        ]
        page = Counter(cell.state for cell in drafted)
        decided = page[CellState.APPROVED] + page[CellState.REJECTED] + page[CellState.REDO]
        assert (told.decided, told.approved) == (decided, page[CellState.APPROVED])


@pytest.mark.parametrize("faults", [False, True], ids=["", "doubts"])
@pytest.mark.parametrize("seed", range(25))
async def test_images_bought_are_the_distinct_pictures_asked_for(tmp_path, seed, faults):
    """Whatever is decided in whatever order: each picture is bought once, approvals hold."""
    dice = random.Random(seed)  # noqa: S311 - dice, not secrets
    campaign = Campaign(tmp_path, dice, faults=faults)
    await campaign.run()
    for _ in range(dice.randint(4, 14)):
        if faults and dice.random() < 0.1:
            await campaign.resolve()
        if dice.random() < 0.65:
            await campaign.decide()
        else:
            await campaign.run()
        await campaign.check()
