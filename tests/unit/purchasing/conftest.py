"""A run over the shipped fakes: a scripted provider, a ledger in memory, real files."""

import asyncio
from dataclasses import replace

import pytest
from builders import a_run
from fake_provider import FakeProvider

from pipeline.images.registry import images_in
from pipeline.ledger.memory.ledger import MemoryLedger
from pipeline.model.campaign import FailureLimit
from pipeline.model.money import Budget
from pipeline.providers.names import EMBEDDED, GPTIMAGE
from pipeline.providers.profiles import PROFILES
from pipeline.purchasing.buying import KnownImages, Purchasing
from pipeline.purchasing.downloading import Downloader
from pipeline.purchasing.halt import Breaker, Halt
from pipeline.purchasing.inspecting import ImageInspector
from pipeline.purchasing.pacing import Pacer
from pipeline.purchasing.renderer import Renderer
from pipeline.purchasing.reservations import Reservations
from pipeline.purchasing.sealed_replies import SealedReplies
from pipeline.purchasing.worker_pool import work_through
from pipeline.settings import RenderingSettings
from pipeline.state.output.kept_checks import KeptChecks


class ExecutorHere:
    """Runs tasks at once and in this process, and remembers them."""

    def __init__(self):
        self.tasks = []

    async def run(self, task):
        self.tasks.append(task)
        return task.run()


class PurchasingCase:
    """Everything of a run, by name."""

    def __init__(self, root, script=(), *, budget=None, profile=GPTIMAGE, ledger=None, **knobs):
        self._time = 0.0
        limit = knobs.pop("limit", 8)
        failures = knobs.pop("failures", FailureLimit())
        self.run = a_run()
        self.ledger = ledger or MemoryLedger()
        self.provider = knobs.pop("provider", None) or FakeProvider(
            script, profile=PROFILES[profile], account=self.run.account
        )
        self.halt = Halt()
        self.events = []
        self.settings = replace(RenderingSettings(), **knobs)
        self.known_images = KnownImages(self.ledger)
        self.replies = SealedReplies(root)
        self.purchasing = Purchasing(
            provider=self.provider,
            ledger=self.ledger,
            reservations=Reservations(
                self.ledger, run=self.run, budget=budget or Budget(), halt=self.halt
            ),
            pace=Pacer(limit=limit, sleep=self._sleep, clock=self._clock),
            breaker=Breaker(
                self.halt,
                doubts_in_a_row=self.settings.doubts_in_a_row,
                failures=failures,
                due=100,
            ),
            halt=self.halt,
            known_images=self.known_images,
            replies=self.replies,
            settings=self.settings,
            listen=self.events.append,
            sleep=self._sleep,
            clock=self._clock,
        )
        self.images = images_in(root)
        self.executor = ExecutorHere()
        self.inspector = ImageInspector(
            images=self.images,
            executor=self.executor,
            kept=KeptChecks(root, self.run.campaign),
        )
        self.downloader = Downloader(
            provider=self.provider,
            ledger=self.ledger,
            images=self.images,
            inspector=self.inspector,
            known_images=self.known_images,
            replies=self.replies,
            settings=self.settings,
            listen=self.events.append,
            sleep=self._sleep,
        )
        self.renderer = Renderer(purchasing=self.purchasing, downloader=self.downloader)

    def _clock(self):
        return self._time

    async def _sleep(self, seconds):
        self._time += seconds
        await asyncio.sleep(0)

    async def render(self, *jobs):
        """Render jobs one after the other, each from where it stands."""
        outcomes = []
        for job in jobs:
            entry = (await self.ledger.entries([job.key])).get(job.key)
            outcomes.append(await self.renderer.render(job, entry))
        return outcomes

    async def render_at_once(self, *jobs, workers=16):
        """Render jobs in a pool."""
        entries = await self.ledger.entries([job.key for job in jobs])
        delivered = {}

        async def work(job):
            delivered[job.key] = await self.renderer.render(job, entries.get(job.key))

        await work_through(jobs, work, workers=workers)
        return [delivered[job.key] for job in jobs]


@pytest.fixture
async def case(tmp_path):
    """Opens shops; their ledger knows the run."""

    async def opened(script=(), **knobs):
        made = PurchasingCase(tmp_path, script, **knobs)
        await made.ledger.begin(made.run)
        return made

    return opened


@pytest.fixture
def embedded():
    return EMBEDDED
