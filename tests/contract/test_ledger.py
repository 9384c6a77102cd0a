"""Buying, as every ledger must keep it: what each verb changes, and what it refuses."""

from datetime import timedelta

import pytest
from builders import NOW, a_job, a_run
from ledgers import KINDS, NO_LIMITS, LedgerCase, a_receipt, an_artifact, an_image

from pipeline.model.entry import Entry, ImageRecord, Resolution
from pipeline.model.money import Amount, Budget, Spent
from pipeline.model.outcome import Failed, FailureKind, InDoubt, Paid, PaidLost, Stored

NEXT = "2026-11-22T070000Z-bbbbbb"
CRAB = a_job("crab/1x1")
LIME = a_job("lime/1x1")


@pytest.fixture(params=KINDS)
async def case(request, tmp_path):
    case = await LedgerCase.open(request.param, tmp_path)
    await case.ledger.begin(a_run())
    yield case
    await case.ledger.close()


async def test_a_permit_names_job_price_and_the_first_attempt(case):
    permit = await case.submit(CRAB)
    assert (permit.job, permit.price, permit.number) == (CRAB.key, 2, 1)


async def test_a_job_in_flight_has_no_outcome_and_may_have_been_charged(case):
    permit = await case.submit(CRAB)
    assert await case.entry(CRAB) == Entry(
        key=CRAB.key,
        at=CRAB.at,
        outcome=None,
        spent=Spent(in_doubt=Amount(2)),
        purchase=permit.purchase,
        purchased="2026-11-22T06:00:00.000Z",
        rendering=True,
    )


async def test_a_job_in_flight_is_not_asked_for_again(case):
    await case.submit(CRAB)
    with pytest.raises(ValueError, match="rendering"):
        await case.submit(CRAB)


async def test_a_paid_job_is_rendered_at_the_url_of_its_receipt(case):
    await case.ledger.paid(await case.submit(CRAB), a_receipt("https://cdn.test/1.png"))
    assert (await case.entry(CRAB)).outcome == Paid(url="https://cdn.test/1.png", amount=Amount(2))


async def test_a_paid_job_is_not_asked_for_again(case):
    await case.ledger.paid(await case.submit(CRAB), a_receipt())
    with pytest.raises(ValueError, match="pending_download"):
        await case.submit(CRAB)


async def test_what_the_receipt_says_is_confirmed_even_where_the_price_was_another(case):
    await case.ledger.paid(await case.submit(CRAB), a_receipt(credits_=3))
    assert await case.ledger.spent() == Spent(confirmed=Amount(3))


async def test_a_receipt_over_less_than_nothing_is_refused(case):
    permit = await case.submit(CRAB)
    with pytest.raises(ValueError, match="-1"):
        await case.ledger.paid(permit, a_receipt(credits_=-1))
    assert (await case.entry(CRAB)).rendering


async def test_paid_said_twice_is_charged_once(case):
    permit = await case.submit(CRAB)
    await case.ledger.paid(permit, a_receipt("https://cdn.test/1.png"))
    await case.ledger.paid(permit, a_receipt("https://cdn.test/2.png"))
    assert await case.ledger.spent() == Spent(confirmed=Amount(2))
    assert (await case.entry(CRAB)).outcome.url == "https://cdn.test/1.png"


async def test_the_moment_of_the_last_image_is_known_by_account(case):
    permit = await case.submit(CRAB)
    case.clock.now += timedelta(seconds=90)
    await case.ledger.paid(permit, a_receipt())
    assert await case.ledger.last_paid(a_run().account) == NOW + timedelta(seconds=90)
    assert await case.ledger.last_paid("another@test") is None


async def test_an_account_that_only_failed_never_gave_an_image(case):
    failure = Failed(kind=FailureKind.REJECTED, reason="no")
    await case.ledger.fail(await case.submit(CRAB), failure)
    assert await case.ledger.last_paid(a_run().account) is None


async def test_a_stored_job_has_its_artifact(case):
    await an_image(case, CRAB)
    assert (await case.entry(CRAB)).outcome == Stored(
        url="https://cdn.test/x.png", amount=Amount(2), artifact=an_artifact()
    )


async def test_a_stored_job_is_not_asked_for_again(case):
    await an_image(case, CRAB)
    with pytest.raises(ValueError, match="stored"):
        await case.submit(CRAB)


async def test_a_repaired_image_is_stored_again(case):
    await an_image(case, CRAB)
    await case.ledger.stored(CRAB.key, an_artifact("other.png"))
    assert (await case.entry(CRAB)).outcome.artifact.path == "other.png"


async def test_only_what_was_paid_for_can_be_stored(case):
    await case.submit(CRAB)
    with pytest.raises(ValueError, match="rendering"):
        await case.ledger.stored(CRAB.key, an_artifact())


async def test_an_image_that_did_not_come_is_fetched_later(case):
    await case.ledger.paid(await case.submit(CRAB), a_receipt("https://cdn.test/1.png"))
    await case.ledger.unfetched(CRAB.key, reason="reset", lost=False)
    assert (await case.entry(CRAB)).outcome == Paid(
        url="https://cdn.test/1.png", amount=Amount(2), reason="reset"
    )


async def test_a_lost_image_stays_paid_and_is_not_asked_for_again(case):
    await case.ledger.paid(await case.submit(CRAB), a_receipt())
    await case.ledger.unfetched(CRAB.key, reason="404", lost=True)
    assert isinstance((await case.entry(CRAB)).outcome, PaidLost)
    with pytest.raises(ValueError, match="paid_lost"):
        await case.submit(CRAB)


async def test_a_lost_image_that_came_after_all_is_stored(case):
    await case.ledger.paid(await case.submit(CRAB), a_receipt())
    await case.ledger.unfetched(CRAB.key, reason="404", lost=True)
    await case.ledger.stored(CRAB.key, an_artifact())
    assert isinstance((await case.entry(CRAB)).outcome, Stored)


async def test_a_stored_image_whose_file_is_gone_is_fetched_again_not_bought(case):
    await an_image(case, CRAB)
    await case.ledger.unfetched(CRAB.key, reason="the file is gone", lost=False)
    assert (await case.entry(CRAB)).outcome.url == "https://cdn.test/x.png"


async def test_only_what_was_paid_for_can_stay_unfetched(case):
    with pytest.raises(ValueError, match="never submitted"):
        await case.ledger.unfetched(CRAB.key, reason="reset", lost=False)


@pytest.mark.parametrize("kind", FailureKind)
async def test_a_failed_job_costs_nothing_and_says_why(case, kind):
    await case.ledger.fail(await case.submit(CRAB), Failed(kind=kind, reason="no"))
    entry = await case.entry(CRAB)
    assert (entry.outcome, entry.spent) == (Failed(kind=kind, reason="no"), Spent())


async def test_a_failed_job_may_be_bought_under_a_new_key(case):
    first = await case.submit(CRAB)
    await case.ledger.fail(first, Failed(kind=FailureKind.NOT_SENT, reason="refused"))
    second = await case.submit(CRAB)
    assert second.number == 2
    assert second.purchase != first.purchase


async def test_an_attempt_ends_once(case):
    permit = await case.submit(CRAB)
    await case.ledger.fail(permit, Failed(kind=FailureKind.REJECTED, reason="no"))
    for ending in (
        case.ledger.release(permit, reason="later"),
        case.ledger.doubt(permit, reason="lost"),
        case.ledger.paid(permit, a_receipt()),
        case.ledger.fail(permit, Failed(kind=FailureKind.REJECTED, reason="no")),
    ):
        with pytest.raises(ValueError, match="closed"):
            await ending


async def test_a_permit_of_another_ledger_is_refused(case, tmp_path):
    other = await LedgerCase.open("memory", tmp_path)
    await other.ledger.begin(a_run())
    stranger = await other.submit(CRAB)
    await case.submit(CRAB)
    with pytest.raises(ValueError, match="no attempt 1"):
        await case.ledger.paid(stranger, a_receipt())


async def test_a_released_job_is_due_as_if_never_asked(case):
    await case.ledger.release(await case.submit(CRAB), reason="429")
    entry = await case.entry(CRAB)
    assert (entry.outcome, entry.spent, entry.rendering) == (None, Spent(), False)


async def test_an_attempt_that_was_not_charged_is_followed_by_a_new_purchase(case):
    first = await case.submit(CRAB)
    await case.ledger.release(first, reason="slow down", http=429)
    second = await case.submit(CRAB)
    assert (second.purchase == first.purchase, second.number) == (False, 2)
    assert await case.ledger.spent() == Spent(in_doubt=Amount(2))
    told, _ = (await case.ledger.attempts([CRAB.key]))[CRAB.key]
    assert (told.outcome, told.http) == ("failed", 429)


async def test_the_newest_reply_to_a_job_is_kept_as_proof(case):
    job = a_job()
    await case.ledger.doubt(await case.submit(job), reason="two images", raw=b"first")
    await case.ledger.doubt(await case.replay(job), reason="again", raw=b"second")
    assert await case.ledger.reply(job.key) == b"second"
    assert await case.ledger.reply(a_job("lime/1x1").key) == b""


async def test_an_unanswered_job_is_in_doubt_and_counted(case):
    await case.ledger.doubt(await case.submit(CRAB), reason="reset")
    entry = await case.entry(CRAB)
    assert entry.outcome == InDoubt(amount=Amount(2), reason="reset")
    assert entry.spent == Spent(in_doubt=Amount(2))


async def test_a_job_in_doubt_is_not_bought_unasked(case):
    await case.ledger.doubt(await case.submit(CRAB), reason="reset")
    with pytest.raises(ValueError, match="in_doubt"):
        await case.submit(CRAB)


async def test_doubt_said_twice_is_one_doubt(case):
    permit = await case.submit(CRAB)
    await case.ledger.doubt(permit, reason="reset")
    await case.ledger.doubt(permit, reason="interrupted")
    assert (await case.entry(CRAB)).outcome.reason == "reset"


async def test_a_late_yes_takes_the_doubt_away(case):
    permit = await case.submit(CRAB)
    await case.ledger.doubt(permit, reason="interrupted")
    await case.ledger.paid(permit, a_receipt("https://cdn.test/late.png"))
    entry = await case.entry(CRAB)
    assert entry.outcome.url == "https://cdn.test/late.png"
    assert entry.spent == Spent(confirmed=Amount(2))


async def test_a_late_yes_to_what_was_bought_again_puts_the_money_right(case):
    first = await case.submit(CRAB)
    await case.ledger.doubt(first, reason="reset")
    await case.ledger.resolve(CRAB.key, Resolution.REBUY)
    await case.ledger.paid(await case.submit(CRAB), a_receipt("https://cdn.test/new.png"))
    await case.ledger.paid(first, a_receipt("https://cdn.test/old.png"))
    entry = await case.entry(CRAB)
    assert entry.outcome.url == "https://cdn.test/new.png"
    assert entry.spent == Spent(confirmed=Amount(4))


async def test_a_late_yes_to_what_a_person_called_free_is_believed(case):
    permit = await case.submit(CRAB)
    await case.ledger.doubt(permit, reason="reset")
    await case.ledger.resolve(CRAB.key, Resolution.NOT_CHARGED)
    await case.ledger.paid(permit, a_receipt())
    assert (await case.entry(CRAB)).spent == Spent(confirmed=Amount(2))


async def test_a_replay_keeps_the_key_and_reserves_nothing_more(case):
    first = await case.submit(CRAB)
    await case.ledger.doubt(first, reason="reset")
    replay = await case.replay(CRAB)
    assert (replay.purchase, replay.number, replay.price) == (first.purchase, 2, 2)
    assert await case.ledger.spent() == Spent(in_doubt=Amount(2))


async def test_a_replay_is_permitted_at_the_limit_since_it_is_counted_already(case):
    await case.ledger.doubt(await case.submit(CRAB), reason="reset")
    replay = await case.ledger.submit(
        CRAB, run=a_run(), budget=Budget(run=Amount(2)), same_purchase=True
    )
    await case.ledger.paid(replay, a_receipt())
    assert (await case.entry(CRAB)).spent == Spent(confirmed=Amount(2))


@pytest.mark.parametrize("ending", ["fail", "release"])
async def test_a_replay_that_costs_nothing_says_nothing_about_the_doubt(case, ending):
    await case.ledger.doubt(await case.submit(CRAB), reason="reset")
    replay = await case.replay(CRAB)
    if ending == "fail":
        await case.ledger.fail(replay, Failed(kind=FailureKind.REJECTED, reason="422"))
    else:
        await case.ledger.release(replay, reason="429")
    entry = await case.entry(CRAB)
    assert entry.outcome == InDoubt(amount=Amount(2), reason="reset")
    assert entry.spent == Spent(in_doubt=Amount(2))


async def test_only_a_doubt_is_replayed(case):
    for job in (CRAB, LIME):
        with pytest.raises(ValueError, match="no purchase in doubt"):
            await case.replay(job)
        await case.submit(LIME) if job is CRAB else None


async def test_a_purchase_is_not_replayed_on_another_account(case):
    await case.ledger.doubt(await case.submit(CRAB), reason="reset")
    elsewhere = a_run(NEXT, account="gptimage@elsewhere")
    await case.ledger.begin(elsewhere)
    with pytest.raises(ValueError, match="gptimage@test"):
        await case.ledger.submit(CRAB, run=elsewhere, budget=NO_LIMITS, same_purchase=True)


async def test_a_doubt_that_was_charged_is_paid_and_lost(case):
    await case.ledger.doubt(await case.submit(CRAB), reason="reset")
    await case.ledger.resolve(CRAB.key, Resolution.CHARGED)
    entry = await case.entry(CRAB)
    assert (type(entry.outcome), entry.spent) == (PaidLost, Spent(confirmed=Amount(2)))


async def several_shown(case):
    """A job at 2 credits whose answer showed three images."""
    permit = await case.submit(CRAB)
    await case.ledger.doubt(permit, reason="3 images", at_most=Amount(6))


async def test_several_images_for_one_are_held_at_the_price_of_each(case):
    """Only one price was held: charged for all three, more was spent than was said."""
    await several_shown(case)
    entry = await case.entry(CRAB)
    assert entry.outcome == InDoubt(amount=Amount(6), reason="3 images")
    assert await case.ledger.spent() == Spent(in_doubt=Amount(6))


async def test_a_replay_without_an_answer_holds_no_less_than_before(case):
    await several_shown(case)
    await case.ledger.doubt(await case.replay(CRAB), reason="reset", at_most=Amount(2))
    assert await case.ledger.spent() == Spent(in_doubt=Amount(6))


async def test_a_late_yes_says_what_several_images_really_cost(case):
    await several_shown(case)
    await case.ledger.paid(await case.replay(CRAB), a_receipt())
    assert await case.ledger.spent() == Spent(confirmed=Amount(2))


@pytest.mark.parametrize("charged", [0, 2, 4, 6, 9])
async def test_a_person_says_what_a_doubt_cost_whether_its_image_came_or_not(case, charged):
    await several_shown(case)
    await case.ledger.image_found(CRAB.key, "https://cdn.test/1.png", charged=Amount(charged))
    assert (await case.entry(CRAB)).outcome.amount == charged
    other = a_job("lime/1x1")
    await case.ledger.doubt(await case.submit(other), reason="reset")
    await case.ledger.resolve(other.key, Resolution.CHARGED, charged=Amount(charged))
    assert await case.ledger.spent() == Spent(confirmed=Amount(2 * charged))


async def test_nothing_was_ever_charged_below_zero(case):
    await several_shown(case)
    with pytest.raises(ValueError, match="-1 credits"):
        await case.ledger.image_found(CRAB.key, "https://cdn.test/1.png", charged=Amount(-1))


async def test_a_doubt_that_was_not_charged_is_due(case):
    await case.ledger.doubt(await case.submit(CRAB), reason="reset")
    await case.ledger.resolve(CRAB.key, Resolution.NOT_CHARGED)
    entry = await case.entry(CRAB)
    assert (entry.outcome, entry.spent) == (None, Spent())


async def test_a_doubt_that_is_bought_again_stays_counted(case):
    first = await case.submit(CRAB)
    await case.ledger.doubt(first, reason="reset")
    await case.ledger.resolve(CRAB.key, Resolution.REBUY)
    second = await case.submit(CRAB)
    await case.ledger.paid(second, a_receipt())
    entry = await case.entry(CRAB)
    assert entry.spent == Spent(confirmed=Amount(2), in_doubt=Amount(2))
    assert entry.purchase == second.purchase != first.purchase


async def test_a_lost_image_may_be_bought_again_and_stays_counted(case):
    await case.ledger.paid(await case.submit(CRAB), a_receipt())
    await case.ledger.unfetched(CRAB.key, reason="404", lost=True)
    await case.ledger.resolve(CRAB.key, Resolution.REBUY)
    assert (await case.entry(CRAB)).outcome is None
    await case.ledger.paid(await case.submit(CRAB), a_receipt())
    assert (await case.entry(CRAB)).spent == Spent(confirmed=Amount(4))


async def test_an_image_a_person_found_is_confirmed_and_fetched(case):
    await case.ledger.doubt(await case.submit(CRAB), reason="reset")
    await case.ledger.image_found(CRAB.key, "https://cdn.test/found.png")
    entry = await case.entry(CRAB)
    assert entry.outcome == Paid(url="https://cdn.test/found.png", amount=Amount(2))
    assert entry.spent == Spent(confirmed=Amount(2))


async def test_a_lost_image_a_person_found_is_not_charged_twice(case):
    await case.ledger.paid(await case.submit(CRAB), a_receipt())
    await case.ledger.unfetched(CRAB.key, reason="404", lost=True)
    await case.ledger.image_found(CRAB.key, "https://cdn.test/found.png")
    entry = await case.entry(CRAB)
    assert (type(entry.outcome), entry.spent) == (Paid, Spent(confirmed=Amount(2)))


@pytest.mark.parametrize("resolution", Resolution)
async def test_what_is_not_in_doubt_has_nothing_to_resolve(case, resolution):
    await an_image(case, CRAB)
    with pytest.raises(ValueError, match="stored"):
        await case.ledger.resolve(CRAB.key, resolution)


@pytest.mark.parametrize("resolution", [Resolution.CHARGED, Resolution.NOT_CHARGED])
async def test_whether_a_lost_image_was_charged_is_no_question(case, resolution):
    await case.ledger.paid(await case.submit(CRAB), a_receipt())
    await case.ledger.unfetched(CRAB.key, reason="404", lost=True)
    with pytest.raises(ValueError, match="paid_lost"):
        await case.ledger.resolve(CRAB.key, resolution)


async def test_nothing_is_found_of_a_job_that_is_stored(case):
    await an_image(case, CRAB)
    with pytest.raises(ValueError, match="stored"):
        await case.ledger.image_found(CRAB.key, "https://cdn.test/found.png")


@pytest.mark.parametrize("resolution", [Resolution.CHARGED, Resolution.NOT_CHARGED])
async def test_whether_an_image_to_download_was_charged_is_no_question(case, resolution):
    await case.ledger.paid(await case.submit(CRAB), a_receipt())
    await case.ledger.unfetched(CRAB.key, reason="an HTML page", lost=False)
    with pytest.raises(ValueError, match="pending_download"):
        await case.ledger.resolve(CRAB.key, resolution)


async def test_a_download_that_fails_for_ever_may_be_settled_by_a_person(case):
    """A host that sends a page for ever left the image to be downloaded, and no way out."""
    for job in (CRAB, LIME):
        await case.ledger.paid(await case.submit(job), a_receipt(f"https://cdn.test/{job.at.cell}"))
        with pytest.raises(ValueError, match="pending_download"):
            await case.ledger.resolve(job.key, Resolution.REBUY)
        with pytest.raises(ValueError, match="pending_download"):
            await case.ledger.image_found(job.key, "https://cdn.test/found.png")
        await case.ledger.unfetched(job.key, reason="an HTML page", lost=False)
    await case.ledger.resolve(CRAB.key, Resolution.REBUY)
    assert (await case.entry(CRAB)).outcome is None
    await case.ledger.image_found(LIME.key, "https://cdn.test/found.png")
    assert (await case.entry(LIME)).outcome == Paid(
        url="https://cdn.test/found.png", amount=Amount(2)
    )
    assert (await case.ledger.spent()) == Spent(confirmed=Amount(4))


async def test_every_url_and_file_that_was_paid_for_is_listed(case):
    await case.submit(a_job("sole/1x1"))
    await case.ledger.paid(await case.submit(CRAB), a_receipt("https://cdn.test/crab.png"))
    await an_image(case, LIME)
    listed = {record.job: record for record in await case.ledger.images()}
    lime = (await case.entry(LIME)).outcome
    assert listed == {
        CRAB.key: ImageRecord(job=CRAB.key, url="https://cdn.test/crab.png"),
        LIME.key: ImageRecord(job=LIME.key, url=lime.url, sha256=lime.artifact.sha256),
    }
