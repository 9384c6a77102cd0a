"""Replies that hold the picture itself: sealed before they are read, and read after a crash."""

import asyncio
import base64
import gzip
import json
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest
from builders import a_job, a_run
from fake_provider import png
from scripted_api import cut, drop, hang, http, scripted

from pipeline.errors import ImageGone, LocalFault
from pipeline.model.entry import Resolution
from pipeline.model.job import job_key
from pipeline.model.money import Amount, Budget, Spent
from pipeline.model.names import ProfileName
from pipeline.model.outcome import FailureKind, InDoubt, Paid, PaidLost, Status, Stored
from pipeline.providers.registry import open_provider
from pipeline.purchasing import sealed_replies
from pipeline.purchasing.recovery import begin_run
from pipeline.purchasing.sealed_replies import OpenSeal, SealedReplies

USAGE = {
    "input_tokens": 9,
    "input_tokens_details": {"text_tokens": 9, "image_tokens": 0},
    "output_tokens": 196,
}
CHARGED = Amount(9 * 5_000 + 196 * 30_000)
AT_MOST = Amount(50_000_000)
NEXT = a_run("2026-11-22T070000Z-bbbbbb")
LAST = a_run("2026-11-22T080000Z-cccccc")


def picture(shade=1, size=64):
    return png(size, size, shade=shade)


def success(shade=1, **more):
    b64 = base64.b64encode(picture(shade)).decode()
    return http(200, {"created": 1, "data": [{"b64_json": b64}], "usage": USAGE, **more})


def error(status, code, **more):
    return http(status, {"error": {"code": code, "message": code, **more}})


def openai_job(cell="citrus/1x1"):
    job = a_job(cell)
    request = replace(job.request, prompt=f"a can of {cell}", size="1024x1024")
    profile = ProfileName("openai")
    key = job_key(job.at, profile=profile, request=request)
    return replace(job, key=key, request=request, price=AT_MOST, profile=profile)


@pytest.fixture
def openai_case(case):
    """Opens runs against a scripted server that answers as the OpenAI Images API does."""

    @asynccontextmanager
    async def opened(*acts):
        async with scripted(*acts) as server:
            settings = replace(server.settings(prefix="OPENAI"), base_url=f"{server.url}/v1")
            account = a_run().account
            async with open_provider("openai", settings=settings, account=account) as provider:
                made = await case(provider=provider)
                made.server = server
                yield made

    return opened


def kept(root):
    folder = root / sealed_replies.FOLDER
    return sorted(file.name for file in folder.iterdir()) if folder.exists() else []


async def test_a_picture_in_the_reply_is_bought_with_one_post_and_stored(tmp_path, openai_case):
    async with openai_case(success()) as case:
        job = openai_job()
        (stored,) = await case.render(job)
        assert isinstance(stored, Stored)
        assert stored.amount == CHARGED
        assert (tmp_path / stored.artifact.path).read_bytes() == picture()
        assert [arrived.path for arrived in case.server.requests] == ["/v1/images/generations"]
        assert kept(tmp_path) == []
        proof = json.loads(await case.ledger.reply(job.key))
        assert proof["usage"] == USAGE


async def test_the_request_has_the_documented_fields_and_no_others(tmp_path, openai_case):
    async with openai_case(success()) as case:
        job = openai_job()
        await case.render(job)
        (arrived,) = case.server.requests
        assert json.loads(arrived.body) == {
            "model": "gpt-image-2",
            "prompt": job.request.prompt,
            "n": 1,
            "size": "1024x1024",
            "quality": "low",
            "background": "opaque",
            "output_format": "png",
        }
        assert "idempotency-key" not in arrived.headers


async def test_the_reply_is_sealed_before_it_is_read(tmp_path, monkeypatch, openai_case):
    steps = []
    for name in ("begin", "end", "read"):
        original = getattr(OpenSeal, name)

        def noted(self, *arguments, original=original, name=name):
            steps.append((name, kept(tmp_path)))
            return original(self, *arguments)

        monkeypatch.setattr(OpenSeal, name, noted)
    async with openai_case(success()) as case:
        await case.render(openai_job())
    (begin, none), (end, part), (read, whole) = steps
    assert (begin, end, read) == ("begin", "end", "read")
    assert none == []
    assert [name.partition(".")[2] for name in part] == ["part"]
    assert [name.partition(".")[2] for name in whole] == [""]


@pytest.mark.parametrize("act", [drop, cut(success(), 400), http(200, b"{}")])
async def test_a_reply_that_is_not_whole_is_a_doubt_and_one_post(tmp_path, act, openai_case):
    async with openai_case(act) as case:
        assert isinstance((await case.render(openai_job()))[0], InDoubt)
        assert len(case.server.requests) == 1
        assert (await case.ledger.spent()).in_doubt == AT_MOST
        assert not any(name.endswith(".part") for name in kept(tmp_path))


async def test_two_pictures_hold_two_prices_and_are_kept(tmp_path, openai_case):
    b64 = base64.b64encode(picture()).decode()
    two = http(200, {"data": [{"b64_json": b64}, {"b64_json": b64}], "usage": USAGE})
    async with openai_case(two) as case:
        (doubt,) = await case.render(openai_job())
        assert doubt.amount == 2 * AT_MOST
        assert len(kept(tmp_path)) == 1


async def test_each_of_two_pictures_in_a_kept_reply_can_be_taken(tmp_path, openai_case):
    """Neither could be: the reply held the only copy of what two prices had bought."""
    shades = [{"b64_json": base64.b64encode(picture(shade)).decode()} for shade in (1, 2)]
    async with openai_case(http(200, {"data": shades, "usage": USAGE})) as case:
        job = openai_job()
        await case.render(job)
        entry = (await case.ledger.entries([job.key]))[job.key]
        name = f"reply:{kept(tmp_path)[0]}"
        assert case.replies.pictures(entry.purchase) == [f"{name}#1", f"{name}#2"]
        await case.ledger.image_found(job.key, f"{name}#2", charged=CHARGED)
        await begin_run(case.ledger, NEXT, case.replies)
        assert len(kept(tmp_path)) == 1, "it holds an image that is paid for and not stored"
        (stored,) = await case.render(job)
        content = (tmp_path / stored.artifact.path).read_bytes()
        assert content == picture(2)
        assert (await case.ledger.spent()) == Spent(confirmed=CHARGED)
        await begin_run(case.ledger, LAST, case.replies)
        assert kept(tmp_path) == []
        assert len(case.server.requests) == 1


async def test_a_picture_that_was_refused_is_no_failure_in_a_row(tmp_path, openai_case):
    """Three of them would have stopped the run, though each was an answer."""
    late = error(400, "moderation_blocked", moderation_details={"moderation_stage": "output"})
    async with openai_case(late) as case:
        jobs = [openai_job(f"p{number}/1x1") for number in range(5)]
        await case.render(*jobs)
        assert not case.halt
        assert len(case.server.requests) == 5
        assert (await case.ledger.spent()).in_doubt == 5 * AT_MOST


async def test_a_prompt_that_was_refused_costs_nothing(tmp_path, openai_case):
    early = error(400, "moderation_blocked", moderation_details={"moderation_stage": "input"})
    async with openai_case(early) as case:
        (failed,) = await case.render(openai_job())
        assert failed.kind is FailureKind.REFUSED
        assert (await case.ledger.spent()).upper == 0
        assert kept(tmp_path) == []


async def test_of_throttles_nothing_is_kept(tmp_path, openai_case):
    """Each left its reply behind, for ever."""
    wait = error(429, "rate_limit_exceeded")
    async with openai_case(wait, wait, wait, success()) as case:
        (stored,) = await case.render(openai_job())
        assert isinstance(stored, Stored)
        assert len(case.server.requests) == 4
        assert kept(tmp_path) == []


async def test_the_reply_to_a_doubt_stays_until_somebody_settles_it(tmp_path, openai_case):
    async with openai_case(http(200, {"data": []})) as case:
        job = openai_job()
        await case.render(job)
        await begin_run(case.ledger, NEXT, case.replies)
        assert len(kept(tmp_path)) == 1
        await case.ledger.resolve(job.key, Resolution.NOT_CHARGED)
        await begin_run(case.ledger, LAST, case.replies)
        assert kept(tmp_path) == []


async def test_a_reply_that_is_too_large_is_a_doubt(tmp_path, openai_case):
    body = b'{"data":[{"b64_json":"' + b"QUJD" * (1 << 20)
    endless = http(200, body * 17, Content_Length=str(1 << 30))
    async with openai_case(endless) as case:
        (doubt,) = await case.render(openai_job())
        assert "longer than" in doubt.reason
        assert kept(tmp_path) == []


async def test_a_compressed_reply_is_kept_decompressed(tmp_path, openai_case):
    plain = success().partition(b"\r\n\r\n")[2]
    packed = http(200, gzip.compress(plain), Content_Encoding="gzip")
    async with openai_case(packed) as case:
        (stored,) = await case.render(openai_job())
        assert isinstance(stored, Stored)


async def test_the_key_is_not_kept_even_where_a_reply_quotes_it(tmp_path, openai_case):
    quoting = http(200, {"data": [], "hint": "sk-live-0123456789abcdef" * 50})
    async with openai_case(quoting) as case:
        await case.render(openai_job())
        (name,) = kept(tmp_path)
        assert b"sk-live" not in (tmp_path / sealed_replies.FOLDER / name).read_bytes()


@pytest.mark.parametrize("step", ["_create", "_append", "_seal"])
async def test_a_disk_that_fails_stops_the_run_and_the_money_is_held(
    tmp_path, monkeypatch, step, openai_case
):
    def fails(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(OpenSeal, step, fails)
    async with openai_case(success()) as case:
        job = openai_job()
        assert await case.render(job) == [None]
        assert isinstance(case.halt.reason, LocalFault)
        assert (await case.ledger.spent()).in_doubt == AT_MOST
        assert (await case.ledger.entries([job.key]))[job.key].status is Status.IN_DOUBT
        assert kept(tmp_path) == []


async def test_a_run_that_is_ended_while_it_waits_leaves_a_doubt(tmp_path, openai_case):
    async with openai_case(hang) as case:
        job = openai_job()
        buying = asyncio.create_task(case.purchasing.buy(job))
        await case.server.arrived.wait()
        buying.cancel()
        with suppress(asyncio.CancelledError):
            await buying
        assert (await case.ledger.entries([job.key]))[job.key].status is Status.IN_DOUBT


async def test_a_run_that_is_ended_after_the_seal_keeps_what_it_paid_for(
    tmp_path, monkeypatch, openai_case
):
    read = asyncio.Event()

    async def waits(*_arguments):
        read.set()
        await asyncio.Event().wait()

    async with openai_case(success()) as case:
        job = openai_job()
        with monkeypatch.context() as patched:
            patched.setattr(asyncio, "to_thread", _first(asyncio.to_thread, waits))
            buying = asyncio.create_task(case.purchasing.buy(job))
            await read.wait()
        buying.cancel()
        with suppress(asyncio.CancelledError):
            await buying
        entry = (await case.ledger.entries([job.key]))[job.key]
        assert (entry.status, entry.outcome.amount) == (Status.PENDING_DOWNLOAD, CHARGED)


def _first(original, waits):
    """A `to_thread` that hangs when the reply would be read."""

    async def to_thread(work, *arguments):
        if getattr(work, "__name__", "") == "read":
            return await waits()
        return await original(work, *arguments)

    return to_thread


async def sealed_and_dead(case, job):
    """An attempt whose reply was sealed by a run that died before it read it."""
    attempt = await case.ledger.submit(job, run=case.run, budget=Budget())
    seal = case.replies.seal_for(attempt, job)
    await case.provider._connection.api.post(
        "/images/generations", body=b"{}", headers={}, into=seal, limit=1 << 20
    )
    return attempt


RECOVERED = [
    (success(), Status.PENDING_DOWNLOAD, CHARGED, 0),
    (http(200, {"data": []}), Status.IN_DOUBT, 0, AT_MOST),
    (http(502, b"<html>"), Status.IN_DOUBT, 0, AT_MOST),
    (error(400, "invalid_value"), Status.FAILED, 0, 0),
    (error(400, "content_policy_violation"), Status.REFUSED, 0, 0),
    (error(400, "moderation_blocked"), Status.REFUSED, 0, AT_MOST),
    (error(429, "rate_limit_exceeded"), Status.PLANNED, 0, 0),
    (error(401, "invalid_api_key"), Status.PLANNED, 0, 0),
]


@pytest.mark.parametrize(("answer", "status", "confirmed", "in_doubt"), RECOVERED)
async def test_the_next_run_reads_what_a_dead_run_sealed(  # noqa: PLR0917 - a row of the table
    tmp_path, answer, status, confirmed, in_doubt, openai_case
):
    async with openai_case(answer) as case:
        job = openai_job()
        await sealed_and_dead(case, job)
        assert await begin_run(case.ledger, NEXT, SealedReplies(tmp_path))
        entry = (await case.ledger.entries([job.key]))[job.key]
        assert (entry.status, entry.spent.confirmed, entry.spent.in_doubt) == (
            status,
            confirmed,
            in_doubt,
        )
        if isinstance(entry.outcome, Paid):
            (stored,) = await case.render(job)
            assert isinstance(stored, Stored)
            await begin_run(case.ledger, LAST, SealedReplies(tmp_path))
            assert kept(tmp_path) == []
        assert len(case.server.requests) == 1


@pytest.mark.parametrize("damage", [b"", b"{}\n", b"[1]\n{}", b'{"http": 200}\n{}', b"\xff\xfe"])
async def test_a_sealed_reply_that_is_damaged_is_a_doubt(tmp_path, openai_case, damage):
    async with openai_case(success()) as case:
        job = openai_job()
        attempt = await sealed_and_dead(case, job)
        file = tmp_path / sealed_replies.FOLDER / f"{attempt.purchase}-{attempt.number}"
        file.write_bytes(damage)
        await begin_run(case.ledger, NEXT, SealedReplies(tmp_path))
        assert (await case.ledger.entries([job.key]))[job.key].status is Status.IN_DOUBT


async def test_an_attempt_without_a_sealed_reply_becomes_a_doubt_and_its_part_goes(
    tmp_path, openai_case
):
    async with openai_case(success()) as case:
        job = openai_job()
        attempt = await case.ledger.submit(job, run=case.run, budget=Budget())
        folder = tmp_path / sealed_replies.FOLDER
        folder.mkdir()
        (folder / f"{attempt.purchase}-{attempt.number}.part").write_bytes(b"half")
        await begin_run(case.ledger, NEXT, SealedReplies(tmp_path))
        assert (await case.ledger.entries([job.key]))[job.key].status is Status.IN_DOUBT
        assert kept(tmp_path) == []


async def test_a_reply_that_outlived_its_stored_image_is_removed_by_the_next_run(
    tmp_path, monkeypatch, openai_case
):
    async with openai_case(success()) as case:

        async def dies(*_arguments):
            raise asyncio.CancelledError

        with monkeypatch.context() as patched:
            patched.setattr(SealedReplies, "forget", dies)
            with suppress(asyncio.CancelledError):
                await case.render(openai_job())
        assert len(kept(tmp_path)) == 1
        await begin_run(case.ledger, NEXT, SealedReplies(tmp_path))
        assert kept(tmp_path) == []


async def test_a_cell_that_shares_an_image_finds_it_in_the_reply_too(tmp_path, openai_case):
    """The first of them removed the reply, and the second was paid for and lost."""
    async with openai_case(success()) as case:
        job = openai_job()
        other = openai_job("berry/1x1")
        await sealed_and_dead(case, job)
        await begin_run(case.ledger, NEXT, case.replies)
        await case.ledger.share([replace(other, payer=job.key)])
        first, second = await case.render(job, other)
        assert isinstance(first, Stored)
        assert isinstance(second, Stored)
        assert len(case.server.requests) == 1
        await begin_run(case.ledger, LAST, case.replies)
        assert kept(tmp_path) == []


async def test_a_sealed_reply_that_is_gone_is_a_lost_image(tmp_path, openai_case):
    async with openai_case(success()) as case:
        job = openai_job()
        await sealed_and_dead(case, job)
        await begin_run(case.ledger, NEXT, case.replies)
        for name in kept(tmp_path):
            (tmp_path / sealed_replies.FOLDER / name).unlink()
        assert isinstance((await case.render(job))[0], PaidLost)


@pytest.mark.parametrize(
    "source", ["reply:../../etc/passwd", "reply:a/b", "reply:", "reply:zz", "reply:zz#1"]
)
async def test_no_source_leads_out_of_the_folder(tmp_path, source):
    replies = SealedReplies(tmp_path)
    with pytest.raises(ImageGone):
        async with replies.open_picture(source):
            pass
    await replies.forget([source])


async def test_a_broken_picture_is_paid_for_and_lost(tmp_path, openai_case):
    half = base64.b64encode(picture()[:300]).decode()
    async with openai_case(http(200, {"data": [{"b64_json": half}], "usage": USAGE})) as case:
        (lost,) = await case.render(openai_job())
        assert isinstance(lost, PaidLost)
        assert lost.amount == CHARGED
        assert len(kept(tmp_path)) == 1


async def test_a_reply_that_arrives_faster_than_the_disk_takes_it_waits_outside(
    monkeypatch, openai_case
):
    """200 replies of 20 MB took 485 MiB: each had 768 KiB read ahead, and its pieces twice."""
    sizes, append = [], OpenSeal._append

    def slow(seal, pieces):
        sizes.append(sum(map(len, pieces)))
        time.sleep(0.005)
        append(seal, pieces)

    monkeypatch.setattr(OpenSeal, "_append", slow)
    body = b'{"data":[{"b64_json":"' + b"QUJD" * (2 << 20) + b'"}]}'
    async with openai_case(http(200, body)) as case:
        await case.render(openai_job())
    assert sum(sizes) > len(body)
    assert max(sizes) <= 640 * 1024
