"""A Postgres ledger writes most groups without reading, and believes only what a write proved."""

import asyncio
from pathlib import Path

import pytest
from builders import a_job, a_run
from ledgers import NO_LIMITS, a_receipt, an_artifact
from postgres_server import empty_ledger

from pipeline.errors import BudgetReached
from pipeline.ledger.postgres.group_commit import PostgresGroupCommit
from pipeline.ledger.postgres.ledger import PostgresLedger
from pipeline.ledger.postgres.rows.remembered_rows import RememberedRows
from pipeline.model.money import Amount, Budget, Spent

CRAB, LIME = a_job("crab/1x1"), a_job("lime/1x1")
SIX = Budget(campaign=Amount(6))


@pytest.fixture
async def writers():
    """Two ledgers on one database; a run has begun in it."""
    address = empty_ledger()
    ledgers = [await PostgresLedger.open(address, output=Path()) for _ in range(2)]
    await ledgers[0].begin(a_run())
    yield ledgers
    for ledger in ledgers:
        await ledger.close()


@pytest.fixture
def calls(monkeypatch):
    """The functions that were called in the database, in order."""
    made, call = [], PostgresGroupCommit._call

    def counted(self, sql, value):
        made.append(sql.partition(".")[2].partition("(")[0])
        return call(self, sql, value)

    monkeypatch.setattr(PostgresGroupCommit, "_call", counted)
    return made


def submit(ledger, job, budget=NO_LIMITS):
    return ledger.submit(job, run=a_run(), budget=budget)


async def test_an_image_takes_one_journey_for_each_of_its_three_groups(writers, calls):
    ledger, _ = writers
    await submit(ledger, CRAB)
    calls.clear()
    permit = await submit(ledger, LIME)
    await ledger.paid(permit, a_receipt())
    await ledger.stored(LIME.key, an_artifact())
    assert calls == ["write_group_and_read"] * 3


async def test_groups_of_many_jobs_are_not_read_either(writers, calls):
    ledger, _ = writers
    jobs = [a_job(f"p{number}/1x1") for number in range(30)]
    await submit(ledger, CRAB)
    calls.clear()
    permits = await asyncio.gather(*(submit(ledger, job) for job in jobs))
    await asyncio.gather(
        *(ledger.paid(one, a_receipt(f"https://cdn.test/{one.job}")) for one in permits)
    )
    assert calls == ["write_group_and_read"] * 2
    assert await ledger.spent() == Spent(confirmed=Amount(60), in_doubt=Amount(2))


async def test_a_job_that_another_writer_has_bought_meanwhile_is_refused(writers):
    """The first one remembers it as due, and the second job as one that never was."""
    one, two = writers
    await one.release(await submit(one, CRAB), reason="not sent")
    await submit(two, CRAB)
    await submit(two, LIME)
    for job in (CRAB, LIME):
        with pytest.raises(ValueError, match="could be paid for twice"):
            await submit(one, job)
    assert await one.spent() == Spent(in_doubt=Amount(4))


async def test_what_another_writer_spends_and_frees_counts_at_once(writers):
    one, two = writers
    await submit(one, CRAB, SIX)
    permits = [await submit(two, a_job(f"p{number}/1x1"), SIX) for number in range(2)]
    with pytest.raises(BudgetReached):
        await submit(one, LIME, SIX)
    await two.release(permits[0], reason="not sent")
    await submit(one, LIME, SIX)
    assert await one.spent() == Spent(in_doubt=Amount(6))


async def test_a_refusal_is_never_decided_by_what_is_remembered(writers, calls):
    ledger, _ = writers
    await submit(ledger, CRAB)
    calls.clear()
    with pytest.raises(ValueError, match="paid for twice"):
        await submit(ledger, CRAB)
    assert calls == ["read_group"]


async def test_a_run_that_goes_on_with_known_jobs_reads_first_again(writers, calls):
    """Each job that is no new one would cost a write in vain."""
    one, two = writers
    jobs = [a_job(f"p{number}/1x1") for number in range(6)]
    for job in jobs:
        await two.release(await submit(two, job), reason="not sent")
    await submit(one, CRAB)
    calls.clear()
    for job in jobs:
        await submit(one, job)
    assert calls[:2] == ["write_group_and_read"] * 2  # in vain, with what it should have known
    assert calls[2:] == ["read_group", "write_group_and_read"] * 5


class Told:
    """Rows that are remembered at times of a test's own."""

    def __init__(self):
        self.now = self.wall = 100.0
        self.rows = RememberedRows(clock=lambda: self.now, wall=lambda: self.wall)

    def learn(self, *keys, state="rendering"):
        jobs = [[nth, 1, key, *[None] * 7, state] for nth, key in enumerate(keys)]
        book = {"commits": 1, "last_job": 1, "now": 5000, "runs": [], "leases": [], "sums": []}
        told = {**book, "jobs": jobs, "purchases": [[0, 1]], "attempts": None}
        self.rows.learn(told, asked=self.asked(*keys))

    def asked(self, *keys, scopes=()):
        return {"keys": list(keys), "runs": [], "scopes": list(scopes)}


def test_the_time_of_the_server_goes_on_until_it_is_too_old():
    told = Told()
    assert told.rows.recall(told.asked("aa")) is None
    told.learn("aa")
    told.now += 2.0
    told.wall += 2.0
    found = told.rows.recall(told.asked("aa"))
    assert (found["now"], found["number"]) == (7000, None)
    assert [[row[2] for row in found["jobs"]], found["purchases"]] == [["aa"], [[0, 1]]]
    assert told.rows.recall(told.asked("aa", scopes=["month"])) is None
    told.wall += 3600.0  # the machine slept, or its clock was set
    assert told.rows.recall(told.asked("aa")) is None
    told.learn("aa")
    told.now += 31.0
    told.wall += 31.0
    assert told.rows.recall(told.asked("aa")) is None


def test_stored_jobs_are_forgotten_and_so_are_the_oldest():
    told = Told()
    told.learn("aa", "bb")
    told.learn("aa", state="stored")
    assert [row[2] for row in told.rows.recall(told.asked("aa", "bb"))["jobs"]] == ["bb"]
    told.learn(*(f"{number:04x}" for number in range(2000)))
    assert told.rows.recall(told.asked("bb"))["jobs"] == []
    told.rows.clear()
    assert told.rows.recall(told.asked("bb")) is None
