"""Files and batches of `--wire openai` through OpenAI's own client, and what they charged."""

import asyncio
import base64
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import image_server_painters
import openai
import pytest
from image_server_client import PROMPT, Client, opened, png, serving

import pipeline
from pipeline.imageserver.options import Limits, WireFormat

OVER = {"completed", "failed", "expired", "cancelled"}
HALF = 196 * 15_000 + -(-len(PROMPT) // 4) * 2_500
"""Nano-dollars of one low square in a batch."""
BODY = {"model": "gpt-image-2", "prompt": PROMPT, "quality": "low", "size": "1024x1024"}


@asynccontextmanager
async def batching(
    state: Path, **settings: Any
) -> AsyncIterator[tuple[Client, openai.AsyncOpenAI]]:
    async with (
        serving(state, wire=WireFormat.OPENAI, **settings) as client,
        openai.AsyncOpenAI(
            base_url=f"{client.server.url}/v1", api_key=client.server.key, max_retries=0
        ) as sdk,
    ):
        yield client, sdk


async def told(client: Client, *rules: dict[str, Any]) -> None:
    async with client.ask("PUT", "/_faults", {"rules": list(rules)}) as response:
        assert response.status == 200, await response.text()


def jsonl(*bodies: dict[str, Any], url: str = "/v1/images/generations") -> bytes:
    lines = [
        {"custom_id": f"line-{n}", "method": "POST", "url": url, "body": body}
        for n, body in enumerate(bodies)
    ]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


async def created(
    sdk: openai.AsyncOpenAI, content: bytes, *, endpoint: str = "/v1/images/generations"
) -> Any:
    file = await sdk.files.create(file=("in.jsonl", content), purpose="batch")
    return await sdk.batches.create(
        input_file_id=file.id,
        endpoint=endpoint,  # type: ignore[arg-type] # a literal there
        completion_window="24h",
        metadata={"label": "run-1"},
    )


async def over(sdk: openai.AsyncOpenAI, batch: Any) -> Any:
    for _ in range(1000):
        batch = await sdk.batches.retrieve(batch.id)
        if batch.status in OVER:
            return batch
        await asyncio.sleep(0.01)
    raise AssertionError(batch)


async def lines_of(sdk: openai.AsyncOpenAI, file_id: str | None) -> dict[str, Any]:
    if file_id is None:
        return {}
    content = await (await sdk.files.content(file_id)).aread()
    return {line["custom_id"]: line for line in map(json.loads, content.splitlines())}


async def test_a_batch_is_made_line_by_line_at_half_the_price(tmp_path: Path):
    wrong = BODY | {"size": "1000x1000"}
    async with batching(tmp_path) as (client, sdk):
        batch = await created(sdk, jsonl(BODY, wrong, BODY | {"output_format": "webp"}))
        assert (batch.status, batch.metadata) == ("validating", {"label": "run-1"})
        done = await over(sdk, batch)
        counts = done.request_counts
        assert (done.status, done.model) == ("completed", "gpt-image-2")
        assert (counts.total, counts.completed, counts.failed) == (3, 2, 1)
        made, refused = (
            await lines_of(sdk, done.output_file_id),
            await lines_of(sdk, done.error_file_id),
        )
        assert set(made) == {"line-0", "line-2"}
        answer = made["line-2"]["response"]
        image = opened(base64.b64decode(answer["body"]["data"][0]["b64_json"]))
        assert (answer["status_code"], image.format, image.size) == (200, "WEBP", (1024, 1024))
        assert refused["line-1"]["response"]["status_code"] == 400
        assert refused["line-1"]["response"]["body"]["error"]["param"] == "size"
        assert client.server.charged() == 2 * HALF
        assert done.usage.output_tokens == 2 * 196


async def test_edits_are_made_from_data_urls_and_from_uploaded_files(tmp_path: Path):
    url = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
    async with batching(tmp_path) as (client, sdk):
        photo = await sdk.files.create(file=("a.png", png()), purpose="vision")
        bodies = [
            BODY | {"images": [{"image_url": url}]},
            BODY | {"images": [{"file_id": photo.id}]},
            BODY | {"images": [{"file_id": "file-none"}]},
        ]
        endpoint = "/v1/images/edits"
        done = await over(sdk, await created(sdk, jsonl(*bodies, url=endpoint), endpoint=endpoint))
        assert (done.request_counts.completed, done.request_counts.failed) == (2, 1)
        assert client.server.charged() == 2 * (HALF + 4 * 4_000)


INVALID = {
    "empty_file": b"\n",
    "invalid_json_line": b"{\n",
    "missing_required_parameter": b"{}\n",
    "duplicate_custom_id": jsonl(BODY) * 2,
    "mismatched_url": jsonl(BODY, url="/v1/images/edits"),
    "model_not_supported": jsonl(BODY | {"model": "gpt-image-2.5-flare"}),
    "too_many_tasks": jsonl(*[BODY] * 4),
}
"""Input files by the error that fails their batch."""


async def test_a_file_that_is_not_valid_fails_before_anything_is_made(tmp_path: Path):
    async with batching(tmp_path, limits=Limits(batch_lines=3)) as (client, sdk):
        for code, content in INVALID.items():
            done = await over(sdk, await created(sdk, content))
            assert (done.status, done.errors.data[0].code) == ("failed", code)
            assert (done.output_file_id, done.error_file_id) == (None, None)
        assert client.server.charged() == 0


async def test_a_rule_may_fail_a_valid_batch(tmp_path: Path):
    async with batching(tmp_path) as (client, sdk):
        await told(client, {"fault": "batch-end", "on": "batch-ends", "end": "failed"})
        done = await over(sdk, await created(sdk, jsonl(BODY)))
        assert (done.status, done.errors.data[0].code) == ("failed", "token_limit_exceeded")
        assert client.server.charged() == 0


@pytest.mark.parametrize("end", ["expired", "cancelled"])
async def test_a_batch_that_ends_at_half_charges_what_was_made(tmp_path: Path, end: str):
    rule = {"fault": "batch-end", "on": "batch-ends", "end": end, "share": 0.5}
    async with batching(tmp_path) as (client, sdk):
        await told(client, rule)
        done = await over(sdk, await created(sdk, jsonl(*[BODY] * 4)))
        assert (done.status, done.request_counts.completed) == (end, 2)
        assert set(await lines_of(sdk, done.output_file_id)) == {"line-0", "line-1"}
        left = await lines_of(sdk, done.error_file_id)
        assert {line["error"]["code"] for line in left.values()} == {f"batch_{end}"}
        assert set(left) == {"line-2", "line-3"}
        assert client.server.charged() == 2 * HALF


async def test_an_output_file_or_a_line_may_be_missing_and_is_charged(tmp_path: Path):
    async with batching(tmp_path) as (client, sdk):
        rule = {"fault": "batch-end", "on": "batch-ends", "times": 1}
        await told(client, rule | {"end": "no-output-file"}, rule | {"end": "line-missing"})
        without = await over(sdk, await created(sdk, jsonl(BODY)))
        assert (without.status, without.output_file_id) == ("completed", None)
        short = await over(sdk, await created(sdk, jsonl(BODY, BODY)))
        assert set(await lines_of(sdk, short.output_file_id)) == {"line-0"}
        assert (short.request_counts.completed, short.error_file_id) == (2, None)
        assert client.server.charged() == 3 * HALF


async def test_lines_are_refused_before_or_after_the_charge(tmp_path: Path):
    async with batching(tmp_path) as (client, sdk):
        rule = {"on": "batch-lines", "times": 1}
        await told(
            client,
            rule | {"fault": "openai-error", "error": "moderation-output", "when": "after"},
            rule | {"fault": "status", "status": 500},
        )
        done = await over(sdk, await created(sdk, jsonl(BODY, BODY, BODY)))
        refused = await lines_of(sdk, done.error_file_id)
        assert sorted(line["response"]["status_code"] for line in refused.values()) == [400, 500]
        assert done.request_counts.completed == 1
        assert client.server.charged() == 2 * HALF


async def test_a_lost_answer_of_creation_is_found_by_its_metadata(tmp_path: Path):
    async with batching(tmp_path) as (client, sdk):
        await told(client, {"fault": "drop", "when": "after", "on": "batches", "times": 1})
        with pytest.raises(openai.APIConnectionError):
            await created(sdk, jsonl(BODY))
        (found,) = [batch async for batch in sdk.batches.list()]
        assert found.metadata == {"label": "run-1"}
        assert (await over(sdk, found)).status == "completed"


async def test_a_batch_is_cancelled_after_the_lines_that_are_being_made(tmp_path: Path):
    painter = image_server_painters.paint_slowly
    async with batching(tmp_path, painter=painter) as (client, sdk):
        batch = await created(sdk, jsonl(*[BODY] * 12))
        while (await sdk.batches.retrieve(batch.id)).status == "validating":  # noqa: ASYNC110 - polled as clients do
            await asyncio.sleep(0.01)
        cancelling = await sdk.batches.cancel(batch.id)
        assert cancelling.status == "cancelling"
        done = await over(sdk, batch)
        counts = done.request_counts
        assert (done.status, counts.total, counts.failed) == ("cancelled", 12, 0)
        assert client.server.charged() == counts.completed * HALF
        assert counts.completed < 12
        left = await lines_of(sdk, done.error_file_id)
        assert len(left) == 12 - counts.completed
        with pytest.raises(openai.ConflictError):
            await sdk.batches.cancel(batch.id)


async def test_a_batch_expires_when_its_window_is_over(tmp_path: Path):
    async with batching(tmp_path, batch_window=0) as (client, sdk):
        done = await over(sdk, await created(sdk, jsonl(BODY)))
        assert (done.status, client.server.charged()) == ("expired", 0)


@pytest.mark.parametrize("status", ["validating", "in_progress", "finalizing", "cancelling"])
async def test_a_restart_goes_on_in_every_status_and_charges_each_line_once(
    tmp_path: Path, status: str
):
    """The server stops while the batch is in this status; the next one finishes it."""
    painter = image_server_painters.paint_slowly
    slow = {"batch_delay": 0.15, "painter": painter}
    async with batching(tmp_path, **slow) as (_, sdk):
        batch = await created(sdk, jsonl(*[BODY] * 3))
        while (found := await sdk.batches.retrieve(batch.id)).status != status:
            if status == "cancelling" and found.status == "in_progress":
                await sdk.batches.cancel(batch.id)
            await asyncio.sleep(0.005)
    async with batching(tmp_path) as (client, sdk):
        done = await over(sdk, batch)
        expected = "cancelled" if status == "cancelling" else "completed"
        assert done.status == expected
        made = await lines_of(sdk, done.output_file_id)
        assert client.server.charged() == len(made) * HALF
        assert len(made) == 3 or status == "cancelling"


async def test_files_are_listed_read_and_deleted(tmp_path: Path):
    async with batching(tmp_path, limits=Limits(file_bytes=10)) as (_, sdk):
        first = await sdk.files.create(file=("a.jsonl", b"first"), purpose="batch")
        second = await sdk.files.create(file=("b.png", b"second"), purpose="vision")
        assert (first.bytes, first.filename, first.status) == (5, "a.jsonl", "processed")
        assert [file.id async for file in sdk.files.list()] == [second.id, first.id]
        assert [file.id async for file in sdk.files.list(purpose="batch")] == [first.id]
        assert (await (await sdk.files.content(first.id)).aread()) == b"first"
        assert (await sdk.files.delete(first.id)).deleted
        with pytest.raises(openai.NotFoundError, match="No such File object"):
            await sdk.files.retrieve(first.id)
        with pytest.raises(openai.APIStatusError, match="too large"):
            await sdk.files.create(file=("c", b"more than ten"), purpose="batch")
        with pytest.raises(openai.BadRequestError, match="Supported values"):
            await sdk.files.create(file=("c", b""), purpose="fun")  # type: ignore[arg-type] # refused
        assert not list(tmp_path.rglob("*.part"))


async def test_the_input_of_an_open_batch_is_not_deleted(tmp_path: Path):
    """Without it the batch would end without the pictures that it was charged for."""
    async with batching(tmp_path, batch_delay=0.2) as (client, sdk):
        batch = await created(sdk, jsonl(BODY))
        with pytest.raises(openai.ConflictError, match="input of the batch"):
            await sdk.files.delete(batch.input_file_id)
        done = await over(sdk, batch)
        assert len(await lines_of(sdk, done.output_file_id)) == 1
        assert (await sdk.files.delete(batch.input_file_id)).deleted
        assert client.server.charged() == HALF


async def test_batches_are_listed_in_pages_newest_first(tmp_path: Path):
    async with batching(tmp_path) as (_, sdk):
        made = [await created(sdk, jsonl(BODY)) for _ in range(3)]
        newest = [batch.id for batch in reversed(made)]
        page = await sdk.batches.list(limit=2)
        assert ([batch.id for batch in page.data], page.has_more) == (newest[:2], True)
        assert [batch.id async for batch in sdk.batches.list(limit=2)] == newest


WRONG = {
    "input_file_id": {"input_file_id": "file-none"},
    "endpoint": {"endpoint": "/v1/responses"},
    "completion_window": {"completion_window": "1h"},
    "metadata": {"metadata": {str(n): "" for n in range(17)}},
    "metadata.k": {"metadata": {"k": "a" * 513}},
}


async def test_a_wrong_field_of_a_batch_is_named(tmp_path: Path):
    async with batching(tmp_path) as (client, sdk):
        file = await sdk.files.create(file=("in.jsonl", jsonl(BODY)), purpose="batch")
        body = {
            "input_file_id": file.id,
            "endpoint": "/v1/images/generations",
            "completion_window": "24h",
        }
        for param, change in WRONG.items():
            status, reply = await client.post(body | change, path="/v1/batches")
            assert (status, reply["error"]["param"]) == (400, param)


SERVER = """
import asyncio, json, sys
from pathlib import Path
from pipeline.imageserver.options import Engine, ServerSettings, WireFormat
from pipeline.imageserver.server import ImageServer

async def main():
    settings = ServerSettings(
        state=Path(sys.argv[1]), engine=Engine.NONE, key="sk-test", wire=WireFormat.OPENAI
    )
    async with ImageServer(settings) as server:
        print(server.url, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_a_kill_in_the_middle_of_a_batch_charges_each_line_once(tmp_path: Path):
    """SIGKILL between a line's charge and its entry; the next server finds what was bought."""
    killed = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVER, str(tmp_path)),
        env={"PYTHONPATH": str(Path(pipeline.__file__).parents[1])},
        stdout=asyncio.subprocess.PIPE,
    )
    assert killed.stdout is not None
    url = (await killed.stdout.readline()).decode().strip()
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="sk-test", max_retries=0) as sdk:
        batch = await created(sdk, jsonl(*[BODY] * 300))
        while (await sdk.batches.retrieve(batch.id)).request_counts.completed < 40:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    await killed.wait()
    async with batching(tmp_path, key="sk-test") as (client, sdk):
        done = await over(sdk, batch)
        assert (done.status, done.request_counts.completed) == ("completed", 300)
        assert len(await lines_of(sdk, done.output_file_id)) == 300
        assert client.server.charged() == 300 * HALF
