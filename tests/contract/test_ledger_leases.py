"""Leases in a ledger that several machines share: who may buy, and who takes whose place."""

import asyncio

import pytest
from builders import a_job, a_run
from ledgers import NO_LIMITS, a_receipt
from postgres_server import empty_ledger, execute, own_database

from pipeline.errors import CircuitOpen, LeaseLost, LockHeld, ProviderStopped, UsageError
from pipeline.ledger import registry
from pipeline.ledger.postgres import group_commit, leases
from pipeline.ledger.postgres.schema.tables import SCHEMA
from pipeline.model.coordination import HaltKind, Shard, SharedHalt
from pipeline.model.entry import UNANSWERED
from pipeline.model.money import Amount, Spent
from pipeline.model.outcome import Failed, FailureKind, InDoubt, Paid

CRAB, LIME = a_job("crab/1x1"), a_job("lime/1x1")
NEXT = a_run("2026-11-22T070000Z-bbbbbb")
REFUSED = SharedHalt(kind=HaltKind.PROVIDER_STOPPED, message="key refused", remedy="get another")


@pytest.fixture
async def machines(tmp_path):
    """Ledgers of three output folders on one database; none of them renews a lease."""
    address = empty_ledger()
    ledgers = []
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
        ledgers.append(await registry.open_ledger(tmp_path / name, address=address))
    yield ledgers
    for ledger in ledgers:
        await ledger.close()


def let_lapse():
    """Set every lease back, and the start of the server out of the way."""
    execute(
        own_database(),
        f"update {SCHEMA}.lease set renewed = renewed - interval '1 day', seconds = -1e6",
    )


async def submit(ledger, job, run=None):
    return await ledger.submit(job, run=run or a_run(), budget=NO_LIMITS)


async def test_a_second_run_of_a_campaign_is_refused_while_the_first_is_alive(machines):
    one, two, _ = machines
    await one.begin(a_run())
    with pytest.raises(LockHeld, match=r"another run of .* is alive .*heard of 0 s ago.*in 20 s"):
        await two.begin(NEXT)
    assert [living.run for living in await two.living_runs("citrus-soda")] == [a_run()]
    assert await one.living_runs("citrus-soda") == []  # its own folder has a lock
    assert (await submit(one, CRAB)).price == 2


async def test_another_campaign_and_a_run_after_the_end_are_not_refused(machines):
    one, two, _ = machines
    await one.begin(a_run())
    await two.begin(a_run("2026-11-22T080000Z-cccccc", campaign="winter"))
    await one.end(a_run().id, exit_code=0)
    assert await two.begin(NEXT) == []


async def test_a_run_that_lapsed_is_superseded_and_its_attempts_are_doomed(machines):
    """The zombie gets no permit any more, what it says of its requests is still taken."""
    one, two, _ = machines
    await one.begin(a_run())
    late, refused = await submit(one, CRAB), await submit(one, LIME)
    let_lapse()
    assert [attempt.job for attempt in await two.begin(NEXT)] == [CRAB.key, LIME.key]
    await two.abandon([late, refused], reason=UNANSWERED)
    with pytest.raises(LeaseLost, match="another run took its place"):
        await submit(one, a_job("mint/1x1"))
    with pytest.raises(LeaseLost):
        await one.fail(refused, Failed(kind=FailureKind.REJECTED, reason="HTTP 400"))
    await one.paid(late, a_receipt())
    entries = await two.entries([CRAB.key, LIME.key])
    assert isinstance(entries[CRAB.key].outcome, Paid)
    assert isinstance(entries[LIME.key].outcome, InDoubt)
    assert await two.spent() == Spent(confirmed=Amount(2), in_doubt=Amount(2))


async def test_a_run_that_nobody_took_over_goes_on_after_its_lease(machines):
    """An outage longer than a lease must not end every run."""
    one, two, _ = machines
    await one.begin(a_run())
    let_lapse()
    assert await two.living_runs("citrus-soda") == []
    assert (await submit(one, CRAB)).price == 2


async def test_a_lease_is_renewed_while_nothing_is_written(machines, monkeypatch):
    one, two, _ = machines
    monkeypatch.setattr(leases, "RENEWAL", 0.05)
    monkeypatch.setattr(group_commit.PostgresGroupCommit, "pause", 0.05)
    await one.begin(a_run())
    await one.written()
    living = []
    for _ in range(60):
        let_lapse()
        execute(own_database(), f"update {SCHEMA}.lease set seconds = 20")
        await asyncio.sleep(0.05)
        living = await two.living_runs("citrus-soda")
        if living:
            break
    assert [run.run for run in living] == [a_run()]


async def test_attempts_of_a_run_that_is_alive_are_not_doomed_by_a_shard_beside_it(machines):
    one, two, _ = machines
    await one.begin(a_run(), shard=Shard(number=1, of=2))
    await submit(one, CRAB)
    assert await two.begin(NEXT, shard=Shard(number=2, of=2)) == []
    assert await two.open_attempts("citrus-soda") == []


@pytest.mark.parametrize(
    ("running", "asked", "told"),
    [
        ((1, 2), (1, 2), "shard 1/2 of citrus-soda is alive"),
        ((1, 2), (1, 3), "shard 1/2 of citrus-soda is alive .* shard 1/3 would have some"),
        ((1, 2), (1, 1), "the whole campaign would have some of the same images"),
        ((1, 1), (2, 2), "a run of the whole campaign of citrus-soda is alive"),
    ],
)
async def test_shards_that_share_images_are_refused(machines, running, asked, told):
    one, two, _ = machines
    await one.begin(a_run(), shard=Shard(number=running[0], of=running[1]))
    with pytest.raises(LockHeld, match=told):
        await two.begin(NEXT, shard=Shard(number=asked[0], of=asked[1]))


async def test_the_lock_of_an_output_folder_proves_that_its_earlier_run_is_dead(machines, tmp_path):
    """A run that was killed is followed at once in the same folder, and not after its lease."""
    one, *_ = machines
    await one.begin(a_run())
    await submit(one, CRAB)
    again = await registry.open_ledger(tmp_path / "one", address=own_database())
    assert [attempt.job for attempt in await again.begin(NEXT)] == [CRAB.key]
    await again.close()


async def test_a_ledger_that_is_closed_without_an_end_gives_its_leases_back(machines, tmp_path):
    _, two, _ = machines
    own = await registry.open_ledger(tmp_path / "three", address=own_database())
    await own.begin(a_run())
    await own.close()
    assert await two.begin(NEXT) == []


async def test_a_halt_stops_every_run_of_the_account_with_its_exit_code(machines):
    one, two, three = machines
    winter = a_run("2026-11-22T080000Z-cccccc", campaign="winter")
    other = a_run("2026-11-22T090000Z-dddddd", campaign="other", account="gptimage@elsewhere")
    for ledger, run in zip(machines, (a_run(), winter, other), strict=True):
        await ledger.begin(run)
    permit = await submit(one, CRAB)
    await one.halt(a_run().id, REFUSED)
    with pytest.raises(ProviderStopped, match=r"key refused.*met by run") as stopped:
        await submit(two, a_job("lime/1x1", campaign="winter"), winter)
    assert (stopped.value.exit_code, stopped.value.remedy) == (7, "get another")
    assert (await submit(three, a_job("lime/1x1", campaign="other"), other)).price == 2
    await one.paid(permit, a_receipt())  # what is in flight is settled as ever
    await two.end(winter.id, exit_code=7)
    later = a_run("2026-11-22T100000Z-eeeeee", campaign="winter")
    await two.begin(later)  # a person has mended it
    assert (await submit(two, a_job("lime/1x1", campaign="winter"), later)).price == 2


async def test_an_open_circuit_stops_the_others_with_6(machines):
    one, two, _ = machines
    await one.begin(a_run(), shard=Shard(number=1, of=2))
    await two.begin(NEXT, shard=Shard(number=2, of=2))
    await one.halt(a_run().id, SharedHalt(kind=HaltKind.CIRCUIT_OPEN, message="HTTP 502", doubts=3))
    with pytest.raises(CircuitOpen, match=r"3 requests in a row are in doubt.*HTTP 502") as stopped:
        await submit(two, CRAB, NEXT)
    assert stopped.value.exit_code == 6


async def test_a_file_has_no_shards(tmp_path):
    ledger = await registry.open_ledger(tmp_path)
    with pytest.raises(UsageError, match="PIPELINE_LEDGER=postgresql://"):
        await ledger.begin(a_run(), shard=Shard(number=1, of=2))
    assert await ledger.living_runs("citrus-soda") == ()
    await ledger.close()
