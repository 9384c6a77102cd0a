"""Sealed replies whose copies lie in the object store that keeps the images."""

import base64
import json

import pytest
from builders import a_job, a_run
from fake_provider import png

from pipeline.errors import ImageGone, LocalFault, StoreFault
from pipeline.images.object_store.copies import StoreCopies
from pipeline.ledger.memory.ledger import MemoryLedger
from pipeline.model.money import Budget
from pipeline.network.reply import Reply
from pipeline.purchasing.sealed_replies import replies_in

PICTURE = png(64, 64)
BODY = json.dumps({"data": [{"b64_json": base64.b64encode(PICTURE).decode()}]}).encode()


@pytest.fixture
def machines(tmp_path, monkeypatch):
    """Two disks, and the store that both reach."""
    monkeypatch.setenv("PIPELINE_IMAGES", f"file://{tmp_path}/store")
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    return folders


async def sealed(replies, *, end=True):
    """The attempt of a request, and the seal of its answer."""
    job = a_job()
    ledger = MemoryLedger()
    await ledger.begin(a_run())
    attempt = await ledger.submit(job, run=a_run(), budget=Budget())
    seal = replies.seal_for(attempt, job)
    await seal.begin(Reply(status=200))
    await seal.write(BODY)
    if end:
        await seal.end()
    return attempt, seal


async def test_a_reply_is_read_on_another_machine(machines):
    first, second = map(replies_in, machines)
    attempt, seal = await sealed(first)
    assert first.kept() == {seal.source}
    assert second.find(attempt) is not None
    assert second.kept() == {seal.source}
    async with second.open_picture(seal.source) as pieces:
        assert b"".join([piece async for piece in pieces]) == PICTURE
    await second.forget([seal.source])
    assert second.find(attempt) is None
    with pytest.raises(ImageGone):
        async with second.open_picture(seal.source):
            pass


async def test_a_reply_that_is_not_whole_has_no_copy(machines):
    first, second = map(replies_in, machines)
    attempt, _ = await sealed(first, end=False)
    assert second.find(attempt) is None


async def test_a_reply_that_cannot_be_copied_is_not_believed(machines, monkeypatch):
    def refuse(_self, name, _content):
        raise StoreFault(f"{name}: the store refused")

    monkeypatch.setattr(StoreCopies, "keep", refuse)
    with pytest.raises(LocalFault, match="the store refused"):
        await sealed(replies_in(machines[0]))


def test_no_name_leads_out_of_the_store(machines, tmp_path):
    (tmp_path / "secret").write_text("x")
    replies = replies_in(machines[0])
    assert replies._found("../../secret") is None
