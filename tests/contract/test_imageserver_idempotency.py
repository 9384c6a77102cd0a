import asyncio
from pathlib import Path

import image_server_painters
from image_server_client import DOCUMENTED, serving

from pipeline.imageserver.billing.keys import add_key
from pipeline.imageserver.options import ErrorStyle, Idempotency


async def test_off_means_that_a_repeat_is_charged_again(tmp_path: Path):
    async with serving(tmp_path) as client:
        for _ in range(2):
            await client.post(DOCUMENTED, Idempotency_Key="k")
        assert client.server.charged() == 24


async def test_replay_gives_the_same_reply_for_one_charge(tmp_path: Path):
    async with serving(tmp_path, idempotency=Idempotency.REPLAY) as client:
        first = await client.post(DOCUMENTED, Idempotency_Key="k")
        second = await client.post(DOCUMENTED, Idempotency_Key="k")
        assert first == second
        assert client.server.charged() == 12


async def test_another_body_under_the_same_key_is_422(tmp_path: Path):
    async with serving(tmp_path, idempotency=Idempotency.REPLAY) as client:
        await client.post(DOCUMENTED, Idempotency_Key="k")
        status, reply = await client.post(DOCUMENTED | {"n": 2}, Idempotency_Key="k")
        assert (status, reply["message"]) == (
            422,
            "Idempotency-Key: was used for another request",
        )


async def test_reject_refuses_every_repeat(tmp_path: Path):
    async with serving(
        tmp_path, idempotency=Idempotency.REJECT, error_style=ErrorStyle.APP
    ) as client:
        await client.post(DOCUMENTED, Idempotency_Key="k")
        status, reply = await client.post(DOCUMENTED, Idempotency_Key="k")
        assert (status, reply["code"]) == (200, -1)
        assert client.server.charged() == 12


async def test_while_the_first_is_in_the_making_a_repeat_is_409(tmp_path: Path):
    async with serving(
        tmp_path, idempotency=Idempotency.REPLAY, painter=image_server_painters.paint_slowly
    ) as client:
        async with asyncio.TaskGroup() as group:
            both = [
                group.create_task(client.post(DOCUMENTED, Idempotency_Key="k")) for _ in range(2)
            ]
        assert {status for status, _ in (task.result() for task in both)} == {200, 409}
        assert client.server.charged() == 12


async def test_a_request_that_could_not_be_painted_leaves_its_key_free(tmp_path: Path):
    async with serving(
        tmp_path, idempotency=Idempotency.REPLAY, painter=image_server_painters.refuse
    ) as client:
        for _ in range(2):
            status, reply = await client.post(DOCUMENTED, Idempotency_Key="k")
            assert (status, reply["message"]) == (
                422,
                "prompt: no font has these letters; use Latin letters",
            )
        assert client.server.charged() == 0


async def test_two_callers_may_use_the_same_key(tmp_path: Path):
    other = add_key(tmp_path, "other")
    async with serving(tmp_path, idempotency=Idempotency.REPLAY) as client:
        await client.post(DOCUMENTED, Idempotency_Key="k")
        await client.post(DOCUMENTED, Idempotency_Key="k", Authorization=f"Bearer {other}")
        assert [capture.caller for capture in client.server.charges()] == ["server", "other"]
