"""The ledger's share of a run: durable transitions a second, and reading 100,000 entries."""

import asyncio
import json
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

from builders import a_job, a_run

from pipeline.ledger.sqlite.ledger import SqliteLedger
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
            receipt = Receipt(url=url, credits=Amount(2), raw=raw.encode())
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


async def measured(folder, stored):
    place = folder / "ledger.db"
    jobs = [a_job(f"citrus-{number}/4x3") for number in range(stored)]
    ledger = await SqliteLedger.open(place)
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
    await (await SqliteLedger.open(place)).close()
    opening = time.process_time() - opening
    return {
        "transitions_per_second": round(VERBS * stored / wall),
        "cpu_ms_per_transition": round(1000 * cpu / (VERBS * stored), 4),
        "entries_cpu_s_per_100k": round(read * 100_000 / stored, 2),
        "opening_cpu_s": round(opening, 3),
        "bytes_per_stored_job": round(place.stat().st_size / stored),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def measure(stored=100_000):
    """Numbers by name; `stored` jobs are written and read back."""
    with TemporaryDirectory() as folder:
        return asyncio.run(measured(Path(folder), stored))


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
