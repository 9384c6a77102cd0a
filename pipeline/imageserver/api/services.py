"""What every endpoint needs: authorisation, rate limits, fault injection and billing."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from pipeline.imageserver.api.answers import ErrorFormat, error_format_of
from pipeline.imageserver.api.content_policy import apply_content_policy, violation_of
from pipeline.imageserver.api.limits import RequestLimits
from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.api.request_log import CALLER, CHARGED, REQUEST_ID
from pipeline.imageserver.api.requests.fields import idempotency_key_from, only_one
from pipeline.imageserver.api.requests.image_request import ImageRequest
from pipeline.imageserver.billing.billing import Billing, Buyer
from pipeline.imageserver.billing.credit_account import CreditAccount
from pipeline.imageserver.billing.keys import ServerKeys
from pipeline.imageserver.billing.purchases import Sold
from pipeline.imageserver.cdn.signing import Signer
from pipeline.imageserver.fault_injection.injection import FaultInjection, RequestFault
from pipeline.imageserver.openai.errors import refused_by_moderation
from pipeline.imageserver.options import ErrorStyle, ServerSettings, WireFormat
from pipeline.imageserver.painting.painter_pool import Paint

ANYBODY = "anybody"
"""The id of callers without a key, where none is needed."""
Answer = Callable[[Sold], Awaitable[web.Response]]


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiServices:
    """The services that the endpoints share, and the steps that every purchase takes."""

    settings: ServerSettings
    credit_account: CreditAccount
    billing: Billing
    paint: Paint
    """Paints without charging: pictures that the pages show of their own accord."""
    keys: ServerKeys
    signer: Signer
    fault_injection: FaultInjection
    request_limits: RequestLimits
    description: Callable[[], dict[str, Any]]
    """Returns the OpenAPI description of the wire."""
    errors: ErrorFormat | None
    """The form of every refusal; None for the documented API, where it depends on the path."""
    cdn_url: Callable[[web.Request], str]
    """Returns the address at which this caller reaches the image host."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server takes no more requests, so that delayed answers end."""

    def caller(self, request: web.Request) -> str:
        """Return the id of the request's key. Raises RefusedError 401."""
        authorization = only_one(request, "Authorization")
        if authorization is None and self.settings.wire is WireFormat.AZURE:
            key = only_one(request, "api-key")
            authorization = None if key is None else f"Bearer {key}"
        if authorization is None:
            raise RefusedError(401, "missing api key: send it as Bearer", field="Authorization")
        caller = self.keys.caller(authorization)
        if caller is None:
            raise RefusedError(401, "invalid api key", field="Authorization")
        request[CALLER] = caller
        return caller

    def buyer(self, request: web.Request, route: str) -> Buyer:
        """Return the buyer of a request on this route. Raises RefusedError 400 or 401."""
        caller = self._payer(request)
        key = idempotency_key_from(request) if self._documented else None
        return Buyer(
            caller=caller,
            route=route,
            idempotency_key=key,
            request_id=request.get(REQUEST_ID, ""),
        )

    def _payer(self, request: web.Request) -> str:
        """Return the key that pays; stable-diffusion.cpp knows no keys. Raises RefusedError 401."""
        try:
            return self.caller(request)
        except RefusedError:
            if self.settings.wire is not WireFormat.SD_CPP:
                raise
        return ANYBODY

    def error_format(self, path: str, *, style: ErrorStyle) -> ErrorFormat:
        """Return the form of refusals on this path; the style is that of the documented API."""
        return error_format_of(path, style) if self.errors is None else self.errors

    async def sell(
        self,
        request: web.Request,
        image_request: ImageRequest,
        *,
        buyer: Buyer,
        answer: Answer,
        admit: Callable[[], None] | None = None,
    ) -> web.StreamResponse:
        """Sell the pictures and answer, or apply the fault rule that hits. Raises RefusedError.

        `admit` counts the request in a rate limit of the endpoint's own.
        """
        fault = self.fault_for(request, image_request, buyer)
        instead = await fault.before(request)
        if instead is not None:
            return instead
        if admit is not None:
            admit()
        with self.request_limits.admit(image_request.n):
            altered = fault.altered(self.permitted(image_request))
            sold = await self.billing.buy(image_request, buyer, painted_request=altered)
        request[CHARGED] = 0 if sold.replayed else sold.credits
        response = await answer(sold)
        if self._documented:
            response.headers.update(self._receipt(sold))
        return await fault.after(request, response)

    def fault_for(
        self, request: web.Request, image_request: ImageRequest, buyer: Buyer
    ) -> RequestFault:
        """Return the fault rule that hits this request, ready to be applied."""
        facts = {
            "quality": image_request.stated_quality or str(image_request.quality),
            "model": image_request.model,
            "size": image_request.size,
            "background": image_request.background,
            "n": image_request.n,
            "caller": buyer.caller,
            "idempotency_key": buyer.idempotency_key,
        }
        return self.fault_on(request, buyer.route, facts)

    def fault_on(
        self, request: web.Request, route: str, facts: Mapping[str, object]
    ) -> RequestFault:
        """Return the fault rule that hits a request with these facts."""
        return RequestFault(
            self.fault_injection.pick(route, facts),
            error_format=self.error_format(request.path, style=ErrorStyle.HTTP),
            stopping=self.stopping,
        )

    def permitted(self, image_request: ImageRequest) -> ImageRequest:
        """Return the request with the prompt that may be painted. Raises RefusedError 400."""
        wire = self.settings.wire
        if not (wire.hosted or self._documented):
            return image_request
        violation = violation_of(image_request.prompt) if wire.hosted else ""
        if violation and not self.settings.policy_rewrites:
            raise refused_by_moderation(violation)
        prompt = apply_content_policy(image_request.prompt, rewrites=self.settings.policy_rewrites)
        return (
            image_request
            if prompt == image_request.prompt
            else replace(image_request, prompt=prompt)
        )

    @property
    def _documented(self) -> bool:
        """True if the server speaks the documented API, with its headers and its credits."""
        return self.settings.wire is WireFormat.GPTIMAGE

    def urls(self, request: web.Request, sold: Sold) -> list[str]:
        """Return the signed URLs of the pictures, at the host that this caller uses."""
        host = self.cdn_url(request)
        return [
            host + self.signer.path(picture.name, expires=picture.expires)
            for picture in sold.pictures
        ]

    def images(self, request: web.Request, sold: Sold) -> list[dict[str, object]]:
        """Return the document's `images` array, each with what was understood of the prompt."""
        return [
            {"url": url}
            | ({"understood": json.loads(picture.understood)} if picture.understood else {})
            for url, picture in zip(self.urls(request, sold), sold.pictures, strict=True)
        ]

    def _receipt(self, sold: Sold) -> dict[str, str]:
        """Return price and renderer as headers; the documented body has no fields for them."""
        headers = {
            "X-Credits-Charged": str(sold.credits),
            "X-Painted-By": ", ".join(sorted({picture.renderer for picture in sold.pictures})),
        }
        remaining = self.credit_account.totals().remaining
        if remaining is not None:
            headers["X-Credits-Remaining"] = str(remaining)
        if sold.replayed:
            headers["Idempotent-Replayed"] = "true"
        return headers
