"""Telling, as every ledger must: runs, entries, attempts, sums and verdicts."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import a_job, a_run
from ledgers import KINDS, NO_LIMITS, LedgerCase, a_receipt, an_artifact, an_image

from pipeline.ledger.base import StaleVerdict
from pipeline.model.entry import AttemptRecord, Resolution, RunRecord
from pipeline.model.job import Coordinates
from pipeline.model.money import Amount, Spent
from pipeline.model.names import Stage
from pipeline.model.outcome import Failed, FailureKind, InDoubt, Paid
from pipeline.model.verdict import Decision, Verdict

NEXT = "2026-11-22T070000Z-bbbbbb"
THIRD = "2026-11-22T080000Z-cccccc"
CRAB = a_job("crab/1x1")
LIME = a_job("lime/1x1")


@pytest.fixture(params=KINDS)
async def case(request, tmp_path):
    case = await LedgerCase.open(request.param, tmp_path)
    await case.ledger.begin(a_run())
    yield case
    await case.ledger.close()


def a_verdict(cell="crab/1x1", *, stage=Stage.DRAFT, decision=Decision.APPROVED, note=""):
    return Verdict(
        cell=cell,
        stage=stage,
        decision=decision,
        round=1,
        take=1,
        job=CRAB.key,
        sha256="ab" * 32,
        by="ada",
        at="2026-11-22T06:00:00Z",
        note=note,
    )


async def test_the_count_of_what_was_written_moves_with_writing_and_stays_with_reading(case):
    before = await case.ledger.written()
    await case.ledger.runs()
    await case.ledger.campaign_entries("citrus-soda")
    assert await case.ledger.written() == before
    await case.submit(CRAB)
    submitted = await case.ledger.written()
    await case.ledger.decide(a_verdict(), campaign="citrus-soda")
    assert before < submitted < await case.ledger.written()


async def test_the_record_of_a_campaign_is_all_that_is_known_of_it(case):
    await case.submit(CRAB)
    first = await case.ledger.decide(a_verdict(), campaign="citrus-soda")
    second = await case.ledger.decide(a_verdict(note="again"), campaign="citrus-soda")
    await case.ledger.decide(a_verdict(), campaign="another")
    record = await case.ledger.record("citrus-soda")
    assert [*record.entries.values()] == await case.ledger.campaign_entries("citrus-soda")
    assert record.accounts == {CRAB.key: a_run().account}
    assert list(record.verdicts) == [first, second]


async def test_beginning_returns_what_dead_runs_left_open_and_changes_nothing_about_it(case):
    permit = await case.submit(CRAB)
    await case.ledger.paid(await case.submit(LIME), a_receipt())
    before = await case.entry(CRAB)
    assert list(await case.ledger.begin(a_run(NEXT))) == [permit]
    assert await case.entry(CRAB) == before
    assert before.rendering
    assert await case.ledger.spent() == Spent(confirmed=Amount(2), in_doubt=Amount(2))
    assert list(await case.ledger.open_attempts("citrus-soda")) == [permit]


async def test_a_run_that_dies_before_it_settles_them_leaves_them_to_the_next(case):
    permit = await case.submit(CRAB)
    assert list(await case.ledger.begin(a_run(NEXT))) == [permit]
    assert list(await case.ledger.begin(a_run(THIRD))) == [permit]


@pytest.mark.parametrize("same_purchase", [False, True])
async def test_a_job_with_an_open_attempt_of_a_dead_run_is_refused_until_it_is_settled(
    case, same_purchase
):
    permit = await case.submit(CRAB)
    await case.ledger.begin(a_run(NEXT))

    async def submit():
        return await case.ledger.submit(
            CRAB, run=a_run(NEXT), budget=NO_LIMITS, same_purchase=same_purchase
        )

    with pytest.raises(ValueError, match="is rendering"):
        await submit()
    await case.ledger.abandon([permit], reason="killed")
    if same_purchase:
        assert (await submit()).purchase == permit.purchase
    else:
        with pytest.raises(ValueError, match="is in_doubt: it could be paid for twice"):
            await submit()
    assert await case.ledger.spent() == Spent(in_doubt=Amount(2))


async def test_an_abandoned_attempt_is_in_doubt_and_open_no_more(case):
    permit = await case.submit(CRAB)
    await case.ledger.begin(a_run(NEXT))
    await case.ledger.abandon([permit], reason="killed")
    entry = await case.entry(CRAB)
    assert entry.outcome == InDoubt(amount=Amount(2), reason="killed")
    assert entry.spent == Spent(in_doubt=Amount(2))
    assert list(await case.ledger.begin(a_run(THIRD))) == []


async def test_a_dead_attempt_may_also_be_settled_by_an_answer(case):
    permit = await case.submit(CRAB)
    await case.ledger.begin(a_run(NEXT))
    await case.ledger.paid(permit, a_receipt())
    await case.ledger.abandon([permit], reason="killed")
    assert (await case.entry(CRAB)).spent == Spent(confirmed=Amount(2))
    assert list(await case.ledger.open_attempts("citrus-soda")) == []


async def test_a_late_yes_confirms_an_abandoned_attempt(case):
    permit = await case.submit(CRAB)
    await case.ledger.abandon([permit], reason="killed")
    await case.ledger.paid(permit, a_receipt())
    assert (await case.entry(CRAB)).spent == Spent(confirmed=Amount(2))


async def test_attempts_are_abandoned_all_or_none(case):
    permit = await case.submit(CRAB)
    with pytest.raises(ValueError, match="there is no attempt 7"):
        await case.ledger.abandon([permit, replace(permit, number=7)], reason="killed")
    assert (await case.entry(CRAB)).rendering


async def test_a_replay_that_a_dead_run_left_open_is_in_doubt_again_and_counted_once(case):
    await case.ledger.doubt(await case.submit(CRAB), reason="reset")
    replay = await case.replay(CRAB)
    assert list(await case.ledger.begin(a_run(NEXT))) == [replay]
    assert await case.ledger.spent() == Spent(in_doubt=Amount(2))
    await case.ledger.abandon([replay], reason="killed")
    assert isinstance((await case.entry(CRAB)).outcome, InDoubt)
    assert (await case.entry(CRAB)).spent == Spent(in_doubt=Amount(2))


async def test_an_open_replay_of_what_is_paid_meanwhile_leaves_no_doubt(case):
    first = await case.submit(CRAB)
    await case.ledger.doubt(first, reason="reset")
    replay = await case.replay(CRAB)
    await case.ledger.paid(first, a_receipt("https://cdn.test/late.png"))
    assert list(await case.ledger.begin(a_run(NEXT))) == [replay]
    await case.ledger.abandon([replay], reason="killed")
    assert (await case.entry(CRAB)).outcome.url == "https://cdn.test/late.png"
    assert (await case.entry(CRAB)).spent == Spent(confirmed=Amount(2))


async def test_other_campaigns_are_left_alone_when_a_run_begins(case):
    await case.submit(CRAB)
    assert list(await case.ledger.begin(a_run(NEXT, campaign="winter"))) == []
    assert list(await case.ledger.open_attempts("winter")) == []
    assert (await case.entry(CRAB)).rendering


async def test_a_run_begins_once(case):
    with pytest.raises(ValueError, match="has begun already"):
        await case.ledger.begin(a_run())


async def test_a_run_that_has_not_begun_cannot_end(case):
    with pytest.raises(ValueError, match="has not begun"):
        await case.ledger.end(a_run(NEXT).id, exit_code=0)


async def test_runs_are_told_newest_first_with_their_ends(case):
    case.clock.now += timedelta(hours=1)
    await case.ledger.begin(a_run(NEXT))
    await case.ledger.end(a_run(NEXT).id, exit_code=3)
    newest, oldest = await case.ledger.runs()
    assert newest == RunRecord(
        id=NEXT,
        campaign="citrus-soda",
        account="gptimage@test",
        started="2026-11-22T07:00:00.000Z",
        finished="2026-11-22T07:00:00.000Z",
        exit_code=3,
        number=2,
    )
    assert (oldest.id, oldest.finished, oldest.exit_code) == (a_run().id, "", None)


async def test_runs_are_told_by_campaign(case):
    await case.ledger.begin(a_run(NEXT, campaign="winter"))
    assert [run.id for run in await case.ledger.runs("winter")] == [NEXT]


async def test_a_job_that_was_never_submitted_is_unknown(case):
    await case.submit(CRAB)
    assert list(await case.ledger.entries([LIME.key, CRAB.key])) == [CRAB.key]


async def test_any_number_of_jobs_can_be_asked_for_at_once(case):
    jobs = [a_job(f"p{number}/1x1") for number in range(1201)]
    for job in jobs[::100]:
        await case.submit(job)
    entries = await case.ledger.entries([job.key for job in jobs] * 2)
    assert set(entries) == {job.key for job in jobs[::100]}


async def test_coordinates_come_back_as_they_were_given(case):
    at = Coordinates(
        campaign="citrus-soda",
        cell="the one by the sea",
        axes=(("product", "crab"), ("größe", "4/3"), ("locale", "ar-EG")),
        stage=Stage.FINAL,
        round=3,
        take=2,
    )
    job = replace(CRAB, at=at)
    await case.submit(job)
    assert (await case.entry(job)).at == at


async def test_a_key_of_any_form_comes_back_as_it_was_given(case):
    for key in ("k", "AB" * 16, "ab" * 16, "ab" * 32, "no" * 16):
        await case.submit(replace(CRAB, key=key))
        assert (await case.ledger.entries([key]))[key].key == key


async def test_the_newest_purchase_tells_when_it_was_first_submitted(case):
    await case.ledger.doubt(await case.submit(CRAB), reason="reset")
    case.clock.now += timedelta(hours=5)
    await case.replay(CRAB)
    assert (await case.entry(CRAB)).purchased == "2026-11-22T06:00:00.000Z"


async def test_a_campaign_tells_every_job_it_ever_submitted_in_that_order(case):
    await case.ledger.begin(a_run(NEXT, campaign="winter"))
    await an_image(case, LIME)
    await case.ledger.release(await case.submit(CRAB), reason="429")
    await case.ledger.submit(
        a_job("snow/1x1", campaign="winter"), run=a_run(NEXT, campaign="winter"), budget=NO_LIMITS
    )
    told = await case.ledger.campaign_entries("citrus-soda")
    assert [entry.key for entry in told] == [LIME.key, CRAB.key]


async def test_an_unknown_campaign_has_no_jobs(case):
    assert list(await case.ledger.campaign_entries("nowhere")) == []


async def test_every_post_is_told_in_order_over_purchases_and_runs(case):
    first = await case.submit(CRAB)
    case.clock.now += timedelta(seconds=2.5)
    failure = Failed(kind=FailureKind.REJECTED, reason="too long")
    await case.ledger.fail(first, failure, http=400, request_id="req-9")
    await case.ledger.begin(a_run(NEXT))
    second = await case.ledger.submit(CRAB, run=a_run(NEXT), budget=NO_LIMITS)
    assert list((await case.ledger.attempts([CRAB.key, LIME.key]))[CRAB.key]) == [
        AttemptRecord(
            number=1,
            run=a_run().id,
            purchase=first.purchase,
            purchase_number=1,
            started="2026-11-22T06:00:00.000Z",
            ended="2026-11-22T06:00:02.500Z",
            http=400,
            outcome="failed",
            request_id="req-9",
            error="too long",
        ),
        AttemptRecord(
            number=2,
            run=NEXT,
            purchase=second.purchase,
            purchase_number=2,
            started="2026-11-22T06:00:02.500Z",
            outcome="submitted",
        ),
    ]


async def test_a_job_without_posts_has_no_attempts(case):
    assert await case.ledger.attempts([LIME.key]) == {}


async def test_an_attempt_says_how_it_was_paid(case):
    await an_image(case, CRAB)
    (told,) = (await case.ledger.attempts([CRAB.key]))[CRAB.key]
    assert (told.outcome, told.http, told.request_id) == ("paid", 200, "req-1")


async def test_an_attempt_that_nobody_saw_end_has_no_end(case):
    permit = await case.submit(CRAB)
    await case.ledger.abandon([permit], reason="killed")
    (told,) = (await case.ledger.attempts([CRAB.key]))[CRAB.key]
    assert (told.outcome, told.ended, told.error) == ("doubt", "", "killed")


async def test_sums_are_told_for_any_scope(case):
    winter = a_run(NEXT, campaign="winter", account="embedded@test")
    await case.ledger.begin(winter)
    await an_image(case, CRAB)
    case.clock.now += timedelta(days=9)
    await case.ledger.submit(a_job("snow/1x1", campaign="winter"), run=winter, budget=NO_LIMITS)
    spent, paid, held = case.ledger.spent, Spent(confirmed=Amount(2)), Spent(in_doubt=Amount(2))
    assert await spent() == Spent(confirmed=Amount(2), in_doubt=Amount(2))
    assert await spent(account="gptimage@test") == paid
    assert await spent(campaign="winter") == held
    assert await spent(account="embedded@test", campaign="winter") == held
    assert await spent(account="embedded@test", campaign="citrus-soda") == Spent()
    assert await spent(run=a_run().id) == paid
    assert await spent(run=a_run().id, month="2026-12") == Spent()
    assert await spent(month="2026-12") == held
    assert await spent(account="gptimage@test", month="2026-11") == paid
    assert await spent(account="nobody@test", month="2026-11") == Spent()


async def test_a_purchase_stays_in_the_account_of_the_run_and_month_that_opened_it(case):
    await case.ledger.doubt(await case.submit(CRAB), reason="reset")
    case.clock.now += timedelta(days=9)
    await case.ledger.begin(a_run(NEXT))
    replay = await case.ledger.submit(CRAB, run=a_run(NEXT), budget=NO_LIMITS, same_purchase=True)
    await case.ledger.paid(replay, a_receipt())
    assert await case.ledger.spent(run=a_run().id, month="2026-11") == Spent(confirmed=Amount(2))
    assert await case.ledger.spent(run=NEXT) == Spent()


async def test_words_that_no_file_can_hold_are_kept_as_far_as_they_can_be(case):
    reason = "a lone \ud800 surrogate, a \x00, and 10,000 " + "x" * 10_000
    await case.ledger.doubt(await case.submit(CRAB), reason=reason, request_id="\udfff")
    told = (await case.entry(CRAB)).outcome.reason
    assert told.startswith("a lone ? surrogate, a \x00, and")
    assert len(told) == 2000


async def test_a_url_is_kept_however_long_it_is(case):
    url = "https://cdn.test/" + "x" * 9000
    await case.ledger.paid(await case.submit(CRAB), a_receipt(url))
    assert (await case.entry(CRAB)).outcome.url == url


async def test_the_first_verdict_on_a_cell_has_revision_one(case):
    decided = await case.ledger.decide(a_verdict(), campaign="citrus-soda")
    assert decided == replace(a_verdict(), revision=1)


async def test_a_verdict_on_what_others_have_not_touched_is_recorded(case):
    await case.ledger.decide(a_verdict(), campaign="citrus-soda", base=0)
    redo = a_verdict(decision=Decision.REDO, note="more ice")
    assert (await case.ledger.decide(redo, campaign="citrus-soda", base=1)).revision == 2


async def test_a_verdict_on_an_older_revision_writes_nothing_and_carries_the_newest(case):
    await case.ledger.decide(a_verdict(), campaign="citrus-soda")
    newest = await case.ledger.decide(a_verdict(note="yes"), campaign="citrus-soda")
    with pytest.raises(StaleVerdict) as stale:
        await case.ledger.decide(a_verdict(note="no"), campaign="citrus-soda", base=1)
    assert stale.value.newest == newest
    assert len(await case.ledger.verdict_history("citrus-soda", "crab/1x1")) == 2


async def test_a_verdict_on_what_nobody_has_decided_is_stale_where_a_base_is_named(case):
    with pytest.raises(StaleVerdict) as stale:
        await case.ledger.decide(a_verdict(), campaign="citrus-soda", base=4)
    assert stale.value.newest is None


async def test_cells_stages_and_campaigns_count_their_verdicts_apart(case):
    for cell, stage, campaign in (
        ("crab/1x1", Stage.DRAFT, "citrus-soda"),
        ("crab/1x1", Stage.FINAL, "citrus-soda"),
        ("lime/1x1", Stage.DRAFT, "citrus-soda"),
        ("crab/1x1", Stage.DRAFT, "winter"),
    ):
        decided = await case.ledger.decide(a_verdict(cell, stage=stage), campaign=campaign)
        assert decided.revision == 1


async def test_the_newest_verdict_of_each_cell_and_stage_is_told(case):
    await case.ledger.decide(a_verdict(), campaign="citrus-soda")
    redo = await case.ledger.decide(a_verdict(decision=Decision.REDO), campaign="citrus-soda")
    final = await case.ledger.decide(a_verdict(stage=Stage.FINAL), campaign="citrus-soda")
    assert await case.ledger.verdicts("citrus-soda") == {
        ("crab/1x1", Stage.DRAFT): redo,
        ("crab/1x1", Stage.FINAL): final,
    }


async def test_the_history_of_a_cell_is_told_oldest_first(case):
    given = [
        await case.ledger.decide(a_verdict(note=note), campaign="citrus-soda")
        for note in ("one", "two", "three")
    ]
    await case.ledger.decide(a_verdict("lime/1x1"), campaign="citrus-soda")
    assert list(await case.ledger.verdict_history("citrus-soda", "crab/1x1")) == given


async def test_a_lost_purchase_that_was_bought_again_shows_both_in_the_sums(case):
    await case.ledger.doubt(await case.submit(CRAB), reason="reset")
    await case.ledger.resolve(CRAB.key, Resolution.REBUY)
    await an_image(case, CRAB)
    await case.ledger.stored(CRAB.key, an_artifact())
    assert await case.ledger.spent(campaign="citrus-soda") == Spent(
        confirmed=Amount(2), in_doubt=Amount(2)
    )


SHARING = replace(a_job("lime/9x16"), payer=CRAB.key)


async def store_crab(case):
    await case.ledger.paid(await case.submit(CRAB), a_receipt())
    await case.ledger.stored(CRAB.key, an_artifact())


async def test_a_job_that_shares_an_image_keeps_it_and_costs_nothing(case):
    await store_crab(case)
    assert await case.ledger.share([SHARING]) == 1
    entry = await case.entry(SHARING)
    assert entry.outcome.artifact == (await case.entry(CRAB)).outcome.artifact
    assert (entry.outcome.url, entry.outcome.amount) == ("https://cdn.test/x.png", 0)
    assert entry.spent == Spent()
    assert await case.ledger.spent() == Spent(confirmed=Amount(2))
    assert await case.ledger.attempts([SHARING.key]) == {}
    assert [record.job for record in await case.ledger.images()] == [CRAB.key]
    assert await case.ledger.share([SHARING]) == 0
    with pytest.raises(ValueError, match="stored"):
        await case.submit(SHARING)


async def test_nothing_is_shared_before_it_is_paid(case):
    assert await case.ledger.share([SHARING, CRAB]) == 0
    await case.ledger.doubt(await case.submit(CRAB), reason="no answer")
    assert await case.ledger.share([SHARING]) == 0
    assert await case.ledger.entries([SHARING.key]) == {}


async def test_an_image_that_is_not_downloaded_is_shared_as_its_url(case):
    await case.ledger.paid(await case.submit(CRAB), a_receipt())
    assert await case.ledger.share([SHARING]) == 1
    assert (await case.entry(SHARING)).outcome == Paid(url="https://cdn.test/x.png", amount=0)
    await case.ledger.stored(SHARING.key, an_artifact())
    assert await case.ledger.spent() == Spent(confirmed=Amount(2))


async def test_a_job_that_may_have_been_paid_for_itself_is_left_alone(case):
    await store_crab(case)
    await case.ledger.doubt(await case.submit(SHARING), reason="no answer")
    assert await case.ledger.share([SHARING]) == 0
    assert isinstance((await case.entry(SHARING)).outcome, InDoubt)


async def test_a_job_that_failed_takes_over_an_image_without_the_price_of_its_failure(case):
    refused = Failed(kind=FailureKind.REFUSED, reason="policy")
    await case.ledger.fail(await case.submit(SHARING), refused)
    await store_crab(case)
    assert await case.ledger.share([SHARING]) == 1
    assert (await case.entry(SHARING)).outcome.amount == 0


async def test_a_shared_image_that_is_lost_can_be_bought_for_its_cell(case):
    await store_crab(case)
    await case.ledger.share([SHARING])
    await case.ledger.unfetched(SHARING.key, reason="gone", lost=True)
    await case.ledger.resolve(SHARING.key, Resolution.REBUY)
    await case.ledger.paid(await case.submit(SHARING), a_receipt())
    assert await case.ledger.spent() == Spent(confirmed=Amount(4))


async def test_purchases_add_up_to_what_was_spent(case):
    """Also of a job that was bought twice, and of one in doubt; a freed one costs nothing."""
    crab = await case.submit(CRAB)
    await case.ledger.paid(crab, a_receipt())
    lime = await case.submit(LIME)
    await case.ledger.doubt(lime, reason="reset")
    other = await case.submit(a_job("mint/1x1"))
    await case.ledger.release(other, reason="throttled")
    found = await case.ledger.purchases("citrus-soda")
    spent = await case.ledger.spent(campaign="citrus-soda")
    assert sum(one.spent.confirmed for one in found) == spent.confirmed == 2
    assert sum(one.spent.in_doubt for one in found) == spent.in_doubt == 2
    assert [(one.at.cell, one.number, one.account) for one in found] == [
        ("crab/1x1", 1, a_run().account),
        ("lime/1x1", 1, a_run().account),
    ]
    assert found[0].opened == "2026-11-22T06:00:00.000Z"
    assert await case.ledger.purchases("another") == []
