"""Connections to the Postgres ledger: their address, what they are told, and their errors.

No message here contains a password, or a part of an address that may be one.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psycopg
from psycopg.conninfo import conninfo_to_dict

from pipeline.errors import LedgerUnusable, LocalFault, PipelineError, UsageError
from pipeline.ledger.postgres.rows.row_queries import Connection
from pipeline.ledger.postgres.schema.tables import SCHEMA

VARIABLE = "PIPELINE_LEDGER"

OPENING = 15.0
"""Seconds to wait for the server when a command begins."""
PATIENCE = 120.0
"""Seconds to wait for a server that was there: a restart, or a failover."""

_DEFAULTS: Mapping[str, str] = {
    "connect_timeout": "5",
    # a machine that is gone is noticed within half a minute
    "keepalives_idle": "5",
    "keepalives_interval": "3",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "application_name": "campaign-pipeline",
}
_FINAL = (
    "password authentication failed",
    "no password supplied",
    "pg_hba.conf",
    "does not exist",
    "SSL",
    "certificate",
    "permission denied",
)
"""Words of a refusal that waiting does not change."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a ledger is; `shown` says it without the password."""

    dsn: str = field(repr=False)
    password: str = field(repr=False)
    shown: str


def read_address(dsn: str) -> Address:
    """Return the address in a `postgresql://` URL; `UsageError` for one that cannot be right."""
    try:
        parts = conninfo_to_dict(dsn)
    except psycopg.Error:
        # the words of the error may contain a part of the password
        raise UsageError(f"{VARIABLE} is no address of a Postgres database; {_FORM}") from None
    host, name = str(parts.get("host", "")), str(parts.get("dbname", ""))
    port, user = str(parts.get("port", "")), str(parts.get("user", ""))
    if "@" in f"{host}{name}{user}" or not all(one.isdecimal() for one in port.split(",") if one):
        raise UsageError(
            f"{VARIABLE} cannot be read: a user or password with : / ? # or @ has to be written "
            f"with %3A %2F %3F %23 or %40; {_FORM}"
        )
    place = f"{host or 'localhost'}{f':{port}' if port else ''}"
    shown = f"database {name or user or 'postgres'} on {place}"
    return Address(dsn=dsn, password=str(parts.get("password", "")), shown=shown)


_FORM = "it has the form postgresql://USER:PASSWORD@HOST:5432/DATABASE. Nothing was sent."


def connect(address: Address, *, read_only: bool = False) -> Connection:
    """Return a connection in which every statement is a transaction, unless one is begun.

    Nothing is set for the session, and nothing is prepared in it: a pooler may give each
    transaction another connection.
    """
    given = conninfo_to_dict(address.dsn)
    words = {name: value for name, value in _DEFAULTS.items() if name not in given}
    if not read_only:
        words.setdefault("target_session_attrs", "read-write")
    return psycopg.connect(
        address.dsn,
        autocommit=True,
        prepare_threshold=None,
        **(words | given),  # type: ignore[arg-type]
    )


def connect_patiently(
    address: Address, *, since: float, patience: float, read_only: bool = False
) -> Connection:
    """Return a connection to a server that may be restarting; `since` as by `time.monotonic`.

    `UsageError` if the server refuses the user, `LocalFault` if it cannot be reached.
    """
    pause = 0.05
    while True:
        try:
            return connect(address, read_only=read_only)
        except psycopg.OperationalError as error:
            if any(words in str(error) for words in _FINAL):
                raise refused(address, error) from None
            if time.monotonic() - since > patience:
                raise unreachable(address, error) from None
        time.sleep(pause)
        pause = min(2.0, pause * 1.6)


@contextmanager
def transaction(connection: Connection, mode: str = "") -> Iterator[None]:
    """Begin a transaction with the settings of this program, and end it.

    They are `local`, so that a pooler can give the connection to another program afterwards.
    """
    connection.execute(
        f"begin {mode}; set local search_path = {SCHEMA}, pg_temp; set local jit = off; "
        "set local lock_timeout = '60s'; set local idle_in_transaction_session_timeout = '3s'"
    )
    try:
        yield
    except BaseException:
        with suppress(psycopg.Error):  # the connection is lost, and with it the transaction
            connection.execute("rollback")
        raise
    connection.execute("commit")


def text_of_error(address: Address, error: Exception) -> str:
    """Return the first line of an error, without the password."""
    words = (str(error).splitlines() or [type(error).__name__])[0]
    return words.replace(address.password, "***") if address.password else words


def unreachable(address: Address, error: Exception) -> LocalFault:
    """Return the error for a server that does not answer."""
    return LocalFault(
        f"the ledger ({address.shown}) cannot be reached: {text_of_error(address, error)}. Nothing "
        "more is bought, and what is paid for is kept. Bring the server back, and run again."
    )


def refused(address: Address, error: Exception) -> UsageError:
    """Return the error for a server that does not let this user in."""
    return UsageError(
        f"the ledger ({address.shown}) refuses the connection: {text_of_error(address, error)}.\n"
        f"Nothing was sent. Check the user, password and database in {VARIABLE}."
    )


def as_pipeline_error(address: Address, error: Exception) -> PipelineError:
    """Return the error of this program for one of the database that ends the use of the ledger."""
    if isinstance(error, PipelineError):
        return error
    words = text_of_error(address, error)
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return UsageError(
            f"the user of the ledger ({address.shown}) lacks a right: {words}.\n{GRANTS}"
        )
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedFunction):
        return LedgerUnusable(f"the ledger ({address.shown}) is not whole: {words}")
    return LocalFault(
        f"the ledger ({address.shown}) cannot be used: {words}. Nothing more is bought, and what "
        "is paid for is kept."
    )


GRANTS = (
    "Nothing was sent. Let the owner of the database give it what it needs:\n"
    f"  create schema {SCHEMA} authorization USER;          -- for the user that makes the ledger\n"
    f"  grant usage on schema {SCHEMA} to USER;             -- for another one that works with it\n"
    f"  grant select, insert, update on all tables in schema {SCHEMA} to USER;\n"
    f"  grant delete on {SCHEMA}.lease to USER;\n"
    f"  grant usage on all sequences in schema {SCHEMA} to USER;"
)
