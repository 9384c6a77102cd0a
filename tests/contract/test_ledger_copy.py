"""Copying a ledger between a file and Postgres: every row, there and back, whole or not at all."""

import asyncio

import pytest
from builders import a_job, a_run
from ledgers import NO_LIMITS, a_receipt, an_artifact
from postgres_server import empty_ledger

from pipeline.errors import LockHeld, UsageError
from pipeline.ledger import registry
from pipeline.ledger.postgres.dump import dumped_database
from pipeline.ledger.sqlite.dump import dumped_file
from pipeline.model.entry import Resolution
from pipeline.model.money import Amount
from pipeline.model.names import CellName, Stage
from pipeline.model.outcome import Failed, FailureKind
from pipeline.model.ticket import TicketId
from pipeline.model.verdict import Decision, Verdict

KINDS_OF_ROWS = ("runs", "jobs", "purchases", "tickets", "attempts", "replies", "verdicts")


async def fill(ledger):
    """A ledger with every state of a job, a ticket, replies, verdicts and two campaigns."""
    run = a_run()
    await ledger.begin(run)

    async def submit(cell):
        return await ledger.submit(a_job(cell), run=run, budget=NO_LIMITS)

    await ledger.paid(await submit("stored/1x1"), a_receipt())
    await ledger.stored(a_job("stored/1x1").key, an_artifact())
    await ledger.paid(await submit("paid/1x1"), a_receipt("https://cdn.test/␀\0.png"))
    await ledger.doubt(await submit("doubt/1x1"), reason="reset", raw=b"\0\xff")
    await ledger.doubt(await submit("again/1x1"), reason="reset")
    await ledger.resolve(a_job("again/1x1").key, Resolution.REBUY)
    await ledger.paid(await submit("again/1x1"), a_receipt("https://cdn.test/2.png"))
    refused = Failed(kind=FailureKind.REFUSED, reason="no", in_doubt=Amount(1))
    await ledger.fail(await submit("refused/1x1"), refused)
    await submit("open/1x1")
    await ledger.order(
        [a_job("ordered/1x1"), a_job("line/1x1")],
        run=run,
        budget=NO_LIMITS,
        ticket=TicketId("batch-1"),
    )
    verdict = Verdict(
        cell=CellName("stored/1x1"),
        stage=Stage.DRAFT,
        decision=Decision.REDO,
        round=1,
        take=1,
        job=a_job("stored/1x1").key,
        sha256="ab" * 32,
        by="ann",
        at="2026-11-22T06:00:00Z",
        note="darker ␀",
    )
    await ledger.decide(verdict, campaign=run.campaign)
    await ledger.end(run.id, exit_code=6)
    winter = a_run("2026-11-22T070000Z-bbbbbb", campaign="winter")
    await ledger.begin(winter)
    await ledger.end(winter.id, exit_code=0)


def rows_of(dump):
    return {kind: list(getattr(dump, f"all_{kind}")()) for kind in KINDS_OF_ROWS}


@pytest.fixture
def shared(monkeypatch):
    address = empty_ledger()
    monkeypatch.setenv("PIPELINE_LEDGER", address)
    return address


@pytest.fixture
def file(tmp_path):
    async def make():
        ledger = await registry.open_ledger(tmp_path, address="")
        await fill(ledger)
        await ledger.close()

    asyncio.run(make())
    return tmp_path / "ledger.db"


def test_every_row_goes_to_postgres_and_back_unchanged(file, shared, tmp_path):
    assert registry.copy_ledger(file, None) == 8
    back = tmp_path / "back" / "ledger.db"
    assert registry.copy_ledger(None, back) == 8
    assert [one.name for one in back.parent.iterdir()] == ["ledger.db"]
    with dumped_file(file) as dump:
        before = rows_of(dump)
    assert all(before.values())
    with dumped_database(shared) as dump:
        assert rows_of(dump) == before
    with dumped_file(back) as dump:
        assert rows_of(dump) == before


def test_sums_and_new_purchases_follow_after_a_copy(file, shared, tmp_path):
    registry.copy_ledger(file, None)

    async def compare():
        ledgers = [
            await registry.open_ledger(tmp_path, address=address) for address in ("", shared)
        ]
        run = a_run("2026-11-22T080000Z-cccccc")
        sums = []
        for ledger in ledgers:
            left = [one.job for one in await ledger.begin(run)]
            await ledger.submit(a_job("new/1x1"), run=run, budget=NO_LIMITS)
            spent = [await ledger.spent(campaign=one) for one in (run.campaign, "winter")]
            known = await ledger.campaign_entries(run.campaign)
            cells = [entry.at.cell for entry in known]
            month = await ledger.spent(account=run.account, month="2026-11")
            sums.append(
                (left, spent, cells, month.confirmed, [one.number for one in await ledger.runs()])
            )
            await ledger.close()
        assert sums[0] == sums[1]
        assert sums[0][2][-1] == "new/1x1"

    asyncio.run(compare())


def test_a_target_with_anything_in_it_is_refused(file, shared, tmp_path):
    registry.copy_ledger(file, None)
    with pytest.raises(UsageError, match="not empty"):
        registry.copy_ledger(file, None)
    with pytest.raises(UsageError, match="exists"):
        registry.copy_ledger(None, file)


def test_a_database_with_a_run_that_is_alive_is_not_copied(shared, tmp_path):
    async def begin():
        ledger = await registry.open_ledger(tmp_path, address=shared)
        await ledger.begin(a_run())
        return ledger

    with asyncio.Runner() as runner:
        ledger = runner.run(begin())
        with pytest.raises(LockHeld, match="1 runs are alive"):
            registry.copy_ledger(None, tmp_path / "copy.db")
        runner.run(ledger.close())
    assert not (tmp_path / "copy.db").exists()


def test_a_copy_that_fails_in_the_middle_leaves_nothing(file, shared, tmp_path, monkeypatch):
    def broken(self):
        yield from ()
        raise OSError("disk")

    monkeypatch.setattr("pipeline.ledger.sqlite.dump.SqliteDump.all_verdicts", broken)
    with pytest.raises(OSError, match="disk"):
        registry.copy_ledger(file, None)
    with dumped_database(shared) as dump:
        assert not any(rows_of(dump).values())
    monkeypatch.setattr("pipeline.ledger.postgres.dump.PostgresDump.all_verdicts", broken)
    with pytest.raises(OSError, match="disk"):
        registry.copy_ledger(None, tmp_path / "back" / "ledger.db")
    assert list((tmp_path / "back").iterdir()) == []
