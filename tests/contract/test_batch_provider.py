"""What every provider of batches promises, held against each: the fake, and OpenAI's client.

The client talks to the image server, whose own account counts what was charged.
"""

import asyncio
import json
import os
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from builders import NOW
from fake_batches import FakeBatches, made
from image_server_client import png, serving
from scripted_api import scripted

from pipeline.errors import NotSent, ProviderError, ProviderStopped, Rejected, ReplyUnknown
from pipeline.imageserver.options import WireFormat
from pipeline.model.names import Account
from pipeline.model.providers.request import Quality, Reference, RenderRequest
from pipeline.model.ticket import TicketId
from pipeline.network.reply import Reply
from pipeline.providers.batches import BatchPhase, BatchProvider
from pipeline.providers.names import COMPATIBLE, EMBEDDED, GPTIMAGE, OPENAI
from pipeline.providers.profiles import PROFILES
from pipeline.providers.registry import open_provider
from pipeline.settings import ProviderSettings

LABEL = TicketId("batch-1f0c")
SODA = RenderRequest(prompt="A soda.", model="gpt-image-2", size="1024x1024", quality=Quality.LOW)


@dataclass
class Stage:
    batches: BatchProvider
    end: object
    """Brings a batch to its end, whatever its provider needs for that."""


@asynccontextmanager
async def fake_stage(folder):
    batches = FakeBatches()

    async def end(batch):
        lines = [made(name) for name in batches.orders[batch.id]]
        batches.end(BatchPhase.COMPLETED, output=lines, batch=batch.id)
        return await batches.look(batch.id)

    yield Stage(batches, end)


def settings_of(server):
    return ProviderSettings(
        prefix="OPENAI", base_url=f"{server.url}/v1", key=server.key, connect_timeout=5
    )


@asynccontextmanager
async def openai_stage(folder):
    async with (
        serving(folder, wire=WireFormat.OPENAI) as client,
        open_provider(OPENAI, settings=settings_of(client.server)) as provider,
    ):
        batches = provider.batches

        async def end(batch):
            while (now := await batches.look(batch.id)).phase is BatchPhase.WORKING:  # noqa: ASYNC110 - polled as clients do
                await asyncio.sleep(0.01)
            return now

        yield Stage(batches, end)


@pytest.fixture(params=[fake_stage, openai_stage], ids=["fake", "openai"])
async def stage(request, tmp_path):
    async with request.param(tmp_path) as opened:
        yield opened


class Sink:
    """Receives a file of results in memory."""

    def __init__(self):
        self.steps, self.body = [], b""

    async def begin(self, head: Reply):
        self.steps.append("begin")

    async def write(self, piece):
        self.body += piece

    async def end(self):
        self.steps.append("end")

    async def discard(self):
        self.steps.append("discard")

    @property
    def lines(self):
        return [json.loads(line) for line in self.body.splitlines()]


async def uploaded(batches, folder, *names, request=SODA):
    path = Path(folder) / "order.jsonl"
    path.write_bytes(b"".join(batches.line(request, name=name) for name in names))
    file = os.open(path, os.O_RDONLY)
    try:
        return await batches.upload(LABEL, file, size=path.stat().st_size)
    finally:
        os.close(file)


def since():
    return datetime.now(UTC).isoformat()


async def test_an_order_is_one_batch_with_its_label_and_an_end(stage, tmp_path):
    file = await uploaded(stage.batches, tmp_path, "a-1", "b-1")
    batch = await stage.batches.open(file, label=LABEL, edits=False)
    assert (batch.label, batch.phase) == (LABEL, BatchPhase.WORKING)
    assert datetime.fromisoformat(batch.expires) > NOW
    assert (await stage.batches.look(batch.id)).id == batch.id


async def test_an_upload_alone_orders_nothing(stage, tmp_path):
    first = await uploaded(stage.batches, tmp_path, "a-1")
    assert first != await uploaded(stage.batches, tmp_path, "a-1")
    assert await stage.batches.find(LABEL, since=since()) is None


async def test_a_batch_is_found_by_its_label(stage, tmp_path):
    file = await uploaded(stage.batches, tmp_path, "a-1")
    batch = await stage.batches.open(file, label=LABEL, edits=False)
    found = await stage.batches.find(LABEL, since=since())
    assert found.id == batch.id
    assert await stage.batches.find(TicketId("batch-other"), since=since()) is None


async def test_the_results_name_every_line_that_was_made(stage, tmp_path):
    file = await uploaded(stage.batches, tmp_path, "a-1", "b-1")
    done = await stage.end(await stage.batches.open(file, label=LABEL, edits=False))
    assert (done.phase, done.made, done.failed) == (BatchPhase.COMPLETED, 2, 0)
    sink = Sink()
    await stage.batches.lines(done.output, sink)
    assert sink.steps == ["begin", "end"]
    assert {line["custom_id"] for line in sink.lines} == {"a-1", "b-1"}
    assert all(line["response"]["status_code"] == 200 for line in sink.lines)
    assert done.errors == ""


async def test_a_deleted_file_is_gone_and_may_be_deleted_again(stage, tmp_path):
    file = await uploaded(stage.batches, tmp_path, "a-1")
    done = await stage.end(await stage.batches.open(file, label=LABEL, edits=False))
    for name in (file, done.output, done.output):
        await stage.batches.delete(name)
    with pytest.raises(ReplyUnknown) as gone:
        await stage.batches.lines(done.output, Sink())
    assert gone.value.http == 404
    assert (await stage.batches.look(done.id)).phase is BatchPhase.COMPLETED


async def test_a_batch_that_does_not_exist_is_refused(stage):
    with pytest.raises(Rejected):
        await stage.batches.look("batch_none")


async def test_a_batch_is_asked_to_end(stage, tmp_path):
    file = await uploaded(stage.batches, tmp_path, *(f"{at}-1" for at in range(40)))
    batch = await stage.batches.open(file, label=LABEL, edits=False)
    assert (await stage.batches.cancel(batch.id)).id == batch.id


async def test_the_lines_of_an_edit_hold_its_images(tmp_path):
    """As data URLs, in the order of the references; verified when they are written."""
    picture = tmp_path / "bottle.png"
    picture.write_bytes(png())
    reference = Reference(path=str(picture), sha256=sha256(png()).hexdigest())
    edit = RenderRequest(
        prompt="A soda.",
        model="gpt-image-2",
        size="1024x1024",
        quality=Quality.LOW,
        references=(reference,),
    )
    async with openai_stage(tmp_path / "state") as on:
        line = json.loads(on.batches.line(edit, name="a-1"))
        assert line["url"] == "/v1/images/edits"
        assert line["body"]["images"][0]["image_url"].startswith("data:image/png;base64,iVBOR")
        file = await uploaded(on.batches, tmp_path, "a-1", request=edit)
        done = await on.end(await on.batches.open(file, label=LABEL, edits=True))
        assert (done.made, done.failed) == (1, 0)
        picture.write_bytes(png(colour="blue"))
        with pytest.raises(Rejected, match="changed since it was planned"):
            on.batches.line(edit, name="a-1")


async def test_a_batch_that_fails_its_validation_tells_the_lines_that_are_wrong(tmp_path):
    wrong = RenderRequest(
        prompt="A soda.", model="gpt-image-2.5-flare", size="1024x1024", quality=Quality.LOW
    )
    async with openai_stage(tmp_path / "state") as on:
        file = await uploaded(on.batches, tmp_path, "a-1", request=wrong)
        done = await on.end(await on.batches.open(file, label=LABEL, edits=False))
        assert (done.phase, done.status, done.made) == (BatchPhase.REFUSED, "failed", 0)
        assert "not supported by the Batch API" in done.reason
        assert "model_not_supported" in done.wrong[1]


async def test_a_list_of_many_pages_is_read_until_the_label(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.providers.openai_api.batch_client._PAGE", 2)
    async with openai_stage(tmp_path / "state") as on:
        file = await uploaded(on.batches, tmp_path, "a-1")
        first = await on.batches.open(file, label=LABEL, edits=False)
        for _ in range(5):
            await on.batches.open(file, label=TicketId("batch-other"), edits=False)
        assert (await on.batches.find(LABEL, since=since())).id == first.id


async def test_only_some_providers_take_batches():
    settings = ProviderSettings(base_url="http://127.0.0.1:9/v1", key="sk-test")
    for name in (GPTIMAGE, EMBEDDED, COMPATIBLE):
        async with open_provider(name, settings=settings, account=Account("a")) as provider:
            assert provider.batches is None
        assert PROFILES[name].caps.batch == "no"


ANSWERS = {
    b"HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}": ReplyUnknown,
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}": ReplyUnknown,
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}": ReplyUnknown,
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}": Rejected,
    b"HTTP/1.1 401 Who\r\nContent-Length: 2\r\n\r\n{}": ProviderStopped,
}


@pytest.mark.parametrize("answer", ANSWERS)
async def test_every_answer_to_an_order_tells_whether_it_may_exist(answer):
    async with scripted(answer) as server:
        settings = server.settings(reply_timeout=0.3)
        async with open_provider(OPENAI, settings=_versioned(settings)) as provider:
            with pytest.raises(ProviderError) as failure:
                await provider.batches.open("file-1", label=LABEL, edits=False)
            assert type(failure.value) is ANSWERS[answer]
            assert len(server.requests) == 1


async def test_an_order_that_cannot_be_sent_is_known_not_to_exist():
    settings = ProviderSettings(base_url="http://127.0.0.1:9/v1", key="sk-test")
    async with open_provider(OPENAI, settings=settings) as provider:
        with pytest.raises(NotSent):
            await provider.batches.open("file-1", label=LABEL, edits=False)


def _versioned(settings):
    return replace(settings, base_url=f"{settings.base_url}/v1")
