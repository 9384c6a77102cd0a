"""Making the schema of the Postgres ledger, and bringing it up to date."""

import os

import psycopg

from pipeline.errors import LedgerUnusable
from pipeline.ledger.postgres.connection import Address, as_pipeline_error, transaction
from pipeline.ledger.postgres.rows.row_queries import Connection
from pipeline.ledger.postgres.schema.functions import FUNCTIONS
from pipeline.ledger.postgres.schema.tables import MIGRATIONS, SCHEMA

_LOCK = 0x63704C31
"""Number of the advisory lock under which one program at a time changes the schema."""

_FOUND = f"""
select from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = '{SCHEMA}' and c.relname = 'ledger'
"""
"""A query of the catalog sees what another one has just made; `to_regclass` remembers that there
was none, also after waiting for the lock under which it was made."""


def prepare(connection: Connection, address: Address) -> None:
    """Make the schema or bring it up to date, whole or not at all.

    `LedgerUnusable` for a newer schema, which is left alone; `UsageError` without the right. An
    error of the connection is the caller's: this can be repeated.
    """
    try:
        if schema_version(connection, address) == len(MIGRATIONS):
            return
        with transaction(connection):
            connection.execute(f"select pg_advisory_xact_lock({_LOCK})")
            version = schema_version(connection, address)
            if version == 0:
                connection.execute(f"create schema if not exists {SCHEMA}")
            for step in MIGRATIONS[version:]:
                connection.execute(step)
            connection.execute(FUNCTIONS)
            if version == 0:
                connection.execute(
                    "insert into ledger (one, name, version, commits, last_job) "
                    "values (1, %s, 0, 0, 0)",
                    (os.urandom(16),),
                )
            connection.execute(f"update ledger set version = {len(MIGRATIONS)}")
    except (psycopg.OperationalError, psycopg.InterfaceError):
        raise  # the line was cut: it may be done, and can be done again
    except psycopg.Error as error:
        raise as_pipeline_error(address, error) from None


def schema_version(connection: Connection, address: Address) -> int:
    """Return the version of the schema; 0 if there is none, `LedgerUnusable` for a newer one."""
    if connection.execute(_FOUND).fetchone() is None:
        return 0
    row = connection.execute(f"select version from {SCHEMA}.ledger").fetchone()
    version = int(row[0]) if row else 0
    if version > len(MIGRATIONS):
        raise LedgerUnusable(
            f"the ledger ({address.shown}) was written by a newer version of this program (schema "
            f"{version}, and this one knows {len(MIGRATIONS)}); it was not changed.\n"
            "Update campaign-pipeline on this machine."
        )
    return version


def refuse_older(connection: Connection, address: Address) -> bool:
    """Return whether there is a ledger; `LedgerUnusable` if a run has to bring it up to date."""
    version = schema_version(connection, address)
    if 0 < version < len(MIGRATIONS):
        raise LedgerUnusable(
            f"the ledger ({address.shown}) was written by an older version of this program.\n"
            "The next `pipeline run` updates it; then try again."
        )
    return version > 0
