"""Where pictures are sold: reserve, paint, keep, capture; a failure gives the credits back."""

import asyncio
import contextlib
import time
from dataclasses import dataclass

from pipeline.errors import LocalFault
from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.api.requests.image_request import ImageRequest
from pipeline.imageserver.billing.credit_account import CreditAccount
from pipeline.imageserver.billing.purchases import Purchase, Reserved, Sold, SoldPicture
from pipeline.imageserver.options import Idempotency
from pipeline.imageserver.painting.image_files import ImageFiles, StoredPicture
from pipeline.imageserver.painting.painter import PaintedPicture
from pipeline.imageserver.painting.painter_pool import Paint

_KEPT_IN_MIND = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Buyer:
    """Who buys, through which endpoint, under which key of theirs."""

    caller: str
    route: str
    idempotency_key: str | None = None


class Sales:
    """Sells pictures; the books know of every sale before anybody else does."""

    def __init__(
        self,
        *,
        credit_account: CreditAccount,
        image_files: ImageFiles,
        paint: Paint,
        idempotency: Idempotency,
        url_lifetime: float,
    ) -> None:
        self._credit_account = credit_account
        self._image_files = image_files
        self._paint = paint
        self._idempotency = idempotency
        self._url_lifetime = url_lifetime
        self._kept: dict[int, tuple[PaintedPicture, StoredPicture]] = {}

    async def buy(
        self, wanted: ImageRequest, buyer: Buyer, *, paint_as: ImageRequest | None = None
    ) -> Sold:
        """The pictures, paid and kept. Raises RefusedError, and then nothing was charged.

        `paint_as` is painted instead of what was asked for, at the same price.
        """
        reserved = await self.reserve(wanted, buyer)
        if isinstance(reserved, Sold):
            return reserved
        return await self.deliver(reserved, paint_as or wanted)

    async def reserve(self, wanted: ImageRequest, buyer: Buyer) -> Reserved | Sold:
        """Set the credits aside, or the sale that this buyer's key made before."""
        purchase = _purchase(wanted, buyer)
        try:
            return await self._credit_account.reserve(purchase, idempotency=self._idempotency)
        except LocalFault as error:
            raise _cannot_write() from error

    async def deliver(self, reserved: Reserved, wanted: ImageRequest) -> Sold:
        """Paint what was reserved and charge it, or give the credits back."""
        try:
            pictures = await self._paint_all(reserved.purchase, wanted)
            return await self._credit_account.capture(reserved.purchase, pictures)
        except LocalFault as error:
            await self._give_back(reserved)
            raise _cannot_write() from error
        except BaseException:
            await asyncio.shield(self._give_back(reserved))
            raise

    async def _give_back(self, reserved: Reserved) -> None:
        """Release; books that cannot be written release it at the next start."""
        with contextlib.suppress(LocalFault):
            await self._credit_account.release(reserved.purchase)

    async def _paint_all(self, purchase: int, wanted: ImageRequest) -> list[SoldPicture]:
        """All of them, or RefusedError of the first that fails."""
        if wanted.n == 1:
            return [await self._paint_one(purchase, wanted, 0)]
        try:
            async with asyncio.TaskGroup() as group:
                painting = [
                    group.create_task(self._paint_one(purchase, wanted, index))
                    for index in range(wanted.n)
                ]
        except* (RefusedError, LocalFault) as errors:
            raise errors.exceptions[0] from None
        return [painted.result() for painted in painting]

    async def _paint_one(self, purchase: int, wanted: ImageRequest, index: int) -> SoldPicture:
        picture = await self._paint(wanted.order(index), wanted.exact)
        kept = await self._keep(picture)
        return SoldPicture(
            purchase=purchase,
            index=index,
            sha256=kept.sha256,
            size=kept.size,
            width=picture.width,
            height=picture.height,
            renderer=picture.renderer,
            expires=int(time.time() + self._url_lifetime),
            notes=picture.notes,
        )

    async def _keep(self, picture: PaintedPicture) -> StoredPicture:
        """On disk; a picture that came from a cache was put there before."""
        known = self._kept.get(id(picture))
        if known is not None and known[0] is picture:
            return known[1]
        kept = await asyncio.to_thread(self._image_files.keep, picture)
        if picture.renderer == "none" and len(self._kept) < _KEPT_IN_MIND:
            self._kept[id(picture)] = (picture, kept)
        return kept


def _purchase(wanted: ImageRequest, buyer: Buyer) -> Purchase:
    return Purchase(
        route=buyer.route,
        caller=buyer.caller,
        prompt=wanted.prompt,
        size=wanted.size,
        quality=wanted.quality,
        background=wanted.background,
        n=wanted.n,
        credits=wanted.credits,
        variation=wanted.variation,
        idempotency_key=buyer.idempotency_key,
        fingerprint=wanted.fingerprint(buyer.route),
    )


def _cannot_write() -> RefusedError:
    message = "the server cannot write at the moment; nothing was charged"
    return RefusedError(503, message, retry_after=5)
