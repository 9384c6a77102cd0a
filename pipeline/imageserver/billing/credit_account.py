"""The server's account of every credit: append-only entries reserve, then capture or release.

Tests compare the clients with it, so it is written before anything is painted or
answered. It survives kill -9: reservations that were never captured are
released at the next start.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import apsw

from pipeline.errors import LedgerUnusable
from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.billing import tables
from pipeline.imageserver.billing.group_writer import GroupWriter, connect
from pipeline.imageserver.billing.purchases import (
    AccountTotals,
    Charge,
    Purchase,
    Released,
    Reserved,
    Sold,
    SoldPicture,
)
from pipeline.imageserver.options import Idempotency


class CreditAccount:
    """One account for all keys of a server; when an awaited method returns, it is durable."""

    def __init__(self, path: Path, *, start: int | None) -> None:
        """Open or create the account, and release what a killed server left reserved.

        `start` is the credits ever given, None for unlimited. Raises LedgerUnusable.
        """
        self._start = start
        self._in_flight: dict[tuple[str, str], tuple[int, bytes]] = {}
        self._key_of: dict[int, tuple[str, str]] = {}
        try:
            self._connection = tables.open_account(path)
            self._reader = connect(path)
            self._reload()
            with self._connection:
                self._record_start()
                for purchase in list(self._open):
                    self._release(purchase)
        except apsw.Error as error:
            raise LedgerUnusable(f"{path}: {error}") from error
        self._publish()
        self._writer = GroupWriter(
            self._connection,
            name="credit account",
            on_commit=self._publish,
            on_rollback=self._reload,
        )

    async def reserve(
        self, purchase: Purchase, *, idempotency: Idempotency = Idempotency.OFF
    ) -> Reserved | Sold:
        """Reserve credits, or return the sale that was made under the same idempotency key.

        Raises RefusedError: 402 without credits, 409 and 422 for a key that was used before.
        """
        return await self._writer.run(lambda: self._reserve(purchase, idempotency))

    async def capture(self, purchase: int, pictures: Sequence[SoldPicture]) -> Sold:
        """Charge a reservation, with the pictures that it bought."""
        return await self._writer.run(lambda: self._capture(purchase, tuple(pictures)))

    async def release(self, purchase: int) -> None:
        """Release the reserved credits; a purchase that is closed stays as it is."""
        await self._writer.run(lambda: self._release(purchase))

    def totals(self) -> AccountTotals:
        """Return the totals after the last commit."""
        return self._totals

    def pictures(self, purchase: int) -> tuple[SoldPicture, ...]:
        """Return the pictures of a purchase; none if it is open, released or unknown."""
        return tables.pictures_of(self._reader, purchase)

    def outcome(self, purchase: int, *, caller: str) -> Sold | Reserved | Released | None:
        """Return the outcome of a purchase; None if this caller did not make it."""
        return tables.outcome_of(self._reader, purchase, caller=caller)

    def sold_under(self, key: str, *, caller: str) -> Sold | None:
        """Return the sale that this caller made under an idempotency key."""
        row = self._reader.execute(
            "SELECT purchase FROM used_key WHERE caller = ? AND key = ?", (caller, key)
        ).fetchone()
        sold = None if row is None else self.outcome(int(row[0]), caller=caller)
        return sold if isinstance(sold, Sold) else None

    def charges(
        self, *, after: int = 0, request_id: str | None = None, limit: int = -1
    ) -> tuple[Charge, ...]:
        """Return the charges of later purchases than `after`, oldest first; -1 for no limit."""
        return tuple(tables.charges(self._reader, after=after, request_id=request_id, limit=limit))

    def spent_by_caller(self) -> dict[str, int]:
        """Return what each key was charged."""
        return tables.spent_by_caller(self._reader)

    def expired_pictures(self) -> list[str]:
        """Return the SHA-256 of every picture whose URLs have all expired."""
        return tables.expired_pictures(self._reader, now=time.time())

    async def close(self) -> None:
        """Release open reservations, finish all writes and close the file."""
        try:
            for purchase in list(self._open):
                await self.release(purchase)
        finally:
            await self._writer.close()
            self._reader.close()
            self._connection.close()

    def _record_start(self) -> None:
        """Record the credits ever given, if they differ from last time."""
        last = self._connection.execute("SELECT start FROM account ORDER BY id DESC").fetchone()
        if last != (self._start,):
            self._connection.execute(
                "INSERT INTO account (at, start) VALUES (?, ?)", (time.time(), self._start)
            )

    def _reload(self) -> None:
        """Read all totals from the entries."""
        self._charged = tables.total_charged(self._connection)
        self._open = tables.open_reservations(self._connection)
        self._reserved = sum(self._open.values())
        self._last = tables.last_purchase(self._connection)
        self._key_of = {n: key for n, key in self._key_of.items() if n in self._open}
        self._in_flight = {key: self._in_flight[key] for key in self._key_of.values()}

    def _publish(self) -> None:
        self._totals = AccountTotals(
            start=self._start, charged=self._charged, reserved=self._reserved
        )

    def _reserve(self, purchase: Purchase, idempotency: Idempotency) -> Reserved | Sold:
        key = None
        if purchase.idempotency_key is not None and idempotency is not Idempotency.OFF:
            key = (purchase.caller, purchase.idempotency_key)
            sold = self._earlier_sale(key, purchase.fingerprint, idempotency)
            if sold is not None:
                return sold
        self._check_funds(purchase.credits)
        self._last += 1
        self._connection.execute(
            "INSERT INTO purchase VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._last,
                time.time(),
                purchase.route,
                purchase.caller,
                purchase.prompt,
                purchase.size,
                purchase.quality,
                purchase.background,
                purchase.n,
                purchase.variation,
                purchase.idempotency_key,
                purchase.model,
                purchase.request_id,
            ),
        )
        self._add_entry("reserve", self._last, purchase.credits)
        self._open[self._last] = purchase.credits
        self._reserved += purchase.credits
        if key is not None:
            self._in_flight[key] = (self._last, purchase.fingerprint)
            self._key_of[self._last] = key
        return Reserved(purchase=self._last)

    def _check_funds(self, price: int) -> None:
        if self._start is None:
            return
        remaining = self._start - self._charged - self._reserved
        if price > remaining:
            raise RefusedError(
                402, f"insufficient credits: this costs {price}, {remaining} are left"
            )

    def _earlier_sale(
        self, key: tuple[str, str], fingerprint: bytes, idempotency: Idempotency
    ) -> Sold | None:
        """Return the earlier sale under this key, or None. Raises RefusedError 409 or 422."""
        purchase, used_for = self._in_flight.get(key, (0, b""))
        if not purchase:
            row = self._connection.execute(
                "SELECT purchase, fingerprint FROM used_key WHERE caller = ? AND key = ?", key
            ).fetchone()
            if row is None:
                return None
            purchase, used_for = row
        if idempotency is Idempotency.REJECT:
            raise _key_refused(409, "was used before")
        if used_for != fingerprint:
            raise _key_refused(422, "was used for another request")
        if key in self._in_flight:
            raise _key_refused(409, "the first request with this key is still being processed")
        return self._sale(purchase)

    def _sale(self, purchase: int) -> Sold:
        at, price = self._connection.execute(
            "SELECT at, credits FROM entry WHERE purchase = ? AND kind = 'capture'", (purchase,)
        ).get
        pictures = tables.pictures_of(self._connection, purchase)
        return Sold(purchase=purchase, at=at, credits=price, pictures=pictures, replayed=True)

    def _capture(self, purchase: int, pictures: tuple[SoldPicture, ...]) -> Sold:
        price = self._open[purchase]
        at = self._add_entry("capture", purchase, price)
        self._connection.executemany(
            "INSERT INTO picture VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    purchase,
                    picture.index,
                    picture.sha256,
                    picture.size,
                    picture.width,
                    picture.height,
                    picture.renderer,
                    picture.expires,
                    picture.understood or tables.NO_NOTES,
                )
                for picture in pictures
            ],
        )
        self._close(purchase, used=True)
        self._charged += price
        return Sold(purchase=purchase, at=at, credits=price, pictures=pictures)

    def _release(self, purchase: int) -> None:
        if purchase in self._open:
            self._add_entry("release", purchase, self._open[purchase])
            self._close(purchase, used=False)

    def _close(self, purchase: int, *, used: bool) -> None:
        """End a reservation; its idempotency key stays in use only if something was bought."""
        self._reserved -= self._open.pop(purchase)
        key = self._key_of.pop(purchase, None)
        if key is None:
            return
        _, fingerprint = self._in_flight.pop(key)
        if used:
            self._connection.execute(
                "INSERT INTO used_key VALUES (?, ?, ?, ?)", (*key, fingerprint, purchase)
            )

    def _add_entry(
        self, kind: Literal["reserve", "capture", "release"], purchase: int, price: int
    ) -> float:
        now = time.time()
        self._connection.execute(
            "INSERT INTO entry (at, kind, purchase, credits) VALUES (?, ?, ?, ?)",
            (now, kind, purchase, price),
        )
        return now


def _key_refused(status: int, message: str) -> RefusedError:
    return RefusedError(status, message, field="Idempotency-Key")
