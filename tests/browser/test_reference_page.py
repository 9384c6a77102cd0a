"""The page at /docs: what it tells is what the server does, and everybody can read it."""

import html
import shlex
from pathlib import Path

import aiohttp
import pytest
from playground_stand import playing
from review_browser import chromium, needs_chromium, violations

from pipeline.imageserver.fault_injection.rules import Fault
from pipeline.imageserver.options import ErrorStyle


async def told(server) -> tuple[aiohttp.ClientResponse, str]:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/docs") as response:
        return response, await response.text()


async def test_every_endpoint_field_and_fault_is_told_without_a_key(tmp_path: Path):
    async with playing(tmp_path) as server, aiohttp.ClientSession() as session:
        response, page = await told(server)
        async with session.get(f"{server.url}/openapi.json") as described:
            api = await described.json()
    assert (response.status, response.content_type) == (200, "text/html")
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            assert f'id="{operation["operationId"]}"' in page
            assert f'<b class="verb {method}">{method.upper()}</b> <code>{path}</code>' in page
    fields = list(api["components"]["schemas"]["Generate"]["properties"])
    assert [name for name in fields if f"<code>{name}</code>" not in page] == []
    assert [fault for fault in Fault if f"<code>{fault}</code>" not in page] == []


@pytest.mark.parametrize(("style", "code"), [(ErrorStyle.HTTP, 400), (ErrorStyle.APP, -1)])
async def test_the_reference_tells_the_error_style_of_this_very_server(
    tmp_path: Path, style: ErrorStyle, code: int
):
    async with playing(tmp_path, error_style=style) as server:
        _, page = await told(server)
    assert f'"code":{code},' in page.replace("&#34;", '"')


async def test_the_examples_of_the_reference_work_as_they_stand(tmp_path: Path):
    async with playing(tmp_path) as server, aiohttp.ClientSession() as session:
        _, page = await told(server)
        for command in html.unescape(page).split("<code>curl ")[1:]:
            words = shlex.split(command.split("</code>")[0])
            method = words[1] if words[0] == "-X" else "POST" if "-d" in words else "GET"
            if "-F" in words or "{id}" in command:
                continue  # needs a file or a job of the reader's own
            body = words[words.index("-d") + 1] if "-d" in words else None
            url = next(word for word in words if word.startswith("http"))
            headers = {
                "Authorization": f"Bearer {server.key}",
                "Content-Type": "application/json",
            }
            async with session.request(method, url, data=body, headers=headers) as response:
                assert response.status in {200, 202}, (command, await response.text())
            server.fault_injection.replace(())


@needs_chromium
@pytest.mark.parametrize(("theme", "wide"), [("dark", 1440), ("light", 900), ("light", 390)])
async def test_the_reference_is_accessible_and_never_wider_than_the_screen(
    tmp_path: Path, theme: str, wide: int
):
    async with playing(tmp_path) as server, chromium() as browser:
        context = await browser.new_context(
            viewport={"width": wide, "height": 900}, color_scheme=theme
        )
        page = await context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        await page.goto(f"{server.url}/docs")
        assert await violations(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "main"
        await context.close()
    assert said == []
