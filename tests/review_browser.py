"""A real Chromium on the review page."""

import atexit
import shutil
import subprocess
import tempfile
import time
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


@cache
def browser_address():
    """Start the one Chromium of this process, which all its tests share; its debugging address."""
    folder = tempfile.mkdtemp(prefix="chromium-")
    command = [CHROMIUM, "--headless=new", *FLAGS, "--remote-debugging-port=0"]
    process = subprocess.Popen(
        [*command, f"--user-data-dir={folder}", "about:blank"], stderr=subprocess.DEVNULL
    )
    atexit.register(_end, process, folder)
    file = Path(folder) / "DevToolsActivePort"
    for _ in range(300):
        if file.exists() and (lines := file.read_text().splitlines()):
            return f"http://127.0.0.1:{lines[0]}"
        time.sleep(0.05)
    raise AssertionError("Chromium did not start")


def _end(process, folder):
    process.terminate()
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def chromium():
    """The shared browser; what a test opens in it is a context of its own."""
    async with playwright.async_playwright() as driver:
        browser = await driver.chromium.connect_over_cdp(browser_address())
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def looking(server, *, browser=None, wide=1400, high=900, theme="dark"):
    """A page of a browser of its own; what goes wrong in it fails the test."""
    if browser is None:
        async with (
            chromium() as own,
            looking(server, browser=own, wide=wide, high=high, theme=theme) as page,
        ):
            yield page
        return
    context = await browser.new_context(
        viewport={"width": wide, "height": high}, color_scheme=theme
    )
    page = await context.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if _is_wrong(said) else None)
    await page.goto(server.url)
    await page.wait_for_selector(".card, .empty", timeout=15_000)
    yield page
    await context.close()
    assert wrong == []


def _is_wrong(said):
    # The browser itself reports every answer that is not 2xx; refusals are part of the page.
    return said.type == "error" and "Failed to load resource" not in said.text


async def violations(page):
    """What axe finds wrong on the page as it stands."""
    axe = pytest.importorskip("axe_playwright_python.async_playwright").Axe()
    found = await axe.run(page, options={"runOnly": RULES})
    return [(one["id"], one["nodes"][0]["html"][:120]) for one in found.response["violations"]]


async def state(page, cell):
    """The state that a card shows: its class, without the prefix."""
    classes = await page.locator(f"#c{cell}").get_attribute("class")
    return next(name.removeprefix("is-") for name in classes.split() if name.startswith("is-"))


async def keys(page, *names):
    for name in names:
        await page.keyboard.press(name)


async def toast(page, text):
    """Wait for a toast that says so."""
    await page.wait_for_selector(f".toast:has-text('{text}')", timeout=10_000)
