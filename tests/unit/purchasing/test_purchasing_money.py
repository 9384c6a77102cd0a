"""What every answer does to the money; the promises are those of the ledger's design."""

import asyncio

import pytest
from builders import a_job
from fake_provider import ScriptedAnswer

from pipeline.errors import (
    BudgetReached,
    CircuitOpen,
    DownloadFailed,
    FailuresReached,
    ImageGone,
    LocalFault,
    NotSent,
    PolicyRefused,
    ProviderStopped,
    Rejected,
    ReplyUnknown,
    Throttled,
)
from pipeline.model.campaign import FailureLimit
from pipeline.model.money import Amount, Budget, Spent
from pipeline.model.outcome import Failed, FailureKind, InDoubt, Paid, PaidLost, Stored
from pipeline.model.providers.request import Quality
from pipeline.purchasing.events import PaidUnrecorded


def high(number):
    return [
        a_job(f"p{index}/4x3", quality=Quality.HIGH, prompt=f"photo {index}")
        for index in range(number)
    ]


async def test_a_job_that_goes_well_is_stored_and_charged_once(case):
    here = await case()
    [outcome] = await here.render(a_job())
    assert isinstance(outcome, Stored)
    assert (await here.ledger.spent()).confirmed == here.provider.charged == 2


async def test_the_next_request_starts_while_an_answer_is_made_durable(case, monkeypatch):
    """It waited for the disk: 200 requests of a second at once ran at 0.65 of their pace."""
    shop = await case(limit=1)
    first, *others = high(3)
    await shop.render(first)
    paid, arrived, both = shop.ledger.paid, [], asyncio.Event()

    async def slowly(attempt, receipt):
        arrived.append(attempt)
        if len(arrived) == len(others):
            both.set()
        await both.wait()
        await paid(attempt, receipt)

    monkeypatch.setattr(shop.ledger, "paid", slowly)
    async with asyncio.timeout(5):
        outcomes = await shop.render_at_once(*others)
    assert [type(outcome) for outcome in outcomes] == [Stored, Stored]
    spent = await shop.ledger.spent()
    assert (spent.confirmed, spent.in_doubt) == (shop.provider.charged, 0)


async def test_a_reply_lost_after_the_charge_is_in_doubt_and_not_bought_again(case):
    here = await case([ScriptedAnswer(error=ReplyUnknown("connection reset"), charged=True)])
    [outcome] = await here.render(a_job())
    assert isinstance(outcome, InDoubt)
    spent = await here.ledger.spent()
    assert spent.confirmed <= here.provider.charged <= spent.upper
    assert len(here.provider.asked) == 1


async def test_several_images_for_one_are_held_at_the_price_of_each(case):
    """One price was held, and an account charged for three had spent more than was said."""
    here = await case(
        [ScriptedAnswer(error=ReplyUnknown("the answer shows 3", images=3), charged=True)]
    )
    [outcome] = await here.render(a_job())
    assert outcome == InDoubt(amount=6, reason="the answer shows 3")
    assert (await here.ledger.spent()).in_doubt == 6


async def test_replays_that_show_several_images_again_hold_the_same_and_no_more(case, embedded):
    answers = [
        ScriptedAnswer(error=ReplyUnknown("shows 3", images=3), charged=False) for _ in range(9)
    ]
    here = await case(answers, profile=embedded)
    [outcome] = await here.render(a_job())
    assert len(here.provider.asked) > 1
    assert outcome == InDoubt(amount=6, reason="shows 3")
    assert (await here.ledger.spent()).in_doubt == 6


async def test_a_provider_that_honours_keys_is_asked_again_with_the_same_key(case, embedded):
    here = await case([ScriptedAnswer(error=ReplyUnknown("reset"), charged=True)], profile=embedded)
    [outcome] = await here.render(a_job())
    assert isinstance(outcome, Stored)
    assert len({asked.key for asked in here.provider.asked}) == 1
    assert here.provider.charged == 2


async def test_a_replay_that_is_refused_keeps_the_doubt(case, embedded):
    here = await case(
        [
            ScriptedAnswer(error=ReplyUnknown("reset"), charged=False),
            ScriptedAnswer(error=Rejected("the key was used with another body", http=422)),
        ],
        profile=embedded,
    )
    [outcome] = await here.render(a_job())
    assert isinstance(outcome, InDoubt)
    assert (await here.ledger.spent()).in_doubt == 2


async def test_a_key_that_is_being_answered_is_waited_for(case, embedded):
    here = await case(
        [
            ScriptedAnswer(error=ReplyUnknown("timeout"), charged=False),
            *[ScriptedAnswer(error=ReplyUnknown("in flight", http=409)) for _ in range(3)],
        ],
        profile=embedded,
        replays=1,
        replay_patience=1e9,
    )
    [outcome] = await here.render(a_job())
    assert isinstance(outcome, Stored)


async def test_what_was_never_sent_is_tried_again_and_charged_once(case):
    here = await case([ScriptedAnswer(error=NotSent("refused"))] * 3)
    [outcome] = await here.render(a_job())
    assert isinstance(outcome, Stored)
    assert here.provider.charged == (await here.ledger.spent()).upper == 2


async def test_a_provider_that_cannot_be_reached_stops_the_run_at_the_first_job(case):
    here = await case([ScriptedAnswer(error=NotSent("refused"))] * 99)
    outcomes = await here.render_at_once(*high(5))
    assert isinstance(here.halt.reason, ProviderStopped)
    assert len(here.provider.asked) == here.settings.send_tries
    assert [outcome.kind for outcome in outcomes if outcome] == [FailureKind.NOT_SENT]


async def test_a_throttled_job_waits_and_is_charged_once(case):
    here = await case([ScriptedAnswer(error=Throttled("slow down", retry_after=2.0))] * 5)
    [outcome] = await here.render(a_job())
    assert isinstance(outcome, Stored)
    assert (await here.ledger.spent()).upper == 2


async def test_endless_throttling_stops_the_run_instead_of_hanging(case):
    here = await case([ScriptedAnswer(error=Throttled("slow down"))] * 999, throttle_patience=900.0)
    await here.render(a_job())
    assert isinstance(here.halt.reason, ProviderStopped)
    assert len(here.provider.asked) < 30


async def test_a_wrong_key_costs_one_request_whatever_the_concurrency(case):
    here = await case([ScriptedAnswer(error=ProviderStopped("401"))] * 99)
    outcomes = await here.render_at_once(*high(20))
    assert len(here.provider.asked) == 1
    assert outcomes == [None] * 20


@pytest.mark.parametrize(
    "refusal",
    [
        Rejected("the provider refused the request (HTTP 404): not found", http=404),
        Rejected("the provider refused the request (HTTP 400): unknown model gpt-9", http=400),
    ],
    ids=["a wrong URL", "a wrong model"],
)
async def test_a_wrong_url_or_model_costs_one_request_and_leaves_every_job_planned(case, refusal):
    """Each job was asked for in turn, failed, and stayed failed when the URL was put right."""
    here = await case([ScriptedAnswer(error=refusal)] * 99)
    assert await here.render_at_once(*high(20)) == [None] * 20
    assert len(here.provider.asked) == 1
    assert isinstance(here.halt.reason, ProviderStopped)
    assert "nothing was charged" in str(here.halt.reason)
    known = await here.ledger.campaign_entries(here.run.campaign)
    assert [entry.outcome for entry in known] == [None]


async def test_a_first_request_that_is_refused_for_its_words_stops_nobody(case):
    here = await case([ScriptedAnswer(error=Rejected("prompt: too long", http=400))])
    outcomes = await here.render_at_once(*high(3))
    assert sum(isinstance(outcome, Stored) for outcome in outcomes) == 2
    assert here.halt.reason is None


async def test_funds_that_run_out_mid_run_leave_the_rest_planned(case):
    here = await case(
        [ScriptedAnswer(), ScriptedAnswer(), *[ScriptedAnswer(error=ProviderStopped("402"))] * 99]
    )
    outcomes = await here.render(*high(5))
    assert [type(outcome) for outcome in outcomes[:2]] == [Stored, Stored]
    assert outcomes[2:] == [None] * 3
    assert (await here.ledger.spent()).upper == 24


async def test_a_policy_refusal_is_not_charged_and_not_asked_again(case):
    here = await case([ScriptedAnswer(error=PolicyRefused("no", http=400))])
    [outcome] = await here.render(a_job())
    assert outcome.kind is FailureKind.REFUSED
    assert (await here.ledger.spent()).upper == 0


async def test_a_budget_of_20_at_12_each_buys_1(case):
    here = await case(budget=Budget(run=20))
    await here.render_at_once(*high(5))
    assert here.provider.charged == 12
    assert isinstance(here.halt.reason, BudgetReached)


async def test_a_budget_of_11_at_12_each_buys_nothing(case):
    here = await case(budget=Budget(run=11))
    await here.render_at_once(*high(5))
    assert here.provider.asked == []


async def test_a_refusal_frees_its_reservation_for_a_job_that_waited(case):
    script = [ScriptedAnswer(), ScriptedAnswer(error=Rejected("bad", http=400), after=0.01)]
    here = await case(script, budget=Budget(run=24))
    outcomes = await here.render_at_once(*high(3))
    assert sum(isinstance(outcome, Stored) for outcome in outcomes) == 2
    assert here.halt.reason is None


async def test_sixteen_at_once_with_every_reply_lost_never_pass_the_budget(case):
    lost = ScriptedAnswer(error=ReplyUnknown("reset"), charged=True, after=0.001)
    here = await case([lost] * 99, budget=Budget(campaign=60), limit=16, doubts_in_a_row=0)
    await here.render_at_once(*high(40))
    assert here.provider.charged <= 60
    assert (await here.ledger.spent()).upper == 60


async def test_three_doubts_in_a_row_open_the_circuit(case):
    lost = ScriptedAnswer(error=ReplyUnknown("502"), charged=True, after=0.001)
    here = await case([ScriptedAnswer(), *[lost] * 99], limit=4)
    outcomes = await here.render_at_once(*high(30))
    assert isinstance(here.halt.reason, CircuitOpen)
    assert sum(isinstance(outcome, InDoubt) for outcome in outcomes) <= 4 + 3


async def test_doubts_between_answers_do_not_open_the_circuit(case):
    lost = ScriptedAnswer(error=ReplyUnknown("502"), charged=True)
    here = await case([ScriptedAnswer(), lost, lost] * 5)
    await here.render(*high(15))
    assert here.halt.reason is None


async def test_a_failure_limit_stops_the_run(case):
    here = await case([ScriptedAnswer(error=Rejected("bad"))] * 99, failures=FailureLimit(count=2))
    await here.render(*high(9))
    assert isinstance(here.halt.reason, FailuresReached)
    assert len(here.provider.asked) == 3


async def test_a_download_that_fails_for_a_while_costs_one_charge_and_brings_the_image(case):
    here = await case()
    here.provider.download = _failing(here.provider.download, DownloadFailed("reset"), times=3)
    [outcome] = await here.render(a_job())
    assert isinstance(outcome, Stored)
    assert here.provider.charged == 2


async def test_an_image_that_will_not_come_is_fetched_by_the_next_run_without_a_post(case):
    here = await case()
    good = here.provider.download
    here.provider.download = _failing(good, DownloadFailed("reset"), times=5)
    [first] = await here.render(a_job())
    assert isinstance(first, Paid)
    assert isinstance(first, Paid)
    here.provider.download = good
    [second] = await here.render(a_job())
    assert isinstance(second, Stored)
    assert len(here.provider.asked) == 1


async def test_an_image_that_is_gone_is_paid_and_lost_and_bought_again_only_when_asked(case):
    here = await case()
    good = here.provider.download
    here.provider.download = _failing(good, ImageGone("404"), times=1)
    [first] = await here.render(a_job())
    assert isinstance(first, PaidLost)
    here.provider.download = _failing(good, ImageGone("404"), times=1)
    [second] = await here.render(a_job())
    assert isinstance(second, Stored)
    assert (await here.ledger.spent()).confirmed == here.provider.charged == 4


async def test_a_ledger_that_cannot_write_lets_no_request_leave(case, monkeypatch):
    here = await case()

    async def full(*_args, **_kwargs):
        raise LocalFault("No space left on device")

    monkeypatch.setattr(here.ledger, "submit", full)
    assert await here.render(*high(3)) == [None] * 3
    assert here.provider.asked == []
    assert isinstance(here.halt.reason, LocalFault)


async def test_a_payment_that_cannot_be_written_down_is_said_aloud(case, monkeypatch):
    here = await case()

    async def full(*_args, **_kwargs):
        raise LocalFault("No space left on device")

    monkeypatch.setattr(here.ledger, "paid", full)
    await here.render(a_job())
    assert [event.url for event in here.events if isinstance(event, PaidUnrecorded)]


async def test_a_job_that_is_cancelled_while_it_waits_for_the_answer_is_in_doubt(case):
    here = await case([ScriptedAnswer(after=60)])
    job = a_job()
    rendering = asyncio.create_task(here.renderer.render(job, None))
    await asyncio.sleep(0.05)
    assert here.provider.asked
    rendering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await rendering
    assert isinstance((await here.ledger.entries([job.key]))[job.key].outcome, InDoubt)


def _failing(download, error, *, times):
    left = [times]

    def instead(url):
        if left[0]:
            left[0] -= 1
            return _raises(error)
        return download(url)

    return instead


class _raises:  # noqa: N801 - reads as a word where it is used
    def __init__(self, error):
        self.error = error

    async def __aenter__(self):
        raise self.error

    async def __aexit__(self, *_args):
        return None


async def test_a_receipt_that_leaves_money_in_doubt_is_stored_with_it(case):
    """A reply without usage: the image is there, and what it cost beyond the least is not known."""
    here = await case([ScriptedAnswer(in_doubt=Amount(1))])
    [outcome] = await here.render(a_job())
    assert isinstance(outcome, Stored)
    assert (outcome.amount, outcome.in_doubt) == (1, 1)
    assert await here.ledger.spent() == Spent(confirmed=Amount(1), in_doubt=Amount(1))


@pytest.mark.parametrize("lost", [True, False])
async def test_money_in_doubt_stays_with_an_image_that_does_not_come(case, lost):
    here = await case([ScriptedAnswer(in_doubt=Amount(1))])
    paid = await here.purchasing.buy(a_job())
    picture = here.provider.pictures[paid.url]
    here.provider.pictures[paid.url] = ImageGone("404") if lost else DownloadFailed("reset")
    outcome = await here.downloader.fetch(a_job(), paid)
    assert isinstance(outcome, PaidLost if lost else Paid)
    assert (outcome.url, outcome.amount, outcome.in_doubt) == (paid.url, 1, 1)
    here.provider.pictures[paid.url] = picture
    [found] = await here.render(a_job())
    assert (type(found), found.amount, found.in_doubt) == (Stored, 1, 1)


async def test_a_refusal_that_may_have_been_charged_is_refused_with_its_money_in_doubt(case):
    """It is no doubt of the breaker: the provider works, and has looked at the picture."""
    error = PolicyRefused("blocked", http=400).may_have_cost(2)
    answers = [ScriptedAnswer(error=error, charged=number % 2 == 0) for number in range(9)]
    here = await case(answers)
    outcomes = await here.render(*[a_job(f"p{n}/4x3", prompt=f"photo {n}") for n in range(9)])
    refused = Failed(kind=FailureKind.REFUSED, reason="blocked", in_doubt=Amount(2))
    assert outcomes == [refused] * 9
    assert not here.halt
    assert len(here.provider.asked) == 9
    spent = await here.ledger.spent()
    assert spent.confirmed <= here.provider.charged <= spent.upper == 18
