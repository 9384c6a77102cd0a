"""Verdicts: bound to what was looked at, given through one code path."""

from dataclasses import replace

import pytest
from builders import NOW
from review_stand import SLUG, Stand

from pipeline.errors import UsageError
from pipeline.model.campaign import Stage
from pipeline.model.verdict import Decision
from pipeline.review.verdicts import UnboundVerdict, decide_cells
from pipeline.state.picks import picks_from, rounds_from, shown_rounds


def say(decision, *, take=None, note="", by="ana"):
    return UnboundVerdict(decision=decision, by=by, at=NOW, take=take, note=note)


@pytest.fixture
async def stand(tmp_path):
    stand = Stand(folder=tmp_path)
    await stand.render(await stand.drafts())
    return stand


async def decide(stand, glob, decision, *, rounds=None, **said):
    drafts = await stand.drafts(rounds)
    opinion = say(decision, **said)
    decided = await decide_cells(stand.ledger, SLUG, drafts, glob=glob, opinion=opinion)
    return decided.verdicts


async def rounds_of(stand):
    return rounds_from((await stand.ledger.record(SLUG)).verdicts)


async def picks(stand, rounds=None):
    drafts = await stand.drafts(rounds)
    entries = await stand.ledger.entries([job.key for job in drafts])
    return picks_from(await stand.ledger.verdicts(SLUG), drafts, entries)


async def test_an_approval_holds_the_hash_and_the_key_of_the_take_that_was_named(stand):
    (verdict,) = await decide(stand, "citrus/4x3", Decision.APPROVED, take=2)
    job = next(j for j in await stand.drafts() if (j.at.cell, j.at.take) == ("citrus/4x3", 2))
    stored = (await stand.ledger.entries([job.key]))[job.key].outcome.artifact
    assert (verdict.job, verdict.sha256, verdict.take) == (job.key, stored.sha256, 2)


async def test_a_star_crosses_the_slash_and_a_ratio_may_be_written_with_a_colon(stand):
    given = await decide(stand, "*4:3", Decision.REJECTED)
    assert [verdict.cell for verdict in given] == ["citrus/4x3", "berry/4x3"]


async def test_an_approval_of_a_cell_with_two_takes_must_say_which(stand):
    with pytest.raises(UsageError, match="takes 1, 2"):
        await decide(stand, "citrus/4x3", Decision.APPROVED)


async def test_a_glob_that_matches_nothing_names_the_nearest_cell(stand):
    with pytest.raises(UsageError, match="did you mean citrus/4x3"):
        await decide(stand, "citrus/4x4", Decision.REJECTED)


async def test_a_cell_that_cannot_be_approved_is_named_and_the_others_are_approved(tmp_path):
    """`approve '*'` was all or nothing: one refused image kept a whole campaign undecided."""
    stand = Stand(folder=tmp_path)
    jobs = await stand.drafts()
    await stand.render([job for job in jobs if job.at.cell == "citrus/1x1"])
    yes = say(Decision.APPROVED, take=1)
    decided = await decide_cells(stand.ledger, SLUG, jobs, glob="citrus/*", opinion=yes)
    assert [verdict.cell for verdict in decided.verdicts] == ["citrus/1x1"]
    assert decided.refused == ("citrus/4x3 has no stored image yet: nothing to approve",)
    assert [cell for cell, _ in await stand.ledger.verdicts(SLUG)] == ["citrus/1x1"]


async def test_a_glob_of_which_no_cell_can_be_approved_is_a_mistake(tmp_path):
    stand = Stand(folder=tmp_path)
    with pytest.raises(UsageError, match="citrus/4x3 has no stored image"):
        await decide(stand, "citrus/4x3", Decision.APPROVED, take=1)
    assert await stand.ledger.verdicts(SLUG) == {}


async def test_saying_the_same_again_makes_no_new_revision(stand):
    first = await decide(stand, "citrus/4x3", Decision.APPROVED, take=1)
    again = await decide(stand, "citrus/4x3", Decision.APPROVED, take=1, by="jon")
    assert again == first


async def test_an_approval_becomes_stale_when_the_words_change(stand):
    await decide(stand, "citrus/4x3", Decision.APPROVED, take=1)
    stand.source.words = "Another photo of {name}."
    found = await picks(stand)
    assert found.approved == {}
    assert [stale.cell for stale in found.stale] == ["citrus/4x3"]


async def test_an_approval_becomes_stale_when_the_image_under_it_changes(stand):
    await decide(stand, "citrus/4x3", Decision.APPROVED, take=1)
    drafts = await stand.drafts()
    job = next(j for j in drafts if (j.at.cell, j.at.take) == ("citrus/4x3", 1))
    entry = (await stand.ledger.entries([job.key]))[job.key]
    repaired = replace(entry.outcome.artifact, sha256="f" * 64)
    await stand.ledger.stored(job.key, repaired)
    assert [stale.reason for stale in (await picks(stand)).stale] == [
        "the image changed after the approval"
    ]


async def test_an_approval_that_holds_is_a_pick(stand):
    (verdict,) = await decide(stand, "citrus/4x3", Decision.APPROVED, take=2)
    found = await picks(stand)
    assert found.approved["citrus/4x3"].sha256 == verdict.sha256
    assert found.stale == ()


async def test_a_redo_asks_for_the_next_round_with_its_note(stand):
    await decide(stand, "citrus/4x3", Decision.REDO, note="bigger  bottle\n")
    rounds = await rounds_of(stand)
    assert (rounds["citrus/4x3"].number, rounds["citrus/4x3"].note) == (2, "bigger bottle")


async def test_a_round_that_was_approved_keeps_the_note_that_asked_for_it(stand):
    await decide(stand, "citrus/4x3", Decision.REDO, note="bigger")
    rounds = await rounds_of(stand)
    again = [job for job in await stand.drafts(rounds) if job.at.round == 2]
    await stand.render(again)
    await decide(stand, "citrus/4x3", Decision.APPROVED, take=1, rounds=rounds)
    assert await rounds_of(stand) == rounds
    assert (await picks(stand, rounds)).approved["citrus/4x3"].round == 2


async def test_a_second_redo_shows_the_round_before_it_with_the_note_of_that_round(stand):
    await decide(stand, "citrus/4x3", Decision.REDO, note="bigger")
    rounds = await rounds_of(stand)
    await stand.render([job for job in await stand.drafts(rounds) if job.at.round == 2])
    await decide(stand, "citrus/4x3", Decision.REDO, note="brighter", rounds=rounds)
    rounds = await rounds_of(stand)
    entries = await stand.ledger.campaign_entries(SLUG)
    shown = shown_rounds(rounds, await stand.ledger.verdicts(SLUG), entries)
    assert (rounds["citrus/4x3"].number, rounds["citrus/4x3"].note) == (3, "brighter")
    assert (shown["citrus/4x3"].number, shown["citrus/4x3"].note) == (2, "bigger")


async def test_undeciding_a_redo_that_was_not_rendered_goes_back_to_the_first_round(stand):
    await decide(stand, "citrus/4x3", Decision.REDO, note="bigger")
    await decide(stand, "citrus/4x3", Decision.UNDECIDED)
    assert (await rounds_of(stand))["citrus/4x3"].number == 1


async def test_a_final_that_is_redone_is_the_next_round_of_the_same_pick(stand):
    (approval,) = await decide(stand, "citrus/4x3", Decision.APPROVED, take=2)
    drafts = await stand.drafts()
    entries = await stand.ledger.entries([job.key for job in drafts])
    redo = replace(approval, stage=Stage.FINAL, decision=Decision.REDO, note="more light")
    finals = rounds_from([redo], stage=Stage.FINAL)
    found = picks_from(await stand.ledger.verdicts(SLUG), drafts, entries, finals=finals)
    assert found.approved["citrus/4x3"].round == 2
    assert found.rounds["citrus/4x3"].note == "more light"


async def test_a_note_loses_control_and_direction_characters_and_nothing_else(stand):
    (verdict,) = await decide(
        stand, "citrus/4x3", Decision.REDO, note="a\x00b\u202ec {{ 7*7 }} “größer”\tnow"
    )
    assert verdict.note == "a bc {{ 7*7 }} “größer” now"


async def test_a_note_that_is_too_long_is_refused(stand):
    with pytest.raises(UsageError, match="at most 1000"):
        await decide(stand, "citrus/4x3", Decision.REDO, note="x" * 1001)


async def test_a_cell_that_was_never_asked_for_cannot_be_redone(tmp_path):
    stand = Stand(folder=tmp_path)
    with pytest.raises(UsageError, match="not rendered yet"):
        await decide(stand, "citrus/4x3", Decision.REDO, note="x")
