"""The pace of an account that several coordinators share, and shares of a campaign."""

import asyncio
import time

import pytest
from builders import a_job
from postgres_server import empty_ledger

from pipeline.ledger import registry
from pipeline.model.coordination import WHOLE, Shard, read_shard
from pipeline.model.money import Amount, Budget
from pipeline.model.names import Account
from pipeline.purchasing.pacing import Pacer

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
