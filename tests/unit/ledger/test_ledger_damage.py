"""A ledger that cannot be trusted is refused, untouched, with a word on what to do."""

import asyncio
import hashlib
import sqlite3

import apsw
import pytest
from builders import a_job, a_run

from pipeline.errors import LedgerUnusable
from pipeline.ledger.sqlite import opening
from pipeline.ledger.sqlite.commit_mark import mark_path, read_mark
from pipeline.ledger.sqlite.errors import as_local_fault
from pipeline.ledger.sqlite.ledger import SqliteLedger
from pipeline.ledger.sqlite.migrations import MIGRATIONS, migrate
from pipeline.ledger.sqlite.read_only import ReadOnlyLedger
from pipeline.model.money import Budget

JOBS = [a_job(f"p{number}/1x1") for number in range(40)]
NEXT = "2026-11-22T070000Z-bbbbbb"


def journal_of(place):
    return place.with_name("ledger.db-wal")


async def asked(place, *, read_only):
    ledger = ReadOnlyLedger(place) if read_only else await SqliteLedger.open(place)
    try:
        return await ledger.spent()
    finally:
        await ledger.close()


async def refused(place, match, *, read_only=False):
    before = place.read_bytes()
    with pytest.raises(LedgerUnusable, match=match) as refusal:
        await asked(place, read_only=read_only)
    assert place.read_bytes() == before
    return str(refusal.value)


@pytest.mark.parametrize("read_only", [False, True])
async def test_a_file_of_another_kind_is_refused(tmp_path, read_only):
    place = tmp_path / "ledger.db"
    place.write_bytes(b"PK\x03\x04" * 4000)
    assert "import" in await refused(place, "damaged", read_only=read_only)


@pytest.mark.parametrize("read_only", [False, True])
async def test_the_database_of_another_program_is_refused(tmp_path, read_only):
    place = tmp_path / "ledger.db"
    with sqlite3.connect(place) as other:
        other.execute("create table bookmark (url text)")
    other.close()
    assert "--output" in await refused(place, "not a ledger", read_only=read_only)


@pytest.mark.parametrize("read_only", [False, True])
async def test_a_ledger_of_a_newer_program_is_refused(place, read_only):
    with sqlite3.connect(place) as newer:
        newer.execute(f"pragma user_version = {len(MIGRATIONS) + 1}")
    newer.close()
    assert "Update campaign-pipeline" in await refused(place, "newer", read_only=read_only)


async def test_an_older_ledger_is_not_brought_up_to_date_by_reading_it(place, monkeypatch):
    monkeypatch.setattr("pipeline.ledger.sqlite.migrations.MIGRATIONS", (*MIGRATIONS, "select 1"))
    assert "pipeline run" in await refused(place, "older", read_only=True)


async def test_an_older_ledger_is_brought_up_to_date_when_it_is_written(place, monkeypatch):
    step = "create table extra (id integer primary key) strict;"
    monkeypatch.setattr("pipeline.ledger.sqlite.migrations.MIGRATIONS", (*MIGRATIONS, step))
    ledger = await SqliteLedger.open(place)
    assert len(await ledger.campaign_entries("citrus-soda")) == len(JOBS)
    await ledger.close()
    with sqlite3.connect(place) as migrated:
        version = migrated.execute("pragma user_version").fetchone()
    migrated.close()
    assert version == (len(MIGRATIONS) + 1,)


async def test_a_step_that_fails_leaves_the_older_ledger_as_it_was(place, monkeypatch):
    step = "create table extra (id integer primary key) strict; select nonsense from nowhere;"
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.ledger.sqlite.migrations.MIGRATIONS", (*MIGRATIONS, step))
        with pytest.raises(Exception, match="nowhere"):
            await SqliteLedger.open(place)
    ledger = await SqliteLedger.open(place)
    assert len(await ledger.campaign_entries("citrus-soda")) == len(JOBS)
    await ledger.close()


@pytest.mark.parametrize("length", [0, 1, 99, 4096, 5000, 40_960])
async def test_a_torn_ledger_is_refused(place, length):
    whole = place.read_bytes()
    assert len(whole) > length
    place.write_bytes(whole[:length])
    await refused(place, "damaged|not a ledger")


async def test_an_empty_file_is_no_fresh_ledger_since_it_was_one_once(tmp_path):
    place = tmp_path / "ledger.db"
    place.touch()
    assert str(place) in await refused(place, "not a ledger")


async def test_a_link_is_refused_since_it_may_lead_anywhere(place, tmp_path):
    link = tmp_path / "elsewhere" / "ledger.db"
    link.parent.mkdir()
    link.symlink_to(place)
    assert str(link) in await refused(link, "is a link")


async def test_a_link_that_leads_nowhere_was_replaced_by_a_new_ledger(tmp_path):
    """It may lead to a disk that is not mounted, and the ledger there has what was paid for."""
    link = tmp_path / "ledger.db"
    link.symlink_to(tmp_path / "unmounted" / "ledger.db")
    with pytest.raises(LedgerUnusable, match="is a link"):
        await SqliteLedger.open(link)
    assert link.is_symlink()


def test_a_full_disk_is_told_though_the_schema_was_rolled_back_by_sqlite(tmp_path):
    """The error said "cannot rollback - no transaction is active"."""
    connection = apsw.Connection(str(tmp_path / "ledger.db"))
    connection.pragma("max_page_count", 3)
    with pytest.raises(apsw.FullError) as raised:
        migrate(connection)
    connection.close()
    message = str(as_local_fault(tmp_path / "ledger.db", raised.value))
    assert "no space is left on its disk" in message
    assert "Make room there" in message


async def test_a_journal_without_its_ledger_is_not_mixed_into_a_new_one(tmp_path):
    place = tmp_path / "ledger.db"
    (tmp_path / "ledger.db-wal").write_bytes(b"what was paid for last")
    with pytest.raises(LedgerUnusable, match=r"journal ledger\.db-wal is still there"):
        await SqliteLedger.open(place)
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.db-wal"]


async def told(place, *, read_only=True):
    """All that a ledger says of the jobs, or `None` where it is refused."""
    ledger = None
    try:
        ledger = ReadOnlyLedger(place) if read_only else await SqliteLedger.open(place)
        keys = [job.key for job in JOBS]
        return (
            await ledger.entries(keys),
            await ledger.attempts(keys),
            await ledger.campaign_entries("citrus-soda"),
            await ledger.spent(campaign="citrus-soda", account="gptimage@test"),
            await ledger.verdicts("citrus-soda"),
        )
    except LedgerUnusable:
        return None
    finally:
        if ledger is not None:
            await ledger.close()


def flips(length, count):
    """Bits all over a file, always the same ones."""
    for number in range(count):
        seed = hashlib.sha256(f"flip {number}".encode()).digest()
        yield int.from_bytes(seed[:4], "big") % length, 1 << seed[4] % 8


async def test_a_flipped_bit_is_refused_or_changes_nothing_that_is_told(place):
    whole, truth = place.read_bytes(), await told(place)
    wrong, refusals = [], 0
    for position, bit in flips(len(whole), 180):
        place.write_bytes(whole[:position] + bytes([whole[position] ^ bit]) + whole[position + 1 :])
        heard = await told(place, read_only=False)
        refusals += heard is None
        if heard is not None and heard != truth:
            wrong.append((position, bit))
        for path in place.parent.iterdir():
            path.unlink()
    assert wrong == []
    assert refusals > 20


async def test_a_ledger_with_its_journal_is_whole(killed):
    entries = (await told(killed, read_only=False))[0]
    assert len(entries) == len(JOBS)


async def test_a_ledger_without_its_journal_has_forgotten_purchases_and_is_refused(killed):
    journal_of(killed).unlink()
    assert "ledger import" in await refused(killed, "lacks the last")


async def test_a_torn_journal_is_refused(killed):
    whole = journal_of(killed).read_bytes()
    journal_of(killed).write_bytes(whole[: len(whole) // 2])
    assert "ledger import" in await refused(killed, "lacks the last")


async def test_a_bit_flipped_in_the_journal_is_refused(killed):
    whole = journal_of(killed).read_bytes()
    passed = []
    for position, bit in flips(len(whole), 40):
        journal_of(killed).write_bytes(
            whole[:position] + bytes([whole[position] ^ bit]) + whole[position + 1 :]
        )
        if await told(killed) is not None:
            passed.append(position)
        (killed.parent / "ledger.db-shm").unlink(missing_ok=True)
    assert [position for position in passed if not harmless(whole, position)] == []


def harmless(journal, position):
    """Within what SQLite does not read: the header's checkpoint sequence number."""
    return len(journal) > position and 12 <= position < 16


async def test_an_older_copy_in_the_place_of_the_newest_is_refused(place):
    older = place.read_bytes()
    ledger = await SqliteLedger.open(place)
    await ledger.begin(a_run(NEXT))
    await ledger.close()
    place.write_bytes(older)
    assert "lacks the last 1 writes" in await refused(place, "older copy", read_only=True)


async def test_a_person_may_accept_an_older_copy_by_removing_the_mark(place):
    older = place.read_bytes()
    ledger = await SqliteLedger.open(place)
    await ledger.begin(a_run(NEXT))
    await ledger.close()
    place.write_bytes(older)
    mark_path(place).unlink()
    ledger = await SqliteLedger.open(place)
    assert await ledger.begin(a_run(NEXT)) == []
    await ledger.close()


@pytest.mark.parametrize("nonsense", [b"", b"\xff\xfe", b"zz 1", b"1 2 3"])
async def test_a_mark_that_cannot_be_read_says_nothing(place, nonsense):
    mark_path(place).write_bytes(nonsense)
    assert read_mark(place) is None
    assert await told(place) is not None


async def test_the_mark_of_another_ledger_says_nothing(place):
    mark_path(place).write_text(f"{'00' * 16} {10**9:020}\n")
    assert await told(place) is not None


async def test_sums_that_do_not_agree_with_the_purchases_are_refused(place):
    with sqlite3.connect(place) as edited:
        edited.execute("update total set confirmed = confirmed - 2 where confirmed > 1")
    edited.close()
    assert "ledger import" in await refused(place, "sums do not agree")


@pytest.mark.parametrize(
    "edit",
    [
        "update job set url = 'https://cdn.test/other.png' where id = 3",
        "update job set state = 'planned', path = null where id = 3",
        "update attempt set error = 'x' where outcome = 'submitted' or job = 4",
        "update purchase set credits = 1 where state = 'doubt'",
    ],
)
async def test_a_row_that_somebody_edited_is_noticed_when_it_is_read(place, edit):
    with sqlite3.connect(place) as edited:
        edited.execute("drop trigger attempt_fixed")
        edited.execute(edit)
    edited.close()
    assert await told(place) is None


async def test_a_run_that_meets_a_damaged_row_buys_nothing_more(place):
    with sqlite3.connect(place) as edited:
        edited.execute("update job set reason = 'x' where id = 4")
    edited.close()
    ledger = await SqliteLedger.open(place)
    run = a_run(NEXT)
    await ledger.begin(run)
    with pytest.raises(LedgerUnusable, match="wrong checksum"):
        await ledger.submit(JOBS[3], run=run, budget=Budget(), same_purchase=True)
    with pytest.raises(LedgerUnusable, match="wrong checksum"):
        await ledger.submit(a_job("fresh/1x1"), run=run, budget=Budget())
    await ledger.close()


async def test_a_large_ledger_is_not_read_whole_at_every_opening(place, monkeypatch):
    with sqlite3.connect(place) as edited:
        edited.execute("update total set confirmed = confirmed - 2 where confirmed > 1")
    edited.close()
    monkeypatch.setattr(opening, "CHECKED_AT_OPENING", 0)
    ledger = await SqliteLedger.open(place)
    assert len(await ledger.campaign_entries("citrus-soda")) == len(JOBS)
    await ledger.close()


async def test_a_large_ledger_is_read_whole_before_the_first_purchase(place, monkeypatch):
    """It was never read whole: a row that an index had lost was as good as never bought."""
    with sqlite3.connect(place) as edited:
        edited.execute("update total set confirmed = confirmed - 2 where confirmed > 1")
    edited.close()
    monkeypatch.setattr(opening, "CHECKED_AT_OPENING", 0)
    ledger = await SqliteLedger.open(place)
    run = a_run("2026-11-22T070000Z-bbbbbb")
    await ledger.begin(run)
    for _ in range(2):
        with pytest.raises(LedgerUnusable, match="its sums do not agree"):
            await ledger.submit(a_job("new/1x1"), run=run, budget=Budget())
    assert a_job("new/1x1").key not in await ledger.entries([a_job("new/1x1").key])
    await ledger.close()


async def test_a_large_ledger_that_is_whole_sells_as_a_small_one_does(place, monkeypatch):
    monkeypatch.setattr(opening, "CHECKED_AT_OPENING", 0)
    ledger = await SqliteLedger.open(place)
    run = a_run("2026-11-22T070000Z-bbbbbb")
    await ledger.begin(run)
    jobs = [a_job(f"new-{number}/1x1") for number in range(3)]
    asked = [ledger.submit(job, run=run, budget=Budget()) for job in jobs]
    assert [permit.job for permit in await asyncio.gather(*asked)] == [job.key for job in jobs]
    await ledger.close()


async def test_a_missing_ledger_reads_as_an_empty_one_and_is_not_made(tmp_path):
    ledger = ReadOnlyLedger(tmp_path / "none" / "ledger.db")
    assert await ledger.runs() == []
    await ledger.close()
    assert list(tmp_path.iterdir()) == []


async def test_a_ledger_that_appears_is_seen_by_a_reader_that_was_there_before(tmp_path):
    reader = ReadOnlyLedger(tmp_path / "ledger.db")
    assert await reader.runs() == []
    writer = await SqliteLedger.open(tmp_path / "ledger.db")
    await writer.begin(a_run())
    assert [run.id for run in await reader.runs()] == [a_run().id]
    await reader.close()
    await writer.close()


async def test_the_files_beside_a_closed_ledger_are_its_mark_only(place):
    assert sorted(path.name for path in place.parent.iterdir()) == ["ledger.db", "ledger.db.mark"]
