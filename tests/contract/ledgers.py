"""A ledger of each kind, with a clock that a test can set."""

from dataclasses import dataclass
from datetime import datetime

from builders import NOW, a_run
from postgres_server import empty_ledger, is_installed

from pipeline.ledger import registry
from pipeline.ledger.base import Ledger
from pipeline.ledger.memory.ledger import MemoryLedger
from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.money import Amount, Budget
from pipeline.model.outcome import Receipt

KINDS = ("memory", "sqlite", "postgres")
INSTALLED = KINDS if is_installed() else KINDS[:2]
DURABLE = KINDS[1:]
NO_LIMITS = Budget()


def address_of(kind):
    """Where `open_ledger` finds an empty ledger of this kind, beside its folder."""
    return empty_ledger() if kind == "postgres" else ""


class Clock:
    def __init__(self, now: datetime = NOW):
        self.now = now

    def __call__(self):
        return self.now


@dataclass
class LedgerCase:
    ledger: Ledger
    clock: Clock

    @classmethod
    async def open(cls, kind, folder):
        clock = Clock()
        if kind == "memory":
            return cls(MemoryLedger(now=clock), clock)
        ledger = await registry.open_ledger(folder, address=address_of(kind), now=clock)
        return cls(ledger, clock)

    async def submit(self, job):
        return await self.ledger.submit(job, run=a_run(), budget=NO_LIMITS)

    async def replay(self, job):
        return await self.ledger.submit(job, run=a_run(), budget=NO_LIMITS, same_purchase=True)

    async def entry(self, job):
        return (await self.ledger.entries([job.key]))[job.key]


def a_receipt(url="https://cdn.test/x.png", *, credits_=2, raw=b'{"code": 0}'):
    return Receipt(url=url, amount=Amount(credits_), request_id="req-1", raw=raw)


def an_artifact(path="citrus-soda/drafts/crab/1x1.png"):
    return Artifact(
        path=path,
        sha256="ab" * 32,
        bytes=1_300_000,
        kind=ImageKind.PNG,
        width=1024,
        height=1024,
        alpha=Alpha.NONE,
    )


async def an_image(case, job):
    await case.ledger.paid(await case.submit(job), a_receipt())
    await case.ledger.stored(job.key, an_artifact())
