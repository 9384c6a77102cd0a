"""Every view of the playground, in both themes and on three screens, against axe."""

import pytest
from playground_stand import before, choose, painted, playing, render
from review_browser import needs_chromium, violations

from pipeline.imageserver.fault_injection.rules import Fault, FaultRule

pytestmark = needs_chromium


async def show_pictures(page):
    await page.fill("#n", "3")
    await render(page)


async def show_cut_out(page):
    await choose(page, "Transparent")
    await render(page)


async def show_hints(page):
    await page.fill("#prompt", 'A "bottle"')
    await page.wait_for_selector("#lint .am")


async def show_variation(page):
    await page.click("#another")
    await page.wait_for_selector("#variation:visible")
    await painted(page)


async def show_large(page):
    await page.click("#tiles .tile >> nth=0")


async def show_refusal(page):
    await page.keyboard.press("Escape")
    await page.fill("#prompt", " ")
    await page.click("#go")
    await page.wait_for_selector("#problem:visible")


async def show_code(page):
    await page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    await page.click("[data-copy=YAML]")


async def show_painting(page):
    await page.keyboard.press("Escape")
    await page.fill("#prompt", "A bottle")
    await page.click("#go")
    await page.wait_for_selector(".tile.painting")


VIEWS = {
    "empty": lambda page: page.focus("#prompt"),
    "pictures": show_pictures,
    "cut-out": show_cut_out,
    "hints": show_hints,
    "variation": show_variation,
    "large": show_large,
    "refusal": show_refusal,
    "code": show_code,
    "painting": show_painting,
}


SWEEP = [
    (1400, "light"),
    (900, "dark"),
    (390, "light"),
    pytest.param(1400, "dark", marks=pytest.mark.thorough),
    pytest.param(900, "light", marks=pytest.mark.thorough),
    pytest.param(390, "dark", marks=pytest.mark.thorough),
]


@pytest.mark.parametrize(("wide", "theme"), SWEEP)
async def test_axe_finds_nothing_wrong_in_any_view_of_the_playground(tmp_path, theme, wide):
    async with playing(tmp_path) as server, before(server, wide=wide, theme=theme) as page:
        found = {}
        for view, show in VIEWS.items():
            if view == "painting":
                server.fault_injection.replace((FaultRule(fault=Fault.DELAY, seconds=30),))
            await show(page)
            found[view] = await violations(page)
    assert {view: wrong for view, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("wide", [1400, 900, 390, 320])
async def test_nothing_sticks_out_sideways(tmp_path, wide):
    rich = playing(tmp_path, credits=1_000_000)
    async with rich as server, before(server, wide=wide) as page:
        await page.fill("#n", "10")
        await render(page)
        root = "document.documentElement"
        assert await page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") == 0


@pytest.mark.parametrize("wide", [1400, 390])
async def test_every_target_is_large_enough_to_be_hit(tmp_path, wide):
    async with playing(tmp_path) as server, before(server, wide=wide) as page:
        await render(page)
        small = await page.evaluate(
            """[...document.querySelectorAll('button, a, label:has(input[type=radio]), textarea')]
                .filter((one) => one.checkVisibility())
                .map((one) => [one.outerHTML.slice(0, 60), one.getBoundingClientRect()])
                .filter(([, box]) => box.width < 24 || box.height < 24)"""
        )
    assert small == []
