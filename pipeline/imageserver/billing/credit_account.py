"""The server's own account of every credit: reserve, then capture or release; nothing is changed.

It is the independent auditor of every client, so it is written before anything is painted and
before anything is answered, and it survives kill -9: what was reserved and never captured is
released at the next start.
"""

import json
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
    AccountStanding,
    Capture,
    Purchase,
    Released,
    Reserved,
    Sold,
    SoldPicture,
)
from pipeline.imageserver.options import Idempotency


class CreditAccount:
    """One account, shared by all keys of a server; every awaited verb is on disk."""

    def __init__(self, path: Path, *, start: int | None) -> None:
        """Open or make the books, and release what a killed server left reserved.

        `start` is all credits ever given, None for unlimited. Raises LedgerUnusable.
        """
        self._start = start
        self._in_flight: dict[tuple[str, str], tuple[int, bytes]] = {}
        self._key_of: dict[int, tuple[str, str]] = {}
        try:
            self._connection = tables.open_books(path)
            self._reader = connect(path)
            self._recount()
            with self._connection:
                self._note_start()
                for purchase in list(self._open):
                    self._release(purchase)
        except apsw.Error as error:
            raise LedgerUnusable(f"{path}: {error}") from error
        self._publish()
        self._writer = GroupWriter(self._connection, committed=self._publish, undone=self._recount)

    async def reserve(
        self, purchase: Purchase, *, idempotency: Idempotency = Idempotency.OFF
    ) -> Reserved | Sold:
        """Set the credits aside; an honoured key that was paid for gives that sale instead.

        Raises RefusedError: 402 without funds, 409 and 422 for a key that was used before.
        """
        return await self._writer.run(lambda: self._reserve(purchase, idempotency))

    async def capture(self, purchase: int, pictures: Sequence[SoldPicture]) -> Sold:
        """Charge what was reserved, with the pictures that it bought."""
        return await self._writer.run(lambda: self._capture(purchase, tuple(pictures)))

    async def release(self, purchase: int) -> None:
        """Give the reserved credits back; nothing happens to a purchase that is closed."""
        await self._writer.run(lambda: self._release(purchase))

    def standing(self) -> AccountStanding:
        """Where the account stands after the last commit."""
        return self._standing

    def pictures(self, purchase: int) -> tuple[SoldPicture, ...]:
        """What one purchase bought; nothing for one that is open, released or unknown."""
        return tables.pictures_of(self._reader, purchase)

    def outcome(self, purchase: int, *, caller: str) -> Sold | Reserved | Released | None:
        """What became of a purchase; None for one that this caller did not make."""
        return tables.outcome_of(self._reader, purchase, caller=caller)

    def captures(self) -> tuple[Capture, ...]:
        """Everything that was ever charged, oldest first."""
        return tuple(tables.captures(self._reader))

    def expired_pictures(self) -> list[str]:
        """Digests of pictures that nobody holds a good URL of any more."""
        return tables.expired_pictures(self._reader, now=time.time())

    async def close(self) -> None:
        """Release what is still open, write everything, close the file."""
        try:
            for purchase in list(self._open):
                await self.release(purchase)
        finally:
            await self._writer.close()
            self._reader.close()
            self._connection.close()

    def _note_start(self) -> None:
        """Another start than last time is an event of its own."""
        last = self._connection.execute("SELECT start FROM account ORDER BY id DESC").fetchone()
        if last != (self._start,):
            self._connection.execute(
                "INSERT INTO account (at, start) VALUES (?, ?)", (time.time(), self._start)
            )

    def _recount(self) -> None:
        """Learn where the account stands from the entries alone."""
        self._captured = tables.sum_of_captures(self._connection)
        self._open = tables.open_reservations(self._connection)
        self._reserved = sum(self._open.values())
        self._last = tables.last_purchase(self._connection)
        self._key_of = {n: key for n, key in self._key_of.items() if n in self._open}
        self._in_flight = {key: self._in_flight[key] for key in self._key_of.values()}

    def _publish(self) -> None:
        self._standing = AccountStanding(
            start=self._start, captured=self._captured, reserved=self._reserved
        )

    def _reserve(self, asked: Purchase, idempotency: Idempotency) -> Reserved | Sold:
        key = None
        if asked.idempotency_key is not None and idempotency is not Idempotency.OFF:
            key = (asked.caller, asked.idempotency_key)
            sold = self._sold_under(key, asked.fingerprint, idempotency)
            if sold is not None:
                return sold
        self._afford(asked.credits)
        self._last += 1
        self._connection.execute(
            "INSERT INTO purchase VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._last,
                time.time(),
                asked.route,
                asked.caller,
                asked.prompt,
                asked.size,
                asked.quality,
                asked.background,
                asked.n,
                asked.variation,
                asked.idempotency_key,
            ),
        )
        self._enter("reserve", self._last, asked.credits)
        self._open[self._last] = asked.credits
        self._reserved += asked.credits
        if key is not None:
            self._in_flight[key] = (self._last, asked.fingerprint)
            self._key_of[self._last] = key
        return Reserved(purchase=self._last)

    def _afford(self, price: int) -> None:
        if self._start is None:
            return
        balance = self._start - self._captured - self._reserved
        if price > balance:
            raise RefusedError(402, f"insufficient credits: this costs {price}, {balance} are left")

    def _sold_under(
        self, key: tuple[str, str], fingerprint: bytes, idempotency: Idempotency
    ) -> Sold | None:
        """What the key bought before; raises where it may not be used now."""
        purchase, known = self._in_flight.get(key, (0, b""))
        if not purchase:
            row = self._connection.execute(
                "SELECT purchase, fingerprint FROM used_key WHERE caller = ? AND key = ?", key
            ).fetchone()
            if row is None:
                return None
            purchase, known = row
        if idempotency is Idempotency.REJECT:
            raise _key_refused(409, "was used before")
        if known != fingerprint:
            raise _key_refused(422, "was used for another request")
        if key in self._in_flight:
            raise _key_refused(409, "the first request with this key is still in the making")
        return self._sale(purchase)

    def _sale(self, purchase: int) -> Sold:
        at, price = self._connection.execute(
            "SELECT at, credits FROM entry WHERE purchase = ? AND kind = 'capture'", (purchase,)
        ).get
        pictures = tables.pictures_of(self._connection, purchase)
        return Sold(purchase=purchase, at=at, credits=price, pictures=pictures, replayed=True)

    def _capture(self, purchase: int, pictures: tuple[SoldPicture, ...]) -> Sold:
        price = self._open[purchase]
        at = self._enter("capture", purchase, price)
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
                    json.dumps(picture.notes),
                )
                for picture in pictures
            ],
        )
        self._close(purchase, used=True)
        self._captured += price
        return Sold(purchase=purchase, at=at, credits=price, pictures=pictures)

    def _release(self, purchase: int) -> None:
        if purchase in self._open:
            self._enter("release", purchase, self._open[purchase])
            self._close(purchase, used=False)

    def _close(self, purchase: int, *, used: bool) -> None:
        """The reservation ends; its key stays taken only where something was bought."""
        self._reserved -= self._open.pop(purchase)
        key = self._key_of.pop(purchase, None)
        if key is None:
            return
        _, fingerprint = self._in_flight.pop(key)
        if used:
            self._connection.execute(
                "INSERT INTO used_key VALUES (?, ?, ?, ?)", (*key, fingerprint, purchase)
            )

    def _enter(
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
