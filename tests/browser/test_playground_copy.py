"""What the playground copies does, run elsewhere, what its button does."""

import asyncio
import json
import os
import shlex
import shutil
import sys

import pytest
from playground_stand import before, choose, copied, playing
from review_browser import needs_chromium

pytestmark = needs_chromium

PROMPTS = {
    "plain": "A photo of a citrus soda bottle on ice, soft light",
    "hostile": 'It\'s "5 €" {{7*7}} {% raw %}? $HOME `id` \\n %s\n\n  - two: #lines\t🍋 </script>',
}


@pytest.fixture(params=PROMPTS.values(), ids=PROMPTS.keys())
def prompt(request):
    return request.param


async def ran(server, *command, fed=None):
    """The output of a program that finds the server's key in its environment."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "GPTIMAGE_API_KEY": server.key},
    )
    said, complaints = await process.communicate(fed)
    assert process.returncode == 0, complaints.decode()
    return said.decode()


async def filled(page, prompt):
    await page.fill("#prompt", prompt)
    await choose(page, "2:1")
    await choose(page, "Medium")
    await page.fill("#n", "2")


async def test_a_copied_curl_sends_the_request_of_the_form(tmp_path, prompt):
    async with playing(tmp_path) as server, before(server) as page:
        await filled(page, prompt)
        words = shlex.split((await copied(page, "curl")).replace("\\\n", " "))
        url = server.url
    assert words[:4] == ["curl", "-X", "POST", f"{url}/v1/images/generate"]
    assert json.loads(words[words.index("-d") + 1]) == {
        "prompt": prompt,
        "model": "gpt-image-2",
        "size": "2:1",
        "quality": "medium",
        "n": 2,
        "background": "opaque",
    }


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
async def test_a_copied_curl_buys_in_a_shell(tmp_path, prompt):
    async with playing(tmp_path) as server, before(server) as page:
        await filled(page, prompt)
        reply = json.loads(await ran(server, "sh", "-c", await copied(page, "curl")))
    assert (reply["code"], server.charged()) == (0, 12)


async def test_copied_python_buys(tmp_path, prompt):
    async with playing(tmp_path) as server, before(server) as page:
        await filled(page, prompt)
        said = await ran(server, sys.executable, "-c", await copied(page, "Python"))
    assert (len(said.split()), server.charged()) == (2, 12)


@pytest.mark.skipif(shutil.which("node") is None, reason="no node on this machine")
async def test_copied_node_buys(tmp_path, prompt):
    async with playing(tmp_path) as server, before(server) as page:
        await filled(page, prompt)
        said = await ran(server, "node", "-", fed=(await copied(page, "Node")).encode())
    assert (len(said.split()), server.charged()) == (2, 12)


async def test_copied_yaml_is_a_campaign_with_the_forms_prompt(tmp_path, prompt):
    async with playing(tmp_path / "state") as server, before(server) as page:
        await filled(page, prompt)
        text = await copied(page, "YAML")
        file = tmp_path / "campaigns" / "copied.yaml"
        file.parent.mkdir()
        file.write_text(text)
        explain = ("explain", "--json", "--output", str(tmp_path / "output"), str(file), "2x1")
        shown = json.loads(await ran(server, sys.executable, "-m", "pipeline", *explain))
    jobs = {(job["prompt"], job["size"], job["quality"]) for job in shown["jobs"]}
    assert jobs == {(prompt, "2:1", "medium"), (prompt, "2:1", "high")}


async def test_a_variation_goes_along(tmp_path):
    async with playing(tmp_path) as server, before(server) as page:
        await page.click("#go")
        await page.wait_for_selector("#another:visible")
        await page.click("#another")
        await page.wait_for_selector("#strip li:nth-child(2)")
        name = (await page.inner_text("#variation")).split()[1]
        assert f'-H "X-Variation: {name}"' in await copied(page, "curl")


async def test_no_copy_holds_the_key(tmp_path):
    async with playing(tmp_path) as server, before(server) as page:
        copies = [await copied(page, name) for name in ("curl", "Python", "Node", "YAML")]
    assert not any(server.key in text for text in copies)


async def test_where_the_clipboard_is_withheld_the_text_is_offered_selected(tmp_path):
    async with playing(tmp_path) as server, before(server) as page:
        await page.evaluate(
            "Object.defineProperty(navigator, 'clipboard', {value: undefined, configurable: true})"
        )
        await page.click("[data-copy=curl]")
        await page.wait_for_selector("#code[open]")
        assert (await page.evaluate("getSelection().toString()")).startswith("curl -X POST")
