"""The whole cycle as a person lives it: `pipeline run`, `pipeline review`, keys, finals, accept."""

import asyncio
import json
import os
import re
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

from review_browser import keys, looking, needs_chromium

pytestmark = needs_chromium

ROOT = Path(__file__).resolve().parents[2]

SODA = """\
campaign: soda
matrix:
  product:
    - {id: citrus, name: Citrus Soda, look: an amber glass bottle, headline: SUMMER CRUSH}
    - {id: berry,  name: Berry Soda,  look: a slim pink can,       headline: BERRY RUSH}
  size: [1:1, 4:3]
prompt: |
  A photorealistic product photo of {{ product.look }} of {{ product.name }} on a wet studio table,
  soft reflections, premium lighting, poster layout with the headline "{{ product.headline }}".
stages:
  draft: {quality: low, takes: 2, review: human}
  final: {quality: medium}
"""


async def start(folder, *words):
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "pipeline",
        *words,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def pipeline(folder, *words):
    process = await start(folder, *words)
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


@asynccontextmanager
async def reviewing(folder, *flags):
    process = await start(folder, "review", "soda.yaml", "--no-open", "--as", "ana", *flags)
    url = (await process.stdout.readline()).decode().strip()
    yield SimpleNamespace(url=url)
    process.send_signal(signal.SIGTERM)
    _, err = await process.communicate()
    assert process.returncode == 0, err.decode()


def manifest(folder):
    return json.loads((folder / "output/soda/latest/manifest.json").read_text())


def verdicts(folder):
    """(cell, stage) → (decision, take) in the run manifest."""
    given = [(i["cell"], i["stage"], i["verdict"]) for i in manifest(folder)["images"]]
    return {(cell, stage): (v["decision"], v["take"]) for cell, stage, v in given if v}


def in_file(folder):
    """The same, as the review file in git has it."""
    text = (folder / "reviews/soda.yaml").read_text()
    found, cell = {}, ""
    for line in text.splitlines():
        if named := re.match(r"  (\S+):$", line):
            cell = named[1]
        elif value := re.match(r"    (draft|final): \{status: (\w+), take: (\d+)", line):
            found[cell, value[1]] = (value[2], int(value[3]))
    return found


async def settled(page, finals):
    """The board as the server has it, once it knows of so many accepted finals."""
    for _ in range(100):
        board = await page.evaluate("fetch('/api/runs/soda/cells').then((reply) => reply.json())")
        if [row[0] for row in board["final"] if row] == ["approved"] * finals:
            return board
        await asyncio.sleep(0.1)
    raise AssertionError(board["final"])


def on_page(board):
    return {
        (cell, stage): (row[0], row[4])
        for stage in ("draft", "final")
        for cell, row in zip(board["cells"]["name"], board[stage], strict=True)
        if row and len(row) > 4
    }


async def redo_one(page):
    """Approve, redo with a note, reject twice; then render the redo round."""
    await page.locator("#c0").focus()
    await keys(page, "2", "r")
    await page.keyboard.type("more bubbles")
    await keys(page, "Enter", "x", "x")
    await page.click("button:has-text('Redo 1')")
    await page.click("dialog >> text=/^Spend 4/")
    await page.wait_for_selector("#c1:has-text('round 2')", timeout=60_000)
    await page.wait_for_selector(".toast:has-text('Drafts are done')", timeout=60_000)


async def launch_finals(page, credits_):
    await page.click("text=Launch finals")
    await page.click(f"dialog >> text=/^Spend {credits_}/")
    await page.wait_for_selector(".toast:has-text('Finals are done')", timeout=60_000)


async def test_drafts_are_chosen_redone_launched_and_accepted_and_every_account_agrees(tmp_path):
    (tmp_path / "soda.yaml").write_text(SODA)
    await pipeline(tmp_path, "run", "soda.yaml", "-q")
    async with reviewing(tmp_path, "--allow-spend") as server, looking(server) as page:
        await redo_one(page)
        await launch_finals(page, 6)
        await keys(page, "t", "Home", "Enter", "c")
        await page.wait_for_selector(".slabel:has-text('Draft')")
        assert await page.locator(".stage .frame:has(img)").count() == 2
        await keys(page, "p")
        shown = on_page(await settled(page, 1))
    await pipeline(tmp_path, "run", "soda.yaml", "-q")
    redone = {("citrus/4x3", "draft"): ("redo", 1)}  # its second round is not decided yet
    assert shown == verdicts(tmp_path)
    assert {**shown, **redone} == in_file(tmp_path)
    assert shown == {
        ("citrus/1x1", "draft"): ("approved", 2),
        ("berry/1x1", "draft"): ("rejected", 1),
        ("berry/4x3", "draft"): ("rejected", 1),
        ("citrus/1x1", "final"): ("approved", 1),
    }


async def test_a_redone_draft_gets_its_final_with_the_note_that_was_approved(tmp_path):
    (tmp_path / "soda.yaml").write_text(SODA)
    await pipeline(tmp_path, "run", "soda.yaml", "-q")
    async with reviewing(tmp_path, "--allow-spend") as server, looking(server) as page:
        await redo_one(page)
        await page.locator("#c1").focus()
        await keys(page, "1")
        await page.wait_for_selector("#c1.is-approved")
        await launch_finals(page, 12)
        board = await page.evaluate("fetch('/api/runs/soda/cells').then((reply) => reply.json())")
    assert [row[0] for row in board["final"] if row] == ["undecided", "undecided"]
    prompts = [i["prompt"] for i in manifest(tmp_path)["images"] if i["stage"] == "final"]
    assert ["more bubbles" in prompt for prompt in prompts] == [False, True]


async def test_an_approval_of_an_edited_campaign_is_stale_on_the_page_and_buys_no_final(tmp_path):
    (tmp_path / "soda.yaml").write_text(SODA)
    await pipeline(tmp_path, "run", "soda.yaml", "-q")
    async with reviewing(tmp_path, "--allow-spend") as server, looking(server) as page:
        await page.locator("#c0").focus()
        await keys(page, "1")
        await page.wait_for_selector("#c0.is-approved")
        (tmp_path / "soda.yaml").write_text(SODA.replace("wet studio table", "picnic blanket"))
        await page.wait_for_selector("#c0.is-stale", timeout=30_000)
        await page.wait_for_selector("button:has-text('Launch finals')[disabled]")
    await pipeline(tmp_path, "run", "soda.yaml", "-q", "--stage", "final")
    assert [i for i in manifest(tmp_path)["images"] if i["stage"] == "final"] == []
