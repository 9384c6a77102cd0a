"""What a launch would buy: exactly that, and shared images once."""

from dataclasses import replace

import pytest
from builders import NOW
from review_case import SLUG, CaseSource, ReviewCase

from pipeline.images.registry import images_in
from pipeline.model.entry import Resolution
from pipeline.model.names import Stage
from pipeline.model.outcome import Status
from pipeline.model.verdict import Decision
from pipeline.providers.names import GPTIMAGE
from pipeline.providers.profiles import PROFILES
from pipeline.review.verdicts import UnboundVerdict, decide_cells
from pipeline.state.campaign_state import CellState, cell_table
from pipeline.state.due import Rules
from pipeline.state.figures import RerollRules, launch_quote


@pytest.fixture
async def case(tmp_path):
    case = ReviewCase(folder=tmp_path)
    await case.render(await case.drafts())
    return case


async def say(case, glob, decision, *, note="", take=1):
    opinion = UnboundVerdict(decision=decision, by="ana", at=NOW, note=note, take=take)
    await decide_cells(case.ledger, SLUG, await case.drafts(), glob=glob, opinion=opinion)


async def quote(case, stage):
    rules = Rules(images=images_in(case.output), caps=PROFILES[GPTIMAGE].caps, now=NOW)
    return launch_quote(await case.survey(), stage, rules)


async def test_finals_are_counted_by_size_for_approvals_only(case):
    await say(case, "citrus/*", Decision.APPROVED)
    await say(case, "berry/4x3", Decision.APPROVED)
    found = await quote(case, Stage.FINAL)
    assert [(line.size, line.count, line.price) for line in found.lines] == [
        ("1:1", 1, 12),
        ("4:3", 2, 12),
    ]
    assert found.amount == 36


async def test_a_final_that_was_paid_for_is_not_counted_again(case):
    await say(case, "*/4x3", Decision.APPROVED)
    await case.render((await case.survey()).finals[:1])
    assert (await quote(case, Stage.FINAL)).amount == 12


async def test_a_redo_costs_all_takes_of_its_cell(case):
    await say(case, "citrus/4x3", Decision.REDO, note="brighter")
    found = await quote(case, Stage.DRAFT)
    assert (found.cells, found.amount) == (("citrus/4x3",), 4)


async def test_another_note_is_another_plan(case):
    await say(case, "citrus/4x3", Decision.REDO, note="brighter")
    before = (await quote(case, Stage.DRAFT)).plan
    await say(case, "citrus/4x3", Decision.REDO, note="darker")
    assert (await quote(case, Stage.DRAFT)).plan != before


@pytest.fixture
async def sharing(tmp_path):
    """Both citrus cells ask for the same picture."""
    case = ReviewCase(folder=tmp_path, source=CaseSource(shared={"citrus/4x3": "citrus/1x1"}))
    await case.render([job for job in await case.drafts() if job.payer is None])
    return case


async def test_cells_that_share_a_picture_and_redo_it_alike_pay_once(sharing):
    await say(sharing, "citrus/*", Decision.REDO, note="brighter")
    found = await quote(sharing, Stage.DRAFT)
    assert (found.images, found.amount) == (2, 4)
    assert found.cells == ("citrus/1x1", "citrus/4x3")


async def test_a_sharer_that_redoes_its_picture_alone_pays_for_it(sharing):
    await say(sharing, "citrus/4x3", Decision.REDO, note="brighter")
    assert (await quote(sharing, Stage.DRAFT)).amount == 4


async def test_finals_that_share_a_picture_are_paid_once(sharing):
    """The footer said cells × price, 24, where the dialog and the charge said 12."""
    await say(sharing, "citrus/*", Decision.APPROVED)
    found = await quote(sharing, Stage.FINAL)
    assert (len(found.cells), found.images, found.amount) == (2, 1, 12)


async def test_a_picture_bought_under_the_second_cell_is_shown_under_the_first(tmp_path):
    case = ReviewCase(folder=tmp_path, source=CaseSource(shared={"citrus/4x3": "citrus/1x1"}))
    drafts = await case.drafts()
    bought = [replace(job, payer=None, price=2) for job in drafts if job.at.cell == "citrus/4x3"]
    await case.render(bought)
    rows = (await case.table()).rows
    first = [take.artifact.sha256 for take in rows[0].draft.takes]
    second = [take.artifact.sha256 for take in rows[1].draft.takes]
    assert first == second
    assert (await quote(case, Stage.DRAFT)).cells == ("berry/1x1", "berry/4x3")


async def test_after_a_rebuy_the_page_and_the_run_buy_the_same_image(tmp_path):
    """After `resolve --rebuy` the run bought the image anew; the page called it "rendering" and
    left it out of the quote."""
    case = ReviewCase(folder=tmp_path)
    drafts = await case.drafts()
    await case.render(drafts[1:])
    attempt = await case.submit(drafts[0])
    await case.ledger.doubt(attempt, reason="no answer")
    await case.ledger.resolve(drafts[0].key, Resolution.REBUY)
    take = (await case.table()).rows[0].draft.takes[0]
    found = await quote(case, Stage.DRAFT)
    assert (take.status, found.cells, found.amount) == (Status.PLANNED, (drafts[0].at.cell,), 2)


async def test_an_open_attempt_is_rendering_only_while_a_run_is_alive(tmp_path):
    """The page said "Rendering 2" with no run alive; the lock knows."""
    case = ReviewCase(folder=tmp_path)
    await case.submit((await case.drafts())[0])
    cells, source = tuple(case.source.cells()), case.source.campaign
    states = {}
    for alive in (True, False):
        state = await case.survey(shown=True, alive=alive)
        states[alive] = cell_table(source, cells, state).rows[0].draft.state
    assert states == {True: CellState.RENDERING, False: CellState.DOUBT}


@pytest.mark.parametrize(
    ("most", "takes", "expected"), [(0, 2, 0), (1, 2, 4), (3, 2, 12), (1, 1, 2)]
)
async def test_new_takes_of_what_misses_a_check_are_quoted_at_most(case, most, takes, expected):
    """The dialog said 4 credits, and a run of the same cell could buy as many new takes again.

    A campaign file that now asks for fewer takes leaves fewer new ones for the others.
    """
    await say(case, "citrus/4x3", Decision.REDO, note="brighter")
    rules = Rules(images=images_in(case.output), caps=PROFILES[GPTIMAGE].caps, now=NOW)
    rerolls = RerollRules(most=most, takes=takes, checks=None)
    found = launch_quote(await case.survey(), Stage.DRAFT, rules, rerolls)
    assert (found.amount, found.rerolls) == (4, expected)
