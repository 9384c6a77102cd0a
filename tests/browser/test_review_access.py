"""Every view of the review page, in both themes and on three screens, against axe."""

import pytest
from review_browser import keys, looking, needs_chromium, violations
from review_case import ReviewCase

pytestmark = needs_chromium


@pytest.fixture
async def case(tmp_path):
    """A board with every state that a draft can be in."""
    case = ReviewCase(folder=tmp_path)
    jobs = await case.drafts()
    await case.render(jobs[:5])
    await case.refuse(jobs[5])
    await case.refuse(jobs[6])
    return case


async def open_note(page):
    await keys(page, "Escape", "g", "r")


async def note_and_comment(page):
    await keys(page, "Escape", "Escape", "g", "Home", "Enter", "n")
    await page.keyboard.type("warmer")
    await keys(page, "Enter")
    await page.wait_for_selector(".comments li")
    await keys(page, "r")


async def open_menu(page):
    await keys(page, "Escape", "Escape", "Escape")
    await page.click("#c1 .foot", button="right")


async def open_finals(page):
    await keys(page, "Escape")
    await page.click("text=Launch finals")
    await page.wait_for_selector("dialog .cmd")


async def compare_cells(page):
    await keys(page, "Escape", "Home", "Shift+ArrowRight", "Shift+ArrowRight", "c")
    await page.wait_for_selector(".cells .stage >> nth=2")


async def show_rounds(page):
    """The first round of a cell is all that there is; the view says so."""
    await page.evaluate("history.pushState(null, '', '/?view=rounds&cell=citrus/4x3')")
    await page.reload()
    await page.wait_for_selector(".rounds")


VIEWS = {
    "grid": lambda page: keys(page, "Home"),
    "loupe": lambda page: keys(page, "Enter"),
    "compare": lambda page: keys(page, "c"),
    "matrix": lambda page: keys(page, "Escape", "m"),
    "note": open_note,
    "docked note": note_and_comment,
    "menu": open_menu,
    "several cells": compare_cells,
    "rounds": show_rounds,
    "finals": open_finals,
    "help": lambda page: keys(page, "Escape", "?"),
    "final stage": lambda page: keys(page, "Escape", "t"),
    "beside the draft": lambda page: keys(page, "Enter", "c"),
}


SWEEP = [
    (1400, "dark"),
    (900, "light"),
    (390, "dark"),
    pytest.param(1400, "light", marks=pytest.mark.thorough),
    pytest.param(900, "dark", marks=pytest.mark.thorough),
    pytest.param(390, "light", marks=pytest.mark.thorough),
]


@pytest.mark.parametrize(("wide", "theme"), SWEEP)
async def test_axe_finds_nothing_wrong_in_any_view(case, theme, wide):
    async with (
        case.server(allow_spend=True) as server,
        looking(server, wide=wide, theme=theme) as page,
    ):
        await page.locator("#c0").focus()
        await keys(page, "1", "x")
        await page.wait_for_selector("#c1.is-rejected")
        await page.locator("#c0").focus()
        found = {}
        for view, show in VIEWS.items():
            await show(page)
            await page.wait_for_timeout(250)
            found[view] = await violations(page)
    assert {view: wrong for view, wrong in found.items() if wrong} == {}
