"""Notes and comments: written beside the picture, kept until they are sent."""

import asyncio

import pytest
from review_browser import keys, looking, needs_chromium
from review_case import SLUG, ReviewCase

from pipeline.model.names import Stage
from pipeline.model.verdict import Decision
from pipeline.review.comments import CommentRecord

pytestmark = needs_chromium


@pytest.fixture
async def case(tmp_path):
    case = ReviewCase(folder=tmp_path)
    await case.render(await case.drafts())
    return case


async def given(case, cell, decision):
    """Wait for a verdict; its note."""
    for _ in range(200):
        verdict = (await case.ledger.verdicts(SLUG)).get((cell, Stage.DRAFT))
        if verdict is not None and verdict.decision is decision:
            return verdict.note
        await asyncio.sleep(0.02)
    raise AssertionError((cell, decision))


async def test_a_note_survives_escape_a_click_outside_and_a_reload(case):
    """What was typed was gone, and the dialog covered the picture that it was about."""
    async with case.server() as server, looking(server) as page:
        await page.locator("#c0").focus()
        await keys(page, "r")
        await page.keyboard.type("more bub")
        await keys(page, "Escape")
        await page.wait_for_selector("dialog", state="detached")
        await keys(page, "r")
        assert await page.input_value("dialog textarea") == "more bub"
        await page.mouse.click(5, 5)
        await page.wait_for_selector("dialog", state="detached")
        await page.locator("#c0").focus()
        await keys(page, "Enter")
        assert await page.input_value(".dock textarea") == "more bub"
        box = await page.locator(".stage .frame").bounding_box()
        dock = await page.locator(".dock").bounding_box()
        assert box["x"] + box["width"] <= dock["x"]
        await page.reload()
        await page.wait_for_selector(".dock textarea")
        await keys(page, "ArrowRight")
        await page.wait_for_selector(".dock", state="detached")
        await keys(page, "ArrowLeft", "r")
        await page.keyboard.type("bles")
        await keys(page, "Enter")
        assert await given(case, "citrus/1x1", Decision.REDO) == "more bubbles"
        await page.wait_for_selector(".dock", state="detached")
        await keys(page, "Escape")
        assert (
            await page.evaluate("Object.keys(localStorage).filter((key) => /note/.test(key))") == []
        )


async def test_a_rejection_can_say_why(case):
    async with case.server() as server, looking(server) as page:
        await page.locator("#c0").focus()
        await keys(page, "Shift+X")
        await page.keyboard.type("wrong can")
        await keys(page, "Enter")
        assert await given(case, "citrus/1x1", Decision.REJECTED) == "wrong can"
        await page.locator("#c1").focus()
        await keys(page, "Enter", "Shift+X")
        await page.keyboard.type("too dark")
        await page.click(".dock >> text=Ask for a redo")
        assert await given(case, "citrus/4x3", Decision.REDO) == "too dark"


async def test_a_pin_and_a_comment_are_said_without_a_verdict(case):
    async with case.server() as server, looking(server) as page:
        await page.locator("#c0").focus()
        await keys(page, "Enter")
        await page.click(".comments >> text=Pin")
        frame = await page.locator(".stage .frame").bounding_box()
        await page.mouse.click(frame["x"] + frame["width"] / 4, frame["y"] + frame["height"] / 2)
        await page.keyboard.type("warmer here")
        await page.reload()
        await page.wait_for_selector(".comments textarea")
        assert await page.input_value(".comments textarea") == "warmer here"
        await page.click(".comments >> text=Pin")
        await page.mouse.click(frame["x"] + frame["width"] / 4, frame["y"] + frame["height"] / 2)
        await keys(page, "Enter")
        await page.wait_for_selector(".pin:has-text('1')")
        await page.wait_for_selector(".comments li:has-text('warmer here')")
        await keys(page, "Escape")
        await page.wait_for_selector("#c0 .talk:has-text('1')")
        record = CommentRecord(case.output, SLUG)
        record.refresh()
        (said,) = record.of("citrus/1x1", Stage.DRAFT)
        assert said.point == pytest.approx((0.25, 0.5), abs=0.01)
        await keys(page, "Enter")
        await page.click(".comments [aria-label^=Settle]")
        await page.wait_for_selector(".comments li.settled")
        await page.wait_for_selector(".pin", state="detached")
        assert await case.ledger.verdicts(SLUG) == {}
