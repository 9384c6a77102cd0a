"""What no honest client sends, byte by byte: never a 5xx, never a trace, never a credit."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from image_server_client import DOCUMENTED, Client, eventually, png, serving

from pipeline.imageserver.api.requests import bodies, forms
from pipeline.imageserver.options import ErrorStyle

GENERATE = "/v1/images/generate"
PATHS = (GENERATE, "/v1/images/jobs", "/v1/images/generations")
START = 1_000_000
SODA = json.dumps(DOCUMENTED).encode()


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    @property
    def message(self) -> str:
        told = json.loads(self.body)
        return str(told["error"]["message"] if "error" in told else told["message"])


@pytest.fixture(params=list(ErrorStyle))
async def client(tmp_path: Path, request) -> AsyncIterator[Client]:
    async with serving(tmp_path / "state", error_style=request.param, credits=START) as it:
        yield it


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture):
    """Whatever is sent, nothing of it is a bug of the server."""
    yield
    wrong = [r.getMessage() for r in caplog.get_records("call") if r.levelno >= logging.ERROR]
    assert wrong == []


async def sent(url: str, wire: bytes, *, patience: float = 20) -> Answer:
    """The answer to these very bytes; what the server closes or resets without one is status 0."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        async with asyncio.timeout(patience):
            writer.write(wire)
            try:
                await writer.drain()
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.read()
            except (ConnectionError, asyncio.IncompleteReadError):
                return Answer(0, b"")
            return Answer(int(head.split()[1]), body)
    finally:
        writer.transport.abort()


def request(
    client: Client,
    body: bytes = b"",
    *,
    method: str = "POST",
    path: str = GENERATE,
    kind: str = "application/json",
    headers: str = "",
) -> bytes:
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: Bearer {client.server.key}\r\nContent-Type: {kind}\r\n{headers}"
    )
    if "Transfer-Encoding" not in headers:
        head += f"Content-Length: {len(body)}\r\n"
    return (head + "\r\n").encode() + body


def nothing_was_charged(client: Client) -> None:
    standing = client.server.totals()
    assert (standing.charged, standing.reserved, standing.remaining) == (0, 0, START)


def with_literal(field: str, literal: str) -> bytes:
    """The documented body with these letters where the field's value was."""
    rest = {name: value for name, value in DOCUMENTED.items() if name != field}
    return f'{json.dumps(rest)[:-1]}, "{field}": {literal}}}'.encode()


WRONG_VALUES = ("null", "true", "[]", "{}", '[{"a": 1}]', "-1", "1.5", '"\\u0000"', '"\\ud800"')
ODD_NUMBERS = ("NaN", "Infinity", "1e999", "-1e999", "9" * 5000, "01", "1_0")
BAD_SIZES = (
    "0:0",
    "-1:1",
    "3.0000001:1",
    "1:0",
    "01:1",
    "1:1 ",
    "1:1\n",
    "\u0663:\u0661",
    "1\uff1a1",
    "4:1",
)


@pytest.mark.parametrize("path", PATHS)
async def test_no_field_takes_a_value_of_another_kind(client: Client, path: str):
    for field, literal in product(DOCUMENTED, WRONG_VALUES):
        if literal == "null" and "generations" in path:
            continue  # OpenAI's clients send null for what they leave out
        status, reply = await client.post(_shaped(path, with_literal(field, literal)), path=path)
        assert status < 500
        assert _message(reply).startswith(f"{field}: "), (literal, reply)
    nothing_was_charged(client)


async def test_no_number_is_too_odd_to_be_refused(client: Client):
    for field, literal in product(DOCUMENTED, ODD_NUMBERS):
        status, reply = await client.post(with_literal(field, literal))
        assert status < 500
        assert reply["code"] != 0
    nothing_was_charged(client)


async def test_no_size_is_guessed_at(client: Client):
    for size in BAD_SIZES:
        _, reply = await client.post(DOCUMENTED | {"size": size})
        assert reply["message"].startswith("size: ")
    nothing_was_charged(client)


@pytest.mark.parametrize(
    ("named", "body"),
    [
        ("prompt", SODA[:-1] + b', "prompt": "b"}'),
        ("n", SODA[:-1] + b', "n": 1}'),
        ("'a\\r\\nX-Injected: b'", SODA[:-1] + b', "a\\r\\nX-Injected: b": 1}'),
        ("'\\ud800'", SODA[:-1] + b', "\\ud800": 1}'),
        ("__proto__", SODA[:-1] + b', "__proto__": {}}'),
        ("prompt", json.dumps({"prompt": "x" * 100_000}).encode()),
    ],
)
async def test_what_is_twice_unknown_or_too_long_is_named(client: Client, named: str, body: bytes):
    _, reply = await client.post(body)
    assert reply["message"].startswith(f"{named}: ")
    nothing_was_charged(client)


NOT_JSON = (
    b'{"prompt":' * 20_000,
    b'{"prompt":' + b"[" * 5000 + b"]" * 5000 + b"}",
    b"\xef\xbb\xbf" + SODA,
    SODA.decode().encode("utf-16"),
    SODA + SODA,
    SODA + b"\0",
    b"/* a */" + SODA,
    SODA[:-1] + b",}",
    b'{"prompt": "\xc0\xaf"}',
    b'{"prompt": "a\x01b"}',
    b"prompt=a",
)


async def test_what_is_not_json_is_not_guessed_at(client: Client):
    for body in NOT_JSON:
        for path in PATHS:
            status, reply = await client.post(body, path=path)
            assert status < 500
            assert _message(reply).startswith("the body is ")
    nothing_was_charged(client)


NOT_HEADERS = (
    "Content-Length: -1\r\n",
    "Content-Length: abc\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: klingon\r\n",
    "X-Variation: a\r\n b\r\n",
    "X-Variation: a\rX-Injected: b\r\n",
    "X-Variation: a\0b\r\n",
    f"X-Long: {'a' * 20_000}\r\n",
    ": nameless\r\n",
    "Host: another\r\n",
    "".join(f"X-{n}: a\r\n" for n in range(2000)),
)


async def test_headers_that_are_not_http_get_400(client: Client):
    for headers in NOT_HEADERS:
        answer = await sent(client.server.url, request(client, SODA, headers=headers))
        assert answer.status == 400
    nothing_was_charged(client)


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("Idempotency-Key", "Idempotency-Key: a\r\nIdempotency-Key: b\r\n"),
        ("X-Variation", "X-Variation: 1.1\r\nX-Variation: 1.2\r\n"),
        ("Authorization", "Authorization: Bearer another\r\n"),
        ("Content-Encoding", "Content-Encoding: klingon\r\n"),
    ],
)
async def test_a_header_that_could_mean_two_things_was_taken_for_the_first_of_them(
    client: Client, name: str, headers: str
):
    answer = await sent(client.server.url, request(client, SODA, headers=headers))
    assert answer.message.startswith(f"{name}: ")
    nothing_was_charged(client)


@pytest.mark.parametrize("body", [gzip.compress(SODA)[:-20], gzip.compress(SODA) + b"junk", b"x"])
async def test_a_broken_gzip_body_left_a_trace_in_the_log(client: Client, body: bytes):
    wire = request(client, body, headers="Content-Encoding: gzip\r\n")
    answer = await sent(client.server.url, wire)
    assert answer.message.startswith("the body ")
    nothing_was_charged(client)


async def test_a_gzip_bomb_is_opened_no_further_than_the_limit(client: Client):
    bomb = gzip.compress(b" " * 50_000_000)
    wire = request(client, bomb, headers="Content-Encoding: gzip\r\n")
    answer = await sent(client.server.url, wire)
    assert b"larger than" in answer.body
    nothing_was_charged(client)


async def test_a_client_that_leaves_in_the_middle_of_its_body_was_logged_as_a_bug(client: Client):
    headers = "Transfer-Encoding: chunked\r\n"
    for path, kind in ((GENERATE, "application/json"), ("/v1/images/edits", FORM)):
        wire = request(client, b"4\r\n--bb\r\n", path=path, kind=kind, headers=headers)
        with pytest.raises(TimeoutError):
            await sent(client.server.url, wire, patience=0.2)
    async with client.ask("GET", "/healthz") as response:
        assert response.status == 200
    nothing_was_charged(client)


async def test_a_body_without_an_end_is_given_up(client: Client, monkeypatch: pytest.MonkeyPatch):
    for room in (bodies, forms):
        monkeypatch.setattr(room, "BODY_SECONDS", 0.1)
    headers = "Transfer-Encoding: chunked\r\n"
    for path, kind in ((GENERATE, "application/json"), ("/v1/images/edits", FORM)):
        wire = request(client, b"4\r\n--bb\r\n", path=path, kind=kind, headers=headers)
        answer = await sent(client.server.url, wire)
        assert answer.message == "the body did not arrive in time"
    nothing_was_charged(client)


async def test_a_request_that_never_ends_its_headers_was_kept_for_an_hour(tmp_path: Path):
    async with serving(tmp_path, idle_seconds=0.2) as client:
        for url in (client.server.url, client.server.cdn_url):
            assert await sent(url, b"POST /v1/images/gen", patience=5) == Answer(0, b"")


BOUNDARY = "bb"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
PROMPT_PART = b'--bb\r\nContent-Disposition: form-data; name="prompt"\r\n\r\na soda\r\n'
END = b"--bb--\r\n"


def file_part(name: str = "image", content: bytes = b"", *, headers: str = "") -> bytes:
    head = f'--bb\r\nContent-Disposition: form-data; name="{name}"; filename="a.png"\r\n{headers}'
    return head.encode() + b"\r\n" + (content or png()) + b"\r\n"


BROKEN_FORMS = {
    "empty": b"",
    "no end": PROMPT_PART + file_part(),
    "cut off": PROMPT_PART + file_part()[:70],
    "another boundary": (PROMPT_PART + file_part() + END).replace(b"--bb", b"--cc"),
    "a header too long": PROMPT_PART + file_part(headers=f"X: {'a' * 20_000}\r\n") + END,
    "no header": b"--bb\r\n--bb\r\n" + PROMPT_PART + file_part() + END,
    "a charset of its own": file_part("_charset_", b"klingon") + PROMPT_PART + file_part() + END,
    "an unknown encoding": PROMPT_PART
    + file_part(headers="Content-Transfer-Encoding: klingon\r\n")
    + END,
    "nested": PROMPT_PART
    + b"--bb\r\nContent-Type: multipart/mixed; boundary=cc\r\n\r\n--cc\r\n\r\nx\r\n--cc--\r\n"
    + END,
    "nameless": PROMPT_PART + b"--bb\r\nContent-Disposition: form-data\r\n\r\nx\r\n" + END,
    "too many": PROMPT_PART + b"".join(file_part(f"x{n}", b"1") for n in range(60)) + END,
}


@pytest.mark.parametrize("path", ["/v1/images/edits", "/openai/v1/images/edits"])
async def test_a_form_with_broken_headers_in_a_part_was_a_500(client: Client, path: str):
    for name, body in BROKEN_FORMS.items():
        answer = await sent(client.server.url, request(client, body, path=path, kind=FORM))
        assert answer.status in {200, 400}, name
        assert "form" in answer.message or answer.message.startswith("_charset_"), name
    nothing_was_charged(client)


ODD_PATHS = (
    ("OPTIONS", GENERATE),
    ("TRACE", GENERATE),
    ("OPTIONS", "*"),
    ("GET", "/%00"),
    ("GET", "/../../etc/passwd"),
    ("GET", "/%2e%2e%2f%2e%2e"),
    ("GET", "//evil.example/"),
    ("GET", "/%zz"),
    ("POST", "//v1/images/generate"),
    ("POST", "/V1/images/generate"),
    ("GET", "/v1/images/jobs/%ff%00"),
    ("GET", f"/v1/images/jobs/job_{'9' * 18}_{'0' * 16}"),
)


async def test_odd_paths_and_methods_get_the_envelope(client: Client):
    for method, path in ODD_PATHS:
        wire = request(client, SODA if method == "POST" else b"", method=method, path=path)
        answer = await sent(client.server.url, wire)
        assert answer.status in {200, 404, 405}
        assert json.loads(answer.body)["code"] in {-1, 404, 405}
    nothing_was_charged(client)


NOT_HTTP = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"FOO / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/3.0\r\nHost: x\r\n\r\n",
    b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
)


async def test_what_is_not_http_gets_400_and_no_trace(client: Client):
    for wire in NOT_HTTP:
        for url in (client.server.url, client.server.cdn_url):
            assert (await sent(url, wire)).status == 400


async def test_after_every_attack_the_server_still_sells(client: Client):
    await sent(client.server.url, request(client, b"[" * 100_000))
    _, reply = await client.post(DOCUMENTED)
    assert reply["code"] == 0
    await eventually(lambda: client.server.totals().remaining == START - 12)


def _shaped(path: str, body: bytes) -> bytes:
    """The documented body in OpenAI's words, where that is what the path speaks."""
    if "generations" not in path:
        return body
    return body.replace(b'"4:3"', b'"1024x1024"')


def _message(reply: dict[str, Any]) -> str:
    return str(reply["error"]["message"] if "error" in reply else reply["message"])
