"""Tickets, as every ledger keeps them: what they reserve, how they advance, what they outlive."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import a_job, a_run
from ledgers import KINDS, NO_LIMITS, LedgerCase, a_receipt, an_artifact

from pipeline.errors import BudgetReached
from pipeline.model.entry import Resolution
from pipeline.model.money import Amount, Budget, Spent
from pipeline.model.outcome import Failed, FailureKind, InDoubt, Paid, Status, Stored
from pipeline.model.providers.request import Quality
from pipeline.model.ticket import Ticket, TicketId, TicketState

NAME = TicketId("batch-1f0c")
LATER = a_run("2026-11-22T070000Z-bbbbbb")
CRAB, LIME, MINT = (a_job(f"{name}/1x1") for name in ("crab", "lime", "mint"))


@pytest.fixture(params=KINDS)
async def case(request, tmp_path):
    case = await LedgerCase.open(request.param, tmp_path)
    await case.ledger.begin(a_run())
    yield case
    await case.ledger.close()


async def order(case, *jobs, budget=NO_LIMITS, ticket=NAME, run=None):
    run = run or a_run()
    return await case.ledger.order(jobs or (CRAB, LIME), run=run, budget=budget, ticket=ticket)


async def the_ticket(case):
    (ticket,) = await case.ledger.open_tickets()
    return ticket


async def advance(case, state, **facts):
    await case.ledger.update_ticket(replace(await the_ticket(case), state=state, **facts))


async def test_a_ticket_reserves_every_price_and_its_images_are_ordered(case):
    permits = await order(case)
    assert [(permit.job, permit.price, permit.number) for permit in permits] == [
        (CRAB.key, 2, 1),
        (LIME.key, 2, 1),
    ]
    entry = await case.entry(CRAB)
    assert (entry.status, entry.outcome, entry.rendering) == (Status.ORDERED, None, False)
    assert await case.ledger.spent() == Spent(in_doubt=Amount(4))


async def test_a_new_ticket_is_packed_and_names_run_model_and_time(case):
    await order(case)
    assert await the_ticket(case) == Ticket(
        id=NAME,
        run=a_run().id,
        campaign=a_run().campaign,
        account=a_run().account,
        profile="gptimage",
        model="gpt-image-2",
        images=2,
        packed="2026-11-22T06:00:00.000Z",
        changed="2026-11-22T06:00:00.000Z",
    )


async def test_a_ticket_orders_as_many_images_as_a_budget_allows(case):
    permits = await order(case, CRAB, LIME, MINT, budget=Budget(run=Amount(5)))
    assert [permit.job for permit in permits] == [CRAB.key, LIME.key]
    assert (await the_ticket(case)).images == 2
    assert await case.ledger.entries([MINT.key]) == {}


async def test_a_ticket_that_no_budget_allows_leaves_nothing_behind(case):
    with pytest.raises(BudgetReached):
        await order(case, budget=Budget(campaign=Amount(1)))
    assert list(await case.ledger.open_tickets()) == []
    assert await case.ledger.spent() == Spent()


async def test_what_is_ordered_is_not_bought_by_a_request_or_another_ticket(case):
    await order(case)
    with pytest.raises(ValueError, match="ordered"):
        await case.submit(CRAB)
    with pytest.raises(ValueError, match="ordered"):
        await order(case, MINT, CRAB, ticket=TicketId("batch-2"))
    assert await case.ledger.entries([MINT.key]) == {}
    assert len(await case.ledger.open_tickets()) == 1


@pytest.mark.parametrize(
    ("jobs", "words"),
    [
        ((CRAB, CRAB), "twice"),
        ((CRAB, a_job("rum/1x1", campaign="winter")), "winter"),
        ((CRAB, replace(LIME, request=replace(LIME.request, model="other"))), "one model"),
    ],
)
async def test_an_order_that_makes_no_sense_is_refused_whole(case, jobs, words):
    with pytest.raises(ValueError, match=words):
        await order(case, *jobs)
    assert list(await case.ledger.open_tickets()) == []
    assert await case.ledger.entries([CRAB.key]) == {}


async def test_a_ticket_name_is_taken_once(case):
    await order(case, CRAB)
    with pytest.raises(ValueError, match="exists"):
        await order(case, LIME)


async def test_begin_does_not_return_attempts_of_an_open_ticket(case):
    """A ticket outlives its run: the next one must not doubt what the provider is still making."""
    permit = await case.submit(MINT)
    await order(case)
    assert list(await case.ledger.begin(LATER)) == [permit]
    assert list(await case.ledger.open_attempts(LATER.campaign)) == [permit]
    assert (await case.entry(CRAB)).ordered


async def test_a_ticket_keeps_what_each_step_told(case):
    await order(case)
    await advance(case, TicketState.UPLOADED, file="file-1")
    case.clock.now += timedelta(minutes=1)
    await advance(case, TicketState.CREATING)
    await advance(
        case, TicketState.OPEN, batch="batch_1", expires="2026-11-23T06:01:00.000Z", reason="why"
    )
    ticket = await the_ticket(case)
    assert (ticket.state, ticket.file, ticket.batch) == (TicketState.OPEN, "file-1", "batch_1")
    assert ticket.changed == "2026-11-22T06:01:00.000Z"
    assert (ticket.expires, ticket.reason) == ("2026-11-23T06:01:00.000Z", "why")


async def test_a_label_that_was_looked_for_in_vain_is_remembered(case):
    await order(case)
    missed = "2026-11-22T06:05:00.000Z"
    await advance(case, TicketState.CREATING, misses=1, missed=missed)
    ticket = await the_ticket(case)
    assert (ticket.misses, ticket.missed) == (1, missed)


async def test_a_ticket_never_goes_back_and_keeps_its_file_and_batch(case):
    await order(case)
    await advance(case, TicketState.OPEN, file="file-1", batch="batch_1")
    with pytest.raises(ValueError, match="again"):
        await advance(case, TicketState.CREATING)
    with pytest.raises(ValueError, match="batch_1"):
        await advance(case, TicketState.OPEN, batch="batch_2")
    with pytest.raises(ValueError, match="file-1"):
        await advance(case, TicketState.CLOSED, file="")
    with pytest.raises(ValueError, match="close_ticket"):
        await advance(case, TicketState.COLLECTED)
    with pytest.raises(ValueError, match="no ticket"):
        await case.ledger.update_ticket(replace(await the_ticket(case), id=TicketId("other")))


async def test_each_line_is_settled_by_itself(case):
    crab, lime, mint = await order(case, CRAB, LIME, MINT)
    await case.ledger.begin(LATER)
    await case.ledger.paid(crab, a_receipt("reply:1", credits_=1))
    await case.ledger.stored(CRAB.key, an_artifact())
    await case.ledger.release(lime, reason="expired")
    assert list(await case.ledger.ticket_attempts(NAME)) == [mint]
    await case.ledger.doubt(mint, reason="in neither file")
    assert isinstance((await case.entry(CRAB)).outcome, Stored)
    assert (await case.entry(LIME)).status is Status.PLANNED
    assert isinstance((await case.entry(MINT)).outcome, InDoubt)
    assert await case.ledger.spent() == Spent(confirmed=Amount(1), in_doubt=Amount(2))
    assert await case.ledger.spent(run=a_run().id) == await case.ledger.spent()


async def test_a_failed_line_may_be_ordered_again(case):
    (crab,) = await order(case, CRAB)
    await case.ledger.fail(crab, Failed(kind=FailureKind.REFUSED, reason="policy"))
    await case.ledger.close_ticket(NAME)
    (again,) = await order(case, CRAB, ticket=TicketId("batch-2"))
    assert (again.number, again.purchase != crab.purchase) == (2, True)


async def test_a_ticket_is_collected_once_every_line_is_settled(case):
    crab, lime = await order(case)
    await case.ledger.paid(crab, a_receipt())
    with pytest.raises(ValueError, match="1 lines"):
        await case.ledger.close_ticket(NAME)
    await case.ledger.abandon([lime], reason="lost")
    await case.ledger.close_ticket(NAME)
    await case.ledger.close_ticket(NAME)
    assert list(await case.ledger.open_tickets()) == []
    assert list(await case.ledger.ticket_attempts(NAME)) == []
    with pytest.raises(ValueError, match="no ticket"):
        await case.ledger.close_ticket(TicketId("other"))


async def test_open_tickets_are_listed_by_campaign_and_account_oldest_first(case):
    winter = a_run("2026-11-22T060001Z-cccccc", campaign="winter", account="openai@test")
    await case.ledger.begin(winter)
    await order(case)
    rum = a_job("rum/1x1", campaign="winter", quality=Quality.HIGH)
    await order(case, rum, ticket=TicketId("batch-2"), run=winter)

    async def listed(**scope):
        return [ticket.id for ticket in await case.ledger.open_tickets(**scope)]

    assert await listed() == [NAME, "batch-2"]
    assert await listed(campaign="winter") == await listed(account="openai@test") == ["batch-2"]
    assert await listed(campaign="winter", account=a_run().account) == []


async def test_an_attempt_tells_the_ticket_that_ordered_it(case):
    await order(case, CRAB)
    await case.submit(LIME)
    told = await case.ledger.attempts([CRAB.key, LIME.key])
    assert [post.ticket for key in (CRAB.key, LIME.key) for post in told[key]] == [NAME, None]


async def test_a_line_in_doubt_is_resolved_like_any_other(case):
    (crab,) = await order(case, CRAB)
    await case.ledger.doubt(crab, reason="in neither file")
    await case.ledger.close_ticket(NAME)
    await case.ledger.resolve(CRAB.key, Resolution.NOT_CHARGED)
    assert (await case.entry(CRAB)).status is Status.PLANNED


async def test_a_line_may_be_paid_after_it_was_in_doubt(case):
    (crab,) = await order(case, CRAB)
    await case.ledger.doubt(crab, reason="no output file")
    await case.ledger.paid(crab, a_receipt("reply:1"))
    assert (await case.entry(CRAB)).outcome == Paid(url="reply:1", amount=Amount(2))
