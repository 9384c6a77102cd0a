"""Which addresses an image may come from, in every notation."""

import asyncio

import pytest

from pipeline.network.addresses import (
    api_socket_factory,
    image_socket_factory,
    is_public,
    own_addresses,
)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",  # noqa: S104 - to be refused, not bound
        "0.1.2.3",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "100.127.255.255",
        "169.254.169.254",
        "192.0.0.1",
        "192.0.0.8",
        "192.0.0.170",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:0:127.0.0.1",
        "::ffff:0:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "64:ff9b:1:ffff::8.8.8.8",
        "100::1",
        "100:0:0:1::1",
        "200::1",
        "400::1",
        "1fff:ffff::1",
        "2001::1",
        "2001:0:7f00:1::",
        "2001:0:808:808::",
        "2001:1::1",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:30::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::",
        "2606:4700::5efe:10.0.0.1",
        "2606:4700::200:5efe:127.0.0.1",
        "3fff::1",
        "3fff:fff:ffff::1",
        "4000::1",
        "5f00::1",
        "5fff::1",
        "8000::1",
        "e000::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "febf::1",
        "fec0::1",
        "feff::1",
        "ff00::1",
        "ff02::1",
        "ff0e::1",
    ],
)
def test_a_private_address_is_not_public(address):
    """fec0::/10, ::ffff:0:0:0/96, 5f00::/16 and 3fff::/20 passed: Python knows some later."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.1",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.255.255",
        "172.32.0.1",
        "192.0.1.1",
        "198.20.0.1",
        "223.255.255.255",
        "::ffff:8.8.8.8",
        "2001:4860:4860::8888",
        "2001:200::1",
        "2003::1",
        "2606:4700::1111",
        "2a00:1450:4001:800::200e",
        "2c0f:fb50::1",
        "2606:4700::5efe:8.8.8.8",
        "64:ff9b::808:808",
    ],
)
def test_an_address_of_the_open_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    ("base_url", "own"),
    [
        ("http://127.0.0.1:8787", {"127.0.0.1"}),
        ("http://10.1.2.3", {"10.1.2.3"}),
        ("http://[::1]:8787", {"::1"}),
        ("http://[::ffff:127.0.0.1]", {"127.0.0.1"}),
        ("https://8.8.8.8", set()),
        ("http://no-such-host.invalid", set()),
    ],
)
async def test_only_a_private_api_has_addresses_of_its_own(base_url, own):
    assert await own_addresses(base_url, patience=5) == own


async def test_a_name_for_this_machine_counts_as_private():
    assert "127.0.0.1" in await own_addresses("http://localhost:1", patience=5)


@pytest.mark.parametrize(
    ("answers", "own"),
    [
        (["10.0.0.5", "fd00::5"], {"10.0.0.5", "fd00::5"}),
        (["8.8.8.8", "127.0.0.1"], set()),
    ],
)
async def test_a_name_that_also_points_to_the_internet_has_no_private_address(
    monkeypatch, answers, own
):
    async def resolve(*_, **__):
        return [(2, 1, 6, "", (answer, 0)) for answer in answers]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    assert await own_addresses("http://gateway.example", patience=5) == own


def _target(address):
    return (2, 1, 6, "", (address, 80))


def test_images_come_from_public_addresses_and_the_apis_own_one():
    gate = image_socket_factory(frozenset({"10.1.2.3"}))
    for address in ("8.8.8.8", "10.1.2.3"):
        gate(_target(address)).close()
    with pytest.raises(PermissionError, match=r"10\.1\.2\.4"):
        gate(_target("10.1.2.4"))


def test_an_api_that_was_private_when_opened_cannot_move_to_the_internet():
    gate = api_socket_factory(frozenset({"10.1.2.3"}))
    with pytest.raises(PermissionError):
        gate(_target("8.8.8.8"))
    gate(_target("10.9.9.9")).close()
