"""The ledger's share of a run: durable transitions a second, and reading 100,000 entries.

`python tests/bench/ledger_bench.py postgres 20000` starts a Postgres server for it, and also tells
groups of one operation a second over a line with a round trip of 1 ms.
"""

import asyncio
import json
import os
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

from builders import a_job, a_run
from cut_line import CutLine
from postgres_server import execute, start_server

from pipeline.ledger.registry import open_ledger
from pipeline.model.artifact import Alpha, Artifact, ImageKind
from pipeline.model.money import Amount, Budget
from pipeline.model.outcome import Receipt

CALLERS = 64
VERBS = 3
"""Durable transitions of one image: submit, paid, stored."""
LIMITS = Budget(run=Amount(10**9), campaign=Amount(10**9), month=Amount(10**9))


async def fill(ledger, jobs):
    """Every job from nothing to stored, by 64 callers at once."""
    await ledger.begin(a_run())
    waiting = iter(jobs)

    async def caller():
        for job in waiting:
            permit = await ledger.submit(job, run=a_run(), budget=LIMITS)
            url = f"https://cdn.example.com/renders/{job.key[:16]}.png"
            raw = json.dumps({"code": 0, "message": "ok", "data": {"images": [{"url": url}]}})
            receipt = Receipt(url=url, amount=Amount(2), raw=raw.encode())
            await ledger.paid(permit, receipt)
            artifact = Artifact(
                path=f"{job.at.campaign}/{job.path}",
                sha256=job.key * 2,
                bytes=1_300_000,
                kind=ImageKind.PNG,
                width=1024,
                height=768,
                alpha=Alpha.NONE,
            )
            await ledger.stored(job.key, artifact)

    async with asyncio.TaskGroup() as callers:
        for _ in range(CALLERS):
            callers.create_task(caller())


async def measured(folder, stored, *, address=""):
    jobs = [a_job(f"citrus-{number}/4x3") for number in range(stored)]
    ledger = await open_ledger(folder, address=address)
    wall, cpu = time.perf_counter(), time.process_time()
    await fill(ledger, jobs)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    keys = [job.key for job in jobs]
    read = time.process_time()
    entries = await ledger.entries(keys)
    read = time.process_time() - read
    assert len(entries) == stored
    await ledger.close()
    opening = time.process_time()
    await (await open_ledger(folder, address=address)).close()
    opening = time.process_time() - opening
    return {
        "transitions_per_second": round(VERBS * stored / wall),
        "cpu_ms_per_transition": round(1000 * cpu / (VERBS * stored), 4),
        "entries_cpu_s_per_100k": round(read * 100_000 / stored, 2),
        "opening_cpu_s": round(opening, 3),
        "bytes_per_stored_job": round(size_of(folder, address) / stored),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def size_of(folder, address):
    if not address:
        return (folder / "ledger.db").stat().st_size
    return execute(address, "checkpoint", "select pg_database_size(current_database())")[0][0]


def measure(stored=100_000):
    """Numbers by name; `stored` jobs are written and read back."""
    with TemporaryDirectory() as folder:
        return asyncio.run(measured(Path(folder), stored))


def measure_postgres(stored=20_000):
    """The same in Postgres, with fsync; an empty database is not counted."""
    with TemporaryDirectory() as folder:
        server = start_server(Path(folder) / "server")
        try:
            execute(server.get_uri(), "create database bench")
            address = server.get_uri("bench")
            empty = size_of(None, address)
            told = asyncio.run(measured(Path(folder), stored, address=address))
            told["bytes_per_stored_job"] -= round(empty / stored)
            told["groups_per_second_at_1_ms"] = asyncio.run(one_by_one(address))
            told["ms_per_sync_of_the_disk"] = sync_time(Path(folder))
        finally:
            server.cleanup()
        return told


def sync_time(folder, number=50):
    """Milliseconds that one durable write takes here: no group is faster."""
    with (folder / "synced").open("wb", buffering=0) as file:
        begun = time.perf_counter()
        for _ in range(number):
            file.write(bytes(8192))
            os.fdatasync(file)
    return round(1000 * (time.perf_counter() - begun) / number, 2)


async def one_by_one(address, number=200):
    """Groups a second, each of one operation, over a line with a round trip of 1 ms."""
    line = CutLine(address, delay=0.0005)
    ledger = await open_ledger(Path(), address=line.address)
    run = a_run("2026-11-22T070000Z-bbbbbb")
    await ledger.begin(run)
    begun = time.perf_counter()
    for count in range(number):
        await ledger.submit(a_job(f"lime-{count}/4x3"), run=run, budget=LIMITS)
    took = time.perf_counter() - begun
    await ledger.close()
    line.close()
    return round(number / took)


if __name__ == "__main__":
    kind, count, *_ = [*sys.argv[1:], "sqlite", "0"][:2] if sys.argv[1:] else ("sqlite", "0")
    chosen = measure_postgres if kind == "postgres" else measure
    print(json.dumps(chosen(int(count) or 20_000), indent=2))
