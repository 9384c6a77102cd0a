"""The file keeps its promises against any program that opens it."""

import hashlib
import shutil
from pathlib import Path

import apsw
import pytest
from builders import a_job, a_run

from pipeline.ledger.sqlite.ledger import SqliteLedger
from pipeline.ledger.sqlite.migrations import APPLICATION_ID, MIGRATIONS
from pipeline.ledger.sqlite.read_only import ReadOnlyLedger
from pipeline.model.entry import Resolution
from pipeline.model.money import Amount, Budget
from pipeline.model.outcome import InDoubt, Receipt
from pipeline.model.ticket import TicketId


@pytest.mark.parametrize(
    "wrong",
    [
        "delete from job",
        "delete from purchase",
        "delete from attempt",
        "delete from run",
        "delete from verdict",
        "update verdict set decision = 'redo'",
        "update attempt set outcome = 'failed' where outcome = 'paid'",
        "update attempt set outcome = 'submitted' where outcome = 'doubt'",
        "update purchase set state = 'freed' where state = 'confirmed'",
        "update purchase set credits = 0 where state = 'confirmed'",
        "update purchase set credits = 3 where state = 'confirmed'",
        "update purchase set in_doubt = 1 where state = 'confirmed'",
        "update purchase set in_doubt = 1 where state = 'doubt'",
        "update purchase set in_doubt = -1",
        "update purchase set key = 'x'",
        "update purchase set state = 'reserved' where state = 'doubt'",
        "update job set state = 'gone'",
        "update job set path = null where state = 'stored'",
        "update total set reserved = -1",
        "insert into attempt values (1, 2, 9, 1, 0, 0, 0, 'paid', '', '', 0, null)",
        "insert into attempt values (1, 2, 1, 1, 0, 0, 0, 'paid', '', '', 0, 7)",
        "delete from ticket",
        "update ticket set state = 'packed' where state = 'open'",
        "update ticket set state = 'collected' where state = 'open'",
        "update ticket set batch = 'batch_2' where state = 'open'",
        "update ticket set batch = null where state = 'open'",
        "update ticket set model = 'another'",
        "update attempt set ticket = null where ticket is not null",
    ],
)
def test_the_file_itself_refuses_to_forget_or_rewrite(place, wrong):
    connection = apsw.Connection(str(place))
    connection.execute("pragma foreign_keys = on")
    with pytest.raises(apsw.ConstraintError):
        connection.execute(wrong)
    connection.close()


def test_the_steps_that_were_released_are_never_edited():
    assert [hashlib.sha256(step.encode()).hexdigest()[:16] for step in MIGRATIONS] == [
        "9e41248e3137da53",
        "e77df3b01de74842",
        "14e65d944bb23329",
    ]


OLDER = Path(__file__).parents[2] / "e2e" / "upgrade" / "shop" / "output"
"""The ledger of 7bd2b82, of schema 1."""


async def told(ledger):
    """All that a ledger says."""
    campaigns = ("fizz", "tea", "tonic")
    entries = [one for name in campaigns for one in await ledger.campaign_entries(name)]
    return (
        entries,
        await ledger.attempts([entry.key for entry in entries]),
        [await ledger.spent_by_run(name) for name in campaigns],
        await ledger.spent(),
        await ledger.runs(),
        [await ledger.all_verdicts(name) for name in campaigns],
    )


@pytest.fixture
def older(tmp_path):
    for name in ("ledger.db", "ledger.db.mark"):
        shutil.copy2(OLDER / name, tmp_path / name)
    return tmp_path / "ledger.db"


async def told_by(place, *, read_only):
    ledger = ReadOnlyLedger(place) if read_only else await SqliteLedger.open(place)
    try:
        return await told(ledger)
    finally:
        await ledger.close()


def schema_of(place):
    connection = apsw.Connection(str(place))
    version = connection.pragma("user_version")
    connection.close()
    return version


async def test_a_ledger_of_an_older_schema_is_read_as_it_is(older):
    """`status` and `plan` need no run first; they change nothing in the file."""
    before = older.read_bytes()
    entries, *_ = await told_by(older, read_only=True)
    assert len(entries) > 10
    assert older.read_bytes() == before


async def test_an_update_of_the_schema_changes_nothing_that_is_told(older):
    before = await told_by(older, read_only=True)
    assert schema_of(older) == 1
    assert await told_by(older, read_only=False) == before
    assert schema_of(older) == len(MIGRATIONS)
    assert await told_by(older, read_only=True) == before


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
async def test_a_ledger_of_each_older_schema_becomes_the_same_as_a_new_one(tmp_path, version):
    def shape(place):
        connection = apsw.Connection(str(place))
        rows = connection.execute("select name, sql from sqlite_schema order by name").fetchall()
        whole = connection.execute("pragma integrity_check").get
        connection.close()
        return rows, whole

    older, new = tmp_path / "older.db", tmp_path / "new.db"
    connection = apsw.Connection(str(older))
    connection.execute(f"pragma application_id = {APPLICATION_ID}")
    for step in MIGRATIONS[:version]:
        connection.execute(step)
    connection.execute(f"pragma user_version = {version}")
    connection.execute("insert into ledger values (1, zeroblob(16), 0)")
    connection.close()
    for place in (older, new):
        ledger = await SqliteLedger.open(place)
        await ledger.begin(a_run())
        await ledger.order([a_job()], run=a_run(), budget=Budget(), ticket=TicketId("batch-1"))
        assert (await ledger.campaign_entries(a_run().campaign))[0].ordered
        await ledger.close()
    assert shape(older) == shape(new)
    assert shape(older)[1] == "ok"


async def test_a_reader_follows_when_the_schema_is_updated_meanwhile(older):
    """Its view of the older schema would show every new doubt as a damaged row."""
    reader = ReadOnlyLedger(older)
    before = await told(reader)
    writer = await SqliteLedger.open(older)
    run = a_run(campaign="tea")
    await writer.begin(run)
    job = a_job("new/1x1", campaign="tea")
    permit = await writer.submit(job, run=run, budget=Budget())
    receipt = Receipt(url="https://cdn.test/1.png", amount=Amount(1), in_doubt=Amount(2))
    await writer.paid(permit, receipt)
    assert (await reader.entries([job.key]))[job.key].outcome.in_doubt == 2
    assert (await reader.spent()).upper == before[3].upper + 3
    await writer.close()
    await reader.close()


async def test_a_doubt_of_an_older_schema_is_settled_after_the_update(older):
    ledger = await SqliteLedger.open(older)
    entries = await ledger.campaign_entries("tonic")
    [doubt] = [one for one in entries if isinstance(one.outcome, InDoubt)]
    spent = await ledger.spent()
    await ledger.resolve(doubt.key, Resolution.CHARGED, charged=Amount(1))
    assert (await ledger.spent()).confirmed == spent.confirmed + 1
    await ledger.close()
    assert (await told_by(older, read_only=True))[3].confirmed == spent.confirmed + 1


def test_the_ledger_names_no_path_of_this_machine(place):
    assert str(Path.home()).encode() not in place.read_bytes()
