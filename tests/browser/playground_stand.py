"""A playground, and a browser before it."""

from contextlib import asynccontextmanager

from review_browser import chromium

from pipeline.imageserver.options import Engine, ServerSettings
from pipeline.imageserver.playground.pages import Playground
from pipeline.imageserver.server import ImageServer
from pipeline.prompts.advice import lint_prompt


def advise(prompt, transparent):
    return lint_prompt(prompt, transparent=transparent)


def playing(state, *, lint=advise, engine=Engine.NONE, **more):
    """An image server with the page at `/`."""
    settings = ServerSettings(state=state, engine=engine, workers=1, **more)
    return ImageServer(settings, pages=Playground(lint=lint))


@asynccontextmanager
async def before(server, *, wide=1400, high=900, theme="dark", headers=None):
    """The page in a browser of its own; what goes wrong in it fails the test."""
    async with chromium() as browser:
        context = await browser.new_context(
            viewport={"width": wide, "height": high},
            color_scheme=theme,
            reduced_motion="reduce",
            extra_http_headers=headers or {},
        )
        await context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = await context.new_page()
        wrong = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if _is_wrong(said) else None)
        await page.goto(server.url)
        await page.wait_for_selector("#tiles .tile")
        yield page
        await context.close()
    assert wrong == []


def _is_wrong(said):
    # The browser itself reports every answer that is not 2xx; refusals are part of the page.
    return said.type == "error" and "Failed to load resource" not in said.text


async def choose(page, word):
    """Press the option that says so."""
    await page.click(f".request label:has-text('{word}')")


async def painted(page):
    """Wait until the painter is done and every image is there; their addresses."""
    await page.wait_for_selector("#tiles[aria-busy=false] button.tile img", timeout=60_000)
    images = await page.locator("#tiles img").all()
    for image in images:
        await image.evaluate("one => one.decode()")
    return [await image.get_attribute("src") for image in images]


async def render(page):
    await page.click("#go")
    return await painted(page)


async def copied(page, name):
    """What the clipboard holds after pressing this button."""
    await page.click(f"[data-copy={name}]")
    await page.wait_for_selector(f"#toast:has-text('Copied as {name}')")
    return await page.evaluate("navigator.clipboard.readText()")
