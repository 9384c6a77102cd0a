import asyncio
from pathlib import Path

import image_server_painters
from image_server_client import DOCUMENTED, Client, serving

from pipeline.imageserver.billing.keys import add_key
from pipeline.imageserver.options import Idempotency, Limits

JOBS = "/v1/images/jobs"


async def settled(client: Client, job: str):
    while True:
        _, reply = await client.get(f"{JOBS}/{job}")
        if reply["data"]["status"] != "painting":
            return reply["data"]
        await asyncio.sleep(0.01)


async def test_a_job_is_accepted_at_once_and_done_later(tmp_path: Path):
    async with serving(tmp_path, painter=image_server_painters.paint_slowly) as client:
        status, submitted = await client.post(DOCUMENTED, path=JOBS)
        assert (status, submitted["data"]["status"]) == (202, "queued")
        assert client.server.charged() == 0
        done = await settled(client, submitted["data"]["id"])
        assert (done["status"], done["credits"], client.server.charged()) == ("done", 12, 12)
        assert (await client.image({"data": done})).format == "PNG"


async def test_a_job_that_cannot_be_painted_fails_with_the_reason_and_costs_nothing(
    tmp_path: Path,
):
    async with serving(tmp_path, painter=image_server_painters.refuse) as client:
        _, submitted = await client.post(DOCUMENTED, path=JOBS)
        failed = await settled(client, submitted["data"]["id"])
        assert failed["status"] == "failed"
        assert failed["error"].startswith("prompt: no font has these letters")
        assert client.server.charged() == 0


async def test_a_job_is_known_after_a_restart(tmp_path: Path):
    async with serving(tmp_path) as client:
        _, submitted = await client.post(DOCUMENTED, path=JOBS)
        await settled(client, submitted["data"]["id"])
    async with serving(tmp_path) as client:
        done = await settled(client, submitted["data"]["id"])
        assert (await client.image({"data": done})).format == "PNG"


async def test_a_job_that_a_stopped_server_gave_up_says_so(tmp_path: Path):
    async with serving(
        tmp_path, painter=image_server_painters.paint_slowly, drain_seconds=0.01
    ) as client:
        _, submitted = await client.post(DOCUMENTED, path=JOBS)
    async with serving(tmp_path) as client:
        failed = await settled(client, submitted["data"]["id"])
        assert failed["error"] == "the server stopped; nothing was charged"
        assert client.server.charged() == 0


async def test_a_stopping_server_finishes_the_jobs_it_has(tmp_path: Path):
    async with serving(tmp_path, painter=image_server_painters.paint_slowly) as client:
        await client.post(DOCUMENTED, path=JOBS)
    async with serving(tmp_path) as client:
        assert client.server.charged() == 12


async def test_one_key_is_one_job(tmp_path: Path):
    async with serving(tmp_path, idempotency=Idempotency.REPLAY) as client:
        _, first = await client.post(DOCUMENTED, path=JOBS, Idempotency_Key="k")
        await settled(client, first["data"]["id"])
        _, second = await client.post(DOCUMENTED, path=JOBS, Idempotency_Key="k")
        assert first["data"]["id"] == second["data"]["id"]
        assert client.server.charged() == 12


async def test_jobs_of_others_and_invented_ones_are_not_found(tmp_path: Path):
    other = add_key(tmp_path, "other")
    async with serving(tmp_path) as client:
        _, submitted = await client.post(DOCUMENTED, path=JOBS)
        job = submitted["data"]["id"]
        async with client.ask("GET", f"{JOBS}/{job}", Authorization=f"Bearer {other}") as reply:
            assert reply.status == 404
        for invented in ("job_000000001_0000000000000000", "nonsense", job + "0"):
            assert (await client.get(f"{JOBS}/{invented}"))[0] == 404


async def test_jobs_in_the_making_count_as_in_flight(tmp_path: Path):
    async with serving(
        tmp_path, painter=image_server_painters.paint_slowly, limits=Limits(in_flight=1)
    ) as client:
        await client.post(DOCUMENTED, path=JOBS)
        status, _ = await client.post(DOCUMENTED, path=JOBS)
        assert status == 429
