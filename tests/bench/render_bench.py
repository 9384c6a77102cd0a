"""Rendering against a bare aiohttp loop: CPU per job, wall efficiency, memory.

Both sides talk to the same stand-in of the API in the same run; the bare loop posts, gets and
writes, and keeps no ledger, no checks and no fsync.
"""

import asyncio
import json
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
from builders import a_job, a_run

from pipeline.artifacts.store import ArtifactStore
from pipeline.executors.local import LocalExecutor
from pipeline.ledger.sqlite import SqliteLedger
from pipeline.model.campaign import FailureLimit
from pipeline.model.credits import Budget
from pipeline.model.outcome import Stored
from pipeline.providers.registry import open_provider
from pipeline.rendering.breaker import Breaker
from pipeline.rendering.buying import Counter
from pipeline.rendering.fetching import Courier
from pipeline.rendering.halt import Halt
from pipeline.rendering.pacing import Pace
from pipeline.rendering.purse import Purse
from pipeline.rendering.renderer import Renderer
from pipeline.settings import ProviderSettings, RenderingSettings

HERE = Path(__file__).parent


def photo_like(size):
    """A whole PNG of about so many bytes that compresses as little as a photograph."""
    side = int((size / 3) ** 0.5)
    noise = random.Random(7)  # noqa: S311 - a picture, not a secret
    rows = b"".join(b"\0" + noise.randbytes(side * 3) for _ in range(side))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 1)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


@asynccontextmanager
async def fake_api(latency, size):
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "image.png"
        image.write_bytes(photo_like(size))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(HERE / "fake_api.py"),
            str(latency),
            str(image),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        ready = json.loads(await process.stdout.readline())
        try:
            yield f"http://127.0.0.1:{ready['port']}"
        finally:
            process.stdin.close()
            await process.wait()


async def bare(url, folder, *, jobs, at_once):
    """What the API document's example does, in a loop."""
    waiting = iter(range(jobs))
    body = {"prompt": "x", "model": "gpt-image-2", "size": "1:1", "quality": "low", "n": 1}

    async def work(session):
        for number in waiting:
            async with session.post(f"{url}/v1/images/generate", json=body) as reply:
                image = (await reply.json())["data"]["images"][0]["url"]
            async with session.get(image) as reply:
                (folder / f"{number}.png").write_bytes(await reply.read())

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work(session))


async def ours(url, folder, *, jobs, at_once):
    """The pipeline's own path of a job, from the reservation to the stored file."""
    ledger = await SqliteLedger.open(folder / "ledger.db")
    run = a_run(account="gptimage@bench")
    await ledger.begin(run)
    settings = replace(RenderingSettings(), concurrency=at_once)
    halt = Halt()
    stored = []
    reached = ProviderSettings(base_url=url, key="bench")
    async with open_provider("gptimage", settings=reached) as provider:
        renderer = Renderer(
            counter=Counter(
                provider=provider,
                ledger=ledger,
                purse=Purse(ledger, run=run, budget=Budget(run=10**9), halt=halt),
                pace=Pace(limit=at_once),
                breaker=Breaker(halt, doubts_in_a_row=3, failures=FailureLimit(), due=jobs),
                halt=halt,
                settings=settings,
                listen=lambda _: None,
            ),
            courier=Courier(
                provider=provider,
                ledger=ledger,
                store=ArtifactStore(folder),
                settings=settings,
                listen=lambda _: None,
            ),
        )
        renderer._proven = True

        async def stream():
            for number in range(jobs):
                yield a_job(f"p{number}/1x1", prompt=f"photo {number}")

        await LocalExecutor(workers=2 * at_once).execute(
            stream(),
            lambda job: renderer.render(job, None),
            lambda _job, outcome: stored.append(isinstance(outcome, Stored)),
        )
    await ledger.close()
    assert sum(stored) == jobs, f"{sum(stored)} of {jobs} stored, stopped by {halt.reason}"


async def measured(side, url, **words):
    """(CPU seconds of this process, wall seconds) of one side."""
    with tempfile.TemporaryDirectory() as folder:
        cpu, wall = time.process_time(), time.monotonic()
        await side(url, Path(folder), **words)
        return time.process_time() - cpu, time.monotonic() - wall


async def cpu_ratio(*, jobs=200, at_once=64, size=1_300_000, pairs=3):
    """CPU per job against the bare loop: the median of paired runs."""
    ratios, costs = [], []
    async with fake_api(0.0, size) as url:
        await measured(bare, url, jobs=20, at_once=8)
        await measured(ours, url, jobs=20, at_once=8)
        for _ in range(pairs):
            loop, _ = await measured(bare, url, jobs=jobs, at_once=at_once)
            mine, _ = await measured(ours, url, jobs=jobs, at_once=at_once)
            ratios.append(mine / loop)
            costs.append((mine / jobs * 1000, loop / jobs * 1000))
    middle = sorted(range(pairs), key=lambda n: ratios[n])[pairs // 2]
    return ratios[middle], *costs[middle]


async def wall_efficiency(*, jobs=2000, latency=1.0, at_once=200, size=200_000):
    """The time that the latency alone would take, over the time it took."""
    async with fake_api(latency, size) as url:
        _, wall = await measured(ours, url, jobs=jobs, at_once=at_once)
    return jobs * latency / at_once / wall


async def peak_memory(*, jobs=1000, at_once=1000, size=4_000_000):
    """MiB that this process came to with so many images in flight at once."""
    async with fake_api(0.5, size) as url:
        await measured(ours, url, jobs=jobs, at_once=at_once)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
