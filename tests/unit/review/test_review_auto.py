"""`review: auto` chooses by what can be measured, and never over a person."""

import pytest
from builders import NOW
from review_case import SLUG, CaseSource, ReviewCase

from pipeline.model.verdict import Decision
from pipeline.review.auto_review import TakeScore, auto_verdicts
from pipeline.review.verdicts import UnboundVerdict, decide_cells


def marking(scores):
    async def look(job, artifact):
        score = scores.get(job.at.take, 0.0)
        return TakeScore(passed=score > 0, score=score, words=f"score {score}")

    return look


@pytest.fixture
async def case(tmp_path):
    case = ReviewCase(folder=tmp_path)
    await case.render(await case.drafts())
    return case


async def choose(case, scores):
    drafts = await case.drafts()
    return await auto_verdicts(case.ledger, SLUG, drafts, look=marking(scores), now=NOW)


async def test_the_take_with_the_best_marks_is_approved_and_the_note_says_why(case):
    given = await choose(case, {1: 0.2, 2: 0.9})
    assert {(verdict.take, verdict.by) for verdict in given} == {(2, "auto")}
    assert given[0].note == "both passed, take 2 taken"


@pytest.mark.parametrize(
    ("scores", "take", "note"),
    [
        ({1: 0.5, 2: 0.5}, 1, "both passed, first taken"),
        ({2: 0.5}, 2, "only take 2 passed; take 1: score 0.0"),
    ],
)
async def test_the_note_says_in_words_what_was_chosen(case, scores, take, note):
    """It said `take 1: 640x640; 640x640 for 1:1; 0% of the pixels are transparent; a picture`."""
    given = await choose(case, scores)
    assert {(verdict.take, verdict.note) for verdict in given} == {(take, note)}


async def test_the_note_counts_takes(tmp_path):
    case = ReviewCase(folder=tmp_path, source=CaseSource(takes=3))
    await case.render(await case.drafts())
    notes = [(await choose(case, scores))[0].note for scores in ({1: 1, 2: 1}, {1: 1, 2: 1, 3: 1})]
    assert notes == ["2 of 3 passed, first taken; take 3: score 0.0", "all 3 passed, first taken"]


async def test_a_cell_without_a_take_that_passes_waits_for_a_person(case):
    assert await choose(case, {}) == ()


async def test_choosing_twice_gives_no_second_verdict(case):
    await choose(case, {1: 1.0})
    assert await choose(case, {1: 1.0}) == ()


async def test_a_persons_word_is_never_replaced(case):
    drafts = await case.drafts()
    no = UnboundVerdict(decision=Decision.REJECTED, by="ana", at=NOW)
    await decide_cells(case.ledger, SLUG, drafts, glob="*", opinion=no)
    assert await choose(case, {1: 1.0}) == ()


async def test_a_cell_with_a_take_still_to_come_is_not_chosen_yet(tmp_path):
    case = ReviewCase(folder=tmp_path)
    await case.render((await case.drafts())[:1])
    assert await choose(case, {1: 1.0}) == ()
