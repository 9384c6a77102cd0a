"""The figures of a campaign: images are images, cells are cells, and no lapsed verdict counts."""

from dataclasses import replace

import pytest
from builders import NOW, a_run
from review_case import SLUG, CaseSource, ReviewCase

from pipeline.images.registry import images_in
from pipeline.model.names import Account, Stage
from pipeline.model.outcome import Status
from pipeline.model.verdict import Decision
from pipeline.providers.profiles import GPTIMAGE, PROFILES
from pipeline.review.verdicts import UnboundVerdict, decide_cells
from pipeline.state.campaign_state import CellState
from pipeline.state.due import Rules
from pipeline.state.figures import launch_quote, stage_figures
from pipeline.state.ledger_figures import ledger_figures


@pytest.fixture
async def case(tmp_path):
    """Four cells of two takes each; the citrus cells share their pictures."""
    case = ReviewCase(folder=tmp_path, source=CaseSource(shared={"citrus/4x3": "citrus/1x1"}))
    await case.render([job for job in await case.drafts() if job.payer is None])
    return case


def rules(case):
    return Rules(images=images_in(case.output), caps=PROFILES[GPTIMAGE].caps, now=NOW)


async def decide(case, glob, decision):
    drafts = (await case.survey(shown=True)).drafts
    opinion = UnboundVerdict(decision=decision, by="ana", at=NOW, take=1)
    decided = await decide_cells(case.ledger, SLUG, drafts, glob=glob, opinion=opinion)
    return decided.verdicts


async def test_cells_and_images_are_counted_apart(case):
    await decide(case, "citrus/*", Decision.APPROVED)
    await decide(case, "berry/1x1", Decision.REJECTED)
    state = await case.survey()
    drafts = stage_figures(state, Stage.DRAFT, rules(case))
    assert (drafts.cells, drafts.images) == (4, {Status.STORED: 8})
    assert drafts.decided == {CellState.APPROVED: 2, CellState.REJECTED: 1}
    assert [*state.waiting] == ["berry/4x3"]


async def test_the_figure_of_a_page_and_the_quote_of_its_dialog_are_one_sum(case):
    """The footer said `48 x 12 = 576` where dialog and charge said 432: shared images."""
    await decide(case, "*", Decision.APPROVED)
    state = await case.survey()
    finals = stage_figures(state, Stage.FINAL, rules(case))
    quote = launch_quote(state, Stage.FINAL, rules(case))
    assert (finals.cells, finals.to_buy, finals.ahead) == (4, 3, 36)
    assert (len(quote.cells), quote.images, quote.amount) == (4, 3, 36)


async def test_an_approval_that_lapsed_is_stale_and_not_approved(case):
    await decide(case, "*", Decision.APPROVED)
    case.source.words = "Another photo of {name}."
    drafts = stage_figures(await case.survey(), Stage.DRAFT, rules(case))
    assert (drafts.approved, drafts.stale) == (0, 4)


async def test_a_reject_of_words_that_changed_waits_for_another_verdict(case):
    await decide(case, "*", Decision.REJECTED)
    case.source.words = "Another photo of {name}."
    await case.render([job for job in await case.drafts() if job.payer is None])
    assert len((await case.survey()).waiting) == 4


async def test_a_ledger_alone_counts_images_by_account_and_cells_of_the_current_round(case):
    """`status` said 2/1: verdicts of earlier rounds counted, and cells beside images."""
    await decide(case, "berry/*", Decision.REDO)
    again = [job for job in (await case.survey()).drafts if job.at.cell == "berry/1x1"]
    await case.render(again)
    play = a_run("2026-11-22T050000Z-bbbbbb", account="embedded")
    await case.ledger.begin(play)
    job = replace(again[0], at=replace(again[0].at, take=9), key="f" * 32)
    await case.ledger.submit(job, run=play, budget=case.source.budget)
    found = ledger_figures(await case.ledger.record(SLUG), alive=False)
    assert found.images == {
        a_run().account: {Status.STORED: 8},
        Account("embedded"): {Status.IN_DOUBT: 1},
    }
    assert (found.drafted, found.decided, found.approved) == (3, 1, 0)


async def test_a_ledger_alone_leaves_out_an_approval_whose_image_is_another_now(case):
    await decide(case, "berry/*", Decision.APPROVED)
    assert ledger_figures(await case.ledger.record(SLUG), alive=False).approved == 2
    case.source.words = "Another photo of {name}."
    await case.render([job for job in await case.drafts() if job.payer is None])
    found = ledger_figures(await case.ledger.record(SLUG), alive=False)
    assert (found.drafted, found.decided, found.approved) == (3, 0, 0)


async def test_a_ledger_alone_counts_a_decided_cell_that_shares_its_image(case):
    """It has no draft of that cell, only of the one that pays: decided was more than drafted."""
    assert ledger_figures(await case.ledger.record(SLUG), alive=False).drafted == 3
    await decide(case, "citrus/*", Decision.REJECTED)
    found = ledger_figures(await case.ledger.record(SLUG), alive=False)
    assert (found.drafted, found.decided) == (4, 2)


async def test_a_ledger_alone_does_not_call_a_cell_without_an_image_decided(tmp_path):
    case = ReviewCase(folder=tmp_path)
    await case.refuse((await case.drafts())[0])
    await decide(case, "citrus/1x1", Decision.REJECTED)
    found = ledger_figures(await case.ledger.record(SLUG), alive=False)
    assert (found.drafted, found.decided) == (0, 0)
