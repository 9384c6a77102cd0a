"""Bringing images: what is refused, what is tried again, what is gone."""

import asyncio

import pytest
from fake_provider import png
from scripted_api import KEY, cut, drip, drop, hang, http, reset, scripted

from pipeline.errors import DownloadFailed, ImageBroken, ImageGone
from pipeline.network.image_downloads import Downloads
from pipeline.providers.registry import open_provider

PICTURE = png(64, 64)
OK = http(200, PICTURE)
HOME = frozenset({"127.0.0.1"})


async def fetch(server, url="", own=HOME, **changes):
    async with (
        Downloads(server.settings(**changes), own=own) as downloads,
        downloads.open(url or server.url + "/1.png") as chunks,
    ):
        return b"".join([chunk async for chunk in chunks])


async def test_an_image_arrives_byte_for_byte():
    async with scripted(OK) as server:
        assert await fetch(server) == PICTURE


async def test_the_key_and_cookies_stay_at_home():
    async with (
        scripted(http(302, Location="/2.png", Set_Cookie="a=b"), OK) as server,
        open_provider("embedded", settings=server.settings()) as provider,
        provider.download(server.url.replace("//", "//user:pw@") + "/1.png") as chunks,
    ):
        assert b"".join([chunk async for chunk in chunks]) == PICTURE
    told = [str(arrived.headers) for arrived in server.requests]
    assert len(told) == 2
    assert not any(
        word in text.lower() for text in told for word in (KEY, "authorization", "cookie")
    )


async def test_connections_to_an_image_host_are_kept():
    async with scripted(OK) as server, Downloads(server.settings(), own=HOME) as downloads:
        for _ in range(3):
            async with downloads.open(server.url) as chunks:
                assert b"".join([chunk async for chunk in chunks]) == PICTURE
    assert (server.connections, len(server.requests)) == (1, 3)


@pytest.mark.parametrize("status", [404, 410])
async def test_an_image_that_the_host_no_longer_has_is_gone(status):
    async with scripted(http(status)) as server:
        with pytest.raises(ImageGone) as failure:
            await fetch(server)
    assert type(failure.value) is ImageGone


async def test_a_403_may_pass_and_says_so():
    async with scripted(http(403, b"<Error>AccessDenied</Error>")) as server:
        with pytest.raises(DownloadFailed, match="may have expired"):
            await fetch(server)


RETRYABLE = {
    "401": http(401),
    "429": http(429),
    "500": http(500),
    "503": http(503),
    "204": http(204),
    "206": http(206, PICTURE),
    "304": http(304),
    "dropped": drop,
    "reset": reset,
    "short": cut(OK, len(OK) - 100),
    "headers cut": cut(OK, 20),
    "bad chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "redirect to nothing": http(302),
    "redirect to no URL": http(302, Location="http://[::1"),
}


@pytest.mark.parametrize("act", RETRYABLE.values(), ids=RETRYABLE.keys())
async def test_what_may_go_better_next_time_is_a_failed_download(act):
    async with scripted(act) as server:
        with pytest.raises(DownloadFailed):
            await fetch(server)


async def test_a_failed_get_and_then_a_good_one_is_the_image():
    async with scripted(cut(OK, 90), http(403), http(500), OK) as server:
        for _ in range(3):
            with pytest.raises(DownloadFailed):
                await fetch(server)
        assert await fetch(server) == PICTURE


async def test_a_host_that_falls_silent_is_given_up():
    async with scripted(hang) as server:
        with pytest.raises(DownloadFailed):
            await fetch(server, download_timeout=0.1)


async def test_an_image_that_drips_is_given_up():
    start = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    async with scripted(drip(start)) as server:
        with pytest.raises(DownloadFailed, match="too slow"):
            await fetch(server, download_timeout=0.2)


async def test_an_image_announced_too_large_is_refused_before_it_comes():
    async with scripted(http(200, b"", Content_Length="999999999")) as server:
        with pytest.raises(ImageBroken, match="larger"):
            await fetch(server)


async def test_an_endless_image_is_cut_at_the_limit():
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + 40 * (
        b"2000\r\n" + bytes(0x2000) + b"\r\n"
    )
    async with scripted(start) as server:
        with pytest.raises(ImageBroken, match="larger than 100000"):
            await fetch(server, image_limit=100_000)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "ftp://example.com/1.png",
        "/etc/passwd",
        "1.png",
        "",
        "http://",
        "http://[::1",
    ],
)
async def test_a_url_that_is_no_web_address_is_never_fetched(url):
    async with (
        scripted(OK) as server,
        Downloads(server.settings(), own=HOME) as downloads,
    ):
        with pytest.raises(ImageBroken):
            await downloads.open(url).__aenter__()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",  # noqa: S104 - to be refused, not bound
        "169.254.169.254",
        "10.0.0.1",
        "user:pw@127.0.0.1",
    ],
)
async def test_a_private_address_is_refused_in_every_notation(host):
    async with scripted(OK) as server:
        port = server.url.rpartition(":")[2]
        with pytest.raises(DownloadFailed, match=r"is not allowed|not a canonical"):
            await fetch(server, f"http://{host}:{port}/1.png", own=frozenset())
    assert server.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_into_a_private_network_is_refused(status):
    async with scripted(http(status, Location="http://127.0.0.2/admin")) as server:
        with pytest.raises(DownloadFailed, match=r"127\.0\.0\.2 is not allowed"):
            await fetch(server)
    assert len(server.requests) == 1


@pytest.mark.parametrize("target", ["file:///etc/passwd", "data:,x", "ftp://x/1"])
async def test_a_redirect_to_anything_but_the_web_is_refused(target):
    async with scripted(http(302, Location=target)) as server:
        with pytest.raises(DownloadFailed, match="redirects to"):
            await fetch(server)


async def test_a_private_apis_own_host_is_fetched_on_any_port():
    async with (
        scripted(OK) as cdn,
        scripted(OK) as api,
        open_provider("embedded", settings=api.settings()) as provider,
        provider.download(cdn.url + "/1.png") as chunks,
    ):
        assert b"".join([chunk async for chunk in chunks]) == PICTURE


async def test_redirects_are_followed_five_times_and_no_more():
    step = http(302, Location="/next")
    async with scripted(*[step] * 5, OK) as server:
        assert await fetch(server) == PICTURE
    async with scripted(step) as server:
        with pytest.raises(DownloadFailed, match="more than 5"):
            await fetch(server)
    assert len(server.requests) == 6


async def test_a_redirect_from_https_to_http_is_refused_on_the_open_internet():
    async with scripted(OK) as server, Downloads(server.settings(), own=HOME) as downloads:
        with pytest.raises(DownloadFailed, match="https to http"):
            downloads._session._redirected("https://cdn.example.com/1", "http://cdn.example.com/1")
        step = downloads._session._redirected("https://127.0.0.1/1", "http://127.0.0.1/2")
    assert step == "http://127.0.0.1/2"


async def test_a_download_left_half_way_leaves_nothing_open():
    big = http(200, bytes(3_000_000))
    async with scripted(big, OK) as server, Downloads(server.settings(), own=HOME) as downloads:
        async with downloads.open(server.url) as chunks:
            await anext(chunks)
        async with downloads.open(server.url) as chunks:
            assert b"".join([chunk async for chunk in chunks]) == PICTURE
    assert server.connections == 2


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 ", b"HTTP/1.1 200 OK\r\nX-Slow: "])
async def test_an_image_host_that_drips_its_headers_is_given_up(start):
    """Each byte began the wait anew, and held a run for fifteen minutes."""
    async with scripted(drip(start)) as server:
        async with asyncio.timeout(5):
            with pytest.raises(DownloadFailed, match="did not begin to answer within"):
                await fetch(server, download_timeout=0.3)


async def test_redirects_share_one_wait_for_the_answer():
    slow = http(302, b"", Location="/next.png")

    async def act(request, writer):
        await asyncio.sleep(0.2)
        writer.write(slow)
        await writer.drain()

    async with scripted(act) as server:
        with pytest.raises(DownloadFailed, match="did not begin to answer within"):
            await fetch(server, download_timeout=0.3)
