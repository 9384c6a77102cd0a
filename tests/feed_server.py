"""A web server on 127.0.0.1 that gives feeds, and counts what it was asked for and sent."""

import hashlib
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: bool = False
    """Give an ETag, and answer 304 to whoever has it."""
    last_modified: str = ""


class FeedServer:
    def __init__(self):
        self.answers: dict[str, object] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.sent = 0
        """Bytes of all bodies."""
        self.url = ""

    def give(self, path, body=b"", status=200, *, etag=False, last_modified="", **headers):
        content = body if isinstance(body, bytes) else body.encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = Answer(content, status, named, etag, last_modified)
        return self.url + path

    def give_by(self, path, handle):
        """Let a function write the whole answer to a request handler."""
        self.answers[path] = handle
        return self.url + path

    def answer(self, handler):
        path = handler.path
        self.asked.append((path, dict(handler.headers)))
        answer = self.answers.get(path.partition("?")[0], Answer(b"not here", 404))
        if callable(answer):
            answer(handler)
            return
        headers, status, body = dict(answer.headers), answer.status, answer.body
        if answer.etag:
            headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:12]}"'
            if handler.headers.get("If-None-Match") == headers["ETag"]:
                status, body = 304, b""
        if answer.last_modified:
            headers["Last-Modified"] = answer.last_modified
            if handler.headers.get("If-Modified-Since") == answer.last_modified:
                status, body = 304, b""
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        if status != 304:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
        self.sent += len(body)


@contextmanager
def feed_server():
    """Serve on a free port until the end of the block."""
    feeds = FeedServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            feeds.answer(self)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    feeds.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield feeds
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
