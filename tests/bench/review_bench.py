"""The review page with ten thousand images: until the first card, while it scrolls, its thumbs.

The server has a process of its own, so that a browser's wait is a browser's wait. A visit is a
fresh profile: nothing is cached. CPU is of the page's whole renderer process.
"""

import asyncio
import hashlib
import io
import os
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

from builders import a_run
from PIL import Image
from review_browser import chromium
from review_case import SLUG, CaseSource, ReviewCase

from pipeline.images.registry import images_in
from pipeline.images.thumbs import SIDES, thumb_path, write_thumbs
from pipeline.ledger.registry import open_ledger
from pipeline.ledger.rules import buying, settling
from pipeline.model.money import Budget
from pipeline.model.outcome import Receipt
from pipeline.review.page.routes import page_files

HERE = Path(__file__).resolve()
SIZES = ("1:1", "4:3", "16:9", "9:21", "2:1")
TAKES = 4
PICTURES = 40
"""Different pictures; every image has a name and a thumb file of its own."""
VISITS = 7
SCROLL = 5.0
FETCHES = 4000
AT_ONCE = 6
GROUP = 2000

# When the first card is in the document, and when the first picture has come.
WATCH = """
const seen = { card: 0, picture: 0 };
window.seen = seen;
new MutationObserver((_, observer) => {
  if (!document.querySelector('.card')) return;
  seen.card = performance.now();
  observer.disconnect();
}).observe(document, { childList: true, subtree: true });
document.addEventListener('load', (event) => {
  if (event.target.tagName !== 'IMG' || seen.picture) return;
  seen.picture = performance.now();
  document.documentElement.dataset.seen = '';
}, true);
"""


@dataclass(frozen=True)
class Visit:
    card: float
    """Seconds from asking for the page to its first card, nothing cached."""
    picture: float
    bare: float
    """The same browser on a page of plain text just before: what the machine is worth now."""
    page_cpu: float
    """CPU seconds of the renderer until the first picture."""
    server_cpu: float


@dataclass(frozen=True)
class Figures:
    visits: list
    nodes: int
    scroll_cpu: float
    scroll_main: float
    thumbs: float
    thumbs_cpu: float
    index: int

    def middle(self, name):
        return median(getattr(visit, name) for visit in self.visits)

    def best(self, name):
        return min(getattr(visit, name) for visit in self.visits)


def measure(images=10_000):
    """Serve so many images to a browser and see how it fares."""
    with tempfile.TemporaryDirectory(prefix="review-bench-") as folder:
        words = [sys.executable, str(HERE), folder, str(images)]
        with subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as server:
            try:
                return asyncio.run(_visit(server.stdout.readline().strip(), server.pid))
            finally:
                server.stdin.close()


async def _visit(url, server):
    async with chromium() as browser:
        visits = [await _open(browser, url, server) for _ in range(VISITS)]
        nodes, cpu, main = await _scroll(browser, url)
    thumbs, thumbs_cpu = await _fetch_all(url, server)
    return Figures(
        visits=visits,
        nodes=nodes,
        scroll_cpu=cpu,
        scroll_main=main,
        thumbs=thumbs,
        thumbs_cpu=thumbs_cpu,
        index=len(await _body(url, f"/api/runs/{SLUG}/cells")),
    )


@asynccontextmanager
async def _page(browser):
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        page = await context.new_page()
        await page.add_init_script(WATCH)
        yield page
    finally:
        await context.close()


async def _open(browser, url, server):
    async with _page(browser) as page:
        await page.goto(f"{url}static/{page_files().version}/vendor/BUILD.txt")
        bare = await page.evaluate(
            "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
        )
    async with _page(browser) as page:
        talk = await page.context.new_cdp_session(page)
        await talk.send("Performance.enable")
        cpu, served = (await _metrics(talk))["ProcessTime"], _cpu_of(server)
        await page.goto(url, wait_until="commit")
        await page.wait_for_selector("html[data-seen]")
        seen = await page.evaluate("seen")
        return Visit(
            card=seen["card"] / 1000,
            picture=seen["picture"] / 1000,
            bare=bare / 1000,
            page_cpu=(await _metrics(talk))["ProcessTime"] - cpu,
            server_cpu=_cpu_of(server) - served,
        )


async def _scroll(browser, url):
    """The most nodes on the way, and CPU seconds of five seconds of the wheel: process, thread."""
    async with _page(browser) as page:
        await page.goto(url)
        await page.wait_for_selector("html[data-seen]")
        talk = await page.context.new_cdp_session(page)
        await talk.send("Performance.enable", {"timeDomain": "threadTicks"})
        await page.mouse.move(800, 450)
        most, began = 0, await _metrics(talk)
        ends, wheels = time.monotonic() + SCROLL, 0
        while time.monotonic() < ends:
            await page.mouse.wheel(0, 240)
            wheels += 1
            if wheels % 10 == 0:  # counting is not scrolling
                most = max(most, await page.evaluate("document.querySelectorAll('*').length"))
            await asyncio.sleep(1 / 30)
        ended = await _metrics(talk)
        return most, *(ended[name] - began[name] for name in ("ProcessTime", "TaskDuration"))


async def _metrics(talk):
    found = await talk.send("Performance.getMetrics")
    return {one["name"]: one["value"] for one in found["metrics"]}


def _cpu_of(process):
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _fetch_all(url, server):
    """Thumbs a second over six connections, as a browser has, and a second of the server's CPU."""
    names = [f"/img/{_sha(at)[:16]}/256" for at in range(FETCHES)]
    started, cpu = time.monotonic(), _cpu_of(server)
    await asyncio.gather(*(_fetch(url, names[at::AT_ONCE]) for at in range(AT_ONCE)))
    took = time.monotonic() - started
    return len(names) / took, len(names) / (_cpu_of(server) - cpu)


async def _body(url, path):
    return await _fetch(url, [path])


async def _fetch(url, paths):
    at = urlsplit(url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    body = b""
    for path in paths:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {at.netloc}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(head.decode())
        body = await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r")[0]))
    writer.close()
    return body


def _sha(at):
    return hashlib.sha256(str(at).encode()).hexdigest()


def _picture(at):
    """As heavy as a photograph: soft light with some grain."""
    noise = Image.effect_noise((512, 512), 26).resize((256, 256))
    tint = Image.new("RGB", (256, 256), (60 + at * 4 % 160, 90 + at * 7 % 120, 140))
    return Image.blend(tint, Image.merge("RGB", (noise, noise, noise)), 0.35)


async def _board(folder, images):
    products = {f"p{at:04d}": f"Product {at}" for at in range(images // len(SIZES) // TAKES)}
    case = ReviewCase(folder=folder, source=CaseSource(products=products, sizes=SIZES, takes=TAKES))
    jobs = await case.drafts()
    artifact = await case.store(jobs[0], _png())
    _write_thumbs(case.output, len(jobs))
    case.ledger = await open_ledger(case.output)
    await case.ledger.begin(a_run())
    for first in range(0, len(jobs), GROUP):
        group = [
            (job, replace(artifact, sha256=_sha(first + k)))
            for k, job in enumerate(jobs[first : first + GROUP])
        ]
        await case.ledger._write(_bought(group))
    return case


def _write_thumbs(output, count):
    for at in range(count):
        own = [thumb_path(SLUG, _sha(at), side) for side in SIDES]
        if at < PICTURES:
            write_thumbs(_picture(at), images_in(output), SLUG, _sha(at))
            continue
        for side, path in zip(SIDES, own, strict=True):
            os.link(output / thumb_path(SLUG, _sha(at % PICTURES), side), output / path)


def _bought(group):
    def verb(books, now):
        for job, artifact in group:
            permit = buying.submit(books, now, job, run=a_run(), budget=Budget())
            receipt = Receipt(url="https://cdn.test/x.png", amount=job.price, raw=b"{}")
            settling.paid(books, now, permit, receipt)
            settling.stored(books, job.key, artifact)

    return verb


def _png():
    out = io.BytesIO()
    Image.new("RGB", (96, 96)).save(out, "PNG")
    return out.getvalue()


async def _serve(folder, images):
    case = await _board(Path(folder), images)
    async with case.server() as server:
        print(server.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)
    await case.ledger.close()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2])))
