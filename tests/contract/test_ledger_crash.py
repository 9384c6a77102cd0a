"""kill -9 in the middle of writing: what was acknowledged is there when the ledger is reopened."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest
from builders import a_job, a_run
from ledgers import DURABLE, address_of

from pipeline.ledger.registry import open_ledger
from pipeline.ledger.sqlite.ledger import SqliteLedger
from pipeline.model.money import Amount, Budget, Spent
from pipeline.model.outcome import InDoubt, Paid, Stored

ROOT = Path(__file__).parents[2]

WRITER = """
import asyncio, itertools, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/tests", sys.argv[1] + "/tests/contract"]
from builders import a_job, a_run
from ledgers import NO_LIMITS, a_receipt, an_artifact
from pipeline.ledger.registry import open_ledger

async def write(folder, address):
    ledger = await open_ledger(Path(folder), address=address)
    await ledger.begin(a_run())
    def say(*words):
        print(*words, flush=True)
    async def lane(name):
        for number in itertools.count():
            job = a_job(f"p{name}x{number}/1x1")
            permit = await ledger.submit(job, run=a_run(), budget=NO_LIMITS)
            say("submitted", job.at.cell)
            await ledger.paid(permit, a_receipt())
            say("paid", job.at.cell)
            await ledger.stored(job.key, an_artifact())
            say("stored", job.at.cell)
    async with asyncio.TaskGroup() as lanes:
        for name in range(8):
            lanes.create_task(lane(name))

asyncio.run(write(*sys.argv[2:4]))
"""


@pytest.mark.parametrize(
    ("kind", "lines"),
    [("sqlite", 1), ("sqlite", 37), ("sqlite", 400), ("sqlite", 1500), ("postgres", 400)],
)
async def test_what_was_acknowledged_before_kill_9_is_there_afterwards(tmp_path, kind, lines):
    address = address_of(kind)
    writer = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WRITER, str(ROOT), str(tmp_path), address),
        stdout=asyncio.subprocess.PIPE,
    )
    printed = [await writer.stdout.readline() for _ in range(lines)]
    assert printed[-1], "the writer ended by itself"
    writer.send_signal(signal.SIGKILL)
    printed += (await writer.stdout.read()).splitlines(keepends=True)
    assert await writer.wait() == -signal.SIGKILL
    acknowledged = {}
    for line in printed:
        if line.endswith(b"\n"):
            word, cell = line.decode().split()
            acknowledged[cell] = word

    ledger = await open_ledger(tmp_path, address=address)
    left_open = await ledger.begin(a_run("2026-11-22T070000Z-bbbbbb"))
    await ledger.abandon(left_open, reason="killed")
    jobs = {cell: a_job(cell) for cell in acknowledged}
    entries = await ledger.entries([job.key for job in jobs.values()])
    await ledger.close()

    at_least = {
        "submitted": InDoubt | Paid | Stored,
        "paid": Paid | Stored,
        "stored": Stored,
    }
    assert len(left_open) <= 8
    assert [
        cell
        for cell, word in acknowledged.items()
        if not isinstance(entries[jobs[cell].key].outcome, at_least[word])
    ] == []


async def test_a_process_killed_while_it_made_the_ledger_leaves_nothing_in_the_way(tmp_path):
    place = tmp_path / "ledger.db"
    killed = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from pipeline.ledger.sqlite import opening
opening.migrate = lambda connection: os.kill(os.getpid(), signal.SIGKILL)
opening.open_for_writing(Path(sys.argv[2]))
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", killed, str(ROOT), str(place)
    )
    assert await process.wait() == -signal.SIGKILL
    assert not place.exists()
    ledger = await SqliteLedger.open(place)
    assert await ledger.begin(a_run()) == []
    await ledger.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ledger.db", "ledger.db.mark"]


DIES_WHILE_IT_SETTLES = """
import asyncio, os, signal, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/tests", sys.argv[1] + "/tests/contract"]
from builders import a_job, a_run
from ledgers import NO_LIMITS
from pipeline.ledger.base_ledger import BaseLedger
from pipeline.ledger.registry import open_ledger
from pipeline.purchasing.recovery import begin_run
from pipeline.purchasing.sealed_replies import SealedReplies

settle = BaseLedger.abandon

async def abandon(ledger, attempts, *, reason):
    if sys.argv[3] == "after":
        await settle(ledger, attempts, reason=reason)
    os.kill(os.getpid(), signal.SIGKILL)

async def live(folder, address):
    ledger = await open_ledger(Path(folder), address=address)
    await ledger.begin(a_run())
    for number in range(3):
        await ledger.submit(a_job(f"p{number}/1x1"), run=a_run(), budget=NO_LIMITS)
    BaseLedger.abandon = abandon
    replies = SealedReplies(Path(folder))
    await begin_run(ledger, a_run("2026-11-22T070000Z-bbbbbb"), replies)

asyncio.run(live(sys.argv[2], sys.argv[4]))
"""


@pytest.mark.parametrize("kind", DURABLE)
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_killed_between_beginning_and_settling_a_run_loses_no_doubt(tmp_path, kind, moment):
    """The interval holds at every moment, and nothing is bought again before or after."""
    address = address_of(kind)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", DIES_WHILE_IT_SETTLES, str(ROOT), str(tmp_path), moment, address)
    )
    assert await process.wait() == -signal.SIGKILL
    ledger = await open_ledger(tmp_path, address=address)
    assert await ledger.spent() == Spent(in_doubt=Amount(6))
    third = a_run("2026-11-22T080000Z-cccccc")
    left_open = await ledger.begin(third)
    assert len(left_open) == (3 if moment == "before" else 0)
    job = a_job("p0/1x1")
    for _ in range(2):
        with pytest.raises(ValueError, match="it could be paid for twice"):
            await ledger.submit(job, run=third, budget=Budget())
        await ledger.abandon(left_open, reason="killed")
    assert isinstance((await ledger.entries([job.key]))[job.key].outcome, InDoubt)
    assert await ledger.spent() == Spent(in_doubt=Amount(6))
    await ledger.close()
