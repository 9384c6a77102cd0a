"""A signed URL is sent character by character: the client library rewrote it, and got 403."""

from dataclasses import replace

import pytest
from scripted_api import http, images, scripted

from pipeline.network.api_client import ApiClient
from pipeline.network.exact_urls import exact_url, joined
from pipeline.network.image_downloads import Downloads
from pipeline.network.proxies import DIRECT
from pipeline.providers.registry import open_provider

HOME = frozenset({"127.0.0.1"})

TARGETS = [
    "/renders/a%3Ab%2Fc%7Ed%27%28e%29.png",
    "/1.png?X-Amz-Credential=AK%2F20261130%2Fus-east-1&X-Amz-Date=a%3Ab&sig=a%2Bb%3D%3D",
    "/1.png?sig=a/b~c'd(e)f!g*h:i@j,k;l&m=%21%2A%2C%3B%40%24",
    "/1.png?a=%7e&b=%7E&c=%2f&d=%c3%a9",
    "/1.png?response-content-disposition=attachment%3B%20filename%3D%22a.png%22",
    "/1.png?a=b+c&d=e%20f&g=%25",
    "/1.png?a&b=&&c",
    "/1.png?",
    "/a/../b/./c//d.png",
    "/a%2e%2e/b.png",
    "/%zz/100%.png",
    "/a;v=1/b;c?d;e",
    '/[1]{2}|3^4`5\\6"7<8>.png',
    "//double.png",
    "/",
]


@pytest.mark.parametrize("target", TARGETS)
async def test_an_image_is_asked_for_as_its_url_says(target):
    async with (
        scripted(http(200, b"x")) as server,
        Downloads(server.settings(), own=HOME) as downloads,
        downloads.open(server.url + target),
    ):
        pass
    assert [arrived.path for arrived in server.requests] == [target]


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("target", TARGETS[:-2])
async def test_a_redirect_is_followed_as_the_host_says(target, whole):
    async def redirect(_, writer):
        place = (server.url if whole else "") + target
        writer.write(http(302, Location=place) if len(server.requests) == 1 else http(200, b"x"))
        await writer.drain()

    async with (
        scripted(redirect) as server,
        Downloads(server.settings(), own=HOME) as downloads,
        downloads.open(server.url + "/first"),
    ):
        pass
    assert [arrived.path for arrived in server.requests] == ["/first", target]


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        ("/a b.png?c d", "/a%20b.png?c%20d"),
        ("/Größe.png?q=é", "/Gr%C3%B6%C3%9Fe.png?q=%C3%A9"),
        ("/1.png#part?x=%3A", "/1.png"),
        ("", "/"),
        ("?a=%3A", "/?a=%3A"),
    ],
)
async def test_what_no_request_can_hold_is_encoded_and_a_fragment_stays_here(target, sent):
    async with (
        scripted(http(200, b"x")) as server,
        Downloads(server.settings(), own=HOME) as downloads,
        downloads.open(server.url + target),
    ):
        pass
    assert server.requests[0].path == sent


@pytest.mark.parametrize(
    ("base", "target", "whole"),
    [
        ("https://a.test/x/y?z", "/b%3A", "https://a.test/b%3A"),
        ("https://a.test/x/y?z", "c%3A?", "https://a.test/x/c%3A"),
        ("https://a.test/x/y?z", "?q=%7E", "https://a.test/x/y?q=%7E"),
        ("https://a.test/x", "//b.test/%28", "https://b.test/%28"),
        ("https://a.test/x", "http://b.test/a/../%29?", "http://b.test/a/../%29?"),
    ],
)
def test_a_redirect_is_joined_without_being_rewritten(base, target, whole):
    assert joined(base, target) == whole


def test_a_host_is_written_as_the_network_needs_it():
    assert exact_url("https://Bücher.example/a").raw_host == "xn--bcher-kva.example"
    assert exact_url("https://[2001:db8::1]:8443/a").port == 8443
    assert str(exact_url("https://u:p%40@h.test/a%3A").with_user(None)) == "https://h.test/a%3A"


@pytest.mark.parametrize("text", ["", "/a", "a.png", "https://", "https:///a", "http://[::1/a"])
def test_what_is_no_url_is_a_value_error(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the standard library has words of its own
        exact_url(text)


async def test_the_base_url_of_an_api_is_kept_as_it_is_set():
    async with scripted(images("https://x.test/1.png")) as server:
        settings = replace(server.settings(), base_url=f"{server.url}/team%2Fa/~x")
        async with ApiClient(settings, own=HOME, route=DIRECT) as client:
            await client.post("/v1/images/generate", body=b"{}", headers={})
    assert server.requests[0].path == "/team%2Fa/~x/v1/images/generate"


async def test_a_login_in_an_image_url_is_not_sent():
    async with (
        scripted(http(200, b"x")) as server,
        open_provider("embedded", settings=server.settings()) as provider,
        provider.download(server.url.replace("//", "//user:pw@") + "/a%3A"),
    ):
        pass
    assert "authorization" not in server.requests[0].headers
