"""The page remembers: its address leads back to view, filters, cell and take, for everyone."""

import asyncio
from urllib.parse import unquote

import pytest
from review_browser import chromium, keys, looking, needs_chromium, toast
from review_case import SLUG, CaseSource, ReviewCase

from pipeline.model.verdict import Decision

pytestmark = needs_chromium


@pytest.fixture
async def case(tmp_path):
    source = CaseSource(sizes=("1:1", "4:3", "9:16"))
    case = ReviewCase(folder=tmp_path, source=source)
    await case.render(await case.drafts())
    return case


async def address(page, *parts):
    """Wait until the address names all these."""
    for _ in range(100):
        if all(part in unquote(page.url) for part in parts):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(page.url)


async def given(case):
    """Wait for a verdict; the decisions by cell."""
    for _ in range(100):
        if found := await case.ledger.verdicts(SLUG):
            return {cell: one.decision for (cell, _), one in found.items()}
        await asyncio.sleep(0.05)
    raise AssertionError("no verdict")


IMAGES = """() => [...document.querySelectorAll('.rside')].map(
  (one) => [...one.querySelectorAll('img')].map((img) => img.src.split('/')[4]))"""


PLACE = """() => {
  const text = (selector) => document.querySelector(selector)?.innerText.split('\\n')[0].trim();
  return [
    text('.loupe .seg .on') ?? text('.views .on'),
    document.querySelector('.ltitle')?.innerText ?? document.querySelector('.card.focus')?.id,
    [...document.querySelectorAll('.pk')].findIndex((one) => one.classList.contains('on')),
    [...document.querySelectorAll('.side .fb.on .fl')].map((one) => one.innerText),
  ];
}"""


async def place(page):
    """What a person sees: view, lit cell, its take, and the filters."""
    return await page.evaluate(PLACE)


async def filter_and_look(page):
    """Look at take 2 of the second cell that two filters show, in the loupe, from the matrix."""
    await page.click(".side .fb:has-text('9:16')")
    await page.click(".side .fb:has-text('1:1')")
    await keys(page, "m")
    await page.locator("#m2").focus()
    await keys(page, "Enter")
    await page.wait_for_selector(".loupe")
    await keys(page, "ArrowDown")
    await address(
        page, "cell=citrus/9x16", "take=2", "only=size:9x16", "only=size:1x1", "from=matrix"
    )
    return await place(page)


async def test_reload_back_a_copied_link_and_a_restart_lead_to_the_same_place(case):
    """After a reload the page stood on the first open cell of the grid, without its filters."""
    async with chromium() as browser:
        async with case.server(token=None) as server, looking(server, browser=browser) as page:
            there = await filter_and_look(page)
            assert there[0] == "Loupe"
            assert there[2:] == [1, ["All", "1:1", "9:16"]]
            await page.reload()
            await page.wait_for_selector(".loupe .pk.on")
            assert await place(page) == there

            await keys(page, "Escape")
            await page.wait_for_selector("#m2.focus:focus")
            await keys(page, "g")
            await page.go_back()
            await page.wait_for_selector("#m2.focus")
            await page.go_back()
            await page.wait_for_selector(".loupe .pk.on")
            assert await place(page) == there

            await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
            await keys(page, "l")
            await toast(page, "Link copied")
            link = await page.evaluate("navigator.clipboard.readText()")
            assert "t=" not in link.partition("?")[2].split("&")[0]
            async with looking(server, browser=browser) as second:
                await second.goto(link)
                await second.wait_for_selector(".loupe .pk.on")
                assert await place(second) == there
            stranger = await browser.new_context()
            outside = await stranger.new_page()
            await outside.goto(link)
            assert "pipeline review" in await outside.inner_text("body")
            await outside.goto(server.url)
            await outside.wait_for_selector(".loupe .pk.on")
            await stranger.close()
            await page.goto("about:blank")
            saved = await page.context.storage_state()
        async with case.server(token=None) as server:
            context = await browser.new_context(
                storage_state=saved, viewport={"width": 1400, "height": 900}
            )
            page = await context.new_page()
            await page.goto(link)
            await page.wait_for_selector(".loupe .pk.on")
            assert await place(page) == there
            await context.close()


async def test_a_place_that_is_gone_is_left_out_and_a_decided_cell_stays(case):
    async with case.server() as server, looking(server) as page:
        await page.locator("#c0").focus()
        await keys(page, "x")
        await page.wait_for_selector("#c0.is-rejected")
        assert await given(case) == {"citrus/1x1": Decision.REJECTED}
        where = f"{server.url}?view=loupe&status=undecided&status=nonsense&only=taste:sour"
        await page.goto(f"{where}&cell=citrus/1x1&take=9")
        await page.wait_for_selector(".ltitle:has-text('Citrus Soda')")
        assert (await place(page))[1:] == ["Citrus Soda 1:1", 1, ["Undecided"]]
        await page.goto(f"{server.url}?view=loupe&status=failed&with=nobody&cell=nobody")
        await page.wait_for_selector(".empty")


async def test_two_rounds_are_side_by_side_with_the_request_on_top(case):
    await case.ledger.verdicts(SLUG)
    async with case.server() as server, looking(server) as page:
        await page.locator("#c0").focus()
        await keys(page, "r")
        await page.keyboard.type("darker bottle")
        await keys(page, "Enter")
        assert await given(case) == {"citrus/1x1": Decision.REDO}
        await case.render([job for job in (await case.survey()).drafts if job.at.round == 2])
        await page.wait_for_selector("#c0:has-text('round 2')", timeout=15_000)
        await page.locator("#c0").focus()
        await keys(page, "Enter", "b")
        await page.wait_for_selector(".rside:nth-of-type(2) header:has-text('darker bottle')")
        images = await page.evaluate(IMAGES)
        table = await case.table()
        assert all(images)
        assert set(images[0]).isdisjoint(images[1])
        assert set(images[1]) == {take.artifact.sha256[:16] for take in table.rows[0].draft.takes}
        await keys(page, "s")
        await page.wait_for_selector(".wipe:has-text('Round 1'):has-text('Round 2')")
        before = await page.evaluate("getComputedStyle(document.querySelector('.after')).clipPath")
        await page.locator(".wline").focus()
        await keys(page, "End")
        after = await page.evaluate("getComputedStyle(document.querySelector('.after')).clipPath")
        assert before != after


async def test_six_cells_are_compared_with_one_zoom(case):
    async with case.server() as server, looking(server) as page:
        await page.locator("#c0").focus()
        await keys(page, *["Shift+ArrowRight"] * 5, "c")
        await page.wait_for_selector(".cells .stage >> nth=5")
        assert await page.locator(".slabel").all_inner_texts() == [
            f"{name} · {size} · 1"
            for name in ("Citrus Soda", "Berry Soda")
            for size in ("1:1", "4:3", "9:16")
        ]
        await page.locator(".cells .stage >> nth=3").click()
        await page.wait_for_selector(".ltitle:has-text('Berry Soda')")
        await keys(page, "z")
        await page.wait_for_selector(".cells .frame[style*=scale]")
        zoomed = await page.evaluate(
            "[...document.querySelectorAll('.frame')].map((one) => one.style.transform)"
        )
        assert len(zoomed) == 6
        assert len(set(zoomed)) == 1
        await keys(page, "ArrowRight", "x")
        assert await given(case) == {"berry/4x3": Decision.REJECTED}
        await page.reload()
        await page.wait_for_selector(".cells .stage >> nth=5")
        await keys(page, "Escape")
        await page.wait_for_selector(".loupe", state="detached")
        assert await page.locator(".card").count() == 6
