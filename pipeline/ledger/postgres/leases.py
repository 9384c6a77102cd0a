"""Leases: which runs of a campaign are alive, wherever they run, and whether they may buy.

A run has a lease from its beginning to its end, and its ledger renews it by the clock of the
server. A lease that was not renewed in time can be removed by the next run; until then its run may
go on. The number of a run is its fence: a later run has a greater one, and a run without a lease
gets no permit.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from pipeline.errors import CircuitOpen, LeaseLost, LockHeld, PipelineError, ProviderStopped
from pipeline.ledger.postgres.rows.columns import escaped, unescaped
from pipeline.ledger.postgres.rows.row_queries import Connection
from pipeline.ledger.rows import RunRow
from pipeline.model.coordination import WHOLE, HaltKind, LivingRun, Shard, SharedHalt
from pipeline.model.names import Account, Slug
from pipeline.model.run import Run, RunId

LEASE = 20.0
"""Seconds for which a run counts as alive after it was last heard of."""
RENEWAL = 5.0
"""Seconds after which a lease is renewed."""

Halts = Mapping[int, Mapping[str, Any] | None]
"""Number of a run that has a lease → why its account is halted, if it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """The lease that a run asks for."""

    shard: Shard
    place: str
    """The output folder whose lock its process holds, on one machine; empty if it has no name."""
    owner: str
    """The machine and process, for a person."""


_LIVING = """
select r.name, r.campaign, r.account, l.shard, l.shards, l.owner, l.place,
  extract(epoch from clock_timestamp() - l.renewed)::float8, is_living(l.renewed, l.seconds),
  l.seconds
from lease l join run r on r.id = l.run where r.campaign = %(campaign)s order by l.run
"""
_TAKE = """
insert into lease (run, shard, shards, place, owner, seconds, renewed)
values (%(run)s, %(shard)s, %(shards)s, %(place)s, %(owner)s, %(seconds)s, clock_timestamp())
"""
_RELEASE = "delete from lease where run in (select id from run where name = any(%(runs)s))"
RENEW = """
update lease set renewed = clock_timestamp()
where run in (select id from run where name = any(%(runs)s))
"""
_HALT = """
update lease set halted = %(halt)s where halted is null and run in (
  select other.id from run r join run other on other.account = r.account where r.name = %(run)s)
"""


def refuse_living(connection: Connection, run: Run, lease: Lease) -> None:
    """Raise `LockHeld` if a run that is alive is in the way; remove the leases of dead runs."""
    dead = []
    for row in connection.execute(_LIVING, {"campaign": escaped(run.campaign)}).fetchall():
        other, place, is_living = _living_run(row), row[6], row[8]
        if not is_living or _lock_proves_death(other, place, lease):
            dead.append(other.run.id)
        elif (other.shard.of, lease.shard.of) == (1, 1) or other.shard == lease.shard:
            raise _held_by(other)
        elif other.shard.of != lease.shard.of:
            raise _other_shards(other, lease.shard)
    if dead:
        release(connection, dead)


def _lock_proves_death(other: LivingRun, place: str, lease: Lease) -> bool:
    """Return whether our own lock of an output folder shows that a run of it has ended."""
    ours = lease.shard in {WHOLE, other.shard} or other.shard == WHOLE
    return bool(place) and place == lease.place and ours


def take(connection: Connection, run: RunRow, lease: Lease) -> None:
    """Give a run its lease."""
    values = {
        "run": run.id,
        "shard": lease.shard.number,
        "shards": lease.shard.of,
        "place": lease.place,
        "owner": escaped(lease.owner) or "",
        "seconds": LEASE,
    }
    connection.execute(_TAKE, values)


def release(connection: Connection, runs: Sequence[RunId]) -> None:
    """Remove the leases of runs."""
    connection.execute(_RELEASE, {"runs": list(runs)})


def halts_of(connection: Connection, run: int) -> Halts:
    """Return whether a run has a lease, and why its account is halted."""
    found = connection.execute("select run, halted from lease where run = %(run)s", {"run": run})
    return dict(found.fetchall())


def check(halts: Halts, run: RunRow, *, buying: bool) -> None:
    """Raise `LeaseLost` if a run has no lease; if it is `buying`, the error that halts it."""
    if run.id not in halts:
        raise LeaseLost(
            f"run {run.run.id} of {run.run.campaign} was not heard of for {LEASE:.0f} s, and "
            "another run took its place: this one buys nothing more. What is paid for is kept."
        )
    halted = halts[run.id]
    if buying and halted is not None:
        raise _error_of(halted)


def halt_account(connection: Connection, run: RunId, halt: SharedHalt) -> None:
    """Halt every run that has a lease on the account of this one; the first reason stands."""
    told = {
        "kind": halt.kind.value,
        "message": escaped(halt.message),
        "remedy": escaped(halt.remedy),
        "doubts": halt.doubts,
        "run": run,
    }
    connection.execute(_HALT, {"run": run, "halt": json.dumps(told)})


def living_runs(connection: Connection, campaign: Slug, *, place: str) -> list[LivingRun]:
    """Return the runs of a campaign that are alive, but those of one output folder."""
    rows = connection.execute(_LIVING, {"campaign": escaped(campaign)}).fetchall()
    return [_living_run(row) for row in rows if row[8] and not (place and row[6] == place)]


def _living_run(row: Sequence[Any]) -> LivingRun:
    name, campaign, account, shard, shards, owner, _, heard, _, seconds = row
    run = Run(
        id=RunId(name), campaign=Slug(unescaped(campaign)), account=Account(unescaped(account))
    )
    return LivingRun(
        run=run,
        shard=Shard(number=shard, of=shards),
        owner=unescaped(owner),
        heard=heard,
        left=max(0.0, seconds - heard),
    )


def _error_of(halted: Mapping[str, Any]) -> PipelineError:
    """Return the error of a halt, with the words of the run that met it."""
    message = f"{unescaped(halted['message'])} (met by run {halted['run']} of this account)"
    kind = HaltKind(halted["kind"])
    match kind:
        case HaltKind.PROVIDER_STOPPED:
            return ProviderStopped(message, remedy=unescaped(halted["remedy"]))
        case HaltKind.CIRCUIT_OPEN:
            return CircuitOpen(doubts=halted["doubts"], last=message)
        case _:
            assert_never(kind)


def _held_by(other: LivingRun) -> LockHeld:
    what = f"shard {other.shard} of {other.run.campaign}"
    if other.shard == WHOLE:
        what = f"another run of {other.run.campaign}"
    return LockHeld(f"{what} is alive ({other.shown}); nothing was sent. {other.remedy}")


def _other_shards(other: LivingRun, asked: Shard) -> LockHeld:
    whole = other.shard == WHOLE
    running = "a run of the whole campaign" if whole else f"shard {other.shard}"
    ours = "the whole campaign" if asked == WHOLE else f"shard {asked}"
    return LockHeld(
        f"{running} of {other.run.campaign} is alive ({other.shown}), and {ours} would have some "
        f"of the same images; nothing was sent. {other.remedy}"
    )
