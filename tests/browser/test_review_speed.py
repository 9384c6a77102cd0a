"""How soon pictures are there over a slow network, and how cheap a list of 10,000 images is."""

import asyncio
import io

from builders import NOW
from PIL import Image, ImageDraw, ImageFilter
from review_browser import keys, looking, needs_chromium
from review_case import SLUG, CaseSource, ReviewCase

from pipeline.model.verdict import Decision
from pipeline.review.verdicts import UnboundVerdict, decide_cells

pytestmark = needs_chromium

SLOW = {"offline": False, "latency": 40, "downloadThroughput": 50_000, "uploadThroughput": 50_000}


def photo(job):
    """A picture with the detail of a photograph: gradients, edges, texture and grain."""
    side = 1456 if job.at.stage == "final" else 720
    image = Image.linear_gradient("L").resize((side, side)).convert("RGB")
    image = Image.blend(image, Image.new("RGB", image.size, (230, 150, 60)), 0.6)
    draw = ImageDraw.Draw(image)
    for at in range(60):
        x, y = (at * 389) % side, (at * 241) % side
        draw.ellipse(
            (x, y, x + side // 6, y + side // 9), fill=(at * 4, 255 - at * 3, at * 37 % 255)
        )
    texture = Image.effect_noise((side // 3, side // 3), 90).resize(image.size).convert("RGB")
    image = Image.blend(image.filter(ImageFilter.GaussianBlur(1)), texture, 0.08)
    image = Image.blend(image, Image.effect_noise(image.size, 60).convert("RGB"), 0.03)
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


SHOWN = """() => [...document.querySelectorAll('.loupe .stage .frame img')].filter(
  (one) => one.complete && one.naturalWidth > 0).map((one) => one.src.split('/').at(-1))"""


async def until_shown(page, sizes, since):
    """Seconds until a picture of one of these sizes is there."""
    clock = asyncio.get_running_loop()
    while clock.time() - since < 20:
        if sizes & {*await page.evaluate(SHOWN)}:
            return clock.time() - since
        await asyncio.sleep(0.02)
    raise AssertionError(f"none of {sizes} was there after 20 seconds")


async def test_over_a_slow_network_the_thumb_is_there_at_once_and_the_picture_soon(tmp_path):
    """At 50 kB/s the loupe was almost black for 14 seconds, until the file had arrived.

    What the network needs is counted in bytes, since a busy machine has its own delays.
    """
    source = CaseSource(products={"citrus": "Soda"}, sizes=("1:1",), takes=1)
    case = ReviewCase(folder=tmp_path, source=source, painter=photo)
    await case.render(await case.drafts())
    opinion = UnboundVerdict(decision=Decision.APPROVED, by="ana", at=NOW, take=1)
    await decide_cells(case.ledger, SLUG, await case.drafts(), glob="*", opinion=opinion)
    await case.render((await case.survey()).finals)
    final = next(case.output.rglob("finals/**/*.png"))
    async with case.server() as server, looking(server) as page:
        await keys(page, "Enter")  # the server's pool is started by the first picture
        await page.wait_for_selector(".insp .checks")
        await keys(page, "Escape")
        await page.click("header >> text=/^Finals/")
        await page.wait_for_selector("#c0 .tile img")
        await page.locator("#c0").focus()
        session = await page.context.new_cdp_session(page)
        await session.send("Network.enable")
        await session.send("Network.emulateNetworkConditions", SLOW)
        arrived = []
        session.on("Network.dataReceived", lambda event: arrived.append(event["dataLength"]))
        start = asyncio.get_running_loop().time()
        await keys(page, "Enter")
        thumb = await until_shown(page, {"256", "screen"}, start)
        before_thumb = sum(arrived)
        picture = await until_shown(page, {"screen"}, start)
    assert final.stat().st_size > 1_500_000
    assert before_thumb < 0.8 * SLOW["downloadThroughput"]
    assert sum(arrived) < 2.8 * SLOW["downloadThroughput"]
    assert thumb <= picture < 10


PACE = """async (pace) => {
  const main = document.querySelector('script[type=module]').src;
  const scrolling = await import(main.replace('main.js', 'state/scrolling.js'));
  scrolling.pace.value = scrolling[pace];
}"""


async def test_a_list_that_is_scrolled_quickly_requests_one_picture_of_a_cell(tmp_path):
    """On a busy machine the list moved more slowly, and so requested four pictures of each cell."""
    case = ReviewCase(folder=tmp_path)
    await case.render(await case.drafts())
    async with case.server() as server, looking(server) as page:
        await keys(page, "m")
        await page.wait_for_selector(".matrix")
        await page.evaluate(PACE, "QUICK")
        await keys(page, "g")
        await page.wait_for_selector(".card .tile img[src]")
        quick = await page.locator(".card .tile img[src]").count()
        await page.evaluate(PACE, "SLOW")
        await page.wait_for_selector("#c0 .tile:last-child img[src]")
        slow = await page.locator(".card .tile img[src]").count()
        cards = await page.locator(".card").count()
    assert (quick, slow) == (cards, 2 * cards)
