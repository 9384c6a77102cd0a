"""Connections that nobody needs, 400 of them, beside a server that may open 256 files."""

import contextlib
import gzip
import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from http.cookiejar import CookieJar

import pytest
from crash.image_server import serving
from crash.workspace import Workspace, campaign, wait_until

IDLE = 400
FILES = 256
JOBS = 36
SLOW = [{"fault": "delay", "seconds": 0.3}]


def limited(*words):
    return ["/bin/sh", "-c", f'ulimit -n {FILES} && exec "$@"', "sh", sys.executable, *words]


@contextlib.contextmanager
def idle_connections(port):
    """Connections that send nothing, or half a request head; opened anew as they are closed."""
    opened = []
    try:
        for number in range(IDLE):
            with contextlib.suppress(OSError):
                one = socket.create_connection(("127.0.0.1", port), timeout=5)
                opened.append(one)
                if number % 2:
                    one.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        yield
    finally:
        for one in opened:
            one.close()


def port_of(url):
    return int(re.search(r":(\d+)", url)[1])


class Browser:
    """A reviewer who has the link."""

    def __init__(self, link):
        self.base = link.partition("?")[0].rstrip("/")
        self._open = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(CookieJar())
        ).open
        self._open(link, timeout=30).read()

    def get(self, path):
        body = self._open(self.base + path, timeout=30).read()
        return json.loads(gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body)

    def post(self, path, body):
        headers = {"Content-Type": "application/json", "X-Review": "1", "Origin": self.base}
        asked = urllib.request.Request(  # noqa: S310 - a server of ours
            self.base + path, data=json.dumps(body).encode(), headers=headers
        )
        return json.loads(self._open(asked, timeout=30).read())


@contextlib.contextmanager
def started(words, workspace, errors):
    with (
        errors.open("w") as stderr,
        subprocess.Popen(
            words,
            cwd=workspace.folder,
            env=workspace.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def test_idle_connections_neither_end_a_purchase_nor_keep_a_reviewer_out(tmp_path):
    """360 idle connections ended the review server while it bought: 72 credits in doubt."""
    errors = tmp_path / "errors.txt"
    with serving(tmp_path / "state", honours_keys=False, faults=SLOW) as server:
        workspace = Workspace(tmp_path / "workspace", server, campaign(JOBS))
        assert workspace.run("--only", "soda-0/*").code == 0
        words = ["-m", "pipeline", "review", str(workspace.file), "--allow-spend", "--no-open"]
        words += ["--output", str(workspace.output)]
        with started(limited(*words), workspace, errors) as process:
            browser = Browser(process.stdout.readline().strip())
            run = "/api/runs/soda"
            quote = browser.get(f"{run}/quote/draft")
            assert quote["cells"] == JOBS - 1
            with idle_connections(port_of(browser.base)):
                begun = browser.post(f"{run}/drafts", {name: quote[name] for name in FACTS})
                assert begun["credits"] == quote["credits"]
                wait_until(lambda: len(workspace.images()) == JOBS)
                wait_until(lambda: not browser.get(f"{run}/cells")["running"])
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        assert len(workspace.charges()) == JOBS
        assert workspace.complaints() == []
        assert errors.stat().st_size < 4000, errors.read_text()[:4000]


FACTS = ("plan", "credits")


def test_a_signal_to_a_page_that_buys_lets_what_is_in_flight_arrive(tmp_path):
    """The server waited for the whole launch, whatever signals came."""
    with serving(tmp_path / "state", honours_keys=False, faults=SLOW) as server:
        workspace = Workspace(tmp_path / "workspace", server, campaign(200))
        workspace.output.mkdir()
        words = ["-m", "pipeline", "review", str(workspace.file), "--allow-spend", "--no-open"]
        words += ["--output", str(workspace.output)]
        with started([sys.executable, *words], workspace, tmp_path / "errors.txt") as process:
            browser = Browser(process.stdout.readline().strip())
            quote = browser.get("/api/runs/soda/quote/draft")
            browser.post("/api/runs/soda/drafts", {name: quote[name] for name in FACTS})
            wait_until(lambda: len(workspace.charges(settled=False)) >= 3)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
            assert time.monotonic() - began < 20
        totals = workspace.manifest()["totals"]
        assert 3 <= totals["stored"] == len(workspace.charges()) < 200
        assert totals["in_doubt"] == 0


@pytest.mark.parametrize("port", ["url", "cdn"])
def test_an_image_server_answers_beside_idle_connections(tmp_path, port):
    errors = tmp_path / "errors.txt"
    with serving(tmp_path / "state", honours_keys=False) as server:
        workspace = Workspace(tmp_path / "workspace", server, campaign(1))
        words = ["-m", "pipeline", "serve", "--port", "0", "--cdn-port", "0", "--engine", "none"]
        words += ["--state", str(tmp_path / "other")]
        with started(limited(*words), workspace, errors) as process:
            ready = json.loads(process.stdout.readline())
            workspace.environment |= {
                "GPTIMAGE_BASE_URL": ready["url"],
                "GPTIMAGE_API_KEY": ready["key"],
            }
            with idle_connections(port_of(ready[port])):
                assert workspace.run().code == 0
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        assert "Traceback" not in errors.read_text()
        assert errors.stat().st_size < 4000, errors.read_text()[:4000]
