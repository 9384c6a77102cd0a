"""The figures of a campaign: images are images, cells are cells, and no lapsed verdict counts."""

from dataclasses import replace

import pytest
from builders import NOW, a_run
from review_case import SLUG, CaseSource, ReviewCase, paint

from pipeline.images.registry import images_in
from pipeline.model.entry import Resolution
from pipeline.model.names import Account, Stage
from pipeline.model.outcome import Status
from pipeline.model.verdict import Decision
from pipeline.providers.names import GPTIMAGE
from pipeline.providers.profiles import PROFILES
from pipeline.review.verdicts import UnboundVerdict, decide_cells
from pipeline.state.campaign_state import CellState
from pipeline.state.due import Rules
from pipeline.state.figures import launch_quote, stage_figures
from pipeline.state.ledger_figures import ledger_figures
from pipeline.state.output.run_folders import ListedImage


@pytest.fixture
async def case(tmp_path):
    """Four cells of two takes each; the citrus cells share their pictures."""
    case = ReviewCase(folder=tmp_path, source=CaseSource(shared={"citrus/4x3": "citrus/1x1"}))
    await case.render([job for job in await case.drafts() if job.payer is None])
    return case


def listing(jobs):
    return {job.key: ListedImage(cell=job.at.cell, payer=job.payer or job.key) for job in jobs}


async def figures(case, listed=None):
    return ledger_figures(await case.ledger.record(SLUG), listed=listed, alive=False)


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
    found = await figures(case)
    assert found.images == {
        a_run().account: {Status.STORED: 8},
        Account("embedded"): {Status.IN_DOUBT: 1},
    }
    assert (found.drafted, found.decided, found.approved) == (3, 1, 0)


async def test_a_ledger_alone_leaves_out_an_approval_whose_image_is_another_now(case):
    await decide(case, "berry/*", Decision.APPROVED)
    assert (await figures(case)).approved == 2
    case.source.words = "Another photo of {name}."
    await case.render([job for job in await case.drafts() if job.payer is None])
    found = await figures(case)
    assert (found.drafted, found.decided, found.approved) == (3, 0, 0)


async def test_a_ledger_alone_counts_a_decided_cell_that_shares_its_image(case):
    """It has no draft of that cell, only of the one that pays: decided was more than drafted."""
    assert (await figures(case)).drafted == 3
    await decide(case, "citrus/*", Decision.REJECTED)
    found = await figures(case)
    assert (found.drafted, found.decided) == (4, 2)


async def test_a_ledger_alone_does_not_call_a_cell_without_an_image_decided(tmp_path):
    case = ReviewCase(folder=tmp_path)
    await case.refuse((await case.drafts())[0])
    await decide(case, "citrus/1x1", Decision.REJECTED)
    found = await figures(case)
    assert (found.drafted, found.decided) == (0, 0)


async def test_images_that_the_campaign_has_left_are_counted_apart(case):
    """`status` counted every image ever bought where the manifest counts the campaign's."""
    case.source.words = "Another photo of {name}."
    jobs = await case.drafts()
    await case.render([job for job in jobs if job.payer is None][:1])
    listed = listing((await case.survey()).jobs)
    state = await case.survey()
    manifest = stage_figures(state, Stage.DRAFT, rules(case)).images
    found = await figures(case, listed)
    [account] = found.images
    assert found.images[account][Status.STORED] == manifest[Status.STORED]
    assert found.earlier == {account: 6}
    assert (await figures(case)).images[account][Status.STORED] == 7


async def test_an_image_that_a_person_lets_buy_again_is_to_be_rendered(case):
    """`status` said "nothing" after `resolve --rebuy`, and named no next command."""
    case.source.words = "Another photo of {name}."
    jobs = await case.drafts()
    attempt = await case.submit(jobs[-1])
    await case.ledger.doubt(attempt, reason="reset")
    due = len([job for job in jobs if job.payer is None])
    assert (await figures(case, listing(jobs))).to_render == due - 1
    await case.ledger.resolve(jobs[-1].key, Resolution.REBUY)
    assert (await figures(case, listing(jobs))).to_render == due


async def test_a_shared_image_counts_under_each_cell_that_shows_it(case):
    """`status` said 6 stored where manifest, page and `ls` said 8."""
    found = await figures(case, listing((await case.survey()).jobs))
    assert found.images == {a_run().account: {Status.STORED: 8}}
    assert found.earlier == {}


def alike(job):
    """The same picture in every round."""
    return paint(replace(job, at=replace(job.at, round=1)))


async def test_the_same_image_in_the_next_round_is_not_decided_on(tmp_path):
    """A model with a fixed seed answered a redo alike, and `status` said that it was decided."""
    case = ReviewCase(folder=tmp_path, painter=alike)
    await case.render(await case.drafts())
    await decide(case, "citrus/1x1", Decision.REDO)
    assert (await figures(case)).decided == 1
    await case.render([job for job in (await case.survey()).drafts if job.at.round == 2])
    assert (await figures(case)).decided == 0


async def test_approvals_of_a_prompt_that_the_campaign_has_left_are_not_counted(tmp_path):
    """A run that a budget stopped after an edit left `status` at the approvals of before."""
    case = ReviewCase(folder=tmp_path)
    await case.render(await case.drafts())
    await decide(case, "*", Decision.APPROVED)
    found = await figures(case, listing(await case.drafts()))
    assert (found.drafted, found.decided, found.approved) == (4, 4, 4)
    case.source.words = "Another photo of {name}."
    found = await figures(case, listing(await case.drafts()))
    assert (found.drafted, found.decided, found.approved) == (0, 0, 0)


async def test_a_cell_that_shares_its_picture_is_counted_before_its_verdict_too(case):
    """`status` said "2 to review" beside "3 of 4 cells": the fifth shared its picture."""
    listed = listing(await case.drafts())
    found = await figures(case, listed)
    assert (found.drafted, found.decided, found.to_review) == (4, 0, 4)
    await decide(case, "citrus/1x1", Decision.APPROVED)
    found = await figures(case, listed)
    assert (found.drafted, found.decided, found.to_review) == (4, 1, 3)
