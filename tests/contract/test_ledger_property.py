"""Random lives of a ledger: all kinds agree, and what was charged stays inside the interval."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from builders import a_job, a_run
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from ledgers import INSTALLED, LedgerCase, a_receipt, an_artifact

from pipeline.errors import BudgetReached
from pipeline.model.entry import Resolution
from pipeline.model.money import Amount, Budget
from pipeline.model.outcome import Failed, FailureKind
from pipeline.model.providers.request import Quality
from pipeline.model.ticket import TicketId

JOBS = [
    a_job("lime/1x1", campaign="spring"),
    a_job("crab/1x1", campaign="spring", quality=Quality.HIGH),
    a_job("lime/1x1", campaign="summer"),
]
PRICES = {job.key: job.price for job in JOBS}
BUDGET = Budget(run=Amount(40), campaign=Amount(80), month=Amount(90))


class Life(RuleBasedStateMachine):
    """A ledger of each kind gets the same calls; the provider's truth is kept beside them.

    `charged` holds the truth by purchase and attempt, decided when it is sent: a replay is never
    charged where an attempt before it was, and what is said of an attempt is true of that attempt.
    """

    permits = Bundle("permits")
    kinds = INSTALLED[:2]

    def __init__(self):
        super().__init__()
        self.folder = TemporaryDirectory()
        self.runner = asyncio.Runner()
        folder = Path(self.folder.name)
        self.cases = [self.do(LedgerCase.open(kind, folder)) for kind in self.kinds]
        self.runs = {}
        self.begun = 0
        self.charged = {}
        self.beyond = 0
        self.tickets = []
        self.ordinals = [{} for _ in self.cases]
        for campaign in ("spring", "summer"):
            self.new_run(campaign, settled=0)

    def teardown(self):
        for case in self.cases:
            self.do(case.ledger.close())
        self.runner.close()
        self.folder.cleanup()

    def do(self, awaitable):
        return self.runner.run(awaitable)

    def all_say(self, call):
        """The answers of all ledgers, which have to be the same."""
        answers = []
        for case in self.cases:
            try:
                answers.append(self.do(call(case.ledger)))
            except (ValueError, BudgetReached) as refusal:
                answers.append(refusal)
        assert len({type(answer) for answer in answers}) == 1
        if isinstance(answers[0], Exception):
            assert len({str(answer) for answer in answers}) == 1
            return None
        return answers

    def truth(self, permits):
        """Whether this very attempt was charged."""
        return self.charged[permits[0].purchase].get(permits[0].number, 0)

    def bought(self, purchase):
        """What a purchase was charged, by whichever of its attempts."""
        return sum(self.charged[purchase].values())

    @rule(campaign=st.sampled_from(["spring", "summer"]), settled=st.sampled_from([0, 1, 99]))
    def new_run(self, campaign, settled):
        """A run that may die before it has settled all that dead runs left open."""
        self.begun += 1
        run = a_run(f"2026-11-22T060000Z-{self.begun:06}", campaign=campaign)
        self.runs[campaign] = run
        dead = self.all_say(lambda ledger: ledger.begin(run))
        left = self.all_say(lambda ledger: ledger.open_attempts(campaign))
        assert dead == left
        named = [[(one.job, one.number, one.price) for one in attempts] for attempts in dead]
        assert all(one == named[0] for one in named)
        self.each(
            [attempts[:settled] for attempts in dead],
            lambda ledger, attempts: ledger.abandon(attempts, reason="killed"),
        )

    @rule(days=st.integers(0, 20))
    def time_passes(self, days):
        for case in self.cases:
            case.clock.now += timedelta(days=days)

    @rule(target=permits, job=st.sampled_from(JOBS), same=st.booleans(), charged=st.booleans())
    def submit(self, job, same, charged):
        run = self.runs[job.at.campaign]
        before = self.do(self.cases[0].ledger.entries([job.key])).get(job.key)
        given_ = self.all_say(
            lambda ledger: ledger.submit(job, run=run, budget=BUDGET, same_purchase=same)
        )
        if given_ is None:
            return multiple()
        assert before is None or not before.is_open
        self.remember(given_, charged)
        return given_

    @rule(
        target=permits,
        jobs=st.lists(st.sampled_from(JOBS), min_size=1, max_size=2, unique_by=lambda job: job.key),
        charged=st.booleans(),
    )
    def order(self, jobs, charged):
        """One order of several images, each of which ends by itself."""
        run = self.runs[jobs[0].at.campaign]
        name = TicketId(f"batch-{len(self.tickets)}")
        given_ = self.all_say(
            lambda ledger: ledger.order(jobs, run=run, budget=BUDGET, ticket=name)
        )
        if given_ is None:
            return multiple()
        self.tickets.append(name)
        lines = list(zip(*given_, strict=True))
        for line in lines:
            self.remember(line, charged)
        return multiple(*lines)

    @rule(newest=st.booleans())
    def close_ticket(self, newest):
        if self.tickets:
            name = self.tickets[-1 if newest else 0]
            self.all_say(lambda ledger: ledger.close_ticket(name))

    def remember(self, permits, charged):
        for permit, ordinals in zip(permits, self.ordinals, strict=True):
            ordinals.setdefault(permit.purchase, len(ordinals))
        first = permits[0]
        attempts = self.charged.setdefault(first.purchase, {})
        once = charged and not any(attempts.values())
        attempts[first.number] = PRICES[first.job] if once else 0

    @rule(permits=permits)
    def paid(self, permits):
        if self.bought(permits[0].purchase):
            self.each(
                permits,
                lambda ledger, permit: ledger.paid(permit, self.receipt(permits[0])),
            )

    def receipt(self, permit):
        return a_receipt(
            f"https://cdn.test/{permit.number}.png", credits_=self.bought(permit.purchase)
        )

    @rule(permits=permits, kind=st.sampled_from(FailureKind))
    def fail(self, permits, kind):
        if not self.truth(permits):
            failure = Failed(kind=kind, reason="no")
            self.each(permits, lambda ledger, permit: ledger.fail(permit, failure))

    @rule(permits=permits, taken=st.integers(0, 9), beyond=st.integers(0, 9))
    def refused_after_the_work(self, permits, taken, beyond):
        """A finished image was blocked; any part of the price may have been charged for it."""
        first = permits[0]
        attempts = self.charged[first.purchase]
        others = [sum_ for number, sum_ in attempts.items() if number != first.number]
        if any(others) or not self.is_open(first):
            return
        attempts[first.number] = taken
        most = Amount(taken + beyond)
        self.beyond += max(0, most - PRICES[first.job])
        failure = Failed(kind=FailureKind.REFUSED, reason="blocked", in_doubt=most)
        self.each(permits, lambda ledger, permit: ledger.fail(permit, failure))

    @rule(permits=permits, taken=st.integers(0, 9), said=st.integers(0, 9))
    def paid_without_usage(self, permits, taken, said):
        """A reply that says the least that it cost, and not what it did cost."""
        first = permits[0]
        attempts = self.charged[first.purchase]
        others = [sum_ for number, sum_ in attempts.items() if number != first.number]
        if any(others) or not self.is_open(first):
            return
        attempts[first.number] = taken
        least = min(taken, said)
        most = max(taken, PRICES[first.job])
        self.beyond += most - PRICES[first.job]
        receipt = replace(
            a_receipt("https://cdn.test/1.png", credits_=least), in_doubt=Amount(most - least)
        )
        self.each(permits, lambda ledger, permit: ledger.paid(permit, receipt))

    @rule(permits=permits)
    def release(self, permits):
        if not self.truth(permits):
            self.each(permits, lambda ledger, permit: ledger.release(permit, reason="429"))

    @rule(permits=permits)
    def abandon(self, permits):
        self.each(permits, lambda ledger, permit: ledger.abandon([permit], reason="killed"))

    @rule(permits=permits)
    def doubt(self, permits):
        self.each(permits, lambda ledger, permit: ledger.doubt(permit, reason="reset"))

    @rule(permits=permits, images=st.integers(2, 3), taken=st.integers(0, 3))
    def several_shown(self, permits, images, taken):
        """The answer shows more than was asked for; any number of them may have been charged."""
        first = permits[0]
        attempts = self.charged[first.purchase]
        others = [sum_ for number, sum_ in attempts.items() if number != first.number]
        if any(others) or not self.is_open(first):
            return
        price = PRICES[first.job]
        attempts[first.number] = price * min(taken, images)
        self.beyond += price * (images - 1)
        most = Amount(price * images)
        self.each(
            permits, lambda ledger, permit: ledger.doubt(permit, reason="several", at_most=most)
        )

    def is_open(self, permit):
        posts = self.do(self.cases[0].ledger.attempts([permit.job]))[permit.job]
        return any(post.number == permit.number and post.outcome == "submitted" for post in posts)

    def each(self, permits, call):
        """`all_say`, where each ledger has its own permit for the same attempt."""
        own = {id(case.ledger): permit for case, permit in zip(self.cases, permits, strict=True)}
        return self.all_say(lambda ledger: call(ledger, own[id(ledger)]))

    @rule(job=st.sampled_from(JOBS))
    def stored(self, job):
        self.all_say(lambda ledger: ledger.stored(job.key, an_artifact()))

    @rule(job=st.sampled_from(JOBS), lost=st.booleans())
    def unfetched(self, job, lost):
        self.all_say(lambda ledger: ledger.unfetched(job.key, reason="reset", lost=lost))

    @rule(job=st.sampled_from(JOBS), resolution=st.sampled_from(Resolution))
    def resolve(self, job, resolution):
        if resolution is Resolution.REBUY or self.said(job) is (resolution is Resolution.CHARGED):
            charged = self.sum_said(job) if resolution is Resolution.CHARGED else None
            self.all_say(lambda ledger: ledger.resolve(job.key, resolution, charged=charged))

    @rule(job=st.sampled_from(JOBS))
    def found(self, job):
        if self.said(job):
            url = "https://cdn.test/found.png"
            said = self.sum_said(job)
            self.all_say(lambda ledger: ledger.image_found(job.key, url, charged=said))

    def said(self, job):
        """What an honest person says of the newest purchase of a job."""
        return bool(self.sum_said(job))

    def sum_said(self, job):
        known = self.do(self.cases[0].ledger.entries([job.key]))
        return Amount(self.bought(known[job.key].purchase)) if known else Amount(0)

    @invariant()
    def what_was_charged_lies_in_the_interval(self):
        charged = sum(self.bought(purchase) for purchase in self.charged)
        for case in self.cases:
            spent = self.do(case.ledger.spent())
            assert spent.confirmed <= charged <= spent.upper

    @invariant()
    def all_tell_the_same(self):
        keys = [job.key for job in JOBS]
        told = []
        for case, ordinals in zip(self.cases, self.ordinals, strict=True):
            entries = self.do(case.ledger.entries(keys))
            posts = self.do(case.ledger.attempts(keys))
            told.append(
                {
                    key: (
                        replace(entry, purchase=ordinals[entry.purchase]),
                        [replace(post, purchase=ordinals[post.purchase]) for post in posts[key]],
                    )
                    for key, entry in entries.items()
                }
            )
        assert all(one == told[0] for one in told)

    @invariant()
    def an_open_attempt_is_found_by_its_ticket_or_by_the_next_run(self):
        begun = {run.id for run in self.runs.values()}
        for kind, case in zip(self.kinds, self.cases, strict=True):
            posts = self.do(case.ledger.attempts([job.key for job in JOBS]))
            sent = [post for all_ in posts.values() for post in all_ if post.outcome == "submitted"]
            if kind == "postgres":  # it knows which runs are alive: nobody else settles for them
                sent = [post for post in sent if post.ticket or post.run not in begun]
            left = [self.do(case.ledger.open_attempts(name)) for name in ("spring", "summer")]
            open_ = [ticket.id for ticket in self.do(case.ledger.open_tickets())]
            lines = [self.do(case.ledger.ticket_attempts(name)) for name in open_]
            assert len(sent) == sum(map(len, left)) + sum(map(len, lines))

    @invariant()
    def entries_add_up_to_every_sum(self):
        for campaign, run in self.runs.items():
            for case in self.cases:
                entries = self.do(case.ledger.campaign_entries(campaign))
                total = self.do(case.ledger.spent(campaign=campaign, account=run.account))
                assert sum(entry.spent.confirmed for entry in entries) == total.confirmed
                assert sum(entry.spent.in_doubt for entry in entries) == total.in_doubt

    @invariant()
    def no_run_passes_its_budget_by_more_than_was_never_asked_for(self):
        for run in self.runs.values():
            for case in self.cases:
                upper = self.do(case.ledger.spent(run=run.id)).upper
                assert upper <= BUDGET.run + self.beyond


class LifeInEveryDatabase(Life):
    """The same with Postgres, where each call is a journey: a sample of it in the usual suite."""

    kinds = INSTALLED


def of_examples(number):
    return settings(
        max_examples=number,
        stateful_step_count=40,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


TestLife = Life.TestCase
TestLife.settings = of_examples(60)
TestLifeInEveryDatabase = LifeInEveryDatabase.TestCase
TestLifeInEveryDatabase.settings = of_examples(6)


@pytest.mark.thorough
@pytest.mark.timeout(900)
def test_many_lives_in_every_database():
    run_state_machine_as_test(LifeInEveryDatabase, settings=of_examples(200))
