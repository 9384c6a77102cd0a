"""Replies that hold the image: the pipeline against a bare loop and OpenAI's own client."""

import asyncio
import base64
import os
import resource
from dataclasses import replace
from pathlib import Path

import aiohttp
import openai
from builders import a_job, a_run
from render_bench import Unseen, fake_api, measured

from pipeline.images.registry import images_in
from pipeline.ledger.registry import open_ledger
from pipeline.model.campaign import FailureLimit
from pipeline.model.job import job_key
from pipeline.model.money import Amount, Budget
from pipeline.model.names import ProfileName
from pipeline.model.outcome import Stored
from pipeline.providers.registry import open_provider
from pipeline.purchasing.buying import KnownImages, Purchasing
from pipeline.purchasing.downloading import Downloader
from pipeline.purchasing.halt import Breaker, Halt
from pipeline.purchasing.pacing import Pacer
from pipeline.purchasing.renderer import Renderer
from pipeline.purchasing.reservations import Reservations
from pipeline.purchasing.sealed_replies import SealedReplies
from pipeline.settings import ProviderSettings, RenderingSettings

BODY = {"prompt": "x", "model": "gpt-image-2", "size": "1024x1024", "quality": "low", "n": 1}


def durable(file, content):
    """Write what has to survive a power loss, as the pipeline does."""
    with file.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


async def bare(url, folder, *, jobs, at_once):
    """A loop that decodes the base64 and writes the image."""
    waiting = iter(range(jobs))

    async def work(session):
        for number in waiting:
            async with session.post(f"{url}/v1/images/generations", json=BODY) as reply:
                picture = base64.b64decode((await reply.json())["data"][0]["b64_json"])
            durable(folder / f"{number}.png", picture)

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work(session))


async def official(url, folder, *, jobs, at_once):
    """The same with OpenAI's own client."""
    waiting = iter(range(jobs))

    async def work(client):
        for number in waiting:
            reply = await client.images.generate(**BODY)
            durable(folder / f"{number}.png", base64.b64decode(reply.data[0].b64_json))

    async with (
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="bench", max_retries=0) as client,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(at_once):
            group.create_task(work(client))


def openai_job(number):
    job = a_job(f"p{number}/1x1", prompt=f"photo {number}")
    request = replace(job.request, size="1024x1024")
    profile = ProfileName("openai")
    key = job_key(job.at, profile=profile, request=request)
    return replace(job, key=key, request=request, price=Amount(10**8), profile=profile)


async def ours(url, folder, *, jobs, at_once):
    """The pipeline's own path: reserved, sealed, read, settled, decoded, checked and stored."""
    ledger, run, halt, stored = await open_ledger(folder), a_run(), Halt(), []
    await ledger.begin(run)
    settings = replace(RenderingSettings(), concurrency=at_once)
    reached = ProviderSettings(prefix="OPENAI", base_url=f"{url}/v1", key="bench")
    known_images, replies = KnownImages(ledger), SealedReplies(Path(folder))
    async with open_provider("openai", settings=reached, account=run.account) as provider:
        shared = {
            "provider": provider,
            "ledger": ledger,
            "known_images": known_images,
            "replies": replies,
            "settings": settings,
            "listen": lambda _: None,
        }
        purchasing = Purchasing(
            reservations=Reservations(ledger, run=run, budget=Budget(run=10**15), halt=halt),
            pace=Pacer(limit=at_once),
            breaker=Breaker(halt, doubts_in_a_row=3, failures=FailureLimit(), due=jobs),
            halt=halt,
            **shared,
        )
        downloader = Downloader(images=images_in(folder), inspector=Unseen(), **shared)
        renderer = Renderer(purchasing=purchasing, downloader=downloader)
        renderer._proven = True
        to_do = (openai_job(number) for number in range(jobs))
        await renderer.render_all(
            to_do, {}, lambda _job, outcome: stored.append(isinstance(outcome, Stored))
        )
    await ledger.close()
    assert sum(stored) == jobs, f"{sum(stored)} of {jobs} stored, stopped by {halt.reason}"


async def cpu(*, size=3_000_000, jobs=60, at_once=8, rounds=3):
    """Median CPU per image in milliseconds: (the pipeline, the bare loop, OpenAI's client)."""
    costs = {side: [] for side in (ours, bare, official)}
    async with fake_api(0.0, size) as url:
        for side in costs:
            await measured(side, url, jobs=8, at_once=4)
        for _ in range(rounds):
            for side, found in costs.items():
                spent, _ = await measured(side, url, jobs=jobs, at_once=at_once)
                found.append(1000 * spent / jobs)
    return [sorted(found)[rounds // 2] for found in costs.values()]


async def peak_memory(side=ours, *, jobs=200, at_once=200, size=15_000_000):
    """MiB that this process came to with so many replies of 20 MB in flight at once."""
    async with fake_api(2.0, size) as url:
        await measured(side, url, jobs=jobs, at_once=at_once)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
