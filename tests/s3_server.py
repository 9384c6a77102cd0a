"""A real server that speaks S3, in a process of its own, and a proxy in front of it with faults.

The server is moto's. Nothing in this process imports it: it takes most of a second to start.
"""

import http.client
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

BUCKET = "ads"
_SERVER = """
import logging, sys
logging.getLogger("werkzeug").disabled = True
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
print(server.port, flush=True)
server.serve_forever()
"""

SECRET = "the-very-secret-value"
_KEY = {"AWS_ACCESS_KEY_ID": "AKIATESTKEY", "AWS_SECRET_ACCESS_KEY": SECRET}

_SIGNED = (
    "AWS4-HMAC-SHA256 Credential=AKIATESTKEY/20261130/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=0"
)


def environment(url: str) -> dict[str, str]:
    """The variables with which a client of a cloud reaches a server of this kind."""
    return {**_KEY, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": url}


@dataclass
class Request:
    """One request on its way to the server; a test answers it, or changes it."""

    number: int
    """Counts the requests of this method from 1."""
    method: str
    path: str
    body: bytes
    headers: dict[str, str]

    @property
    def key(self) -> str:
        """The object's key, without the bucket."""
        return self.path.partition("?")[0].removeprefix(f"/{BUCKET}").lstrip("/")


@dataclass
class Fault:
    """What the proxy answers itself; without a status, it breaks the connection."""

    status: int = 0
    code: str = ""
    message: str = "Please try again"
    after: bool = False
    """True if the server does its work before the answer is lost."""


Answer = Callable[[Request], Fault | None]


def no_fault(_request: Request) -> None:
    """Pass every request on."""


@dataclass
class S3Proxy:
    """What clients are pointed at; `answer` may be changed between runs."""

    server: str
    url: str = ""
    answer: Answer = no_fault
    requests: list[Request] = field(default_factory=list)
    _numbers: dict[str, Iterator[int]] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        return environment(self.url)

    def puts(self) -> list[str]:
        """The keys of all objects that clients have sent, in order."""
        return [one.key for one in self.requests if one.method == "PUT"]

    def number_of(self, method: str) -> int:
        return next(self._numbers.setdefault(method, count(1)))


@contextmanager
def s3_server() -> Iterator[str]:
    """Run the server, and yield its URL."""
    with subprocess.Popen([sys.executable, "-c", _SERVER], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def make_bucket(server: str, name: str = BUCKET) -> None:
    """Empty the whole server, and make a bucket."""
    _asked(f"{server}/moto-api/reset", "POST")
    _asked(f"{server}/{name}", "PUT")


def objects(server: str, bucket: str = BUCKET) -> dict[str, bytes]:
    """Every object of a bucket, by its key."""
    listed = _asked(f"{server}/{bucket}?list-type=2&max-keys=1000").decode()
    keys = [part.partition("</Key>")[0] for part in listed.split("<Key>")[1:]]
    return {key: _asked(f"{server}/{bucket}/{key}") for key in keys}


def put(server: str, key: str, content: bytes, bucket: str = BUCKET) -> None:
    """Put an object as somebody else would."""
    _asked(f"{server}/{bucket}/{key}", "PUT", content)


def _asked(url: str, method: str = "GET", body: bytes | None = None) -> bytes:
    headers = {"Authorization": _SIGNED, "Content-Type": "application/octet-stream"}
    asked = urllib.request.Request(url, body, headers, method=method)  # noqa: S310 - of this test's own
    with urllib.request.urlopen(asked) as reply:  # noqa: S310 - as above
        return reply.read()


@contextmanager
def proxy_to(server: str) -> Iterator[S3Proxy]:
    """Run a proxy in threads of this process, on a free port of 127.0.0.1."""
    proxy = S3Proxy(server=server)
    host = server.removeprefix("http://")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            asked = Request(
                number=proxy.number_of(self.command),
                method=self.command,
                path=self.path,
                body=self.rfile.read(size),
                headers={name.lower(): value for name, value in self.headers.items()},
            )
            proxy.requests.append(asked)
            reply = _reply(proxy, host, asked)
            if reply is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            status, headers, body = reply
            self.send_response(status)
            kept = {"etag", "last-modified", "content-type", "x-amz-version-id"}
            for name, value in headers.items():
                if name.lower() in kept:
                    self.send_header(name, value)
            length = headers.get("Content-Length", "0") if self.command == "HEAD" else len(body)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            pass

    for method in ("GET", "PUT", "HEAD", "DELETE", "POST"):
        setattr(Handler, f"do_{method}", Handler._pass_on)

    class Listening(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_words: object) -> None:
            """Clients are killed."""

    with Listening(("127.0.0.1", 0), Handler) as listening:
        proxy.url = f"http://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield proxy
        finally:
            listening.shutdown()
            thread.join()


Reply = tuple[int, dict[str, str], bytes]


def _reply(proxy: S3Proxy, host: str, asked: Request) -> Reply | None:
    """The server's answer or the fault's; `None` for a connection that breaks."""
    fault = proxy.answer(asked)
    if fault is None:
        return _forwarded(host, asked)
    if fault.after:
        _forwarded(host, asked)
    if not fault.status:
        return None
    words = f"<Code>{fault.code}</Code><Message>{fault.message}</Message>"
    return fault.status, {}, f"<Error>{words}<Signed>{SECRET}</Signed></Error>".encode()


def _forwarded(host: str, asked: Request) -> Reply:
    connection = http.client.HTTPConnection(host, timeout=30)
    try:
        headers = {name: value for name, value in asked.headers.items() if name != "host"}
        headers["content-length"] = str(len(asked.body))
        connection.request(asked.method, asked.path, body=asked.body, headers=headers)
        reply = connection.getresponse()
        return reply.status, dict(reply.headers), reply.read()
    finally:
        connection.close()
