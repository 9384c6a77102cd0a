"""Several coordinators on one ledger, killed, stopped and cut off: nothing is paid for twice.

The provider charges on arrival and honours no key. Its books are a file to which every request is
appended. `-m thorough` runs 2,000 jobs in four shards; the usual suite has a sample.
"""

import asyncio
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
from builders import a_job
from cut_line import CutLine
from postgres_server import empty_ledger, execute, restart_at_once

from pipeline.ledger.registry import open_ledger
from pipeline.model.outcome import InDoubt, Stored

ROOT = Path(__file__).parents[2]
CHANCE = random.Random()  # noqa: S311 - faults are no secrets

COORDINATOR = """
import asyncio, os, random, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/tests", sys.argv[1] + "/tests/contract"]
from builders import a_job, a_run
from ledgers import NO_LIMITS, a_receipt, an_artifact
from pipeline.errors import LeaseLost, LockHeld
from pipeline.ledger.postgres import leases
from pipeline.ledger.registry import open_ledger
from pipeline.model.coordination import read_shard
from pipeline.model.outcome import Paid

leases.LEASE, leases.RENEWAL = 1.0, 0.2

async def work(folder, address, books, share, count):
    shard, lost = read_shard(share), False
    run = a_run(f"2026-11-22T060000Z-{os.urandom(4).hex()}")
    ledger = await open_ledger(Path(folder), address=address)
    while True:
        try:
            dead = await ledger.begin(run, shard=shard)
            break
        except LockHeld:
            await asyncio.sleep(0.1)
    await ledger.abandon(dead, reason="killed")
    jobs = [a_job(f"p{number}/1x1") for number in range(count)]
    cells = shard.cells_of(jobs)
    known = await ledger.entries([job.key for job in jobs])
    due = iter([job for job in jobs if job.at.cell in cells])
    book = os.open(books, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def lane():
        nonlocal lost
        for job in due:
            entry = known.get(job.key)
            outcome = entry.outcome if entry else None
            if lost:
                return
            if outcome is None and not (entry and entry.is_open):
                try:
                    permit = await ledger.submit(job, run=run, budget=NO_LIMITS)
                except LeaseLost:
                    lost = True
                    return
                os.write(book, f"{permit.purchase} {job.key}\\n".encode())
                await asyncio.sleep(random.uniform(0, 0.02))
                await ledger.paid(permit, a_receipt(f"https://cdn.test/{permit.purchase}.png"))
            elif not isinstance(outcome, Paid):
                continue
            await ledger.stored(job.key, an_artifact())

    async with asyncio.TaskGroup() as lanes:
        for _ in range(8):
            lanes.create_task(lane())
    if not lost:
        await ledger.end(run.id, exit_code=0)
    await ledger.close()
    return 75 if lost else 0

sys.exit(asyncio.run(work(*sys.argv[2:6], int(sys.argv[6]))))
"""


class Fleet:
    """Coordinators of all shards, each started in a folder of its own."""

    def __init__(self, folder, *, shards, jobs):
        self.folder, self.shards, self.jobs = folder, shards, jobs
        self.books = folder / "books"
        self.truth = empty_ledger()
        self.line = CutLine(self.truth)
        self.started = 0
        self.codes = Counter()

    async def start(self, number):
        self.started += 1
        folder = self.folder / f"machine-{self.started}"
        folder.mkdir()
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", COORDINATOR, str(ROOT), str(folder), self.line.address),
            *(str(self.books), f"{number}/{self.shards}", str(self.jobs)),
        )

    async def shard(self, number, faults):
        """Run one shard to its end, with a new coordinator after each fault."""
        stopped = []
        for fault in (*faults, None):
            process = await self.start(number)
            if fault is not None:
                await self.progress(process, CHANCE.randint(5, self.jobs // 8))
            if fault is not None and process.returncode is None:
                process.send_signal(fault)
            if fault is signal.SIGSTOP:
                stopped.append(process)
            else:
                self.codes[await process.wait()] += 1
        for process in stopped:  # zombies wake up after others have taken their place
            if process.returncode is None:
                process.send_signal(signal.SIGCONT)
            self.codes[await process.wait()] += 1

    async def progress(self, process, requests):
        """Wait until the fleet has sent some more requests, or the process has ended."""
        enough = self.sent() + requests
        while self.sent() < enough and process.returncode is None:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)

    def sent(self):
        return self.books.read_bytes().count(b"\n") if self.books.exists() else 0

    async def audit(self):
        """Return what differs from the books of the provider."""
        ledger = await open_ledger(self.folder, address=self.truth)
        jobs = [a_job(f"p{number}/1x1") for number in range(self.jobs)]
        entries = await ledger.entries([job.key for job in jobs])
        spent = await ledger.spent()
        await ledger.close()
        charges = Counter(line.split()[1] for line in self.books.read_text().splitlines())
        outcomes = Counter(type(entry.outcome) for entry in entries.values())
        return {
            "twice": [key for key, count in charges.items() if count > 1],
            "missing": self.jobs - outcomes[Stored] - outcomes[InDoubt],
            "in_doubt": outcomes[InDoubt],
            "inside": spent.confirmed <= 2 * charges.total() <= spent.upper,
        }


async def live_through(fleet, faults, *, lose=0.0, restarts=0):
    """Run all shards at once under faults; return what the audit finds."""
    fleet.line.lose = lambda: CHANCE.random() < lose
    shards = [
        asyncio.ensure_future(fleet.shard(number + 1, faults(number)))
        for number in range(fleet.shards)
    ]
    for _ in range(restarts):
        await asyncio.sleep(3)
        await asyncio.to_thread(restart_at_once)
    await asyncio.gather(*shards)
    fleet.line.close()
    return await fleet.audit()


async def test_a_fleet_that_is_killed_stopped_and_cut_off_pays_for_nothing_twice(tmp_path):
    CHANCE.seed(7)
    fleet = Fleet(tmp_path, shards=2, jobs=120)
    faults = [[signal.SIGKILL], [signal.SIGSTOP]]
    found = await live_through(fleet, lambda number: faults[number], lose=0.1)
    assert (found["twice"], found["missing"], found["inside"]) == ([], 0, True)
    assert found["in_doubt"] <= 16  # at most those that were in flight at a fault
    assert set(fleet.codes) <= {0, -signal.SIGKILL, 75}
    assert fleet.line.lost_replies > 0


@pytest.mark.thorough
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(4))
async def test_two_thousand_jobs_in_four_shards_survive_every_fault(tmp_path, seed):
    CHANCE.seed(seed)
    fleet = Fleet(tmp_path, shards=4, jobs=2000)
    kinds = (signal.SIGKILL, signal.SIGSTOP)
    found = await live_through(fleet, lambda _: CHANCE.choices(kinds, k=3), lose=0.05, restarts=3)
    print(found, fleet.codes, f"{fleet.line.lost_replies} replies lost")
    assert (found["twice"], found["missing"], found["inside"]) == ([], 0, True)
    assert found["in_doubt"] <= 4 * 3 * 8
    assert fleet.line.lost_replies > 20
    assert execute(fleet.truth, "select 1") == [(1,)]
