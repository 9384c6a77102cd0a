"""The sale of pictures: reserve credits, paint, store, charge; a failure releases the credits."""

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

_MAX_REMEMBERED = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Buyer:
    """The key that pays, the endpoint, and the caller's idempotency key."""

    caller: str
    route: str
    idempotency_key: str | None = None
    request_id: str = ""
    replays: bool = False
    """True if the idempotency key replays, whatever the server's setting is."""


class Billing:
    """Sells pictures; every sale is in the account before it is answered."""

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
        self._stored: dict[int, tuple[PaintedPicture, StoredPicture]] = {}

    async def buy(
        self,
        image_request: ImageRequest,
        buyer: Buyer,
        *,
        painted_request: ImageRequest | None = None,
    ) -> Sold:
        """Paint, store and charge the pictures. Raises RefusedError if nothing was charged.

        `painted_request` is painted instead of the request, at the same price.
        """
        reserved = await self.reserve(image_request, buyer)
        if isinstance(reserved, Sold):
            return reserved
        return await self.paint_and_charge(reserved, painted_request or image_request)

    async def reserve(self, image_request: ImageRequest, buyer: Buyer) -> Reserved | Sold:
        """Reserve the credits, or return the earlier sale under the buyer's idempotency key."""
        purchase = _purchase(image_request, buyer)
        try:
            idempotency = Idempotency.REPLAY if buyer.replays else self._idempotency
            return await self._credit_account.reserve(purchase, idempotency=idempotency)
        except LocalFault as error:
            raise _cannot_write() from error

    async def paint_and_charge(self, reserved: Reserved, image_request: ImageRequest) -> Sold:
        """Paint and charge a reserved purchase, or release its credits."""
        try:
            pictures = await self._paint_all(reserved.purchase, image_request)
            return await self._credit_account.capture(reserved.purchase, pictures)
        except LocalFault as error:
            await self._release(reserved)
            raise _cannot_write() from error
        except BaseException:
            await asyncio.shield(self._release(reserved))
            raise

    async def _release(self, reserved: Reserved) -> None:
        """Release the credits; if the account cannot be written, the next start releases them."""
        with contextlib.suppress(LocalFault):
            await self._credit_account.release(reserved.purchase)

    async def _paint_all(self, purchase: int, image_request: ImageRequest) -> list[SoldPicture]:
        """Return all pictures. Raises the RefusedError of the first that fails."""
        if image_request.n == 1:
            return [await self._paint_one(purchase, image_request, 0)]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._paint_one(purchase, image_request, index))
                    for index in range(image_request.n)
                ]
        except* (RefusedError, LocalFault) as errors:
            raise errors.exceptions[0] from None
        return [painted.result() for painted in tasks]

    async def _paint_one(
        self, purchase: int, image_request: ImageRequest, index: int
    ) -> SoldPicture:
        picture = await self._paint(image_request.order(index), image_request.exact)
        stored = await self._store(picture)
        return SoldPicture(
            purchase=purchase,
            index=index,
            sha256=stored.sha256,
            size=stored.size,
            width=picture.width,
            height=picture.height,
            renderer=picture.renderer,
            understood=picture.understood,
            expires=int(time.time() + self._url_lifetime),
        )

    async def _store(self, picture: PaintedPicture) -> StoredPicture:
        """Store a picture on disk; a cached picture has been stored before."""
        known = self._stored.get(id(picture))
        if known is not None and known[0] is picture:
            return known[1]
        stored = await asyncio.to_thread(self._image_files.store, picture)
        if picture.renderer == "none" and len(self._stored) < _MAX_REMEMBERED:
            self._stored[id(picture)] = (picture, stored)
        return stored


def _purchase(image_request: ImageRequest, buyer: Buyer) -> Purchase:
    return Purchase(
        route=buyer.route,
        caller=buyer.caller,
        prompt=image_request.prompt,
        size=image_request.size,
        quality=image_request.stated_quality or image_request.quality,
        background=image_request.background,
        n=image_request.n,
        credits=image_request.credits,
        variation=image_request.variation,
        idempotency_key=buyer.idempotency_key,
        fingerprint=image_request.fingerprint(buyer.route),
        model=image_request.model,
        request_id=buyer.request_id,
    )


def _cannot_write() -> RefusedError:
    message = "the server cannot write at the moment; nothing was charged"
    return RefusedError(503, message, retry_after=5)
