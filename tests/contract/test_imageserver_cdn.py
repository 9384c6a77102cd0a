import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp.client import URL
from image_server_client import DOCUMENTED, Client, serving


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with serving(tmp_path / "state") as it:
        yield it


@pytest.fixture
async def url(client: Client) -> URL:
    _, reply = await client.post(DOCUMENTED)
    return URL(reply["data"]["images"][0]["url"])


async def fetch(client: Client, url: URL, method: str = "GET", **headers: str):
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.session.request(method, url, headers=told) as response:
        return response.status, response.headers, await response.read()


async def test_an_image_is_what_the_books_say(client: Client, url: URL):
    status, headers, content = await fetch(client, url)
    (capture,) = client.server.charges()
    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert hashlib.sha256(content).hexdigest() == capture.pictures[0].sha256
    assert int(headers["Content-Length"]) == len(content)


async def test_a_range_is_a_part_of_it(client: Client, url: URL):
    _, _, whole = await fetch(client, url)
    status, headers, part = await fetch(client, url, Range="bytes=10-19")
    assert (status, part) == (206, whole[10:20])
    assert headers["Content-Range"] == f"bytes 10-19/{len(whole)}"


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-1,4-5"},
        {"Range": "lines=1-2"},
        {"Range": "bytes=abc"},
        {"Range": "bytes=9-2"},
        {"Range": "bytes=0-9", "If-Range": '"another"'},
        {"Range": "bytes=0-9", "If-Range": 'W/"another"'},
    ],
)
async def test_a_range_that_cannot_be_served_was_refused_instead_of_ignored(
    client: Client, url: URL, headers: dict[str, str]
):
    _, _, whole = await fetch(client, url)
    status, told, content = await fetch(client, url, **headers)
    assert (status, content) == (200, whole)
    assert int(told["Content-Length"]) == len(whole)


async def test_a_download_goes_on_where_it_stopped_if_the_image_is_the_same(
    client: Client, url: URL
):
    _, headers, whole = await fetch(client, url)
    status, _, part = await fetch(client, url, Range="bytes=100-", If_Range=headers["ETag"])
    assert (status, part) == (206, whole[100:])


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=-0"])
async def test_a_range_of_nothing_is_416_in_xml_with_the_length(
    client: Client, url: URL, wanted: str
):
    _, _, whole = await fetch(client, url)
    status, headers, content = await fetch(client, url, Range=wanted)
    assert (status, b"<Code>InvalidRange</Code>" in content) == (416, True)
    assert headers["Content-Range"] == f"bytes */{len(whole)}"


async def test_a_range_with_head_tells_the_length_of_the_part(client: Client, url: URL):
    status, headers, content = await fetch(client, url, "HEAD", Range="bytes=0-9")
    assert (status, headers["Content-Length"], content) == (206, "10", b"")


async def test_an_etag_that_is_still_good_saves_the_download(client: Client, url: URL):
    _, headers, _ = await fetch(client, url)
    status, _, content = await fetch(client, url, If_None_Match=headers["ETag"])
    assert (status, content) == (304, b"")


async def test_head_tells_the_length(client: Client, url: URL):
    _, _, whole = await fetch(client, url)
    status, headers, content = await fetch(client, url, "HEAD")
    assert (status, int(headers["Content-Length"]), content) == (200, len(whole), b"")


@pytest.mark.parametrize(
    "change",
    [
        {"signature": "0" * 32},
        {"signature": ""},
        {"signature": "é"},
        {"expires": "99999999999"},
        {"expires": "soon"},
        {"expires": "-1"},
        {"expires": "9" * 400},
    ],
)
async def test_a_url_that_was_tampered_with_is_refused_in_xml(
    client: Client, url: URL, change: dict[str, str]
):
    status, headers, content = await fetch(client, url.update_query(change))
    assert (status, headers["Content-Type"].partition(";")[0]) == (403, "application/xml")
    assert b"<Code>SignatureDoesNotMatch</Code>" in content


async def test_the_signature_of_one_image_opens_no_other(client: Client, url: URL):
    await client.post(DOCUMENTED)
    other = url.with_path("/renders/0000000020.png", keep_query=True)
    assert (await fetch(client, other))[0] == 403


async def test_without_a_signature_there_is_nothing(client: Client, url: URL):
    assert (await fetch(client, url.with_query(None)))[0] == 403


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/", 404),
        ("GET", "/renders/", 404),
        ("GET", "/renders/..%2f..%2fbooks.db", 404),
        ("POST", "/renders/0000000010.png", 405),
        ("DELETE", "/renders/0000000010.png", 405),
    ],
)
async def test_anything_else_is_refused_in_xml(
    client: Client, method: str, path: str, expected: int
):
    url = URL(client.server.cdn_url + path, encoded=True)
    status, headers, _ = await fetch(client, url, method)
    assert status == expected
    assert headers["Content-Type"].startswith("application/xml")


async def test_an_image_whose_file_is_gone_is_not_found(client: Client, url: URL, tmp_path: Path):
    for file in (tmp_path / "state" / "images").rglob("*.png"):
        file.unlink()
    assert (await fetch(client, url))[0] == 404


async def test_the_api_key_is_refused_by_the_image_host(client: Client, url: URL):
    status, _, content = await fetch(client, url, Authorization=f"Bearer {client.server.key}")
    assert (status, b"Authorization" in content) == (400, True)
    assert client.server.bearers_refused == 1


async def test_behind_every_address_the_images_are_where_the_caller_came_from(tmp_path: Path):
    async with serving(tmp_path, host="0.0.0.0") as client:  # noqa: S104 - what is tested
        port = URL(client.server.url).port
        headers = {"Authorization": f"Bearer {client.server.key}"}
        async with aiohttp.ClientSession() as session:
            api = f"http://localhost:{port}/v1/images/generate"
            async with session.post(api, json=DOCUMENTED, headers=headers) as response:
                reply = await response.json()
        assert URL(reply["data"]["images"][0]["url"]).host == "localhost"
