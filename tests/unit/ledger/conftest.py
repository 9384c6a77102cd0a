"""A ledger with rows of every kind, as its files lie on disk."""

import asyncio
import hashlib
import shutil
from dataclasses import replace

import pytest
from builders import a_job, a_run

from pipeline.ledger.sqlite.ledger import SqliteLedger
from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.money import Amount, Budget
from pipeline.model.names import Stage
from pipeline.model.outcome import Receipt
from pipeline.model.ticket import TicketId, TicketState
from pipeline.model.verdict import Decision, Verdict

JOBS = [a_job(f"p{number}/1x1") for number in range(40)]


async def live(ledger):
    """A life of every kind of row."""
    await ledger.begin(a_run())
    for number, job in enumerate(JOBS):
        permit = await ledger.submit(job, run=a_run(), budget=Budget(run=Amount(1000)))
        if number % 4 == 3:
            await ledger.doubt(permit, reason="reset", raw=b"<html>")
            continue
        receipt = Receipt(url=f"https://cdn.test/{number}.png", amount=Amount(2), raw=b"{}")
        await ledger.paid(permit, receipt)
        await ledger.stored(
            job.key,
            Artifact(
                path=f"p{number}.png",
                sha256=hashlib.sha256(bytes([number])).hexdigest(),
                bytes=1,
                kind=ImageKind.PNG,
                width=1,
                height=1,
                alpha=Alpha.NONE,
            ),
        )
    verdict = Verdict(
        cell="p1/1x1",
        stage=Stage.DRAFT,
        decision=Decision.APPROVED,
        round=1,
        take=1,
        job=JOBS[1].key,
        sha256="ab" * 32,
        by="ada",
        at="2026-11-22T06:00:00Z",
    )
    await ledger.decide(verdict, campaign="citrus-soda")
    winter = a_run("2026-11-22T060000Z-cccccc", campaign="winter")
    await ledger.begin(winter)
    ordered = [a_job("rum/1x1", campaign="winter")]
    await ledger.order(ordered, run=winter, budget=Budget(), ticket=TicketId("batch-1"))
    (ticket,) = await ledger.open_tickets()
    opened = replace(ticket, state=TicketState.OPEN, file="file-1", batch="batch_1")
    await ledger.update_ticket(opened)


@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    """Two folders: `closed`, and `killed`, as a process leaves it that was ended by kill -9."""
    folder = tmp_path_factory.mktemp("ledgers")

    async def fill():
        ledger = await SqliteLedger.open(folder / "closed" / "ledger.db")
        await live(ledger)
        # by another process: closing a file here would drop the locks that SQLite holds on it
        copying = ("cp", "-r", folder / "closed", folder / "killed")
        copied = await asyncio.create_subprocess_exec(*copying)
        assert await copied.wait() == 0
        await ledger.close()

    asyncio.run(fill())
    (folder / "killed" / "ledger.db-shm").unlink()
    return folder


@pytest.fixture
def place(kept, tmp_path):
    """A ledger that was closed."""
    shutil.copytree(kept / "closed", tmp_path, dirs_exist_ok=True)
    return tmp_path / "ledger.db"


@pytest.fixture
def killed(kept, tmp_path):
    """A ledger whose last writes are still in its journal."""
    shutil.copytree(kept / "killed", tmp_path / "killed")
    return tmp_path / "killed" / "ledger.db"
