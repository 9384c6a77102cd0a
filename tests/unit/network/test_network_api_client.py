"""One POST, and what is known of it: against a server that misbehaves on purpose."""

import asyncio
import gzip
import json
import logging
import ssl
import time
import traceback
from dataclasses import replace
from pathlib import Path

import pytest
from scripted_api import (
    CITRUS,
    KEY,
    cut,
    drip,
    drop,
    hang,
    http,
    images,
    reset,
    scripted,
)
from seals import NO_SEAL, MemorySeal

from pipeline.errors import (
    NotSent,
    ProviderError,
    ProviderStopped,
    Rejected,
    ReplyUnknown,
    Throttled,
)
from pipeline.model.providers.request import Background, Quality, Reference, RenderRequest
from pipeline.providers.profiles import PROFILES
from pipeline.providers.registry import open_provider
from pipeline.settings import ProviderSettings

OK = images("https://cdn.example.com/1.png")

CERTIFICATE = Path(__file__).parent / "self_signed.pem"


async def ask(server, name="gptimage", request=CITRUS, **changes):
    async with open_provider(name, settings=server.settings(**changes)) as provider:
        return await provider.submit(request, key="purchase-1", seal=NO_SEAL)


async def test_one_image_is_one_post_with_the_documented_fields():
    async with scripted(OK) as server:
        receipt = await ask(server)
    [arrived] = server.requests
    assert (arrived.method, arrived.path) == ("POST", "/v1/images/generate")
    assert json.loads(arrived.body) == {
        "prompt": "a citrus soda",
        "model": "gpt-image-2",
        "size": "4:3",
        "quality": "high",
        "n": 1,
        "background": "opaque",
    }
    assert (receipt.url, receipt.amount) == ("https://cdn.example.com/1.png", 12)


async def test_the_headers_name_bearer_purchase_and_client():
    async with scripted(OK) as server:
        await ask(server)
    headers = server.requests[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["idempotency-key"] == "purchase-1"
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == "campaign-pipeline"


@pytest.mark.parametrize(
    ("name", "sent"), [("embedded", "1.2"), ("gptimage", None)], ids=["embedded", "gptimage"]
)
async def test_a_variation_is_sent_only_where_the_profile_varies(name, sent):
    request = RenderRequest(
        prompt="x",
        model="gpt-image-2",
        size="1:1",
        quality=Quality.LOW,
        background=Background.TRANSPARENT,
        variation="1.2",
    )
    async with scripted(OK) as server:
        await ask(server, name, request)
    assert server.requests[0].headers.get("x-variation") == sent


async def test_a_prompt_of_any_script_arrives_as_it_was_written():
    request = RenderRequest(prompt="„Größe“ 夏 🍋", model="m", size="1:1", quality=Quality.LOW)
    async with scripted(OK) as server:
        await ask(server, request=request)
    assert json.loads(server.requests[0].body)["prompt"] == "„Größe“ 夏 🍋"


async def test_every_post_has_a_connection_of_its_own():
    async with (
        scripted(OK) as server,
        open_provider("gptimage", settings=server.settings()) as provider,
    ):
        for _ in range(3):
            await provider.submit(CITRUS, key="k", seal=NO_SEAL)
    assert (server.connections, len(server.requests)) == (3, 3)
    assert server.requests[0].headers["connection"] == "close"


async def test_a_request_id_is_kept():
    async with scripted(
        http(200, {"code": 0, "data": [{"url": "https://x/1"}]}, X_Request_Id="r-9")
    ) as server:
        assert (await ask(server)).request_id == "r-9"


async def test_references_are_refused_before_anything_is_sent():
    request = RenderRequest(
        prompt="x",
        model="m",
        size="1:1",
        quality=Quality.LOW,
        references=(Reference(path="a.png", sha256="0" * 64),),
    )
    async with scripted(OK) as server:
        with pytest.raises(Rejected):
            await ask(server, request=request)
    assert server.requests == []


LOST = {
    "dropped": drop,
    "reset": reset,
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "status line only": cut(OK, 17),
    "headers cut": cut(OK, 40),
    "header bomb": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    "body cut": cut(OK, len(OK) - 20),
    "empty": http(200),
    "gzip bomb": http(200, gzip.compress(bytes(30_000_000)), Content_Encoding="gzip"),
    "307": http(307, Location="/elsewhere"),
    "301": http(301, Location="/elsewhere"),
    "500": http(500),
    "502 HTML": http(502, b"<html>Bad Gateway</html>"),
    "503": http(503),
    "504": http(504),
    "520": http(520),
    "408": http(408),
    "409": http(409),
    "endless": http(200, b"[" * 3_000_000),
    "no length": cut(b"HTTP/1.1 200 OK\r\n\r\n{", 99),
}


@pytest.mark.parametrize("act", LOST.values(), ids=LOST.keys())
async def test_a_lost_or_broken_answer_is_one_post_and_a_doubt(act):
    async with scripted(act) as server:
        with pytest.raises(ReplyUnknown) as failure:
            await ask(server)
    assert len(server.requests) == 1
    assert type(failure.value) is ReplyUnknown


async def test_a_reply_is_read_to_a_megabyte_and_what_was_read_is_kept():
    async with scripted(http(200, b"x" * 3_000_000)) as server:
        with pytest.raises(ReplyUnknown, match="longer than") as failure:
            await ask(server)
    assert len(failure.value.raw) == 1024 * 1024


async def test_of_a_body_that_broke_off_the_start_is_kept():
    async with scripted(cut(OK, len(OK) - 20)) as server:
        with pytest.raises(ReplyUnknown, match="broke off") as failure:
            await ask(server)
    assert failure.value.raw.startswith(b'{"code": 0')
    assert failure.value.http == 200


async def test_a_url_that_arrived_whole_counts_though_the_connection_broke_after_it():
    body = b'{"code": 0, "data": [{"url": "https://x/1.png"}]}'
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n" + body
    async with scripted(cut(answer, len(answer))) as server:
        assert (await ask(server)).url == "https://x/1.png"


async def test_an_answer_that_never_comes_is_given_up_as_unknown():
    started = time.monotonic()
    async with scripted(hang) as server:
        with pytest.raises(ReplyUnknown):
            await ask(server, reply_timeout=0.1)
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"]
)
async def test_an_answer_that_drips_ends_by_the_total_timeout(start):
    started = time.monotonic()
    async with scripted(drip(start)) as server:
        with pytest.raises(ReplyUnknown):
            await ask(server, reply_timeout=0.2, connect_timeout=0.1)
    assert time.monotonic() - started < 2


async def test_while_one_answer_drips_others_go_on():
    impatient = {"reply_timeout": 0.3, "connect_timeout": 0.1}
    async with (
        scripted(drip(b"HTTP/1.1 200 OK\r\n\r\n"), OK) as server,
        open_provider("gptimage", settings=server.settings(**impatient)) as provider,
        asyncio.TaskGroup() as group,
    ):
        slow = group.create_task(_ending(provider, "a"))
        await server.arrived.wait()
        quick = await _ending(provider, "b")
        assert (type(quick).__name__, slow.done()) == ("Receipt", False)


async def _ending(provider, key):
    try:
        return await provider.submit(CITRUS, key=key, seal=NO_SEAL)
    except ProviderError as error:
        return error


async def test_a_refused_connection_was_not_sent():
    async with scripted(OK) as server:
        pass
    with pytest.raises(NotSent) as failure:
        await ask(server)
    assert type(failure.value) is NotSent
    host = server.url.removeprefix("http://")
    assert str(failure.value) == f"could not be sent: {host} does not answer: Connection refused"


async def test_a_name_that_does_not_exist_was_not_sent():
    settings = ProviderSettings(base_url="http://no-such-host.invalid", key=KEY)
    async with open_provider("gptimage", settings=settings) as provider:
        with pytest.raises(NotSent):
            await provider.submit(CITRUS, key="k", seal=NO_SEAL)


async def test_a_certificate_that_nobody_vouches_for_stops_the_run_and_is_not_tried_again():
    """It counted as a hiccup: four tries for each job, and a run that said "unreachable"."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(CERTIFICATE)
    async with scripted(OK, tls=tls) as server:
        with pytest.raises(
            ProviderStopped, match="nothing was sent and nothing charged"
        ) as failure:
            await ask(server)
    assert (failure.value.exit_code, type(failure.value)) == (7, ProviderStopped)
    assert server.requests == []


async def test_a_handshake_that_breaks_off_may_be_tried_again():
    async with scripted(OK) as server:
        server.url = server.url.replace("http:", "https:")
        with pytest.raises(NotSent):
            await ask(server)
    assert server.requests == []


async def test_a_handshake_that_hangs_is_a_connect_timeout_and_not_sent():
    async with scripted(hang) as server:
        server.url = server.url.replace("http:", "https:")
        started = time.monotonic()
        with pytest.raises(NotSent):
            await ask(server, connect_timeout=0.1)
    assert time.monotonic() - started < 2
    assert server.requests == []


async def test_refused_three_times_and_then_fine_is_one_charge():
    refusal = http(429, Retry_After="0")
    async with (
        scripted(refusal, refusal, refusal, OK) as server,
        open_provider("gptimage", settings=server.settings()) as provider,
    ):
        endings = [type(await _ending(provider, "same-key")).__name__ for _ in range(4)]
    assert endings == ["Throttled", "Throttled", "Throttled", "Receipt"]
    assert {arrived.headers["idempotency-key"] for arrived in server.requests} == {"same-key"}


@pytest.mark.parametrize(
    ("header", "seconds"), [("2", 2.0), ("-1", 0.0), ("NaN", None), ("99999999", 300.0)]
)
async def test_retry_after_comes_through_clamped(header, seconds):
    async with scripted(http(429, Retry_After=header)) as server:
        with pytest.raises(Throttled) as failure:
            await ask(server)
    assert failure.value.retry_after == seconds


async def test_a_cancelled_request_was_posted_once_and_stays_the_callers_doubt():
    async with (
        scripted(hang) as server,
        open_provider("gptimage", settings=server.settings()) as provider,
    ):
        asked = asyncio.create_task(provider.submit(CITRUS, key="k", seal=NO_SEAL))
        await server.arrived.wait()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
    assert len(server.requests) == 1


REFUSING = {
    "quoted in JSON": http(401, {"code": 401, "message": f"Incorrect API key provided: {KEY}"}),
    "quoted in HTML": http(500, f"<pre>Authorization: Bearer {KEY}</pre>".encode()),
    "quoted in a header": http(400, b"", X_Request_Id=KEY),
    "malformed": f"HTTP/1.1 200 OK\r\nno colon {KEY}\r\n\r\n".encode(),
    "dropped": drop,
}


@pytest.mark.parametrize("act", REFUSING.values(), ids=REFUSING.keys())
async def test_the_key_is_in_no_message_proof_traceback_or_log(act, caplog):
    caplog.set_level(logging.DEBUG)
    async with scripted(act) as server:
        with pytest.raises(ProviderError) as failure:
            await ask(server)
    error = failure.value
    told = [repr(error), repr(error.__cause__), error.request_id, repr(error.raw), caplog.text]
    assert KEY not in "".join([*told, *traceback.format_exception(error)])


async def test_the_key_is_in_no_representation():
    async with (
        scripted(OK) as server,
        open_provider("gptimage", settings=server.settings()) as provider,
    ):
        assert KEY not in repr(provider) + repr(server.settings()) + repr(provider._connection.api)


async def test_after_a_refused_key_the_run_has_to_stop():
    async with scripted(http(401, {"code": 401, "message": "invalid api key"})) as server:
        with pytest.raises(ProviderStopped) as failure:
            await ask(server)
    assert failure.value.exit_code == 7


@pytest.mark.parametrize(
    ("name", "answer", "left"),
    [
        ("embedded", http(200, {"code": 0, "data": {"remaining": 88}}), 88),
        ("embedded", http(500), None),
        ("embedded", drop, None),
        ("gptimage", http(200, {"code": 0, "data": {"remaining": 88}}), None),
    ],
)
async def test_a_balance_is_asked_only_where_the_api_has_one(name, answer, left):
    async with (
        scripted(answer) as server,
        open_provider(name, settings=server.settings()) as provider,
    ):
        assert await provider.balance() == left
    assert {arrived.path for arrived in server.requests} == (
        {"/v1/credits"} if name == "embedded" else set()
    )


@pytest.mark.parametrize(("of_model", "of_settings"), [(0.1, None), (60.0, 0.1)])
@pytest.mark.parametrize("name", ["gptimage", "openai"])
async def test_a_model_has_its_own_patience_unless_the_settings_say_otherwise(
    name, of_model, of_settings, monkeypatch
):
    profile = PROFILES[name]
    caps = replace(profile.caps, reply_timeout=of_model)
    models = {one: replace(model, caps=caps) for one, model in profile.models.items()}
    monkeypatch.setitem(PROFILES, name, replace(profile, caps=caps, models=models))
    async with scripted(hang) as server:
        settings = server.settings(reply_timeout=of_settings, connect_timeout=0.1)
        settings = replace(settings, base_url=f"{server.url}/v1")
        began = time.monotonic()
        async with open_provider(name, settings=settings) as provider:
            with pytest.raises(ReplyUnknown):
                await provider.submit(CITRUS, key="k", seal=MemorySeal())
        assert time.monotonic() - began < 5
