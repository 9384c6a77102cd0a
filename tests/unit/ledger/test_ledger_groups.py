"""Group commit: neighbours are spared, facts outlive their callers, permits do not."""

import asyncio
import time

import pytest
from builders import a_job, a_run

from pipeline.errors import BudgetReached, LocalFault
from pipeline.ledger.sqlite import group_commit
from pipeline.ledger.sqlite.commit_mark import read_mark
from pipeline.ledger.sqlite.ledger import SqliteLedger
from pipeline.model.money import Amount, Budget, Spent
from pipeline.model.outcome import Paid, Receipt

CRAB = a_job("crab/1x1")
LIME = a_job("lime/1x1")
RECEIPT = Receipt(url="https://cdn.test/1.png", amount=Amount(2))


@pytest.fixture
async def ledger(tmp_path):
    ledger = await SqliteLedger.open(tmp_path / "ledger.db")
    await ledger.begin(a_run())
    yield ledger
    await ledger.close()


def submit(ledger, job, budget=None):
    return ledger.submit(job, run=a_run(), budget=budget or Budget())


async def test_what_one_caller_is_refused_does_not_hurt_its_neighbours(ledger):
    told = await asyncio.gather(
        submit(ledger, CRAB),
        submit(ledger, CRAB),
        submit(ledger, LIME, Budget(run=Amount(3))),
        ledger.end("nobody", exit_code=0),
        submit(ledger, LIME),
        return_exceptions=True,
    )
    assert [isinstance(answer, Exception) for answer in told] == [False, True, True, True, False]
    assert isinstance(told[2], BudgetReached)
    assert await ledger.spent() == Spent(in_doubt=Amount(4))


async def test_callers_at_the_same_moment_share_one_transaction(ledger, tmp_path):
    before = read_mark(tmp_path / "ledger.db").commits
    await asyncio.gather(*(submit(ledger, a_job(f"p{number}/1x1")) for number in range(50)))
    assert read_mark(tmp_path / "ledger.db").commits == before + 1


async def test_a_crowd_of_callers_is_served_in_several_transactions(ledger, tmp_path, monkeypatch):
    monkeypatch.setattr(group_commit.GroupCommit, "largest", 20)
    before = read_mark(tmp_path / "ledger.db").commits
    await asyncio.gather(*(submit(ledger, a_job(f"p{number}/1x1")) for number in range(50)))
    assert read_mark(tmp_path / "ledger.db").commits == before + 3


async def test_verbs_are_applied_in_the_order_of_the_calls(ledger):
    permit = await submit(ledger, CRAB)
    async with asyncio.TaskGroup() as group:
        group.create_task(ledger.doubt(permit, reason="interrupted"))
        group.create_task(ledger.paid(permit, RECEIPT))
        group.create_task(ledger.unfetched(CRAB.key, reason="later", lost=False))
    entry = (await ledger.entries([CRAB.key]))[CRAB.key]
    assert entry.outcome == Paid(url=RECEIPT.url, amount=Amount(2), reason="later")


async def test_a_yes_is_kept_although_its_caller_was_cancelled(ledger):
    permit = await submit(ledger, CRAB)
    telling = asyncio.create_task(ledger.paid(permit, RECEIPT))
    await asyncio.sleep(0)
    telling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await telling
    await submit(ledger, LIME)
    entry = (await ledger.entries([CRAB.key]))[CRAB.key]
    assert entry.spent == Spent(confirmed=Amount(2))


async def test_a_permit_that_nobody_received_leaves_no_doubt(ledger):
    asking = asyncio.create_task(submit(ledger, CRAB))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await ledger._writer.drain()
    entry = (await ledger.entries([CRAB.key]))[CRAB.key]
    assert (entry.outcome, entry.rendering, entry.spent) == (None, False, Spent())


async def test_a_permit_is_released_if_its_caller_is_cancelled_as_the_answer_comes(
    ledger, monkeypatch
):
    deliver = ledger._writer._deliver

    def deliver_and_cancel(group, answers):
        deliver(group, answers)
        monkeypatch.undo()
        asking.cancel()  # the answer is there, and its caller has not run yet

    monkeypatch.setattr(ledger._writer, "_deliver", deliver_and_cancel)
    asking = asyncio.create_task(submit(ledger, CRAB))
    with pytest.raises(asyncio.CancelledError):
        await asking
    await ledger._writer.drain()
    entry = (await ledger.entries([CRAB.key]))[CRAB.key]
    assert (entry.outcome, entry.rendering, entry.spent) == (None, False, Spent())


async def test_closing_waits_for_permits_that_have_to_be_taken_back(tmp_path):
    ledger = await SqliteLedger.open(tmp_path / "other.db")
    await ledger.begin(a_run())
    asking = asyncio.create_task(submit(ledger, CRAB))
    await asyncio.sleep(0)
    asking.cancel()
    await ledger.close()
    again = await SqliteLedger.open(tmp_path / "other.db")
    assert await again.begin(a_run("2026-11-22T070000Z-bbbbbb")) == []
    await again.close()


async def test_closing_finishes_what_was_called_before(tmp_path):
    ledger = await SqliteLedger.open(tmp_path / "other.db")
    await ledger.begin(a_run())
    asking = [asyncio.create_task(submit(ledger, a_job(f"p{number}/1x1"))) for number in range(20)]
    await asyncio.sleep(0)
    await ledger.close()
    assert [(await permit).number for permit in asking] == [1] * 20


async def test_a_row_that_was_taken_back_is_not_remembered_as_there(ledger):
    """A refused verb adds a campaign's first row; the next verb needs that row again."""
    run = a_run("2026-11-22T070000Z-bbbbbb", campaign="winter")
    await ledger.begin(run)
    job = a_job("snow/1x1", campaign="winter")
    broken = Budget(run="not a number")
    with pytest.raises(TypeError):
        await ledger.submit(job, run=run, budget=broken)
    assert (await ledger.submit(job, run=run, budget=Budget())).number == 1
    assert len(await ledger.campaign_entries("winter")) == 1


async def test_what_the_file_itself_refuses_is_refused_to_one_caller_only(ledger):
    permit = await submit(ledger, CRAB)

    def forget(store, now):
        store._do("delete from job where id = ?", 1)

    told = await asyncio.gather(
        ledger._write(forget), ledger.paid(permit, RECEIPT), return_exceptions=True
    )
    assert isinstance(told[0], ValueError)
    assert "never deleted" in str(told[0])
    assert told[1] is None


async def test_an_error_that_nobody_expected_is_told_to_every_caller(ledger, monkeypatch):
    """`time.sleep` failed in the writer's thread once: it ended, and the run waited forever."""

    def broken(_group):
        raise OSError("Invalid argument")

    monkeypatch.setattr(ledger._writer, "_apply", broken)
    async with asyncio.timeout(5):
        for _ in range(2):
            with pytest.raises(LocalFault, match="cannot be written: Invalid argument"):
                await submit(ledger, CRAB)


def test_a_program_that_forgets_to_close_its_ledger_ends_all_the_same(tmp_path):
    place = tmp_path / "ledger.db"

    async def careless():
        ledger = await SqliteLedger.open(place)
        await ledger.begin(a_run())
        ledger._enqueue(lambda *_: time.sleep(0.2))
        await asyncio.sleep(0)
        return ledger

    ledger = asyncio.run(careless())
    ledger._writer._thread.join(5)
    assert not ledger._writer._thread.is_alive()
