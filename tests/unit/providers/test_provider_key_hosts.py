"""The key goes to the host it was set for; another one needs a word outside the campaign file."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from scripted_api import CITRUS, http, images, scripted
from seals import NO_SEAL

from pipeline.errors import ProviderStopped, UsageError
from pipeline.network import addresses
from pipeline.network.api_client import ApiClient
from pipeline.network.proxies import DIRECT
from pipeline.providers.registry import open_provider
from pipeline.settings import GPTIMAGE_URL, origin_of, read_settings


def settings(base_url, **environment):
    """What a campaign file with this base URL makes of the environment."""
    key = {"GPTIMAGE_API_KEY": "sk-live-0123456789"}
    return replace(read_settings({**key, **environment}).gptimage, base_url=base_url)


@pytest.mark.parametrize(
    "base_url",
    [
        "https://images.example.com",
        "https://api.gptimageapi.dev.example.com",
        "https://api.gptimageapi.dev:8443",
        "http://api.gptimageapi.dev",
        "https://gptimageapi.dev",
        "http://127.0.0.1:8787",
        "http://localhost",
    ],
)
def test_a_campaign_file_cannot_send_the_key_elsewhere(base_url):
    """The README said "never sent to another host", and `base_url` in a file was another host."""
    with pytest.raises(UsageError, match="nothing was sent") as refused:
        open_provider("gptimage", settings=settings(base_url))
    assert base_url in str(refused.value)
    assert GPTIMAGE_URL in str(refused.value)
    assert "GPTIMAGE_KEY_HOSTS=" in str(refused.value)
    assert "sk-live" not in str(refused.value)


@pytest.mark.parametrize(
    ("base_url", "environment"),
    [
        (GPTIMAGE_URL, {}),
        ("https://API.gptimageapi.dev:443/team", {}),
        ("https://gw.example", {"GPTIMAGE_BASE_URL": "https://gw.example"}),
        ("https://gw.example", {"GPTIMAGE_KEY_HOSTS": "gw.example"}),
        ("https://gw.example/v2", {"GPTIMAGE_KEY_HOSTS": "other.example, GW.example"}),
        ("https://gw.example:8443", {"GPTIMAGE_KEY_HOSTS": "gw.example:8443"}),
        ("http://gw.lan:8080", {"GPTIMAGE_KEY_HOSTS": "http://gw.lan:8080"}),
    ],
)
def test_the_owner_of_the_machine_can_send_it_where_they_like(base_url, environment):
    opened = open_provider("gptimage", settings=settings(base_url, **environment))
    assert urlsplit(base_url).hostname in opened.account.lower()


@pytest.mark.parametrize(
    ("base_url", "allowed"),
    [
        ("http://gw.example", "gw.example"),
        ("https://gw.example:8443", "gw.example"),
        ("https://gw.example.org", "gw.example"),
        ("https://sub.gw.example", "gw.example"),
        ("https://gw.example", "http://gw.example"),
        ("https://gw.example", "*"),
    ],
)
def test_a_host_is_allowed_by_name_scheme_and_port(base_url, allowed):
    with pytest.raises(UsageError):
        open_provider("gptimage", settings=settings(base_url, GPTIMAGE_KEY_HOSTS=allowed))


def test_the_command_that_is_named_works():
    with pytest.raises(UsageError) as refused:
        open_provider("gptimage", settings=settings("http://gw.lan:8080/v1"))
    named = str(refused.value).rpartition("GPTIMAGE_KEY_HOSTS=")[2]
    open_provider("gptimage", settings=settings("http://gw.lan:8080/v1", GPTIMAGE_KEY_HOSTS=named))


@pytest.mark.parametrize("url", ["", "x", "https://", "https://h:x", "https://[::1"])
def test_what_is_no_url_has_no_origin(url):
    assert origin_of(url) == ""


async def test_the_key_never_leaves_over_plain_http_for_a_public_address(monkeypatch):
    monkeypatch.setattr(addresses, "is_public", lambda _address: True)
    async with scripted(images("https://x.test/1.png")) as server:
        async with open_provider("gptimage", settings=server.settings()) as provider:
            with pytest.raises(ProviderStopped, match="over plain http") as stopped:
                await provider.submit(CITRUS, key="k", seal=NO_SEAL)
        assert server.requests == []
        assert f"GPTIMAGE_KEY_HOSTS={server.url}" in stopped.value.remedy
        allowed = server.settings(key_hosts=(server.url,))
        async with ApiClient(allowed, own=frozenset(), route=DIRECT) as client:
            assert (await client.post("/", body=b"", headers={})).status == 200


async def test_a_private_gateway_over_plain_http_gets_the_key():
    async with (
        scripted(http(200, b"{}")) as server,
        ApiClient(server.settings(), own=frozenset({"127.0.0.1"}), route=DIRECT) as client,
    ):
        assert (await client.post("/", body=b"", headers={})).status == 200
