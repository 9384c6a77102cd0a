"""Rendering against a bare aiohttp loop: CPU per job, wall efficiency, memory.

Both sides talk to the same stand-in of the API in the same run; the bare loop posts, gets and
writes, and keeps no ledger, no checks and no fsync.
"""

import asyncio
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import requests
from builders import a_job, a_run
from PIL import Image, ImageChops

from pipeline.executors.registry import open_executor
from pipeline.images.registry import images_in
from pipeline.ledger.registry import open_ledger
from pipeline.model.campaign import FailureLimit
from pipeline.model.money import Budget
from pipeline.model.outcome import Stored
from pipeline.providers.registry import open_provider
from pipeline.purchasing.buying import KnownImages, Purchasing
from pipeline.purchasing.downloading import Downloader
from pipeline.purchasing.halt import Breaker, Halt
from pipeline.purchasing.inspecting import ImageInspector
from pipeline.purchasing.pacing import Pacer
from pipeline.purchasing.renderer import Renderer
from pipeline.purchasing.reservations import Reservations
from pipeline.purchasing.sealed_replies import SealedReplies
from pipeline.settings import ProviderSettings, RenderingSettings
from pipeline.state.output.kept_checks import KeptChecks

HERE = Path(__file__).parent
BYTES_PER_PIXEL = 1.25
SIZES = ("1x1", "4x3", "16x9", "9x21", "1x2")
"""A folder holds the sizes of one product, as in a campaign."""


def photo_like(size):
    """A PNG of about so many bytes, of which a pixel takes as many as in a photograph of soda."""
    side = int((size / BYTES_PER_PIXEL) ** 0.5)
    light = Image.linear_gradient("L").resize((side, side))
    grains = [Image.effect_noise((side, side), 3) for _ in "RGB"]
    channels = [ImageChops.add(light, grain, scale=2) for grain in grains]
    place = io.BytesIO()
    Image.merge("RGB", channels).save(place, "PNG", compress_level=6)
    return place.getvalue()


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


async def threads(url, folder, *, jobs, at_once):
    """The API document's own example, with requests in threads."""
    body = {"prompt": "x", "model": "gpt-image-2", "size": "1:1", "quality": "low", "n": 1}

    def one(number):
        reply = requests.post(f"{url}/v1/images/generate", json=body, timeout=60)
        image = reply.json()["data"]["images"][0]["url"]
        (folder / f"{number}.png").write_bytes(requests.get(image, timeout=60).content)

    with ThreadPoolExecutor(at_once) as pool:
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(pool, one, number) for number in range(jobs)))


async def looked_at(url, folder, *, jobs, at_once):
    """The same with every image decoded, measured and thumbed in processes beside this one."""
    async with open_executor() as executor:
        kept = KeptChecks(folder, "citrus-soda")

        def inspector(images):
            return ImageInspector(images=images, executor=executor, kept=kept)

        await ours(url, folder, jobs=jobs, at_once=at_once, inspector=inspector)


class Unseen:
    """In place of an inspector: nobody looks at the images, and nothing is kept of them."""

    async def inspect(self, _job, _artifact):
        return {}


async def ours(url, folder, *, jobs, at_once, inspector=None):
    """The pipeline's own path of a job, from the reservation to the stored file."""
    ledger = await open_ledger(folder)
    run = a_run(account="gptimage@bench")
    await ledger.begin(run)
    settings = replace(RenderingSettings(), concurrency=at_once)
    halt = Halt()
    stored = []
    reached = ProviderSettings(base_url=url, key="bench")
    images = images_in(folder)
    known_images = KnownImages(ledger)
    async with open_provider("gptimage", settings=reached) as provider:
        renderer = Renderer(
            purchasing=Purchasing(
                provider=provider,
                ledger=ledger,
                reservations=Reservations(ledger, run=run, budget=Budget(run=10**9), halt=halt),
                pace=Pacer(limit=at_once),
                breaker=Breaker(halt, doubts_in_a_row=3, failures=FailureLimit(), due=jobs),
                halt=halt,
                known_images=known_images,
                replies=SealedReplies(Path(folder)),
                settings=settings,
                listen=lambda _: None,
            ),
            downloader=Downloader(
                provider=provider,
                ledger=ledger,
                images=images,
                inspector=inspector(images) if inspector else Unseen(),
                known_images=known_images,
                replies=SealedReplies(Path(folder)),
                settings=settings,
                listen=lambda _: None,
            ),
        )
        renderer._proven = True

        to_do = (
            a_job(f"p{number // len(SIZES)}/{SIZES[number % len(SIZES)]}", prompt=f"photo {number}")
            for number in range(jobs)
        )
        await renderer.render_all(
            to_do, {}, lambda _job, outcome: stored.append(isinstance(outcome, Stored))
        )
    await ledger.close()
    assert sum(stored) == jobs, f"{sum(stored)} of {jobs} stored, stopped by {halt.reason}"


async def measured(side, url, scratch=None, **words):
    """(CPU seconds of this process and all that it started, wall seconds) of one side.

    In `scratch` the files stay: ext4 walks over what was deleted in the last seconds for every
    new file, which would cost both sides, and so flatter their ratio.
    """
    with ExitStack() as stack:
        folder = tempfile.mkdtemp(dir=scratch)
        if scratch is None:
            stack.callback(shutil.rmtree, folder)
        os.sync()  # what the side before wrote is not on this one's bill
        cpu, wall = _cpu(), time.monotonic()
        await side(url, Path(folder), **words)
        return _cpu() - cpu, time.monotonic() - wall


def _cpu():
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


async def cpu_ratios(side, *, jobs=300, at_once=64, size=1_300_000, pairs=7):
    """CPU per job of one side and of the bare loop, in milliseconds, of paired runs."""
    costs = []
    async with fake_api(0.0, size) as url:
        with tempfile.TemporaryDirectory() as scratch:
            for who in (bare, side):
                await measured(who, url, scratch, jobs=20, at_once=8)
            for _ in range(pairs):
                loop, _ = await measured(bare, url, scratch, jobs=jobs, at_once=at_once)
                mine, _ = await measured(side, url, scratch, jobs=jobs, at_once=at_once)
                costs.append((1000 * mine / jobs, 1000 * loop / jobs))
    return sorted(costs, key=lambda pair: pair[0] / pair[1])


async def cpu_beside(*, jobs=300, at_once=64, size=1_300_000, rounds=5):
    """Median CPU per image in milliseconds: (the pipeline, the bare loop, requests in threads)."""
    costs = {side: [] for side in (ours, bare, threads)}
    async with fake_api(0.0, size) as url:
        for side in costs:
            await measured(side, url, jobs=20, at_once=8)
        for _ in range(rounds):
            for side, found in costs.items():
                spent, _ = await measured(side, url, jobs=jobs, at_once=at_once)
                found.append(1000 * spent / jobs)
    return [sorted(found)[rounds // 2] for found in costs.values()]


async def wall_efficiency(side=ours, *, jobs=2000, latency=1.0, at_once=200, size=200_000):
    """The time that the latency alone would take, over the time it took."""
    async with fake_api(latency, size) as url:
        _, wall = await measured(side, url, jobs=jobs, at_once=at_once)
    return jobs * latency / at_once / wall


async def peak_memory(*, jobs=1000, at_once=1000, size=4_000_000):
    """MiB that this process came to with so many images in flight at once."""
    async with fake_api(0.5, size) as url:
        await measured(ours, url, jobs=jobs, at_once=at_once)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
