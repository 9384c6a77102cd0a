"""Every verdict, by key, click and menu, in every view: exactly the lit cell."""

import asyncio

import pytest
from review_browser import keys, looking, needs_chromium, toast
from review_case import SLUG, CaseSource, ReviewCase

from pipeline.model.names import Stage
from pipeline.model.verdict import Decision

pytestmark = needs_chromium

CELLS = ("citrus/1x1", "citrus/4x3", "berry/1x1", "berry/4x3")
LIT = 2
STEPS = (Decision.APPROVED, Decision.REJECTED, Decision.REDO, Decision.UNDECIDED)


@pytest.fixture
async def case(tmp_path):
    case = ReviewCase(folder=tmp_path)
    await case.render(await case.drafts())
    return case


async def verdicts(case):
    given = await case.ledger.verdicts(SLUG)
    return {cell: (verdict.decision, verdict.take) for (cell, _), verdict in given.items()}


async def expect(case, wanted):
    """Wait until the ledger has exactly these verdicts."""
    for _ in range(500):
        found = await verdicts(case)
        if found == wanted:
            return
        await asyncio.sleep(0.01)
    assert found == wanted


async def light(page, view):
    """Light the third cell in a view."""
    if view == "matrix":
        await keys(page, "m")
        await page.locator(f"#m{LIT}").focus()
        return
    await page.locator(f"#c{LIT}").focus()
    if view in {"loupe", "compare"}:
        await keys(page, "Enter")
        await page.wait_for_selector(".loupe")
    if view == "compare":
        await keys(page, "c")


async def stay(page):
    """Let the page stay on a cell after a verdict."""
    await keys(page, "?")
    await page.uncheck("text=Go to the next cell")
    await keys(page, "Escape")


async def by_key(page, view, decision):
    del view
    await keys(page, {"approved": "p", "rejected": "x", "redo": "r", "undecided": "u"}[decision])


CLICKED = {
    "grid": f"#c{LIT} .quick .",
    "matrix": ".hint.",
    "loupe": ".vb.",
    "compare": ".vb.",
    "cells": ".vb.",
}


async def by_click(page, view, decision):
    if view == "grid":
        await page.hover(f"#c{LIT} .foot")
    # The button of a verdict that holds takes it back.
    await page.click(f"{CLICKED[view]}{'redo' if decision is Decision.UNDECIDED else decision}")


IN_MENU = {
    "approved": "Approve take 1",
    "rejected": "Reject",
    "redo": "Redo…",
    "undecided": "Undecided",
}
PLACES = {
    "grid": f"#c{LIT} .foot",
    "matrix": f"#m{LIT}",
    "loupe": ".stage",
    "compare": ".stage >> nth=0",
    "cells": f".stage[data-cell='{LIT}']",
}


async def by_menu(page, view, decision):
    await page.click(PLACES[view], button="right")
    await page.click(f".menu button:has(span:text-is('{IN_MENU[decision]}'))")


WAYS = {"key": by_key, "click": by_click, "menu": by_menu}


async def show(page, view):
    """Show the third cell in a view; it is the second of two that are compared."""
    await keys(page, "Escape", "Escape", "Escape", "g")
    if view != "cells":
        await light(page, view)
        return
    await page.locator(f"#c{LIT - 1}").focus()
    await keys(page, "Shift+ArrowRight", "c")
    await page.click(PLACES[view])


async def test_a_verdict_changes_exactly_the_lit_cell_in_every_view_and_way(case):
    """`X` in the matrix rejected the cell that was lit in the grid.

    Every verdict, by key, click and menu, in grid, matrix, loupe, compare, and among several
    cells: all sixty combinations.
    """
    async with case.server() as server, looking(server) as page:
        await page.locator("#c0").focus()
        await stay(page)
        for view in PLACES:
            await show(page, view)
            for give in WAYS.values():
                for decision in STEPS:
                    await give(page, view, decision)
                    if decision is Decision.REDO:
                        await page.keyboard.type("darker")
                        await keys(page, "Enter")
                    await expect(case, {CELLS[LIT]: (decision, 1)})


@pytest.mark.parametrize("view", ["grid", "matrix"])
async def test_the_buttons_of_a_selection_decide_on_the_selected_cells_alone(case, view):
    async with case.server() as server, looking(server) as page:
        await light(page, view)
        await keys(page, "Shift+ArrowRight")
        await page.click(".selbar .rejected")
        await expect(case, dict.fromkeys(CELLS[LIT:], (Decision.REJECTED, 1)))


@pytest.mark.parametrize("view", ["loupe", "compare"])
async def test_approve_takes_the_take_that_is_shown(case, view):
    """Take 1 approved, take 2 clicked, Approve: the cell was undecided instead."""
    async with case.server() as server, looking(server) as page:
        await page.locator("#c0").focus()
        await stay(page)
        await light(page, view)
        await page.click(".vb.approved")
        await expect(case, {CELLS[LIT]: (Decision.APPROVED, 1)})
        await page.click(".pk >> nth=1")
        assert await page.get_attribute(".vb.approved", "aria-pressed") == "false"
        await page.click(".vb.approved")
        await expect(case, {CELLS[LIT]: (Decision.APPROVED, 2)})
        assert await page.get_attribute(".vb.approved", "aria-pressed") == "true"
        await page.click(".vb.approved")
        await expect(case, {CELLS[LIT]: (Decision.UNDECIDED, 2)})


async def test_a_take_without_an_image_is_not_approved_as_another_one(tmp_path):
    case = ReviewCase(folder=tmp_path)
    for job in await case.drafts():
        await (case.refuse(job) if job.at.take == 2 else case.render([job]))
    async with case.server() as server, looking(server) as page:
        await light(page, "loupe")
        await page.click(".pk >> nth=1")
        await keys(page, "p")
        await toast(page, "Take 2 has no image")
    assert await verdicts(case) == {}


async def test_a_cell_that_is_looked_at_is_decided_on_without_the_selection_behind_it(case):
    async with case.server() as server, looking(server) as page:
        await page.locator("#c0").focus()
        await keys(page, "Shift+ArrowRight")
        await page.locator(f"#c{LIT}").dblclick(position={"x": 8, "y": 8})
        await page.wait_for_selector(".loupe")
        await keys(page, "x")
        await expect(case, {CELLS[LIT]: (Decision.REJECTED, 1)})


async def test_escape_leads_from_the_loupe_back_to_the_cell_in_the_matrix(case):
    async with case.server() as server, looking(server) as page:
        await light(page, "matrix")
        await keys(page, "Enter")
        await page.wait_for_selector(".loupe")
        await keys(page, "ArrowRight", "Escape")
        await page.wait_for_selector(".loupe", state="detached")
        await page.wait_for_selector("#m3:focus")
        await keys(page, "x")
        await expect(case, {CELLS[3]: (Decision.REJECTED, 1)})


async def test_arrows_go_through_the_matrix_where_they_point(case):
    async with case.server() as server, looking(server) as page:
        await page.locator("#c0").focus()
        await keys(page, "m", "ArrowDown", "ArrowRight")
        await page.wait_for_selector("#m3:focus")
        await keys(page, "ArrowUp", "ArrowRight")
        await page.wait_for_selector("#m1:focus")
        assert await page.evaluate("document.activeElement.id") == "m1"


async def test_the_matrix_shows_what_the_filters_leave(case):
    """With "Rejected" it still showed all cells."""
    async with case.server() as server, looking(server) as page:
        await page.locator("#c1").focus()
        await keys(page, "x")
        await expect(case, {CELLS[1]: (Decision.REJECTED, 1)})
        await page.click(".side .fb:has-text('Rejected')")
        await keys(page, "m")
        await page.wait_for_selector(".mrow")
        assert await page.locator("button.mcell").count() == 1
        assert await page.locator(".mrow").count() == 1
        await keys(page, "u")
        await expect(case, {CELLS[1]: (Decision.UNDECIDED, 1)})
        await page.click(".side .fb:has-text('Approved')")
        await page.wait_for_selector(".matrix .empty")


async def test_finals_that_arrive_do_not_move_the_light_to_another_cell(case):
    """The lit cell was a position: one more cell before it, and a key met its neighbour."""
    async with case.server(allow_spend=True) as server, looking(server) as page:
        await page.locator("#c2").focus()
        await keys(page, "1")
        await expect(case, {CELLS[2]: (Decision.APPROVED, 1)})
        await case.render((await case.survey()).finals)
        await page.wait_for_selector("header >> text=/^Finals/", timeout=15_000)
        await keys(page, "t")
        await page.wait_for_selector("#c2.is-undecided")
        await keys(page, "t")
        await page.locator("#c0").focus()
        await keys(page, "1")
        await expect(case, dict.fromkeys([CELLS[0], CELLS[2]], (Decision.APPROVED, 1)))
        await keys(page, "t")
        await page.wait_for_selector("#c2.focus")
        await case.render([j for j in (await case.survey()).finals if j.at.cell == CELLS[0]])
        await page.wait_for_selector("#c0.is-undecided", timeout=15_000)
        await keys(page, "x")
        for _ in range(100):
            given = await case.ledger.verdicts(SLUG)
            if (CELLS[2], Stage.FINAL) in given:
                break
            await asyncio.sleep(0.05)
        assert given[CELLS[2], Stage.FINAL].decision is Decision.REJECTED
        assert (CELLS[0], Stage.FINAL) not in given


async def test_a_redo_says_what_becomes_of_the_cells_with_the_same_image(tmp_path):
    shared = {"citrus/4x3": "citrus/1x1", "berry/1x1": "citrus/1x1"}
    case = ReviewCase(folder=tmp_path, source=CaseSource(takes=1, shared=shared))
    case.source.products = {"citrus": "Soda", "berry": "Soda"}
    await case.render([job for job in await case.drafts() if job.payer is None])
    async with case.server(allow_spend=True) as server, looking(server) as page:
        await page.locator("#c2").focus()
        await stay(page)
        await page.locator("#c2").focus()
        await keys(page, "p")
        await expect(case, {CELLS[2]: (Decision.APPROVED, 1)})
        await page.locator("#c0").focus()
        await keys(page, "r")
        await page.keyboard.type("darker")
        assert "2 credits" in await page.inner_text("dialog .drow")
        await keys(page, "Enter")
        await toast(
            page, "1 more cell with this image goes along, 1 decided cell keeps the old image"
        )
        await page.wait_for_selector("#c1.is-redo")
        await page.click(".redo-round")
        await page.wait_for_selector("dialog:has-text('2 credits')")
        said = await page.inner_text("dialog")
        assert "citrus/4x3 shares the image of citrus/1x1 and gets the new one too" in said
        assert "berry/1x1 is approved and keeps the old image" in said
        assert "1 image" in said


@pytest.mark.parametrize("view", ["grid", "matrix"])
async def test_after_a_verdict_the_next_cell_is_lit_and_has_the_keyboard(case, view):
    """The next cell was lit, and the keyboard stayed with the last one; a dialog led back to it."""
    prefix = "m" if view == "matrix" else "c"
    async with case.server() as server, looking(server) as page:
        await page.locator("#c0").focus()
        if view == "matrix":
            await keys(page, "m")
        await keys(page, "x")
        await page.wait_for_selector(f"#{prefix}1.focus:focus")
        await keys(page, "r")
        await page.keyboard.type("darker")
        await keys(page, "Enter")
        await page.wait_for_selector(f"#{prefix}2.focus:focus")
        await keys(page, "x")
        await expect(
            case,
            {
                CELLS[0]: (Decision.REJECTED, 1),
                CELLS[1]: (Decision.REDO, 1),
                CELLS[2]: (Decision.REJECTED, 1),
            },
        )
