"""The contact sheet: no script, no network, the same bytes from the same board."""

import email
import re
from email import policy

import pytest
from builders import NOW
from review_stand import SLUG, Stand, StandSource

from pipeline.artifacts.looking import Looker
from pipeline.artifacts.workers import Workers
from pipeline.model.credits import Credits, Spent
from pipeline.model.verdict import Decision
from pipeline.reviewing.binding import Opinion
from pipeline.reviewing.board import Planned, lay
from pipeline.reviewing.mailing import sheet_mail
from pipeline.reviewing.sheet import draw_sheet, shown_artifacts
from pipeline.reviewing.sheetthumbs import attached, beside, inline, thumbs_of
from pipeline.reviewing.verdicts import by_cell, decide_cells

SPENT = Spent(confirmed=Credits(16), in_doubt=Credits(2))
HOSTILE = '"><script>alert(1)</script>'


async def board_of(stand, *, note=""):
    drafts = await stand.drafts()
    if note:
        redo = Opinion(decision=Decision.REDO, by="ana", at=NOW, note=note)
        await decide_cells(stand.ledger, SLUG, drafts, glob="citrus/1x1", opinion=redo)
    planned = Planned(
        campaign=stand.source.campaign(),
        cells=tuple(stand.source.cells()),
        drafts=by_cell(drafts),
        finals={},
    )
    entries = {entry.key: entry for entry in await stand.ledger.campaign_entries(SLUG)}
    return lay(planned, entries, await stand.ledger.verdicts(SLUG), version=1)


@pytest.fixture
async def stand(tmp_path):
    stand = Stand(folder=tmp_path)
    await stand.render(await stand.drafts())
    return stand


def drawn(board, source):
    return draw_sheet(board, run="run-1", spent=SPENT, source=source)


async def test_the_sheet_is_one_file_with_every_thumb_inside(stand):
    board = await board_of(stand)
    async with Workers() as workers:
        looker = Looker(stand.output, workers)
        for artifact in shown_artifacts(board).values():
            await looker.look(artifact, thumbs_for=SLUG)
    pages = drawn(board, inline(thumbs_of(stand.output, SLUG)))
    assert list(pages) == ["sheet.html"]
    assert pages["sheet.html"].count("data:image/webp;base64,") == 8


async def test_the_same_board_gives_the_same_bytes(stand):
    board = await board_of(stand)
    assert drawn(board, beside("thumbs")) == drawn(board, beside("thumbs"))


async def test_a_hostile_note_is_text_and_nothing_else(stand):
    page = drawn(await board_of(stand, note=HOSTILE), beside("thumbs"))["sheet.html"]
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


async def test_nothing_is_asked_of_any_host(stand):
    page = drawn(await board_of(stand), beside("thumbs"))["sheet.html"]
    assert "default-src 'none'" in page
    assert re.findall(r"https?://", page) == []


async def test_credits_in_doubt_make_the_sum_an_interval(stand):
    page = drawn(await board_of(stand), beside("thumbs"))["sheet.html"]
    assert "<dd>16–18</dd>" in page


async def test_more_than_five_hundred_images_are_split_over_linked_pages(tmp_path):
    products = {f"p{at}": f"Product {at}" for at in range(130)}
    stand = Stand(folder=tmp_path, source=StandSource(products=products))
    png = stand.painter((await stand.drafts())[0])
    for job in await stand.drafts():
        await stand.store(job, png)
    pages = drawn(await board_of(stand), beside("thumbs"))
    assert list(pages) == ["sheet.html", "sheet-2.html"]
    assert 'href="sheet-2.html"' in pages["sheet.html"]
    assert sum(page.count("<img") for page in pages.values()) == 520


async def test_a_mail_carries_each_thumb_once_under_the_name_that_the_page_uses(stand):
    board = await board_of(stand)
    page = drawn(board, attached)["sheet.html"]
    thumbs = dict.fromkeys(shown_artifacts(board), b"RIFFxxxxWEBP")
    mail = email.message_from_bytes(
        sheet_mail(page, thumbs, subject="Sheet"), policy=policy.default
    )
    named = {part["Content-ID"].strip("<>") for part in mail.walk() if part["Content-ID"]}
    assert named == set(re.findall(r'src="cid:([^"]+)"', page))
    assert len(named) == 8
