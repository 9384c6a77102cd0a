"""The contact sheet: no script, no network, the same bytes from the same table."""

import email
import io
import re
from email import policy

import pytest
from builders import NOW
from PIL import Image, ImageDraw
from review_case import SLUG, CaseSource, ReviewCase

from pipeline.images.registry import images_in
from pipeline.inspection.task import inspect_of
from pipeline.model.money import Amount, Spent
from pipeline.model.verdict import Decision
from pipeline.reports.sheet.contact_sheet import Sheet, draw_sheet, shown_artifacts
from pipeline.reports.sheet.sheet_files import sheet_mail, sheet_text
from pipeline.reports.sheet.sheet_thumbs import MailThumbs, beside, inline, thumbs_of
from pipeline.review.verdicts import UnboundVerdict, decide_cells

SPENT = Spent(confirmed=Amount(16), in_doubt=Amount(2))
HOSTILE = '"><script>alert(1)</script>'


async def decide(case, glob, decision):
    opinion = UnboundVerdict(decision=decision, by="ana", at=NOW, take=1)
    await decide_cells(case.ledger, SLUG, await case.drafts(), glob=glob, opinion=opinion)


async def table_of(case, *, note=""):
    drafts = await case.drafts()
    if note:
        redo = UnboundVerdict(decision=Decision.REDO, by="ana", at=NOW, note=note)
        await decide_cells(case.ledger, SLUG, drafts, glob="citrus/1x1", opinion=redo)
    return await case.table()


@pytest.fixture
async def case(tmp_path):
    case = ReviewCase(folder=tmp_path)
    await case.render(await case.drafts())
    return case


def drawn(table, source, **more):
    return draw_sheet(table, run="run-1", spent=SPENT, source=source, **more)


async def test_the_sheet_is_one_file_with_every_thumb_inside(case):
    table = await table_of(case)
    pages = drawn(table, inline(await thumbed(case, table), images=8))
    assert list(pages) == ["sheet.html"]
    assert pages["sheet.html"].count("data:image/webp;base64,") == 8


async def test_the_same_board_gives_the_same_bytes(case):
    table = await table_of(case)
    assert drawn(table, beside("thumbs")) == drawn(table, beside("thumbs"))


async def test_a_hostile_note_is_text_and_nothing_else(case):
    page = drawn(await table_of(case, note=HOSTILE), beside("thumbs"))["sheet.html"]
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


async def test_nothing_is_asked_of_any_host(case):
    page = drawn(await table_of(case), beside("thumbs"))["sheet.html"]
    assert "default-src 'none'" in page
    assert re.findall(r"https?://", page) == []


async def test_finals_that_nobody_spoke_about_are_not_called_open(case):
    drafts = await case.drafts()
    yes = UnboundVerdict(decision=Decision.APPROVED, by="ana", at=NOW, take=1)
    await decide_cells(case.ledger, SLUG, drafts, glob="*", opinion=yes)
    finals = (await case.survey()).finals
    await case.render(finals)
    table = await case.table()
    page = drawn(table, beside("thumbs"))["sheet.html"]
    assert page.count('<span class="st">final</span>') == len(finals) == 4
    assert "final, open" not in page


async def test_a_sheet_shows_the_names_that_a_reply_is_asked_to_name(case):
    page = drawn(await table_of(case), beside("thumbs"))["sheet.html"]
    names = [cell.name for cell in case.source.cells()]
    assert [name for name in names if f"<bdi>{name}</bdi>" not in page] == []
    assert "Reply with the names under the pictures" in page


async def test_credits_in_doubt_make_the_sum_an_interval(case):
    page = drawn(await table_of(case), beside("thumbs"))["sheet.html"]
    assert "<dd>16–18</dd>" in page


async def test_more_than_five_hundred_images_are_split_over_linked_pages(tmp_path):
    products = {f"p{at}": f"Product {at}" for at in range(130)}
    case = ReviewCase(folder=tmp_path, source=CaseSource(products=products))
    png = case.painter((await case.drafts())[0])
    for job in await case.drafts():
        await case.store(job, png)
    pages = drawn(await table_of(case), beside("thumbs"))
    assert list(pages) == ["sheet.html", "sheet-2.html"]
    assert 'href="sheet-2.html"' in pages["sheet.html"]
    assert sum(page.count("<img") for page in pages.values()) == 520


async def thumbed(case, table):
    """A reader of thumbs that a run made."""
    images = images_in(case.output)
    for artifact in shown_artifacts(table).values():
        inspect_of(images.location, artifact, campaign=SLUG).run()
    return thumbs_of(images, SLUG)


async def test_a_mail_carries_each_picture_once_as_a_jpeg_that_every_mail_program_shows(case):
    table = await table_of(case)
    attached = MailThumbs(await thumbed(case, table))
    page = drawn(table, attached)["sheet.html"]
    mail = email.message_from_bytes(
        sheet_mail(page, attached.parts, subject="Sheet"), policy=policy.default
    )
    parts = {p["Content-ID"].strip("<>"): p for p in mail.walk() if p["Content-ID"]}
    assert set(parts) == set(re.findall(r'src="cid:([^"]+)"', page))
    assert len(parts) == 8
    kinds = {Image.open(io.BytesIO(part.get_content())).format for part in parts.values()}
    assert kinds == {"JPEG"}


async def test_a_mail_leaves_out_the_pictures_of_other_pages(case):
    mail = email.message_from_bytes(
        sheet_mail(
            '<img src="cid:aa@sheet">', {"aa@sheet": b"a", "bb@sheet": b"b"}, subject="Sheet"
        ),
        policy=policy.default,
    )
    assert [part["Content-ID"] for part in mail.walk() if part["Content-ID"]] == ["<aa@sheet>"]


@pytest.mark.parametrize("takes", [1, 4])
async def test_two_hundred_photographs_inside_one_page_weigh_about_400_kb(tmp_path, takes):
    products = {f"p{at:02d}": f"Product {at}" for at in range(40 // takes)}
    sizes = ("1:1", "4:3", "16:9", "9:21", "2:1")
    source = CaseSource(products=products, sizes=sizes, takes=takes)
    case = ReviewCase(folder=tmp_path, source=source)
    await case.render(await case.drafts())
    table = await table_of(case)
    assert len(shown_artifacts(table)) == 200
    thumb = photograph()
    page = drawn(table, inline(lambda _: thumb, images=200))["sheet.html"]
    assert page.count("data:image/webp") == 200
    assert 5_000 < len(thumb) < 6_500
    assert 330_000 < len(page) < 440_000


def photograph():
    """As heavy as the thumb of a product on a table: soft light, and much that has an edge."""
    light = Image.linear_gradient("L").resize((256, 192))
    image = Image.merge(
        "RGB", [light.point([v * k // 10 + 60 for v in range(256)]) for k in (6, 5, 4)]
    )
    draw = ImageDraw.Draw(image)
    for at in range(105):
        x, y, size = at * 53 % 250, at * 97 % 186, 6 + at * 7 % 13
        colour = (at * 41 % 200 + 40, at * 67 % 160 + 40, at * 29 % 140 + 60)
        draw.ellipse((x, y, x + size, y + size * 2 // 3), fill=colour)
    draw.rounded_rectangle((90, 30, 166, 176), 18, fill="#c9732f")
    draw.rectangle((98, 80, 158, 130), fill="#f7efe0")
    out = io.BytesIO()
    image.save(out, "WEBP", quality=80, method=2)
    return out.getvalue()


async def test_a_mail_survives_without_style_sheets_variables_flex_and_grid(case):
    """Mail programs strip all of these: the mail collapsed into a column of grey boxes."""
    await decide(case, "citrus/1x1", Decision.APPROVED)
    page = drawn(await case.table(), beside("thumbs"), template="sheet-mail.html")
    html = page["sheet.html"]
    assert not re.search(r"<style|var\(|flex|grid|class=|light-dark", html)
    assert html.count("<table") == html.count("</table>") > 4
    assert "#127a43" in html  # the colour of an approval, in the element itself


async def test_a_mail_says_in_plain_text_where_each_cell_stands(case):
    text = sheet_text(await case.table(), file="campaigns/soda.yaml")
    assert re.search(r"^citrus/1x1 +\S", text, re.MULTILINE)
    assert text.count("\n") >= 6
    assert "pipeline review campaigns/soda.yaml" in text


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("2026-11-30T135047Z-024e5d", "30 November 2026, 13:50 UTC"),
        ("2026-01-02T000000Z-0", "2 January 2026, 00:00 UTC"),
        ("some run", "some run"),
        ("", ""),
    ],
)
def test_a_date_is_written_for_people(run, words):
    sheet = Sheet(campaign="soda", file="", run=run, totals=(), groups=(), links=())
    assert sheet.when == words
