"""The review page in a real browser: keys, two reviewers, states, hostile words, narrow screens."""

import asyncio

import pytest
from review_browser import chromium, keys, looking, needs_chromium, state, toast
from review_case import SLUG, CaseSource, ReviewCase

from pipeline.model.names import Stage
from pipeline.model.verdict import Decision

pytestmark = needs_chromium

HOSTILE = '"><img src=x onerror=pwned=1><script>pwned=1</script>{{7*7}}'


@pytest.fixture
async def case(tmp_path):
    case = ReviewCase(folder=tmp_path)
    await case.render(await case.drafts())
    return case


async def newest(case, cell, stage=Stage.DRAFT):
    return (await case.ledger.verdicts(SLUG)).get((cell, stage))


async def decided(case, cell, decision, stage=Stage.DRAFT):
    """Wait until the ledger has this verdict."""
    for _ in range(200):
        verdict = await newest(case, cell, stage)
        if verdict is not None and verdict.decision is decision:
            return verdict
        await asyncio.sleep(0.05)
    raise AssertionError((cell, decision))


async def test_the_whole_cycle_is_decided_with_keys_alone(case):
    async with case.server(reviewer="ana") as server, looking(server) as page:
        await page.locator("#c0").focus()
        await keys(page, "2", "r")
        await page.keyboard.type("brighter, please")
        await keys(page, "Enter", "x", "p")
        approved = await decided(case, "citrus/1x1", Decision.APPROVED)
        redo = await decided(case, "citrus/4x3", Decision.REDO)
        await decided(case, "berry/1x1", Decision.REJECTED)
        await decided(case, "berry/4x3", Decision.APPROVED)
        await page.wait_for_selector("#c3.is-approved")
        shown = [await state(page, cell) for cell in range(4)]
    assert (approved.take, approved.by, redo.note) == (2, "ana", "brighter, please")
    assert shown == ["approved", "redo", "rejected", "approved"]


async def test_undo_takes_the_last_verdict_back(case):
    async with case.server() as server, looking(server) as page:
        await page.locator("#c0").focus()
        await keys(page, "x", "Control+z")
        await toast(page, "Undone")
        await decided(case, "citrus/1x1", Decision.UNDECIDED)
        await page.wait_for_selector("#c0.is-undecided")
        assert await state(page, 0) == "undecided"


async def test_a_second_reviewer_who_is_late_is_told_and_may_insist(case):
    async with (
        case.server() as server,
        chromium() as browser,
        looking(server, browser=browser) as ana,
        looking(server, browser=browser) as jon,
    ):
        await jon.route("**/events*", lambda route: route.abort())
        await jon.reload()
        await jon.wait_for_selector(".card")
        await ana.locator("#c0").focus()
        await keys(ana, "x")
        await decided(case, "citrus/1x1", Decision.REJECTED)
        await jon.locator("#c0").focus()
        await keys(jon, "1")
        await toast(jon, "you already rejected this")
        assert await state(jon, 0) == "rejected"
        await jon.click("text=Use mine")
        await decided(case, "citrus/1x1", Decision.APPROVED)


async def test_another_reviewers_verdict_appears_by_itself(case):
    async with (
        case.server() as server,
        chromium() as browser,
        looking(server, browser=browser) as ana,
        looking(server, browser=browser) as jon,
    ):
        await ana.locator("#c0").focus()
        await keys(ana, "x")
        await jon.wait_for_selector("#c0.is-rejected")
        shown = "[...document.querySelectorAll('.is-rejected')].map((one) => one.id)"
        assert await jon.evaluate(shown) == ["c0"]


async def test_an_approval_becomes_stale_before_ones_eyes_when_the_campaign_is_edited(case):
    async with case.server(allow_spend=True) as server, looking(server) as page:
        await page.locator("#c0").focus()
        await keys(page, "1")
        await decided(case, "citrus/1x1", Decision.APPROVED)
        case.source.words = "Quite another photo of {name}."
        await page.wait_for_selector("#c0.is-stale", timeout=10_000)
        said = await page.inner_text("#c0 .notebar")
        assert "its prompt, its settings or the provider changed" in said


async def test_a_draft_that_is_rendered_meanwhile_appears_without_a_reload(tmp_path):
    case = ReviewCase(folder=tmp_path)
    jobs = await case.drafts()
    await case.render(jobs[:2])
    async with case.server() as server, looking(server) as page:
        assert await state(page, 3) == "waiting"
        await case.render(jobs[2:])
        await page.wait_for_selector("#c3.is-undecided img", timeout=10_000)


async def test_finals_are_launched_shown_beside_their_draft_and_accepted(case):
    async def launch(stage, cells, *, most):
        finals = (await case.survey()).finals
        await case.render([job for job in finals if job.at.cell in cells])
        return 0

    async with case.server(allow_spend=True, launch=launch) as server, looking(server) as page:
        await page.locator("#c0").focus()
        await keys(page, "2")
        await page.wait_for_selector("#c0.is-approved")
        await page.click("text=Launch finals")
        await page.click("text=Spend 12 credits")
        await page.wait_for_selector("header >> text=/^Finals/", timeout=30_000)
        await keys(page, "t", "Enter", "c")
        await page.wait_for_selector(".slabel:has-text('Draft')")
        assert await page.locator(".stage .frame img").count() == 2
        await keys(page, "p")
        accepted = await decided(case, "citrus/1x1", Decision.APPROVED, Stage.FINAL)
    assert accepted.sha256 != (await newest(case, "citrus/1x1")).sha256
    assert "    final: {status: approved, take: 1" in case.file.read_text()


async def test_footer_and_dialog_say_one_sum_and_the_command_that_buys_it(tmp_path):
    """The footer said `48 × 12 = 576` where the dialog and the charge said 432: shared images."""
    case = ReviewCase(folder=tmp_path, source=CaseSource(shared={"citrus/4x3": "citrus/1x1"}))
    await case.render([job for job in await case.drafts() if job.payer is None])
    async with case.server() as server, looking(server) as page:
        for cell in range(4):
            await page.locator(f"#c{cell}").focus()
            await keys(page, "p")
        await page.wait_for_selector("footer >> text='3 images = 36'")
        spent = await page.inner_text("footer .spent b")
        await page.click("text=Launch finals")
        await page.wait_for_selector("dialog:has-text('36 credits')")
        dialog = await page.inner_text("dialog")
    assert (spent, "4 cells" in dialog, "3 images" in dialog) == ("12", True, True)
    assert "pipeline buy final" in dialog


async def test_a_link_that_may_not_spend_shows_the_sum_and_no_button_to_spend_it(case):
    async with case.server() as server, looking(server) as page:
        await page.locator("#c0").focus()
        await keys(page, "1")
        await page.click("text=Launch finals")
        await page.wait_for_selector("text=cannot spend")
        assert "12 credits" in await page.inner_text("dialog")
        assert await page.locator("text=/^Spend/").count() == 0


async def test_hostile_names_words_and_notes_are_text_and_nothing_else(tmp_path):
    source = CaseSource(products={"evil": HOSTILE, "other": "Other"})
    source.words = HOSTILE.replace("{", "{{").replace("}", "}}") + " {name}"
    case = ReviewCase(folder=tmp_path, source=source)
    await case.render(await case.drafts())
    async with case.server() as server, looking(server) as page:
        await page.locator("#c0").focus()
        await keys(page, "r")
        await page.keyboard.type(HOSTILE)
        await keys(page, "Enter", "ArrowLeft", "Enter")
        await page.wait_for_selector(".insp .prompt")
        assert await page.inner_text(".ihead h2") == HOSTILE
        assert await page.evaluate("typeof pwned") == "undefined"
        assert await page.locator("img[src='x']").count() == 0
    assert (await newest(case, "evil/1x1")).note == HOSTILE


async def test_an_image_that_was_deleted_is_explained(case):
    for image in (case.output / SLUG / "drafts/citrus").iterdir():
        image.unlink()
    async with case.server() as server, looking(server) as page:
        await page.locator("#c0").focus()
        await keys(page, "Enter")
        await page.wait_for_selector("text=not on disk any more")


async def test_single_keys_can_be_switched_off(case):
    async with case.server() as server, looking(server) as page:
        await page.locator("#c0").focus()
        await keys(page, "?")
        await page.uncheck("text=Single-key shortcuts")
        await keys(page, "Escape", "x", "ArrowRight")
        await asyncio.sleep(0.3)
        assert await state(page, 0) == "undecided"
    assert await newest(case, "citrus/1x1") is None


async def test_letters_typed_into_the_search_decide_nothing(case):
    async with case.server() as server, looking(server) as page:
        await keys(page, "/")
        await page.keyboard.type("berry x p")
        await page.wait_for_selector("text=Nothing here")
        await page.fill("input[type=search]", "berry")
        assert await page.locator(".card").count() == 2
    assert await case.ledger.verdicts(SLUG) == {}


async def test_tab_walks_through_the_page_and_out_of_it_again(case):
    async with case.server() as server, looking(server) as page:
        seen = []
        for _ in range(60):
            await page.keyboard.press("Tab")
            seen.append(await page.evaluate("document.activeElement.outerHTML.slice(0, 60)"))
            if seen[-1].startswith("<body"):
                break
        in_grid = await page.evaluate("document.querySelectorAll('.card[tabindex=\"0\"]').length")
    assert seen[-1].startswith("<body")
    assert in_grid == 1


async def test_the_loupe_keeps_what_lies_behind_it_out_of_reach_and_lets_go_with_escape(case):
    async with case.server() as server, looking(server) as page:
        await page.locator("#c1").focus()
        await keys(page, "Enter")
        await page.wait_for_selector(".loupe")
        assert await page.locator(".shell").evaluate("shell => shell.inert")
        await keys(page, "Escape")
        await page.wait_for_selector(".loupe", state="detached")
        await page.wait_for_selector("#c1:focus")


@pytest.mark.parametrize("wide", [900, 390])
async def test_a_narrow_screen_filters_from_a_drawer_and_decides_in_the_loupe(case, wide):
    async with case.server() as server, looking(server, wide=wide, high=800) as page:
        await page.click("[aria-label=Filters]")
        await page.click(".side .fb:has-text('Berry Soda')")
        await page.click(".scrim", position={"x": wide - 20, "y": 300})
        assert await page.locator(".card").count() == 2
        assert await page.evaluate("document.documentElement.scrollWidth") <= wide
        await page.dblclick(".card .who")
        await page.click(".vb.approved")
        await decided(case, "berry/1x1", Decision.APPROVED)


async def test_ten_thousand_images_are_under_a_thousand_nodes(tmp_path):
    products = {f"p{at:03d}": f"Product {at}" for at in range(500)}
    source = CaseSource(products=products, sizes=("1:1", "4:3", "16:9", "9:21", "2:1"), takes=4)
    case = ReviewCase(folder=tmp_path, source=source)
    jobs = await case.drafts()
    artifact = await case.store(jobs[0], case.painter(jobs[0]))
    await case.point(jobs[1:], artifact)
    async with case.server() as server, looking(server) as page:
        assert (await page.inner_text(".side .fb.on .fc")).strip() == "2,500"
        await page.mouse.move(700, 400)
        most = 0
        for _ in range(12):
            await page.mouse.wheel(0, 2000)
            await asyncio.sleep(0.05)
            nodes = await page.evaluate("document.querySelectorAll('*').length")
            most = max(most, nodes)
        await keys(page, "m")
        await page.wait_for_selector(".mrow")
        matrix = await page.evaluate("document.querySelectorAll('*').length")
    assert most < 1000
    assert matrix < 1000


COUNT_CHANGES = """
window.changes = 0;
new MutationObserver((all) => { window.changes += all.length; }).observe(
  document.querySelector('.spacer'), { subtree: true, childList: true, attributes: true });
"""


async def test_scrolling_within_a_row_draws_nothing_and_into_the_next_one_does(tmp_path):
    """Every step of the wheel drew every card anew, most of them just as they were."""
    products = {f"p{at:03d}": f"Product {at}" for at in range(60)}
    case = ReviewCase(folder=tmp_path, source=CaseSource(products=products))
    await case.drafts()
    async with case.server() as server, looking(server) as page:
        await page.locator("#c0").wait_for()
        await page.evaluate(COUNT_CHANGES)
        seen = []
        for top in (40, 160, 700):
            await page.evaluate(
                "(top) => { document.querySelector('.scroll').scrollTop = top; }", top
            )
            await page.wait_for_timeout(400)
            seen.append(await page.evaluate("window.changes"))
    assert seen[:2] == [0, 0]
    assert seen[2] > 0


async def test_a_page_says_that_its_server_ended_and_carries_on_with_the_next_one(case):
    ended = case.server()
    await ended.__aenter__()
    async with looking(ended) as page:
        await ended.__aexit__(None, None, None)
        await page.wait_for_selector("text=Connection lost")
        await page.wait_for_selector(".complaint:has-text('start it again')", timeout=30_000)
        async with case.server(port=ended.port):
            await page.wait_for_selector(".complaint", state="detached", timeout=30_000)
            await page.locator("#c0").focus()
            await keys(page, "x")
            await decided(case, "citrus/1x1", Decision.REJECTED)


async def test_the_next_step_is_offered_after_the_last_verdict(case):
    async with case.server(allow_spend=True) as server, looking(server) as page:
        await page.locator("#c0").focus()
        await keys(page, "1", "x", "x", "x")
        await toast(page, "all decided")
        await page.click(".toast >> text=Launch finals")
        await page.wait_for_selector("dialog:has-text('12 credits')")
        assert "1 image" in await page.inner_text("dialog")


async def test_who_comes_back_the_next_day_stands_on_the_first_open_cell(case):
    async with case.server() as server, looking(server) as page:
        await page.locator("#c0").focus()
        await keys(page, "1", "x")
        await decided(case, "citrus/4x3", Decision.REJECTED)
        await page.wait_for_selector("#c2.focus")
        await page.wait_for_url(lambda url: "cell=berry" in url)
        await page.reload()
        await page.wait_for_selector("#c2.focus")
        assert await page.locator(".focus").count() == 1


async def test_a_dialog_that_escape_closes_hears_no_further_key(case):
    async with case.server() as server, looking(server) as page:
        await page.locator("#c0").focus()
        for _ in range(5):
            await keys(page, "r", "Escape", "?", "Escape")
        await keys(page, "x")
        verdict = await decided(case, "citrus/1x1", Decision.REJECTED)
        assert verdict.note == ""
        assert await page.locator("dialog[open]").count() == 0
