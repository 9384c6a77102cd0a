"""Money that is in doubt beside an outcome: of a paid image, or of a request that was refused.

A provider that counts tokens reserves the most that a request can cost, and its reply says what it
did cost. A reply without that figure leaves the rest in doubt, and so does a refusal that came
after the work. The picture is settled in all of these; only the money is not.
"""

from dataclasses import replace

import pytest
from builders import a_job, a_run
from ledgers import KINDS, NO_LIMITS, LedgerCase, a_receipt, an_artifact

from pipeline.errors import BudgetReached
from pipeline.model.entry import Resolution
from pipeline.model.money import Amount, Budget, Spent
from pipeline.model.outcome import Failed, FailureKind, InDoubt, Paid, PaidLost, Status, Stored

CRAB = replace(a_job("crab/1x1"), price=Amount(100))
LIME = replace(a_job("lime/1x1"), price=Amount(100))
SHARING = replace(a_job("crab/9x16"), payer=CRAB.key)
URL = "https://cdn.test/x.png"


@pytest.fixture(params=KINDS)
async def case(request, tmp_path):
    case = await LedgerCase.open(request.param, tmp_path)
    await case.ledger.begin(a_run())
    yield case
    await case.ledger.close()


def partly(paid, in_doubt):
    return replace(a_receipt(URL, credits_=paid), in_doubt=Amount(in_doubt))


def interval(confirmed, in_doubt):
    return Spent(confirmed=Amount(confirmed), in_doubt=Amount(in_doubt))


async def refuse(case, in_doubt, job=CRAB):
    failure = Failed(kind=FailureKind.REFUSED, reason="blocked", in_doubt=Amount(in_doubt))
    await case.ledger.fail(await case.submit(job), failure, http=400)


async def sums(case):
    """Every sum that a ledger keeps: all are the same here."""
    spent, run = case.ledger.spent, a_run()
    told = [
        await spent(),
        await spent(run=run.id),
        await spent(account=run.account, campaign=run.campaign),
        await spent(account=run.account, month="2026-11"),
        (await case.ledger.spent_by_run(run.campaign))[0].spent,
    ]
    assert all(one == told[0] for one in told)
    return told[0]


async def test_the_most_is_reserved_and_what_was_not_charged_is_freed(case):
    permit = await case.submit(CRAB)
    assert (permit.price, await sums(case)) == (100, interval(0, 100))
    await case.ledger.paid(permit, partly(53, 0))
    assert await sums(case) == interval(53, 0)
    assert (await case.entry(CRAB)).outcome == Paid(url=URL, amount=Amount(53))


async def test_a_budget_holds_against_the_most_and_gets_the_rest_back(case):
    narrow = Budget(run=Amount(160))
    permit = await case.ledger.submit(CRAB, run=a_run(), budget=narrow)
    with pytest.raises(BudgetReached):
        await case.ledger.submit(LIME, run=a_run(), budget=narrow)
    await case.ledger.paid(permit, partly(53, 0))
    assert (await case.ledger.submit(LIME, run=a_run(), budget=narrow)).price == 100


async def test_a_reply_without_usage_is_paid_and_the_rest_stays_in_doubt(case):
    await case.ledger.paid(await case.submit(CRAB), partly(5, 95))
    entry = await case.entry(CRAB)
    assert entry.outcome == Paid(url=URL, amount=Amount(5), in_doubt=Amount(95))
    assert entry.status is Status.PENDING_DOWNLOAD
    assert entry.spent == await sums(case) == interval(5, 95)
    with pytest.raises(BudgetReached):
        await case.ledger.submit(LIME, run=a_run(), budget=Budget(run=Amount(199)))
    await case.ledger.stored(CRAB.key, an_artifact())
    stored = Stored(url=URL, amount=Amount(5), in_doubt=Amount(95), artifact=an_artifact())
    assert (await case.entry(CRAB)).outcome == stored


async def test_a_receipt_never_leaves_less_than_nothing_in_doubt(case):
    permit = await case.submit(CRAB)
    with pytest.raises(ValueError, match="-1"):
        await case.ledger.paid(permit, partly(5, -1))
    assert (await case.entry(CRAB)).rendering


@pytest.mark.parametrize(
    ("resolution", "charged", "cost"),
    [
        (Resolution.CHARGED, None, 100),
        (Resolution.CHARGED, 53, 53),
        (Resolution.CHARGED, 5, 5),
        (Resolution.CHARGED, 140, 140),
        (Resolution.NOT_CHARGED, None, 5),
    ],
)
async def test_a_person_settles_the_money_of_a_stored_image_and_not_the_image(
    case, resolution, charged, cost
):
    await case.ledger.paid(await case.submit(CRAB), partly(5, 95))
    await case.ledger.stored(CRAB.key, an_artifact())
    said = None if charged is None else Amount(charged)
    await case.ledger.resolve(CRAB.key, resolution, charged=said)
    entry = await case.entry(CRAB)
    assert entry.outcome == Stored(url=URL, amount=Amount(cost), artifact=an_artifact())
    assert entry.spent == await sums(case) == interval(cost, 0)


async def test_what_is_paid_never_becomes_less(case):
    await case.ledger.paid(await case.submit(CRAB), partly(5, 95))
    with pytest.raises(ValueError, match="less than the 5"):
        await case.ledger.resolve(CRAB.key, Resolution.CHARGED, charged=Amount(4))
    assert await sums(case) == interval(5, 95)


async def test_a_lost_image_keeps_its_money_in_doubt_and_may_be_bought_again(case):
    await case.ledger.paid(await case.submit(CRAB), partly(5, 95))
    await case.ledger.unfetched(CRAB.key, reason="404", lost=True)
    lost = PaidLost(url=URL, amount=Amount(5), in_doubt=Amount(95), reason="404")
    assert (await case.entry(CRAB)).outcome == lost
    await case.ledger.resolve(CRAB.key, Resolution.REBUY)
    await case.ledger.paid(await case.submit(CRAB), partly(53, 0))
    assert await sums(case) == interval(58, 95)


async def test_a_request_that_was_refused_after_the_work_may_have_been_charged(case):
    await refuse(case, 60)
    entry = await case.entry(CRAB)
    refused = Failed(kind=FailureKind.REFUSED, reason="blocked", in_doubt=Amount(60))
    assert (entry.outcome, entry.status) == (refused, Status.REFUSED)
    assert entry.spent == await sums(case) == interval(0, 60)
    (told,) = (await case.ledger.attempts([CRAB.key]))[CRAB.key]
    assert (told.outcome, told.http) == ("failed", 400)
    with pytest.raises(BudgetReached):
        await case.ledger.submit(LIME, run=a_run(), budget=Budget(run=Amount(159)))


async def test_a_refusal_never_leaves_less_than_nothing_in_doubt(case):
    permit = await case.submit(CRAB)
    failure = Failed(kind=FailureKind.REFUSED, reason="blocked", in_doubt=Amount(-1))
    with pytest.raises(ValueError, match="-1"):
        await case.ledger.fail(permit, failure)
    assert (await case.entry(CRAB)).rendering


@pytest.mark.parametrize(
    ("resolution", "charged", "cost"),
    [
        (Resolution.CHARGED, None, 60),
        (Resolution.CHARGED, 7, 7),
        (Resolution.NOT_CHARGED, None, 0),
    ],
)
async def test_a_person_settles_the_money_of_a_refusal_and_it_stays_refused(
    case, resolution, charged, cost
):
    """The words are still refused: it is not due, unless it is asked for with --retry-failed."""
    await refuse(case, 60)
    said = None if charged is None else Amount(charged)
    await case.ledger.resolve(CRAB.key, resolution, charged=said)
    entry = await case.entry(CRAB)
    assert entry.outcome == Failed(kind=FailureKind.REFUSED, reason="blocked")
    assert entry.spent == await sums(case) == interval(cost, 0)
    with pytest.raises(ValueError, match="refused, not in doubt"):
        await case.ledger.resolve(CRAB.key, Resolution.NOT_CHARGED)


async def test_a_refusal_is_not_bought_again_by_settling_it(case):
    await refuse(case, 60)
    with pytest.raises(ValueError, match="refused, not in doubt or lost"):
        await case.ledger.resolve(CRAB.key, Resolution.REBUY)
    with pytest.raises(ValueError, match="no purchase in doubt"):
        await case.replay(CRAB)
    with pytest.raises(ValueError, match="refused, not in doubt or lost"):
        await case.ledger.image_found(CRAB.key, URL)


async def test_a_refusal_that_is_tried_again_stays_counted(case):
    await refuse(case, 60)
    await case.ledger.paid(await case.submit(CRAB), partly(53, 0))
    assert (await case.entry(CRAB)).outcome == Paid(url=URL, amount=Amount(53))
    assert await sums(case) == interval(53, 60)


async def test_a_refused_replay_leaves_the_doubt_of_its_purchase(case):
    await case.ledger.doubt(await case.submit(CRAB), reason="reset")
    failure = Failed(kind=FailureKind.REFUSED, reason="blocked", in_doubt=Amount(160))
    await case.ledger.fail(await case.replay(CRAB), failure)
    assert (await case.entry(CRAB)).outcome == InDoubt(amount=Amount(160), reason="reset")
    assert await sums(case) == interval(0, 160)


async def test_a_refused_job_that_takes_over_an_image_keeps_its_own_money_in_doubt(case):
    await refuse(case, 60, job=SHARING)
    await case.ledger.paid(await case.submit(CRAB), partly(53, 0))
    await case.ledger.stored(CRAB.key, an_artifact())
    assert await case.ledger.share([SHARING]) == 1
    outcome = (await case.entry(SHARING)).outcome
    assert (outcome.amount, outcome.in_doubt) == (0, 60)
    await case.ledger.resolve(SHARING.key, Resolution.NOT_CHARGED)
    assert (await case.entry(SHARING)).outcome.in_doubt == 0
    assert await sums(case) == interval(53, 0)


async def test_what_has_nothing_in_doubt_cannot_be_settled(case):
    await case.ledger.paid(await case.submit(CRAB), partly(53, 0))
    for resolution in (Resolution.CHARGED, Resolution.NOT_CHARGED):
        with pytest.raises(ValueError, match="pending_download, not in doubt"):
            await case.ledger.resolve(CRAB.key, resolution)
    assert await case.ledger.submit(LIME, run=a_run(), budget=NO_LIMITS)
