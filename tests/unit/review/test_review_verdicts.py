"""Verdicts: bound to what was looked at, given through one code path."""

from dataclasses import replace

import pytest
from builders import NOW
from review_case import SLUG, ReviewCase

from pipeline.errors import UsageError
from pipeline.model.names import Stage
from pipeline.model.verdict import Decision
from pipeline.review.verdicts import UnboundVerdict, decide_cells
from pipeline.state.lookup import rounds_from, shown_rounds
from pipeline.state.picks import picks_from


def say(decision, *, take=None, note="", by="ana"):
    return UnboundVerdict(decision=decision, by=by, at=NOW, take=take, note=note)


@pytest.fixture
async def case(tmp_path):
    case = ReviewCase(folder=tmp_path)
    await case.render(await case.drafts())
    return case


async def decide(case, glob, decision, *, rounds=None, **said):
    drafts = await case.drafts(rounds)
    opinion = say(decision, **said)
    decided = await decide_cells(case.ledger, SLUG, drafts, glob=glob, opinion=opinion)
    return decided.verdicts


async def rounds_of(case):
    return rounds_from((await case.ledger.record(SLUG)).verdicts)


async def picks(case, rounds=None):
    drafts = await case.drafts(rounds)
    entries = await case.ledger.entries([job.key for job in drafts])
    return picks_from(await case.ledger.verdicts(SLUG), drafts, entries)


async def test_an_approval_holds_the_hash_and_the_key_of_the_take_that_was_named(case):
    (verdict,) = await decide(case, "citrus/4x3", Decision.APPROVED, take=2)
    job = next(j for j in await case.drafts() if (j.at.cell, j.at.take) == ("citrus/4x3", 2))
    stored = (await case.ledger.entries([job.key]))[job.key].outcome.artifact
    assert (verdict.job, verdict.sha256, verdict.take) == (job.key, stored.sha256, 2)


async def test_a_star_crosses_the_slash_and_a_ratio_may_be_written_with_a_colon(case):
    given = await decide(case, "*4:3", Decision.REJECTED)
    assert [verdict.cell for verdict in given] == ["citrus/4x3", "berry/4x3"]


async def test_an_approval_of_a_cell_with_two_takes_must_say_which(case):
    with pytest.raises(UsageError, match="takes 1, 2"):
        await decide(case, "citrus/4x3", Decision.APPROVED)


async def test_a_glob_that_matches_nothing_names_the_nearest_cell(case):
    with pytest.raises(UsageError, match="did you mean citrus/4x3"):
        await decide(case, "citrus/4x4", Decision.REJECTED)


async def test_a_cell_that_cannot_be_approved_is_named_and_the_others_are_approved(tmp_path):
    """`approve '*'` was all or nothing: one refused image kept a whole campaign undecided."""
    case = ReviewCase(folder=tmp_path)
    jobs = await case.drafts()
    await case.render([job for job in jobs if job.at.cell == "citrus/1x1"])
    yes = say(Decision.APPROVED, take=1)
    decided = await decide_cells(case.ledger, SLUG, jobs, glob="citrus/*", opinion=yes)
    assert [verdict.cell for verdict in decided.verdicts] == ["citrus/1x1"]
    assert decided.refused == ("citrus/4x3 has no stored image yet: nothing to approve",)
    assert [cell for cell, _ in await case.ledger.verdicts(SLUG)] == ["citrus/1x1"]


async def test_a_glob_of_which_no_cell_can_be_approved_is_a_mistake(tmp_path):
    case = ReviewCase(folder=tmp_path)
    with pytest.raises(UsageError, match="citrus/4x3 has no stored image"):
        await decide(case, "citrus/4x3", Decision.APPROVED, take=1)
    assert await case.ledger.verdicts(SLUG) == {}


async def test_saying_the_same_again_makes_no_new_revision(case):
    first = await decide(case, "citrus/4x3", Decision.APPROVED, take=1)
    again = await decide(case, "citrus/4x3", Decision.APPROVED, take=1, by="jon")
    assert again == first


async def test_an_approval_becomes_stale_when_the_words_change(case):
    await decide(case, "citrus/4x3", Decision.APPROVED, take=1)
    case.source.words = "Another photo of {name}."
    found = await picks(case)
    assert found.approved == {}
    assert [stale.cell for stale in found.stale] == ["citrus/4x3"]


async def test_an_approval_becomes_stale_when_the_image_under_it_changes(case):
    await decide(case, "citrus/4x3", Decision.APPROVED, take=1)
    drafts = await case.drafts()
    job = next(j for j in drafts if (j.at.cell, j.at.take) == ("citrus/4x3", 1))
    entry = (await case.ledger.entries([job.key]))[job.key]
    repaired = replace(entry.outcome.artifact, sha256="f" * 64)
    await case.ledger.stored(job.key, repaired)
    assert [stale.reason for stale in (await picks(case)).stale] == [
        "the image changed after the approval"
    ]


async def test_an_approval_that_holds_is_a_pick(case):
    (verdict,) = await decide(case, "citrus/4x3", Decision.APPROVED, take=2)
    found = await picks(case)
    assert found.approved["citrus/4x3"].sha256 == verdict.sha256
    assert found.stale == ()


async def test_a_redo_asks_for_the_next_round_with_its_note(case):
    await decide(case, "citrus/4x3", Decision.REDO, note="bigger  bottle\n")
    rounds = await rounds_of(case)
    assert (rounds["citrus/4x3"].number, rounds["citrus/4x3"].note) == (2, "bigger bottle")


async def test_a_round_that_was_approved_keeps_the_note_that_asked_for_it(case):
    await decide(case, "citrus/4x3", Decision.REDO, note="bigger")
    rounds = await rounds_of(case)
    again = [job for job in await case.drafts(rounds) if job.at.round == 2]
    await case.render(again)
    await decide(case, "citrus/4x3", Decision.APPROVED, take=1, rounds=rounds)
    assert await rounds_of(case) == rounds
    assert (await picks(case, rounds)).approved["citrus/4x3"].round == 2


async def test_a_second_redo_shows_the_round_before_it_with_the_note_of_that_round(case):
    await decide(case, "citrus/4x3", Decision.REDO, note="bigger")
    rounds = await rounds_of(case)
    await case.render([job for job in await case.drafts(rounds) if job.at.round == 2])
    await decide(case, "citrus/4x3", Decision.REDO, note="brighter", rounds=rounds)
    rounds = await rounds_of(case)
    entries = await case.ledger.campaign_entries(SLUG)
    shown = shown_rounds(rounds, await case.ledger.verdicts(SLUG), entries)
    assert (rounds["citrus/4x3"].number, rounds["citrus/4x3"].note) == (3, "brighter")
    assert (shown["citrus/4x3"].number, shown["citrus/4x3"].note) == (2, "bigger")


async def test_undeciding_a_redo_that_was_not_rendered_goes_back_to_the_first_round(case):
    await decide(case, "citrus/4x3", Decision.REDO, note="bigger")
    await decide(case, "citrus/4x3", Decision.UNDECIDED)
    assert (await rounds_of(case))["citrus/4x3"].number == 1


async def test_a_final_that_is_redone_is_the_next_round_of_the_same_pick(case):
    (approval,) = await decide(case, "citrus/4x3", Decision.APPROVED, take=2)
    drafts = await case.drafts()
    entries = await case.ledger.entries([job.key for job in drafts])
    redo = replace(approval, stage=Stage.FINAL, decision=Decision.REDO, note="more light")
    finals = rounds_from([redo], stage=Stage.FINAL)
    found = picks_from(await case.ledger.verdicts(SLUG), drafts, entries, finals=finals)
    assert found.approved["citrus/4x3"].round == 2
    assert found.rounds["citrus/4x3"].note == "more light"


async def test_a_note_loses_control_and_direction_characters_and_nothing_else(case):
    (verdict,) = await decide(
        case, "citrus/4x3", Decision.REDO, note="a\x00b\u202ec {{ 7*7 }} “größer”\tnow"
    )
    assert verdict.note == "a bc {{ 7*7 }} “größer” now"


async def test_a_note_that_is_too_long_is_refused(case):
    with pytest.raises(UsageError, match="at most 1000"):
        await decide(case, "citrus/4x3", Decision.REDO, note="x" * 1001)


async def test_a_cell_that_was_never_asked_for_cannot_be_redone(tmp_path):
    case = ReviewCase(folder=tmp_path)
    with pytest.raises(UsageError, match="not rendered yet"):
        await decide(case, "citrus/4x3", Decision.REDO, note="x")
