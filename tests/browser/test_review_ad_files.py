"""Ad files in the loupe: flags, approvals, and windows that are dragged, typed and drawn."""

import asyncio

import aiohttp
import pytest
from review_browser import chromium, keys, looking, needs_chromium, toast, violations
from review_shop import STRIP, TALL, TILE, render_shop

pytestmark = needs_chromium

PLACE = ("citrus/tile", "tile")


@pytest.fixture(scope="session")
def rendered_shop(tmp_path_factory):
    return render_shop(tmp_path_factory.mktemp("review-shop"))


@pytest.fixture
def shop(rendered_shop, tmp_path):
    return rendered_shop.copy(tmp_path / "shop")


async def frame(page, cell):
    """Open the ad file of a cell's final."""
    if await page.locator(".seg:has-text('Finals') .on:has-text('Drafts')").count():
        await keys(page, "t")
    await page.locator(f"#c{cell}").focus()
    await keys(page, "Enter")
    await page.wait_for_selector(".loupe")
    if not await page.locator(".insp[aria-label='Ad file']").count():
        await keys(page, "a")
    await page.wait_for_selector(".adframe img")


async def until(true):
    """Wait for something that the server records."""
    for _ in range(200):
        found = true()
        if found:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen")


async def test_a_flagged_ad_file_is_found_looked_at_and_approved_with_keys_alone(shop):
    async with shop.server() as server, looking(server) as page:
        await page.locator(".btn.look").focus()
        await keys(page, "Enter")
        await page.wait_for_selector(".adframe img")
        assert "extended" in await page.inner_text(".adflags")
        assert await page.get_attribute(".adframe img", "src") != ""
        await keys(page, "p")
        await toast(page, "Ad file approved")
        assert len(shop.record.approved) == 2  # both formats show the same window
        await page.wait_for_selector(".vb.wide.on:has-text('Approved for delivery')")
        await keys(page, "Escape")
        await page.wait_for_selector(".card")
        assert await page.locator(".badge.look, .btn.look").count() == 0
        await until(lambda: 'adfile: {status: approved, by: "ana"' in shop.reviews)
        await frame(page, STRIP)
        await keys(page, "u")
        await toast(page, "Approval taken back")
    assert shop.record.approved == frozenset()


async def test_a_key_decides_on_the_ad_file_and_never_on_the_picture_behind_it(shop):
    before = shop.run("ls", "shop.yaml", "--json").stdout
    async with shop.server() as server, looking(server) as page:
        await frame(page, TALL)
        for key in ("p", "x", "r", "1"):
            await keys(page, key)
        await toast(page, "To redo the picture")
    assert shop.run("ls", "shop.yaml", "--json").stdout == before


async def test_the_note_of_a_draft_is_written_beside_its_ad_file(shop):
    """A dialog covered the ad file that the note was about."""
    async with shop.server() as server, looking(server) as page:
        await page.locator(f"#c{TALL}").focus()
        await keys(page, "Enter", "a")
        await page.wait_for_selector(".insp[aria-label='Ad file']")
        await keys(page, "r")
        await page.keyboard.type("more air above")
        frame = await page.locator(".adpanes").bounding_box()
        dock = await page.locator(".insp[aria-label='Ad file'] .dock").bounding_box()
        assert frame["x"] + frame["width"] <= dock["x"]
        await keys(page, "Enter")
        await page.wait_for_selector(".dock", state="detached")
        await until(lambda: "more air above" in shop.reviews)


async def test_a_window_is_moved_seen_at_once_saved_and_made(shop):
    file = next(row for row in shop.record if row.placement == "tile")
    async with shop.server() as server, looking(server) as page:
        await frame(page, TILE)
        shown = await page.get_attribute(".adframe img", "src")
        box = await page.locator("#adwindow").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        await page.mouse.move(x, y)
        await page.mouse.down()
        await page.mouse.move(x, y - 10, steps=3)
        await page.mouse.move(x + 40, y - 40, steps=3)
        await page.mouse.up()
        await keys(page, "+", "+", "+")
        await page.wait_for_selector(".adframe img[src$='/preview']")
        assert await page.get_attribute(".adframe img", "src") != shown
        await page.locator("#adwindow").focus()
        await keys(page, "ArrowLeft", "Shift+ArrowDown", "Enter")
        await toast(page, "Window saved")
        await page.wait_for_selector(".adframe img[src$='/file']", timeout=20_000)
        await page.wait_for_selector("text=/ana · just now/")
        chosen = shop.record.windows[PLACE]
        await until(lambda: "    window: {focus: [" in shop.reviews)
    assert (chosen.by, chosen.keep) == ("ana", ())
    made = next(row.made for row in shop.record if row.placement == "tile")
    assert made.recipe != file.made.recipe
    assert made.window[2] < file.made.window[2]
    assert shop.run("adfiles", "shop.yaml", "--json").returncode == 0
    assert next(row.made for row in shop.record if row.placement == "tile") == made


async def test_a_box_is_drawn_or_typed_discarded_and_handed_back_to_the_planner(shop):
    async with shop.server() as server, looking(server) as page:
        await frame(page, TILE)
        await page.click("text=Box to keep")
        plane = await page.locator(".adplane").bounding_box()
        x, y = plane["x"] + plane["width"] * 0.3, plane["y"] + plane["height"] * 0.3
        await page.mouse.move(x, y)
        await page.mouse.down()
        await page.mouse.move(x + 60, y + 50, steps=3)
        await page.mouse.up()
        await page.wait_for_selector(".admark.keep")
        await keys(page, "Escape")
        assert await page.locator(".admark.keep, .unsaved").count() == 0
        await page.focus("text=Box to keep")
        await keys(page, "Enter")
        await page.fill(".kept input >> nth=0", "10")
        await page.press(".kept input >> nth=0", "Tab")
        await page.click("text=Save the window")
        await toast(page, "Window saved")
        assert shop.record.windows[PLACE].keep == ((0.1, 0.3, 0.4, 0.4),)
        await page.click("text=As planned")
        await page.click("text=Save the window")
        await toast(page, "The planner decides again")
    assert shop.record.windows[PLACE].withdrawn


async def test_the_second_of_two_people_is_told_and_may_insist(shop):
    async with (
        shop.server() as server,
        chromium() as browser,
        looking(server, browser=browser) as ana,
        looking(server, browser=browser) as jon,
    ):
        await jon.route("**/events*", lambda route: route.abort())
        await jon.reload()
        await jon.wait_for_selector(".card")
        for page in (ana, jon):
            await frame(page, TILE)
            await page.locator("#adwindow").focus()
            await keys(page, "Shift++")
        await keys(ana, "Enter")
        await toast(ana, "Window saved")
        await keys(jon, "Shift+ArrowUp", "Enter")
        await toast(jon, "ana chose another window meanwhile")
        assert shop.record.window_revision(PLACE) == 1
        await jon.click("text=Use mine")
        await toast(jon, "Window saved")
    assert shop.record.window_revision(PLACE) == 2


async def test_drafts_are_previewed_before_a_final_is_bought(shop):
    async with shop.server() as server, looking(server) as page:
        await page.locator(f"#c{TILE}").focus()
        await keys(page, "Enter", "a")
        await page.wait_for_selector(".adframe img[src$='/preview']")
        assert "A preview of the draft" in await page.inner_text(".insp")
        assert await page.locator("#adwindow").count() == 0


BASE = {"take": 1, "format": "jpg", "source": "0" * 16}


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("0/adfiles/window", {**BASE, "focus": [0.5, 0.5]}, (422, "has changed since")),
        ("0/adfiles/window", {**BASE, "take": "1"}, (400, "take should be a number")),
        ("0/adfiles/preview?stage=final", {**BASE, "focus": [0.5]}, (422, "has changed since")),
        ("0/adfiles/approval", {"approved": True, "bases": {}}, (400, "with bases by recipe")),
        ("0/adfiles/approval", {"approved": True, "bases": {"ab": 0}}, (422, "look again")),
        ("0/adfiles/delete", {}, (404, "an ad file has preview")),
        ("99/adfiles/window", {}, (404, "no such cell")),
    ],
)
async def test_what_the_page_never_sends_is_refused(rendered_shop, path, body, expected):
    async with (
        rendered_shop.server() as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
    ):
        token = server.url.partition("?t=")[2]
        root = f"http://127.0.0.1:{server.port}"
        await session.get(f"{root}/?t={token}", allow_redirects=False)
        headers = {"X-Review": "1", "Origin": root}
        async with session.post(
            f"{root}/api/runs/shop/cells/{path}", json=body, headers=headers
        ) as reply:
            assert reply.status == expected[0]
            assert expected[1] in await reply.text()
        for address in (f"/adfile/{'0' * 16}/file", f"/adfile/{'0' * 16}/preview"):
            async with session.get(root + address) as reply:
                assert reply.status == 404


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("wide", [1280, 390])
async def test_axe_finds_nothing_and_nothing_overflows(shop, theme, wide):
    async with shop.server() as server, looking(server, wide=wide, high=800, theme=theme) as page:
        await keys(page, "t")
        await page.wait_for_selector(".badge.look")
        assert await violations(page) == []
        for cell in (STRIP, TILE):
            await frame(page, cell)
            await page.focus("text=Box to keep")
            await keys(page, "Enter")
            await page.wait_for_selector(".unsaved")
            assert await violations(page) == []
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            await keys(page, "Escape", "Escape")
