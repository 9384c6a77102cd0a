"""What grows with the number of images: a run that renders many tiny ones, and the page's server.

Whole commands, looked at from outside while they work. Memory is the resident set of the command's
own process.
"""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import HTTPCookieProcessor, build_opener

import apsw
import campaign_bench
from render_bench import photo_like

HERE = Path(__file__).parent
TINY = 1500
"""Bytes of an image, about."""
AT_ONCE = 32
LOOK = 5.0
"""Seconds between two looks."""
READY_WITHIN = 600.0
MIB = 1024


@dataclass(frozen=True)
class Sample:
    second: float
    megabytes: float
    stored: int


@dataclass(frozen=True)
class Growth:
    """A run from its first stored image on."""

    samples: list
    cpu: float

    @property
    def images(self):
        return self.samples[-1].stored

    @property
    def per_second(self):
        first, last = self.samples[0], self.samples[-1]
        return (last.stored - first.stored) / (last.second - first.second)

    @property
    def bytes_per_image(self):
        """Growth while it renders, beyond what it took to begin."""
        first, last = self.samples[0], self.samples[-1]
        return 1e6 * (last.megabytes - first.megabytes) / (last.stored - first.stored)


def small_images(jobs, seconds):
    """Render tiny images until all are stored or the time is over, and see the memory grow."""
    with tempfile.TemporaryDirectory() as scratch, _fake_api(Path(scratch)) as url:
        folder = Path(scratch)
        rows = jobs // campaign_bench.CELLS_PER_ROW // campaign_bench.TAKES
        file = campaign_bench.write_campaign(folder, rows, takes=campaign_bench.TAKES)
        words = ["run", file, "--output", "output", "-q", "--yes", "--max-credits", "999999999"]
        with _command(*words, "--concurrency", AT_ONCE, folder=folder, url=url) as process:
            samples, began = [], time.monotonic()
            while process.poll() is None:
                second = time.monotonic() - began
                if second > seconds:
                    process.send_signal(signal.SIGTERM)
                    seconds = float("inf")
                stored = _stored(folder / "output" / "ledger.db")
                if stored:
                    samples.append(Sample(second, _resident(process.pid), stored))
                time.sleep(LOOK)
        used = os.times()
        return Growth(samples=samples, cpu=used.children_user + used.children_system)


def page_server(jobs):
    """Seconds until the page's server is ready and until its cells have come, its MB after each."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        rows = jobs // campaign_bench.CELLS_PER_ROW // campaign_bench.TAKES
        file = campaign_bench.write_campaign(folder, rows, takes=campaign_bench.TAKES)
        output = folder / "output"
        output.mkdir()
        asyncio.run(campaign_bench.store_all(folder, file, output))
        words = ["review", file, "--output", output, "--no-open"]
        began = time.monotonic()
        with _command(*words, folder=folder, url=campaign_bench.NOWHERE) as process:
            url = _printed_url(process)
            ready, held = time.monotonic() - began, _resident(process.pid)
            began = time.monotonic()
            browser = build_opener(HTTPCookieProcessor())
            browser.open(url).close()  # its token becomes a cookie
            with browser.open(urljoin(url, "/api/runs/big/cells")) as reply:
                size = len(reply.read())
            cells, most = time.monotonic() - began, _resident(process.pid)
            process.send_signal(signal.SIGINT)
        return ready, held, cells, most, size


@contextmanager
def _command(*words, folder, url):
    """Start a command of the pipeline, which is killed if it is still alive at the end."""
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline", *map(str, words)],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(campaign_bench.ROOT),
            "GPTIMAGE_BASE_URL": url,
            "GPTIMAGE_API_KEY": "bench",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@contextmanager
def _fake_api(folder):
    image = folder / "image.png"
    image.write_bytes(photo_like(TINY))
    words = [sys.executable, HERE / "fake_api.py", "0", image]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        yield f"http://127.0.0.1:{json.loads(server.stdout.readline())['port']}"
        server.stdin.close()


def _printed_url(process):
    ends = time.monotonic() + READY_WITHIN
    while time.monotonic() < ends:
        found = re.search(r"http://\S+", process.stdout.readline())
        if found:
            return found[0]
    raise RuntimeError("the page's server did not become ready")


def _stored(ledger):
    try:
        connection = apsw.Connection(str(ledger), flags=apsw.SQLITE_OPEN_READONLY)
        rows = connection.execute("select count(*) from job where state = 'stored'")
        return rows.fetchone()[0]
    except apsw.Error:  # it does not exist yet
        return 0


def _resident(process):
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / MIB
