"""The Postgres ledger: its address, rights and versions, lost replies, and clients that die."""

import asyncio
import time
from pathlib import Path

import psycopg
import pytest
from builders import a_job, a_run
from cut_line import CutLine
from ledgers import NO_LIMITS, a_receipt, an_artifact
from postgres_server import empty_ledger, execute, new_database, shared_server

from pipeline.errors import LedgerUnusable, LocalFault, UsageError
from pipeline.ledger import registry
from pipeline.ledger.postgres import connection, group_commit
from pipeline.ledger.postgres.rows.columns import digits_of, escaped, text_of, unescaped
from pipeline.ledger.postgres.schema import migrating
from pipeline.ledger.postgres.schema.tables import MIGRATIONS, SCHEMA
from pipeline.model.money import Amount, Spent
from pipeline.model.outcome import InDoubt, Stored

CRAB = a_job("crab/1x1")


async def open_ledger(address, **options):
    return await registry.open_ledger(Path("unused"), address=address, **options)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ann:se@cret@127.0.0.1:1/soda",
        "postgresql://ann:se/cret@127.0.0.1:1/soda",
        "postgresql://ann:secret@127.0.0.1:port/soda",
        "postgresql://ann:secret@127.0.0.1:1/soda?no_such=option",
        "mysql://ann:secret@127.0.0.1:1/soda",
        "ann:secret@127.0.0.1",
    ],
)
async def test_an_address_that_cannot_be_right_is_refused_without_telling_its_password(address):
    with pytest.raises(UsageError, match="PIPELINE_LEDGER") as refused:
        await open_ledger(address)
    assert "cret" not in f"{refused.value}{refused.value.__cause__}"


async def test_a_server_that_does_not_answer_is_told_with_its_place_and_no_password(monkeypatch):
    monkeypatch.setattr("pipeline.ledger.postgres.ledger.OPENING", 0.2)
    with pytest.raises(LocalFault, match=r"database soda on 127\.0\.0\.1:1") as fault:
        await open_ledger("postgresql://ann:s3cret@127.0.0.1:1/soda")
    assert "s3cret" not in str(fault.value)


async def test_a_user_or_database_that_does_not_exist_is_refused_at_once():
    begun = time.monotonic()
    for address in (
        shared_server().get_uri("no_such"),
        shared_server().get_uri().replace("postgres:@", "nobody:@"),
    ):
        with pytest.raises(UsageError, match="refuses the connection"):
            await open_ledger(address)
    assert time.monotonic() - begun < connection.OPENING / 2


async def test_without_the_extra_the_message_names_it(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name="psycopg")

    monkeypatch.setattr(registry, "import_module", missing)
    with pytest.raises(UsageError, match=r"pip install 'campaign-pipeline\[postgres\]'"):
        await open_ledger("postgresql://ann:secret@127.0.0.1/soda")


async def test_a_user_without_rights_is_told_which_to_grant_and_they_are_enough():
    """The owner makes the ledger; the grants of the message let another user work with it."""
    address = new_database()
    execute(address, "drop role if exists clerk", "create role clerk login")
    as_clerk = address.replace("postgres:@", "clerk:@")
    with pytest.raises(UsageError, match="grant usage on schema") as refused:
        await open_ledger(as_clerk)
    await (await open_ledger(address)).close()
    with pytest.raises(UsageError, match="grant usage on schema"):
        await open_ledger(as_clerk)
    grants = [line.strip() for line in str(refused.value).splitlines() if "  grant" in line]
    execute(address, *(line.partition(";")[0].replace("USER", "clerk") for line in grants))
    ledger = await open_ledger(as_clerk)
    await ledger.begin(a_run())
    await ledger.paid(await ledger.submit(CRAB, run=a_run(), budget=NO_LIMITS), a_receipt())
    await ledger.stored(CRAB.key, an_artifact())
    await ledger.end(a_run().id, exit_code=0)
    assert await ledger.spent() == Spent(confirmed=Amount(2))
    await ledger.close()
    execute(address, "drop owned by clerk", "drop role clerk")


@pytest.mark.parametrize("read_only", [False, True])
async def test_a_ledger_of_a_newer_version_is_refused_and_not_changed(read_only):
    address = new_database()
    await (await open_ledger(address)).close()
    execute(address, f"update {SCHEMA}.ledger set version = {len(MIGRATIONS) + 1}")
    with pytest.raises(LedgerUnusable, match="newer version"):
        await (await open_ledger(address, read_only=read_only)).spent()
    assert execute(address, f"select version from {SCHEMA}.ledger") == [(len(MIGRATIONS) + 1,)]


async def test_a_ledger_of_an_older_version_is_brought_up_to_date(monkeypatch):
    """Its functions are made anew with the next step of the schema."""
    address = new_database()
    with monkeypatch.context() as older:
        older.setattr(migrating, "MIGRATIONS", MIGRATIONS[:2])
        await (await open_ledger(address)).close()
    execute(address, f"drop function {SCHEMA}.write_group_and_read")
    with pytest.raises(LedgerUnusable, match="older version"):
        await (await open_ledger(address, read_only=True)).spent()
    ledger = await open_ledger(address)
    await ledger.begin(a_run())
    await ledger.submit(CRAB, run=a_run(), budget=NO_LIMITS)
    assert await ledger.spent() == Spent(in_doubt=Amount(2))
    await ledger.close()
    assert execute(address, f"select version from {SCHEMA}.ledger") == [(len(MIGRATIONS),)]


async def test_a_missing_ledger_reads_as_an_empty_one_and_is_not_made():
    address = new_database()
    ledger = await open_ledger(address, read_only=True)
    assert await ledger.spent() == Spent()
    await ledger.close()
    assert execute(address, f"select to_regnamespace('{SCHEMA}')") == [(None,)]


async def test_an_older_copy_of_the_database_is_refused_in_the_middle_of_a_run():
    address = empty_ledger()
    ledger = await open_ledger(address)
    await ledger.begin(a_run())
    await ledger.submit(CRAB, run=a_run(), budget=NO_LIMITS)
    execute(address, f"update {SCHEMA}.ledger set commits = 1")
    with pytest.raises(LedgerUnusable, match="lacks the last 1 writes"):
        await ledger.submit(a_job("lime/1x1"), run=a_run(), budget=NO_LIMITS)
    await ledger.close()


@pytest.mark.parametrize("text", ["", "a\0b", "␀", "␀0\0␀␀", "ü", "\ud83d"])
def test_texts_and_keys_come_back_as_they_were(text):
    assert text_of(digits_of(text)) == text
    assert unescaped(escaped(text)) == text
    assert "\0" not in (escaped(text) or "")


@pytest.mark.parametrize("key", ["ab" * 16, "AB" * 16, "cd" * 32, "=", "x" * 15, "x" * 31])
def test_keys_take_half_their_length_if_they_are_digits(key):
    assert text_of(digits_of(key)) == key


async def test_a_client_that_dies_in_a_transaction_keeps_the_others_waiting_for_at_most_5_s():
    """A run that begins holds the ledger for two journeys; a machine may stop between them."""
    address = empty_ledger()
    ledger = await open_ledger(address)
    await ledger.begin(a_run())
    stopped = connection.connect(connection.read_address(address))
    held = connection.transaction(stopped)
    held.__enter__()
    stopped.execute(group_commit._LOCK)
    begun = time.monotonic()
    await ledger.submit(CRAB, run=a_run(), budget=NO_LIMITS)
    assert 1 < time.monotonic() - begun < 5
    with pytest.raises(psycopg.Error):
        stopped.execute("select 1")
    stopped.close()
    await ledger.close()


async def test_two_writers_that_read_the_same_job_give_one_permit():
    """What a group has read is verified when it is written: a later reader reads again."""
    address = empty_ledger()
    ledgers = [await open_ledger(address) for _ in range(3)]
    await ledgers[0].begin(a_run())
    jobs = [a_job(f"p{number}/1x1") for number in range(40)]
    results = await asyncio.gather(
        *(ledger.submit(job, run=a_run(), budget=NO_LIMITS) for job in jobs for ledger in ledgers),
        return_exceptions=True,
    )
    refusals = [result for result in results if isinstance(result, ValueError)]
    assert len(refusals) == 80
    assert len({result.job for result in results if result not in refusals}) == 40
    assert await ledgers[0].spent() == Spent(in_doubt=Amount(80))
    for ledger in ledgers:
        await ledger.close()


async def lives_on_a_bad_line(*, jobs, lose):
    """Render jobs over a line that loses replies; return their endings, and the lost replies."""
    line = CutLine(empty_ledger())
    ledger = await open_ledger(line.address)
    await ledger.begin(a_run())
    line.lose = lose
    endings = {}

    async def render(job):
        try:
            permit = await ledger.submit(job, run=a_run(), budget=NO_LIMITS)
            await ledger.paid(permit, a_receipt(f"https://cdn.test/{permit.purchase}.png"))
            await ledger.stored(job.key, an_artifact())
            endings[job.key] = permit.purchase
        except ValueError as error:
            endings[job.key] = error

    for start in range(0, len(jobs), 4):
        await asyncio.gather(*(render(job) for job in jobs[start : start + 4]))
    line.lose = lambda: False
    entries = await ledger.entries([job.key for job in jobs])
    attempts = await ledger.attempts([job.key for job in jobs])
    spent = await ledger.spent()
    await ledger.close()
    line.close()
    return endings, entries, attempts, spent, line.lost_replies


def every_third():
    calls = iter(range(1_000_000))
    return lambda: next(calls) % 3 == 0


async def test_the_lost_reply_to_a_commit_is_decided_exactly():
    """Each verb counts once, and its caller gets the result that is durable."""
    jobs = [a_job(f"p{number}/1x1") for number in range(24)]
    endings, entries, attempts, spent, lost = await lives_on_a_bad_line(
        jobs=jobs, lose=every_third()
    )
    assert lost >= 6
    assert {key: entry.purchase for key, entry in entries.items()} == endings
    assert all(isinstance(entry.outcome, Stored) for entry in entries.values())
    assert [len(posts) for posts in attempts.values()] == [1] * 24
    assert spent == Spent(confirmed=Amount(48))


async def test_without_the_number_of_a_group_a_lost_reply_loses_permits(monkeypatch):
    """The negative control: the sample above would find a ledger that forgets its numbers."""
    call = group_commit.PostgresGroupCommit._call

    def forgetful(self, sql, value):
        value = {**value, "writer": f"{time.monotonic_ns()}"}
        return {**call(self, sql, value)}

    monkeypatch.setattr(group_commit.PostgresGroupCommit, "_call", forgetful)
    jobs = [a_job(f"p{number}/1x1") for number in range(24)]
    endings, entries, _, spent, lost = await lives_on_a_bad_line(jobs=jobs, lose=every_third())
    assert lost >= 3
    orphans = [ending for ending in endings.values() if isinstance(ending, ValueError)]
    assert orphans
    assert spent.in_doubt == 2 * len(orphans)
    assert all(not isinstance(entry.outcome, InDoubt) for entry in entries.values())


async def test_a_restart_of_the_server_is_waited_for():
    address = empty_ledger()
    line = CutLine(address)
    ledger = await open_ledger(line.address)
    await ledger.begin(a_run())
    permit = await ledger.submit(CRAB, run=a_run(), budget=NO_LIMITS)
    line.cut()
    await ledger.paid(permit, a_receipt())
    line.cut()
    assert await ledger.spent() == Spent(confirmed=Amount(2))
    await ledger.close()
    line.close()


async def test_the_lost_reply_to_making_the_schema_is_no_error():
    """The fleet met it: the first coordinator made the ledger, and never heard of it."""
    line = CutLine(new_database())
    answers = iter([True])
    line.lose = lambda: next(answers, False)  # the functions of the schema name `write_group`
    ledger = await open_ledger(line.address)
    assert line.lost_replies == 1
    await ledger.begin(a_run())
    await ledger.close()
    line.close()


async def test_coordinators_that_start_together_on_an_empty_database_make_one_schema():
    """One of four ended with 74: its session remembered that there was no ledger when it had the
    lock, and made it once more. Of 25 times that six started, 17 had one that failed.
    """
    address = new_database()
    opening = [asyncio.ensure_future(open_ledger(address)) for _ in range(6)]
    ledgers = await asyncio.gather(*opening)
    await ledgers[0].begin(a_run())
    known = [await ledger.known_runs([a_run().id]) for ledger in ledgers]
    for ledger in ledgers:
        await ledger.close()
    assert [set(runs) for runs in known] == [{a_run().id}] * 6


async def test_a_server_that_stays_away_ends_the_use_of_the_ledger(monkeypatch):
    monkeypatch.setattr(group_commit, "PATIENCE", 0.3)
    line = CutLine(empty_ledger())
    ledger = await open_ledger(line.address)
    await ledger.begin(a_run())
    line.close()
    for _ in range(2):
        with pytest.raises(LocalFault, match="cannot be reached"):
            await ledger.submit(CRAB, run=a_run(), budget=NO_LIMITS)
    await ledger.close()
