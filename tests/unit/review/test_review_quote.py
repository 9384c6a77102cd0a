"""What a launch would buy: exactly that, and shared images once."""

from dataclasses import replace

import pytest
from builders import NOW
from review_stand import SLUG, Stand

from pipeline.model.campaign import Stage
from pipeline.model.credits import FREE
from pipeline.model.verdict import Decision
from pipeline.review.binding import UnboundVerdict
from pipeline.review.page.quote import quote_launch
from pipeline.review.verdicts import decide_cells
from pipeline.state.board import PlannedCampaign, build_board
from pipeline.state.lookup import by_cell
from pipeline.state.payers import settle_payers
from pipeline.state.picks import picks_from


@pytest.fixture
async def stand(tmp_path):
    stand = Stand(folder=tmp_path)
    await stand.render(await stand.drafts())
    return stand


async def say(stand, glob, decision, *, note="", take=1):
    opinion = UnboundVerdict(decision=decision, by="ana", at=NOW, note=note, take=take)
    await decide_cells(stand.ledger, SLUG, await stand.drafts(), glob=glob, opinion=opinion)


async def board(stand, drafts=None):
    drafts = await stand.drafts() if drafts is None else drafts
    entries = {entry.key: entry for entry in await stand.ledger.campaign_entries(SLUG)}
    newest = await stand.ledger.verdicts(SLUG)
    drafts = settle_payers(drafts, entries, selected=None)
    finals = await stand.source.finals(picks_from(newest, drafts, entries))
    planned = PlannedCampaign(
        campaign=stand.source.campaign(),
        cells=tuple(stand.source.cells()),
        drafts=by_cell(drafts),
        finals=by_cell(finals),
    )
    return build_board(planned, entries, newest, version=1)


async def test_finals_are_counted_by_size_for_approvals_only(stand):
    await say(stand, "citrus/*", Decision.APPROVED)
    await say(stand, "berry/4x3", Decision.APPROVED)
    found = quote_launch(await board(stand), Stage.FINAL)
    assert [(line.size, line.count, line.price) for line in found.lines] == [
        ("1:1", 1, 12),
        ("4:3", 2, 12),
    ]
    assert found.credits == 36


async def test_a_final_that_was_paid_for_is_not_counted_again(stand):
    await say(stand, "*/4x3", Decision.APPROVED)
    finals = [row.final.jobs[0] for row in (await board(stand)).rows if row.final is not None]
    await stand.render(finals[:1])
    assert quote_launch(await board(stand), Stage.FINAL).credits == 12


async def test_a_redo_costs_all_takes_of_its_cell(stand):
    await say(stand, "citrus/4x3", Decision.REDO, note="brighter")
    found = quote_launch(await board(stand), Stage.DRAFT)
    assert (found.cells, found.credits) == (("citrus/4x3",), 4)


async def test_another_note_is_another_plan(stand):
    await say(stand, "citrus/4x3", Decision.REDO, note="brighter")
    before = quote_launch(await board(stand), Stage.DRAFT).plan
    await say(stand, "citrus/4x3", Decision.REDO, note="darker")
    assert quote_launch(await board(stand), Stage.DRAFT).plan != before


def sharing(drafts):
    """Drafts as planning writes them where both citrus cells ask for the same picture."""
    lead = {j.at.take: j.key for j in drafts if j.at.cell == "citrus/1x1"}
    return [
        replace(job, payer=lead[job.at.take], price=FREE) if job.at.cell == "citrus/4x3" else job
        for job in drafts
    ]


async def test_cells_that_share_a_picture_and_redo_it_alike_pay_once(stand):
    drafts = sharing(await stand.drafts())
    await say(stand, "citrus/*", Decision.REDO, note="brighter")
    assert quote_launch(await board(stand, drafts), Stage.DRAFT).credits == 4


async def test_a_sharer_that_redoes_its_picture_alone_pays_for_it(stand):
    drafts = sharing(await stand.drafts())
    await say(stand, "citrus/4x3", Decision.REDO, note="brighter")
    assert quote_launch(await board(stand, drafts), Stage.DRAFT).credits == 4


async def test_a_picture_bought_under_the_second_cell_is_shown_under_the_first(tmp_path):
    stand = Stand(folder=tmp_path)
    drafts = sharing(await stand.drafts())
    bought = [replace(job, payer=None, price=2) for job in drafts if job.at.cell == "citrus/4x3"]
    await stand.render(bought)
    rows = (await board(stand, drafts)).rows
    first = [view.artifact.sha256 for view in rows[0].draft.takes]
    second = [view.artifact.sha256 for view in rows[1].draft.takes]
    assert first == second
    assert quote_launch(await board(stand, drafts), Stage.DRAFT).cells == ("berry/1x1", "berry/4x3")
