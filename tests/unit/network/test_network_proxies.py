"""Proxies and private authorities: off unless asked for, and nobody on the way hears the key."""

import asyncio
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import trustme
from fake_provider import png
from scripted_api import CITRUS, KEY, http, images, scripted
from seals import NO_SEAL

from pipeline.errors import DownloadFailed, NotSent, ProviderStopped, UsageError
from pipeline.providers.registry import open_provider
from pipeline.settings import read_settings

PICTURE = png(64, 64)
OK = images("https://cdn.test/1.png")
PASSWORD = "hunter2-of-the-proxy"


@dataclass
class Proxy:
    """Opens tunnels to one port of this machine, whatever name it is asked for."""

    url: str = ""
    heard: list[bytes] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@asynccontextmanager
async def proxying(port, *, refusing=b""):
    proxy = Proxy()
    pumps, ends = [], []

    async def serve(reader, writer):
        ends.append(writer)
        head = await reader.readuntil(b"\r\n\r\n")
        proxy.heard.append(head)
        proxy.asked.append(head.split(b" ")[1].decode())
        if refusing:
            writer.write(refusing)
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        ends.append(far_writer)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        ways = ((reader, far_writer), (far_reader, writer))
        pumps.extend(asyncio.create_task(pump(*way)) for way in ways)

    async def pump(source, sink):
        while part := await source.read(65536):
            proxy.heard.append(part)
            sink.write(part)
        sink.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy.url = f"http://user:{PASSWORD}@127.0.0.1:{running.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        running.close()
        for task in pumps:
            task.cancel()
        for end in ends:
            end.transport.abort()
        await asyncio.gather(*pumps, return_exceptions=True)


@pytest.fixture
def authority(tmp_path):
    """An authority of our own, its file, and a server's side of it."""
    own = trustme.CA()
    own.cert_pem.write_to_path(tmp_path / "ca.pem")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    own.issue_cert("api.test", "cdn.test", "127.0.0.1").configure_cert(tls)
    return tmp_path / "ca.pem", tls


@asynccontextmanager
async def behind(authority, monkeypatch, *, acts=(OK,), refusing=b"", **changes):
    """An API that only a proxy can reach, by a name that means nothing on this machine."""
    file, tls = authority
    async with scripted(*acts, tls=tls) as server:
        port = int(server.url.rpartition(":")[2])
        async with proxying(port, refusing=refusing) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            server.url = "https://api.test"
            how = {"trust_env": True, "ca_file": str(file), **changes}
            async with open_provider("gptimage", settings=server.settings(**how)) as provider:
                yield server, proxy, provider


async def test_a_request_goes_through_the_proxy_and_the_proxy_hears_no_key(authority, monkeypatch):
    async with behind(authority, monkeypatch) as (server, proxy, provider):
        await provider.submit(CITRUS, key="k", seal=NO_SEAL)
    assert proxy.asked == ["api.test:443"]
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    heard = b"".join(proxy.heard)
    assert KEY.encode() not in heard
    assert b"Authorization: Bearer" not in heard


async def test_an_image_comes_through_the_proxy_without_the_key(authority, monkeypatch):
    acts = (http(200, PICTURE),)
    async with (
        behind(authority, monkeypatch, acts=acts) as (server, proxy, provider),
        provider.download("https://cdn.test/1.png") as chunks,
    ):
        assert b"".join([chunk async for chunk in chunks]) == PICTURE
    assert proxy.asked == ["cdn.test:443"]
    assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize(
    "url",
    ["https://169.254.169.254/x", "https://127.0.0.1/x", "https://[::1]/x", "https://2130706433/"],
)
async def test_a_proxy_is_not_asked_for_a_private_address(authority, monkeypatch, url):
    async with behind(authority, monkeypatch) as (_, proxy, provider):
        with pytest.raises(DownloadFailed, match="is not allowed"):
            async with provider.download(url):
                pass
    assert proxy.asked == []


async def test_the_proxys_own_address_is_no_image_host(authority, monkeypatch):
    async with behind(authority, monkeypatch) as (_, proxy, provider):
        with pytest.raises(DownloadFailed, match="is not allowed"):
            async with provider.download(f"http://127.0.0.1:{proxy.url.rpartition(':')[2]}/x"):
                pass
    assert proxy.asked == []


async def test_a_proxy_that_refuses_was_sent_nothing_and_its_password_is_told_to_nobody(
    authority, monkeypatch
):
    no = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    async with behind(authority, monkeypatch, refusing=no) as (server, _, provider):
        with pytest.raises(NotSent, match="407") as failure:
            await provider.submit(CITRUS, key="k", seal=NO_SEAL)
    assert server.requests == []
    assert PASSWORD not in str(failure.value) + repr(failure.value.__cause__)


async def test_the_environments_proxy_is_not_used_unasked(authority, monkeypatch):
    async with behind(authority, monkeypatch, trust_env=False) as (_, proxy, provider):
        with pytest.raises(NotSent):
            await provider.submit(CITRUS, key="k", seal=NO_SEAL)
    assert proxy.asked == []


async def test_a_host_that_the_environment_excepts_is_reached_directly(authority, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "api.test")
    async with behind(authority, monkeypatch) as (_, proxy, provider):
        with pytest.raises(NotSent):
            await provider.submit(CITRUS, key="k", seal=NO_SEAL)
    assert proxy.asked == []


async def test_plain_http_is_never_sent_through_a_proxy_since_that_would_read_the_key(monkeypatch):
    async with scripted(OK) as server, proxying(int(server.url.rpartition(":")[2])) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        settings = server.settings(trust_env=True)
        async with open_provider("gptimage", settings=settings) as provider:
            await provider.submit(CITRUS, key="k", seal=NO_SEAL)
    assert proxy.asked == []


async def test_an_authority_of_ones_own_is_believed_only_where_it_is_named(authority):
    file, tls = authority
    async with scripted(OK, tls=tls) as server:
        for named, ending in ((None, ProviderStopped), (str(file), None)):
            settings = server.settings(ca_file=named)
            async with open_provider("gptimage", settings=settings) as provider:
                if ending is None:
                    assert (await provider.submit(CITRUS, key="k", seal=NO_SEAL)).amount == 12
                else:
                    with pytest.raises(ending, match="PIPELINE_CA_FILE"):
                        await provider.submit(CITRUS, key="k", seal=NO_SEAL)


async def test_authorities_that_cannot_be_read_are_refused_before_anything_is_sent(tmp_path):
    (tmp_path / "no.pem").write_text("no certificate")
    async with scripted(OK) as server:
        for place in (tmp_path / "no.pem", tmp_path / "absent.pem"):
            with pytest.raises(UsageError, match="nothing was sent"):
                async with open_provider("gptimage", settings=server.settings(ca_file=str(place))):
                    pass
    assert server.requests == []


def test_the_machine_may_ask_for_its_proxy_and_authority_for_every_campaign():
    told = read_settings({"PIPELINE_TRUST_ENV": "1", "PIPELINE_CA_FILE": "/etc/ca.pem"}).gptimage
    assert (told.trust_env, told.ca_file) == (True, "/etc/ca.pem")
    told = read_settings({"PIPELINE_TRUST_ENV": "0"}).gptimage
    assert (told.trust_env, told.ca_file) == (False, None)
