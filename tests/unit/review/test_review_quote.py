"""What a launch would buy: exactly that, and shared images once."""

from dataclasses import replace

import pytest
from builders import NOW
from review_stand import SLUG, Stand, StandSource

from pipeline.images.registry import images_in
from pipeline.model.campaign import Stage
from pipeline.model.entry import Resolution
from pipeline.model.outcome import Status
from pipeline.model.verdict import Decision
from pipeline.providers.profiles import GPTIMAGE, PROFILES
from pipeline.review.verdicts import UnboundVerdict, decide_cells
from pipeline.state.campaign_state import CellState, cell_table
from pipeline.state.due import Rules
from pipeline.state.figures import launch_quote


@pytest.fixture
async def stand(tmp_path):
    stand = Stand(folder=tmp_path)
    await stand.render(await stand.drafts())
    return stand


async def say(stand, glob, decision, *, note="", take=1):
    opinion = UnboundVerdict(decision=decision, by="ana", at=NOW, note=note, take=take)
    await decide_cells(stand.ledger, SLUG, await stand.drafts(), glob=glob, opinion=opinion)


async def quote(stand, stage):
    rules = Rules(images=images_in(stand.output), caps=PROFILES[GPTIMAGE].caps, now=NOW)
    return launch_quote(await stand.survey(), stage, rules)


async def test_finals_are_counted_by_size_for_approvals_only(stand):
    await say(stand, "citrus/*", Decision.APPROVED)
    await say(stand, "berry/4x3", Decision.APPROVED)
    found = await quote(stand, Stage.FINAL)
    assert [(line.size, line.count, line.price) for line in found.lines] == [
        ("1:1", 1, 12),
        ("4:3", 2, 12),
    ]
    assert found.credits == 36


async def test_a_final_that_was_paid_for_is_not_counted_again(stand):
    await say(stand, "*/4x3", Decision.APPROVED)
    await stand.render((await stand.survey()).finals[:1])
    assert (await quote(stand, Stage.FINAL)).credits == 12


async def test_a_redo_costs_all_takes_of_its_cell(stand):
    await say(stand, "citrus/4x3", Decision.REDO, note="brighter")
    found = await quote(stand, Stage.DRAFT)
    assert (found.cells, found.credits) == (("citrus/4x3",), 4)


async def test_another_note_is_another_plan(stand):
    await say(stand, "citrus/4x3", Decision.REDO, note="brighter")
    before = (await quote(stand, Stage.DRAFT)).plan
    await say(stand, "citrus/4x3", Decision.REDO, note="darker")
    assert (await quote(stand, Stage.DRAFT)).plan != before


@pytest.fixture
async def sharing(tmp_path):
    """Both citrus cells ask for the same picture."""
    stand = Stand(folder=tmp_path, source=StandSource(shared={"citrus/4x3": "citrus/1x1"}))
    await stand.render([job for job in await stand.drafts() if job.payer is None])
    return stand


async def test_cells_that_share_a_picture_and_redo_it_alike_pay_once(sharing):
    await say(sharing, "citrus/*", Decision.REDO, note="brighter")
    found = await quote(sharing, Stage.DRAFT)
    assert (found.images, found.credits) == (2, 4)
    assert found.cells == ("citrus/1x1", "citrus/4x3")


async def test_a_sharer_that_redoes_its_picture_alone_pays_for_it(sharing):
    await say(sharing, "citrus/4x3", Decision.REDO, note="brighter")
    assert (await quote(sharing, Stage.DRAFT)).credits == 4


async def test_finals_that_share_a_picture_are_paid_once(sharing):
    """The footer said cells × price, 24, where the dialog and the charge said 12."""
    await say(sharing, "citrus/*", Decision.APPROVED)
    found = await quote(sharing, Stage.FINAL)
    assert (len(found.cells), found.images, found.credits) == (2, 1, 12)


async def test_a_picture_bought_under_the_second_cell_is_shown_under_the_first(tmp_path):
    stand = Stand(folder=tmp_path, source=StandSource(shared={"citrus/4x3": "citrus/1x1"}))
    drafts = await stand.drafts()
    bought = [replace(job, payer=None, price=2) for job in drafts if job.at.cell == "citrus/4x3"]
    await stand.render(bought)
    rows = (await stand.table()).rows
    first = [take.artifact.sha256 for take in rows[0].draft.takes]
    second = [take.artifact.sha256 for take in rows[1].draft.takes]
    assert first == second
    assert (await quote(stand, Stage.DRAFT)).cells == ("berry/1x1", "berry/4x3")


async def test_after_a_rebuy_the_page_and_the_run_buy_the_same_image(tmp_path):
    """After `resolve --rebuy` the run bought the image anew; the page called it "rendering" and
    left it out of the quote."""
    stand = Stand(folder=tmp_path)
    drafts = await stand.drafts()
    await stand.render(drafts[1:])
    attempt = await stand.submit(drafts[0])
    await stand.ledger.doubt(attempt, reason="no answer")
    await stand.ledger.resolve(drafts[0].key, Resolution.REBUY)
    take = (await stand.table()).rows[0].draft.takes[0]
    found = await quote(stand, Stage.DRAFT)
    assert (take.status, found.cells, found.credits) == (Status.PLANNED, (drafts[0].at.cell,), 2)


async def test_an_open_attempt_is_rendering_only_while_a_run_is_alive(tmp_path):
    """The page said "Rendering 2" with no run alive; the lock knows."""
    stand = Stand(folder=tmp_path)
    await stand.submit((await stand.drafts())[0])
    cells, source = tuple(stand.source.cells()), stand.source.campaign
    states = {}
    for alive in (True, False):
        state = await stand.survey(shown=True, alive=alive)
        states[alive] = cell_table(source, cells, state).rows[0].draft.state
    assert states == {True: CellState.RENDERING, False: CellState.DOUBT}
