"""How fast an account may be asked, by all coordinators together: one row for each account."""

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import psycopg

from pipeline.ledger.base import StartTime
from pipeline.ledger.postgres.connection import (
    PATIENCE,
    Address,
    as_pipeline_error,
    connect_patiently,
    unreachable,
)
from pipeline.ledger.postgres.rows.columns import escaped
from pipeline.ledger.postgres.rows.row_queries import Connection
from pipeline.ledger.postgres.schema.tables import SCHEMA
from pipeline.model.names import Account

_TAKE = f"select * from {SCHEMA}.take_turn(%(account)s, %(gap)s)"
_PAUSE = f"select * from {SCHEMA}.pause_account(%(account)s, %(seconds)s)"


class PostgresPace:
    """`SharedPace` on a connection of its own, by the clock of the server."""

    def __init__(self, address: Address, account: Account) -> None:
        self._address, self._account = address, escaped(account) or ""
        self._connection: Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger-pace")

    async def take_turn(self, *, gap: float) -> StartTime:
        """Take the next turn of the account; see `SharedPace`."""
        wait, paused = await self._call(_TAKE, {"gap": gap})
        return StartTime(wait=wait, paused=paused)

    async def pause(self, seconds: float) -> None:
        """Let no coordinator start a request for some seconds."""
        await self._call(_PAUSE, {"seconds": seconds})

    def close(self) -> None:
        """Close the connection; nothing may be under way."""
        self._thread.shutdown()
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()

    async def _call(self, sql: str, values: Mapping[str, Any]) -> tuple[Any, ...]:
        loop = asyncio.get_running_loop()
        named = {**values, "account": self._account}
        return await loop.run_in_executor(self._thread, self._execute, sql, named)

    def _execute(self, sql: str, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Wait for a server that is restarting; a turn that was lost with its reply only delays."""
        since = time.monotonic()
        while True:
            try:
                if self._connection is None:
                    self._connection = connect_patiently(
                        self._address, since=since, patience=PATIENCE
                    )
                return self._connection.execute(sql, values).fetchone() or (0.0, 0.0)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                if self._connection is not None:
                    self._connection.close()
                self._connection = None
                if time.monotonic() - since > PATIENCE:
                    raise unreachable(self._address, error) from None
            except psycopg.Error as error:
                raise as_pipeline_error(self._address, error) from error
