"""The pace of an account that several coordinators share, and shares of a campaign."""

import asyncio
import random
import time
from bisect import bisect_left
from itertools import pairwise

import pytest
from builders import a_job
from postgres_server import empty_ledger

from pipeline.ledger import registry
from pipeline.ledger.base import StartTime
from pipeline.model.coordination import WHOLE, Shard, read_shard
from pipeline.model.money import Amount, Budget
from pipeline.model.names import Account
from pipeline.purchasing.pacing import LATEST, MINUTE, Pacer

ACCOUNT = Account("gptimage@test")


@pytest.fixture
async def coordinators(tmp_path):
    """Three ledgers on one database."""
    address = empty_ledger()
    ledgers = [await registry.open_ledger(tmp_path, address=address) for _ in range(3)]
    yield ledgers
    for ledger in ledgers:
        await ledger.close()


async def test_requests_of_all_coordinators_together_start_at_the_rate_of_the_account(coordinators):
    """1200 a minute are 20 a second: no window of half a second has more than 11 starts."""
    starts = []

    async def one(pacer):
        async with pacer.turn():
            starts.append(time.monotonic())

    pacers = [
        Pacer(limit=8, images_per_minute=1200, shared=ledger.pace_of(ACCOUNT))
        for ledger in coordinators
    ]
    await asyncio.gather(*(one(pacer) for pacer in pacers for _ in range(8)))
    starts.sort()
    assert starts[-1] - starts[0] > 22 * 0.05
    assert max(sum(first <= other < first + 0.5 for other in starts) for first in starts) <= 12


async def test_a_pause_of_one_coordinator_holds_for_all_and_halves_each_window_once(coordinators):
    throttled, *others = (Pacer(limit=8, shared=ledger.pace_of(ACCOUNT)) for ledger in coordinators)
    for pacer in (throttled, *others):
        async with pacer.turn():
            pass
    throttled.throttled(0.6)
    await asyncio.sleep(0.2)
    begun = time.monotonic()

    async def one(pacer):
        async with pacer.turn():
            return time.monotonic() - begun

    waited = await asyncio.gather(*(one(pacer) for pacer in others for _ in range(3)))
    assert min(waited) > 0.25
    assert [pacer.window for pacer in (throttled, *others)] == [4.0, 4.0, 4.0]


async def test_no_minute_has_more_starts_than_the_limit_even_where_some_are_late(coordinators):
    """600 a minute over three coordinators, each start up to a second after its turn.

    Turns at exactly 60 / 600 s gave minutes of 601 and more. The turns
    are those of the ledger; nobody waits for them here.
    """
    limit, chance = 600, random.Random(5)  # noqa: S311 - no secret
    gap = Pacer(limit=8, images_per_minute=limit).shared_gap
    turns = []

    async def some(pace):
        for _ in range(2 * limit // 3):
            wait = (await pace.take_turn(gap=gap)).wait
            turns.append(time.monotonic() + wait)

    await asyncio.gather(*(some(ledger.pace_of(ACCOUNT)) for ledger in coordinators))
    assert len(turns) == 2 * limit
    turns.sort()
    assert turns[limit - 1] - turns[0] < MINUTE + LATEST  # and hardly fewer
    for latest in (0.0, LATEST):
        starts = sorted(turn + chance.uniform(0, latest) for turn in turns)
        assert busiest_minute(starts) <= limit


def busiest_minute(starts):
    return max(bisect_left(starts, start + MINUTE) - nth for nth, start in enumerate(starts))


async def test_turns_that_a_pause_fell_on_are_not_all_used_at_its_end(coordinators):
    """Each coordinator waits for one turn; after the pause they start a gap apart again."""
    starts = []

    async def one(pacer):
        async with pacer.turn():
            starts.append(time.monotonic())

    pacers = [
        Pacer(limit=8, images_per_minute=300, shared=ledger.pace_of(ACCOUNT))
        for ledger in coordinators
    ]
    waiting = [asyncio.ensure_future(one(pacer)) for pacer in pacers for _ in range(2)]
    await asyncio.sleep(0.1)
    await coordinators[0].pace_of(ACCOUNT).pause(0.8)
    paused = time.monotonic()
    await asyncio.gather(*waiting)
    after = sorted(start for start in starts if start > paused)
    assert len(after) >= 4
    assert after[0] - paused > 0.7
    assert min(later - earlier for earlier, later in pairwise(after)) > 0.1


async def test_a_turn_that_was_missed_is_taken_anew_but_once():
    """A process that was stopped does not start late; one that is always slow still starts."""
    now, asked = 0.0, []

    class Slow:
        async def take_turn(self, *, gap):
            nonlocal now
            now += 5.0
            asked.append(gap)
            return StartTime(wait=0.0, paused=0.0)

        async def pause(self, seconds):
            raise AssertionError

    pacer = Pacer(limit=2, images_per_minute=61, shared=Slow(), clock=lambda: now)
    async with pacer.turn():
        assert asked == [1.0, 1.0]


async def test_another_account_is_not_paused(coordinators):
    await coordinators[0].pace_of(ACCOUNT).pause(30)
    turn = await coordinators[1].pace_of(Account("openai@test")).take_turn(gap=1.0)
    assert (turn.wait, turn.paused) == (0.0, 0.0)


def test_every_cell_is_in_one_shard_with_all_its_takes_and_what_shares_its_image():
    jobs = [a_job(f"p{number}/1x1") for number in range(200)]
    shards = [Shard(number=number, of=4).cells_of(jobs) for number in range(1, 5)]
    assert sum(len(cells) for cells in shards) == 200
    assert frozenset().union(*shards) == {job.at.cell for job in jobs}
    assert all(30 < len(cells) < 70 for cells in shards)
    assert WHOLE.cells_of(jobs) == {job.at.cell for job in jobs}


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "a/b", "1/0", "-1/4", ""])
def test_what_is_no_share_is_refused(text):
    with pytest.raises(ValueError, match="no share"):
        read_shard(text)
    assert read_shard("3/4") == Shard(number=3, of=4)


def test_the_limit_of_a_run_is_divided_among_shards():
    budget = Budget(run=Amount(201), campaign=Amount(500))
    assert budget.among(4) == Budget(run=Amount(50), campaign=Amount(500))
    assert Budget().among(4) == Budget()
