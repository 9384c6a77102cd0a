"""A campaign under review, from literals: planned in memory, painted small, kept in a ledger."""

import hashlib
import io
from dataclasses import dataclass, field, replace
from pathlib import Path

from builders import NOW, a_run
from PIL import Image, ImageDraw

from pipeline.ledger.memory.ledger import MemoryLedger
from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.campaign import Campaign, Cell, FinalMode, Size, StageSettings
from pipeline.model.job import Coordinates, Job, job_key
from pipeline.model.money import FREE, Amount, Budget
from pipeline.model.names import Account, CellName, ProfileName, Slug, Stage
from pipeline.model.outcome import Failed, FailureKind, Receipt
from pipeline.model.providers.request import Quality, RenderRequest
from pipeline.model.verdict import Round
from pipeline.providers.profiles import PROFILES
from pipeline.review.page.broadcast import Broadcast
from pipeline.review.page.campaign_source import ReviewedCampaign
from pipeline.review.page.review_state import ReviewState
from pipeline.review.page.security import ReviewOptions
from pipeline.review.page.server import ReviewServer, ReviewSubject
from pipeline.review.review_file_sync import ReviewFile
from pipeline.state.campaign_state import cell_table
from pipeline.state.output.ad_files import AdFilePlan
from pipeline.state.survey import state_from

PRODUCTS = {"citrus": "Citrus Soda", "berry": "Berry Soda"}
SLUG = Slug("citrus-soda")
PROFILE = ProfileName("gptimage")


def paint(job):
    """A picture that differs from job to job, and has the ratio that was asked for."""
    wide, _, high = job.request.size.partition(":")
    ratio = int(wide) / int(high)
    size = (round(96 * ratio), 96) if ratio > 1 else (96, round(96 / ratio))
    seed = hashlib.sha256(
        f"{job.at.cell}{job.at.take}{job.at.round}{job.at.stage}".encode()
    ).digest()
    image = Image.new("RGB", size, tuple(seed[:3]))
    draw = ImageDraw.Draw(image)
    for at in range(8):
        x, y = seed[at] * size[0] // 256, seed[at + 8] * size[1] // 256
        draw.ellipse((x - 9, y - 9, x + 9, y + 9), fill=tuple(seed[at + 3 : at + 6]))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


class CaseSource:
    """`ReviewSource` of a matrix of products and sizes; `words` may be edited while it is open."""

    def __init__(
        self, *, products=PRODUCTS, sizes=("1:1", "4:3"), takes=2, budget=None, shared=None
    ):
        self.products, self.sizes, self.takes = products, sizes, takes
        self.words = "A photo of {name} on a wet studio table."
        self.budget = budget or Budget()
        self.shared = shared or {}
        """Cell → the cell whose picture it asks for word for word."""
        self.account = Account("gptimage@test")
        self.mode = FinalMode.REGENERATE
        self.check_rules = {}
        self._loaded = ""
        self.rounds = {}

    def edited(self):
        return self.words != self._loaded

    async def load(self):
        self._loaded = self.words
        return ReviewedCampaign(
            campaign=self.campaign,
            cells=tuple(self.cells()),
            prices={Stage.DRAFT: Amount(2), Stage.FINAL: Amount(12)},
            caps=PROFILES[PROFILE].caps,
            account=self.account,
            budget=self.budget,
        )

    def checks(self):
        return None

    def ad_files(self, state, *, stage, windows, checks):
        return AdFilePlan(files=(), missing={})

    def drafts(self, rounds):
        self.rounds = rounds
        jobs = [
            self.job(cell, stage=Stage.DRAFT, round_=rounds.get(cell.name, Round()), take=take)
            for cell in self.cells()
            for take in range(1, self.takes + 1)
        ]
        return self._sharing(jobs)

    def finals(self, picks):
        jobs = [
            self.job(
                cell,
                stage=Stage.FINAL,
                round_=picks.rounds[cell.name],
                take=1,
                derived_from=picks.approved[cell.name].job,
            )
            for cell in self.cells()
            if cell.name in picks.approved
        ]
        return self._sharing(jobs)

    def _sharing(self, jobs):
        """Let cells that ask for the same picture in the same round pay once, as planning does."""
        first = {}
        shared = []
        for job in jobs:
            cell = self.shared.get(job.at.cell, job.at.cell)
            picture = (cell, job.at.round, job.at.take, job.request.prompt)
            payer = first.setdefault(picture, job.key)
            own = payer == job.key
            shared.append(job if own else replace(job, payer=payer, price=FREE))
        return tuple(shared)

    @property
    def campaign(self):
        return Campaign(
            slug=SLUG,
            file="campaigns/citrus-soda.yaml",
            sha256="0" * 64,
            provider=PROFILE,
            stages={
                Stage.DRAFT: StageSettings(quality=Quality.LOW, takes=self.takes),
                Stage.FINAL: StageSettings(quality=Quality.HIGH, mode=self.mode),
            },
            budget=self.budget,
            checks=self.check_rules,
        )

    def cells(self):
        for product, name in self.products.items():
            for ratio in self.sizes:
                size = Size(id=ratio.replace(":", "x"), ratio=ratio)
                yield Cell(
                    name=CellName(f"{product}/{size.id}"),
                    axes=(("product", product), ("size", size.id)),
                    size=size,
                    values={"product": {"id": product, "name": name}, "size": {"ratio": ratio}},
                )

    def job(self, cell, *, stage, round_, take, derived_from=None):
        at = Coordinates(
            campaign=SLUG,
            cell=cell.name,
            axes=cell.axes,
            stage=stage,
            round=round_.number,
            take=take,
        )
        product, size = self.shared.get(cell.name, cell.name).split("/")
        prompt = self.words.format(name=self.products[product])
        request = RenderRequest(
            prompt=f"{prompt} {round_.note}".strip(),
            model="gpt-image-2",
            size=size.replace("x", ":"),
            quality=Quality.LOW if stage is Stage.DRAFT else Quality.HIGH,
        )
        suffix = f"-r{round_.number}" if round_.number > 1 else ""
        return Job(
            key=job_key(at, profile=PROFILE, request=request),
            at=at,
            request=request,
            price=Amount(2 if stage is Stage.DRAFT else 12),
            profile=PROFILE,
            path=f"{stage}s/{cell.name}-t{take}{suffix}.png",
            derived_from=derived_from,
        )


@dataclass
class ReviewCase:
    folder: Path
    source: CaseSource = field(default_factory=CaseSource)
    ledger: MemoryLedger = field(default_factory=lambda: MemoryLedger(now=lambda: NOW))
    painter: object = staticmethod(paint)

    @property
    def output(self):
        return self.folder / "output"

    @property
    def file(self):
        return self.folder / "campaigns" / "reviews" / f"{SLUG}.yaml"

    async def render(self, jobs):
        """Pay for these jobs and put their images on disk."""
        for job in jobs:
            await self.store(job, self.painter(job))

    async def submit(self, job):
        if not await self.ledger.runs():
            await self.ledger.begin(a_run())
        return await self.ledger.submit(job, run=a_run(), budget=Budget())

    async def store(self, job, png):
        attempt = await self.submit(job)
        await self.ledger.paid(attempt, Receipt(url="https://cdn.test/x.png", amount=job.price))
        return await self.land(job, png)

    async def land(self, job, png):
        """Put an image that is paid for on disk."""
        path = f"{SLUG}/{job.path}"
        (self.output / path).parent.mkdir(parents=True, exist_ok=True)
        (self.output / path).write_bytes(png)
        width, height = Image.open(io.BytesIO(png)).size
        artifact = Artifact(
            path=path,
            sha256=hashlib.sha256(png).hexdigest(),
            bytes=len(png),
            kind=ImageKind.PNG,
            width=width,
            height=height,
            alpha=Alpha.NONE,
        )
        await self.ledger.stored(job.key, artifact)
        return artifact

    async def point(self, jobs, artifact):
        """Let all these jobs have the same image: a large board costs one file."""
        for job in jobs:
            attempt = await self.submit(job)
            await self.ledger.paid(attempt, Receipt(url="https://cdn.test/x.png", amount=job.price))
            await self.ledger.stored(job.key, artifact)

    async def refuse(self, job, reason="the policy says no"):
        attempt = await self.submit(job)
        await self.ledger.fail(attempt, Failed(kind=FailureKind.REFUSED, reason=reason))

    async def drafts(self, rounds=None):
        return self.source.drafts(rounds or {})

    async def survey(self, *, shown=False, alive=False):
        """The state of the campaign, as the page and a run see it."""
        record = await self.ledger.record(SLUG)
        return state_from(record, self.source, shown=shown, alive=alive)

    async def table(self):
        """Every cell as the page shows it."""
        state = await self.survey(shown=True)
        return cell_table(self.source.campaign, tuple(self.source.cells()), state)

    def review_state(self):
        return ReviewState(
            ledger=self.ledger,
            campaign=SLUG,
            source=self.source,
            output=self.output,
            broadcast=Broadcast(),
            clock=lambda: NOW,
        )

    def subject(self):
        self.output.mkdir(parents=True, exist_ok=True)
        return ReviewSubject(
            campaign=SLUG,
            source=self.source,
            ledger=self.ledger,
            output=self.output,
            file=ReviewFile(path=self.file, copy=self.output / SLUG / "reviews.yaml"),
            command=lambda stage: f"pipeline buy {stage}",
        )

    def server(self, *, launch=None, **options):
        options = {"token": "", **options}
        return ReviewServer(
            self.subject(), ReviewOptions(**options), launch=launch, clock=lambda: NOW
        )
