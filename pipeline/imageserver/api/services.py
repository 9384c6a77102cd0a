"""The front desk: who asks, may they, what came of it; every endpoint that sells goes through."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from aiohttp import web

from pipeline.imageserver.api.answers import dialect_of
from pipeline.imageserver.api.content_policy import permitted
from pipeline.imageserver.api.limits import RequestLimits
from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.api.request_log import CALLER
from pipeline.imageserver.api.requests.fields import idempotency_key_from, only_one
from pipeline.imageserver.api.requests.image_request import ImageRequest
from pipeline.imageserver.billing.billing import Buyer, Sales
from pipeline.imageserver.billing.credit_account import CreditAccount
from pipeline.imageserver.billing.keys import ServerKeys
from pipeline.imageserver.billing.purchases import Sold
from pipeline.imageserver.cdn.signing import Signer
from pipeline.imageserver.fault_injection.injection import FaultInjection, RequestFault
from pipeline.imageserver.options import ErrorStyle, ServerSettings

Answer = Callable[[Sold], Awaitable[web.Response]]


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiContext:
    """What the endpoints share."""

    settings: ServerSettings
    credit_account: CreditAccount
    sales: Sales
    keys: ServerKeys
    signer: Signer
    fault_injection: FaultInjection
    request_limits: RequestLimits
    cdn_url: Callable[[web.Request], str]
    """Where this caller reaches the image host."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server takes no more requests: nobody sleeps on."""

    def caller(self, request: web.Request) -> str:
        """The id of the key that asks. Raises RefusedError 401."""
        authorization = only_one(request, "Authorization")
        if authorization is None:
            raise RefusedError(401, "missing api key: send it as Bearer", field="Authorization")
        caller = self.keys.caller(authorization)
        if caller is None:
            raise RefusedError(401, "invalid api key", field="Authorization")
        request[CALLER] = caller
        return caller

    def buyer(self, request: web.Request, route: str) -> Buyer:
        """Who buys on this route, under which key of theirs. Raises RefusedError 400, 401."""
        caller = self.caller(request)
        key = idempotency_key_from(request)
        return Buyer(caller=caller, route=route, idempotency_key=key)

    async def sell(
        self, request: web.Request, wanted: ImageRequest, *, buyer: Buyer, answer: Answer
    ) -> web.StreamResponse:
        """Sell the pictures and answer; or refuse, or misbehave where a fault rule says so."""
        stage = self.stage(request, wanted, buyer)
        early = await stage.before(request)
        if early is not None:
            return early
        with self.request_limits.passing(wanted.n):
            bent = stage.bend(self.permitted(wanted))
            sold = await self.sales.buy(wanted, buyer, paint_as=bent)
        response = await answer(sold)
        response.headers.update(self._receipt(sold))
        return await stage.after(request, response)

    def stage(self, request: web.Request, wanted: ImageRequest, buyer: Buyer) -> RequestFault:
        """The fault rule that this request meets, ready to be acted out."""
        facts = {
            "quality": str(wanted.quality),
            "size": wanted.size,
            "background": wanted.background,
            "n": wanted.n,
            "caller": buyer.caller,
            "idempotency_key": buyer.idempotency_key,
        }
        return RequestFault(
            self.fault_injection.pick(buyer.route, facts),
            dialect=dialect_of(request.path, ErrorStyle.HTTP),
            stopping=self.stopping,
        )

    def permitted(self, wanted: ImageRequest) -> ImageRequest:
        """What may be painted of it. Raises RefusedError 400."""
        prompt = permitted(wanted.prompt, rewrites=self.settings.policy_rewrites)
        return wanted if prompt == wanted.prompt else replace(wanted, prompt=prompt)

    def urls(self, request: web.Request, sold: Sold) -> list[str]:
        """Signed addresses of the pictures, as this caller reaches them."""
        host = self.cdn_url(request)
        return [
            host + self.signer.path(picture.name, expires=picture.expires)
            for picture in sold.pictures
        ]

    def _receipt(self, sold: Sold) -> dict[str, str]:
        """What it cost and who painted it: the document's body has no place for either."""
        headers = {
            "X-Credits-Charged": str(sold.credits),
            "X-Painted-By": ", ".join(sorted({picture.renderer for picture in sold.pictures})),
        }
        balance = self.credit_account.standing().balance
        if balance is not None:
            headers["X-Credits-Remaining"] = str(balance)
        if sold.replayed:
            headers["Idempotent-Replayed"] = "true"
        return headers
