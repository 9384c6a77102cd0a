"""The playground in a real browser: paint, price, advice, cut-outs, history, what goes wrong."""

import io

import aiohttp
import pytest
from PIL import Image
from playground_stand import before, choose, painted, playing, render
from review_browser import needs_chromium

from pipeline.imageserver.fault_injection.rules import Fault, FaultRule
from pipeline.imageserver.options import Engine

pytestmark = needs_chromium

HOSTILE = '"><img src=x onerror=pwned=1><script>pwned=1</script>{{7*7}}'


async def corner(url):
    """The mode of the image, and its upper left pixel."""
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        image = Image.open(io.BytesIO(await response.read()))
        return image.mode, image.getpixel((0, 0))


async def test_a_press_of_the_button_paints_shows_and_charges_what_it_said(tmp_path):
    async with playing(tmp_path, engine=Engine.PROOF) as server, before(server) as page:
        await page.fill("#n", "2")
        said = await page.inner_text("#go")
        images = await render(page)
        natural = await page.evaluate("document.querySelector('#tiles img').naturalWidth")
    assert said.split() == ["Render", "2", "drafts", "4", "credits"]
    assert (len(images), natural, server.charged()) == (2, 768, 4)


async def test_the_button_says_the_price_before_anything_is_spent(tmp_path):
    async with playing(tmp_path) as server, before(server) as page:
        await choose(page, "High")
        await page.fill("#n", "3")
        await page.click("#more")
        assert await page.inner_text("#cost") == "48 credits"
        assert await page.inner_text("#go-text") == "Render 4 finals"
        assert server.charged() == 0


async def test_more_images_than_the_api_sells_cannot_be_asked_for(tmp_path):
    async with playing(tmp_path) as server, before(server) as page:
        await page.fill("#n", "99")
        await page.locator("#n").blur()
        assert await page.input_value("#n") == "10"


async def test_ctrl_enter_in_the_prompt_paints_and_the_account_goes_down(tmp_path):
    async with playing(tmp_path, credits=100) as server, before(server) as page:
        assert await page.inner_text("#balance") == "100 credits left"
        await page.focus("#prompt")
        await page.keyboard.press("Control+Enter")
        await painted(page)
        assert await page.inner_text("#balance") == "98 credits left"


async def test_a_transparent_image_has_alpha_and_stands_on_a_board_of_ones_choice(tmp_path):
    async with playing(tmp_path, engine=Engine.PROOF) as server, before(server) as page:
        await choose(page, "Transparent")
        (image,) = await render(page)
        mode, pixel = await corner(image)
        board = page.locator("#tiles .tile.board")
        checks = await board.evaluate("one => getComputedStyle(one).backgroundImage")
        await page.click("#boards label:has(.black)")
        black = await board.evaluate("one => getComputedStyle(one).backgroundColor")
    assert (mode, pixel[3]) == ("RGBA", 0)
    assert checks.startswith("repeating-conic-gradient")
    assert black == "rgb(0, 0, 0)"


async def test_an_opaque_image_needs_no_board(tmp_path):
    async with playing(tmp_path) as server, before(server) as page:
        await render(page)
        assert await page.locator(".tile.board").count() == 0
        assert not await page.is_visible("#boards")


async def test_history_brings_back_the_images_and_the_request_that_made_them(tmp_path):
    async with playing(tmp_path) as server, before(server) as page:
        await page.fill("#prompt", "A mint tea bottle")
        await choose(page, "9:21")
        first = await render(page)
        await page.fill("#prompt", "A berry soda can")
        await choose(page, "2:1")
        second = await render(page)
        await page.click("#strip li:nth-child(2) button")
        back = await painted(page)
        prompt = await page.input_value("#prompt")
        size = await page.locator("[name=size]:checked").input_value()
    assert back == first != second
    assert (prompt, size, server.charged()) == ("A mint tea bottle", "9:21", 4)


async def test_history_outlives_a_reload_and_ends_when_it_is_cleared(tmp_path):
    async with playing(tmp_path) as server, before(server) as page:
        images = await render(page)
        await page.reload()
        assert await painted(page) == images
        await page.click("#forget")
        await page.reload()
        await page.wait_for_selector(".tile.empty")
        assert not await page.is_visible("#history")


async def test_another_take_is_another_scene_that_history_can_ask_for_again(tmp_path):
    async with playing(tmp_path, engine=Engine.PROOF) as server, before(server) as page:
        (plain,) = await render(page)
        await page.click("#another")
        await page.wait_for_selector("#strip li:nth-child(2)")
        (other,) = await painted(page)
        chip = await page.inner_text("#variation")
        await page.click("#strip li:nth-child(2) button")
        assert not await page.is_visible("#variation")
        await page.click("#strip li:nth-child(1) button")
        assert await page.inner_text("#variation") == chip
        async with aiohttp.ClientSession() as session:
            pictures = [await (await session.get(url)).read() for url in (plain, other)]
    assert pictures[0] != pictures[1]


async def test_advice_follows_what_is_typed(tmp_path):
    async with playing(tmp_path) as server, before(server) as page:
        await page.fill("#prompt", 'A bottle that says "one two three four five six seven"')
        await page.wait_for_selector("[data-code=lint-long-quote]")
        codes = await page.locator("#lint .am").evaluate_all("all => all.map(a => a.dataset.code)")
        await page.fill("#prompt", 'A poster of a bottle on ice, soft light, close-up, "FRESH"')
        await page.wait_for_selector("#lint:not(:has(.am)) .ok")
        good = await page.locator("#lint .ok").all_inner_texts()
    assert codes == [
        "lint-long-quote",
        "lint-layout",
        "lint-setting",
        "lint-light",
        "lint-framing",
    ]
    assert good[0] == "Quoted copy is short: “FRESH”"
    assert "Setting, light and framing are named" in good


async def test_a_described_backdrop_is_advised_against_once_the_background_is_transparent(
    tmp_path,
):
    async with playing(tmp_path) as server, before(server) as page:
        await page.fill("#prompt", "A photo of a bottle on a wooden table, soft light")
        await page.wait_for_selector("#lint:not(:has(.am)) .ok")
        await choose(page, "Transparent")
        await page.wait_for_selector("[data-code=lint-backdrop]")


async def test_without_a_lint_the_page_has_no_place_for_advice(tmp_path):
    async with playing(tmp_path, lint=None) as server, before(server) as page:
        await page.fill("#prompt", "A bottle")
        assert await page.locator("#lint").count() == 0


async def test_too_few_credits_are_said_and_nothing_is_charged(tmp_path):
    async with playing(tmp_path, credits=3) as server, before(server) as page:
        await choose(page, "High")
        await page.click("#go")
        await page.wait_for_selector("#problem:has-text('Not enough credits')")
        assert server.charged() == 0


@pytest.mark.parametrize(
    ("rule", "title"),
    [
        (FaultRule(fault=Fault.STATUS, status=500), "The server could not paint it"),
        (FaultRule(fault=Fault.HTML), "The answer was not the API's"),
        (FaultRule(fault=Fault.EMPTY_IMAGES), "No image came back"),
        (FaultRule(fault=Fault.DROP), "No answer"),
    ],
)
async def test_an_api_that_misbehaves_is_reported_and_the_form_works_on(tmp_path, rule, title):
    async with playing(tmp_path) as server, before(server) as page:
        server.fault_injection.replace((rule,))
        await page.click("#go")
        await page.wait_for_selector(f'#problem:has-text("{title}")')
        server.fault_injection.replace(())
        assert len(await render(page)) == 1
        assert not await page.is_visible("#problem")


async def test_an_image_that_the_host_does_not_give_can_be_asked_for_again(tmp_path):
    async with playing(tmp_path) as server, before(server) as page:
        server.fault_injection.replace((FaultRule(fault=Fault.STATUS, status=404, on="cdn"),))
        await page.click("#go")
        await page.wait_for_selector(".lost:has-text('did not give this image')")
        server.fault_injection.replace(())
        await page.click("#tiles .tile")
        assert len(await painted(page)) == 1


async def test_an_image_opens_large_and_arrows_walk_through_the_others(tmp_path):
    async with playing(tmp_path) as server, before(server) as page:
        await page.fill("#n", "3")
        images = await render(page)
        await page.locator("#tiles .tile").first.press("Enter")
        await page.keyboard.press("ArrowLeft")
        shown = await page.get_attribute("#viewed", "src")
        await page.keyboard.press("Escape")
        assert shown == images[2]
        assert not await page.is_visible("#viewer")


async def test_a_download_is_a_file_named_after_the_request(tmp_path):
    async with playing(tmp_path) as server, before(server) as page:
        await page.fill("#prompt", "A photo of a Mint Tea bottle")
        await render(page)
        async with page.expect_download() as waiting:
            await page.click("#download")
        saved = await (await waiting.value).path()
        assert (await waiting.value).suggested_filename == "mint-tea-bottle-4x3-low-1.png"
        assert saved.read_bytes().startswith(b"\x89PNG")


async def test_words_of_a_prompt_never_run(tmp_path):
    async with playing(tmp_path) as server, before(server) as page:
        await page.fill("#prompt", HOSTILE)
        await render(page)
        await page.reload()
        await painted(page)
        assert await page.evaluate("typeof pwned") == "undefined"
        assert (await page.get_attribute("#tiles img", "alt")).endswith(HOSTILE)


async def test_where_no_session_is_given_the_page_asks_for_the_key_and_paints_with_it(tmp_path):
    forwarded = {"X-Forwarded-For": "192.0.2.7"}
    async with playing(tmp_path) as server, before(server, headers=forwarded) as page:
        await page.click("#go")
        await page.wait_for_selector("#problem:has-text('The key was refused')")
        await page.fill("#key", server.key)
        assert len(await render(page)) == 1
        await page.reload()
        assert await page.input_value("#key") == ""


async def test_everything_is_reached_with_the_keyboard_and_nothing_traps_it(tmp_path):
    async with playing(tmp_path) as server, before(server) as page:
        await render(page)
        await page.focus("#theme")
        met = []
        for _ in range(18):
            await page.keyboard.press("Tab")
            met.append(
                await page.evaluate(
                    "(e => e.id || e.name || e.dataset.copy || e.className)(document.activeElement)"
                )
            )
    order = ["prompt", "size", "quality", "n", "background", "go", "curl", "Python", "Node", "YAML"]
    assert met[:10] == order
    assert met[10].startswith("tile")
    assert met[11:15] == ["another", "download", "forget", ""]


async def test_the_theme_can_be_switched_and_stays(tmp_path):
    async with playing(tmp_path) as server, before(server, theme="light") as page:
        await page.click("#theme")
        await page.reload()
        assert await page.evaluate("getComputedStyle(document.documentElement).colorScheme") == (
            "dark"
        )


async def test_a_visitor_who_has_rendered_nothing_sees_what_the_form_would_get(tmp_path):
    """The first screen was an empty frame; the examples are painted once and charged to nobody."""
    async with playing(tmp_path, engine=Engine.PROOF) as server, before(server) as page:
        await page.wait_for_selector(".tile.example:not(.painting) img[alt*='citrus soda bottle']")
        await page.wait_for_selector("#starts button:last-of-type.pictured", timeout=60_000)
        await page.click("#starts >> text=Cut-out")
        await page.wait_for_selector(".tile.example.board:not(.painting)")
        await page.fill("#prompt", "A red kite")
        assert await page.locator(".tile.empty").count() == 1
        (image,) = await render(page)
        assert await page.locator(".tile.example, #starts:not([hidden])").count() == 0
    assert (image[:4], server.charged()) == ("http", 2)


async def test_a_server_that_paints_nothing_has_no_examples(tmp_path):
    async with playing(tmp_path) as server, before(server) as page:
        assert await page.locator(".tile.empty").count() == 1
        assert await page.locator("#starts button").count() == 5
        assert await page.locator(".pictured").count() == 0
