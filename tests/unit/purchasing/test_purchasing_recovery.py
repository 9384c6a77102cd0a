"""What a run that was killed left open is settled by the next one, or by `resolve`."""

import asyncio

import pytest
from builders import a_job, a_run

from pipeline.ledger.memory.ledger import MemoryLedger
from pipeline.ledger.place import ledger_mark
from pipeline.ledger.registry import open_ledger
from pipeline.model.entry import UNANSWERED
from pipeline.model.money import Amount, Budget, Spent
from pipeline.model.outcome import InDoubt
from pipeline.purchasing.recovery import begin_run, settle_dead_attempts
from pipeline.purchasing.sealed_replies import SealedReplies

NEXT = a_run("2026-11-22T070000Z-bbbbbb")
JOBS = [a_job(f"p{number}/1x1") for number in range(5)]


async def killed(ledger):
    """A run that had every job in flight."""
    await ledger.begin(a_run())
    await asyncio.gather(*(ledger.submit(job, run=a_run(), budget=Budget()) for job in JOBS))


async def outcomes(ledger):
    entries = await ledger.entries([job.key for job in JOBS])
    return [entries[job.key].outcome for job in JOBS]


DOUBTS = [InDoubt(amount=Amount(2), reason=UNANSWERED)] * len(JOBS)


async def test_the_next_run_doubts_what_a_killed_one_had_in_flight(tmp_path):
    ledger = MemoryLedger()
    await killed(ledger)
    assert await begin_run(ledger, NEXT, SealedReplies(tmp_path))
    assert await outcomes(ledger) == DOUBTS
    assert await ledger.spent() == Spent(in_doubt=Amount(10))


async def test_a_run_after_one_that_ended_well_has_nothing_to_settle(tmp_path):
    ledger = MemoryLedger()
    await ledger.begin(a_run())
    assert not await begin_run(ledger, NEXT, SealedReplies(tmp_path))


async def test_dead_attempts_are_settled_without_a_run(tmp_path):
    """`resolve` knew nothing of them until another run had begun."""
    ledger = MemoryLedger()
    await killed(ledger)
    await settle_dead_attempts(ledger, a_run().campaign, SealedReplies(tmp_path))
    assert await outcomes(ledger) == DOUBTS
    assert [run.id for run in await ledger.runs()] == [a_run().id]


async def test_they_are_settled_in_one_transaction(tmp_path):
    ledger = await open_ledger(tmp_path)
    await killed(ledger)
    before = ledger_mark(tmp_path).commits
    await settle_dead_attempts(ledger, a_run().campaign, SealedReplies(tmp_path))
    assert ledger_mark(tmp_path).commits == before + 1
    await settle_dead_attempts(ledger, a_run().campaign, SealedReplies(tmp_path))
    assert ledger_mark(tmp_path).commits == before + 1
    await ledger.close()


async def test_a_run_that_dies_between_beginning_and_settling_leaves_it_to_the_next(
    tmp_path, monkeypatch
):
    """The interval holds all the while, and nothing can be bought that is not settled."""
    ledger = await open_ledger(tmp_path)
    await killed(ledger)

    async def dies(*_arguments, **_more):
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(type(ledger), "abandon", dies)
        with pytest.raises(asyncio.CancelledError):
            await begin_run(ledger, NEXT, SealedReplies(tmp_path))
    assert await ledger.spent() == Spent(in_doubt=Amount(10))
    with pytest.raises(ValueError, match="is rendering"):
        await ledger.submit(JOBS[0], run=NEXT, budget=Budget())
    third = a_run("2026-11-22T080000Z-cccccc")
    assert await begin_run(ledger, third, SealedReplies(tmp_path))
    assert await outcomes(ledger) == DOUBTS
    assert await ledger.spent() == Spent(in_doubt=Amount(10))
    await ledger.close()
