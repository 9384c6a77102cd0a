"""The API's endpoints: who asks, what for, and the answer."""

import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from pipeline.engine import envelope
from pipeline.engine.accounts import Sold
from pipeline.engine.bodies import read_object
from pipeline.engine.books import Books
from pipeline.engine.counter import Buyer, Counter
from pipeline.engine.keys import KeyRing
from pipeline.engine.options import EngineSettings, ErrorStyle
from pipeline.engine.refusal import RefusedError
from pipeline.engine.signing import Signer
from pipeline.engine.wanted import header_value, wanted_from

_log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Api:
    """What the endpoints work with."""

    settings: EngineSettings
    books: Books
    counter: Counter
    keys: KeyRing
    signer: Signer
    cdn_url: Callable[[web.Request], str]
    """Where this caller reaches the image host."""

    def application(self) -> web.Application:
        """An aiohttp application for the API's port."""
        application = web.Application(
            middlewares=[self._answer], client_max_size=self.settings.limits.upload_bytes
        )
        application.router.add_post("/v1/images/generate", self._generate)
        application.router.add_get("/v1/credits", self._credits)
        application.router.add_get("/healthz", self._health)
        return application

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        buyer = self._buyer(request, "generate")
        variation = header_value("X-Variation", request.headers.get("X-Variation"))
        body = await read_object(request, limit=self.settings.limits.json_bytes)
        sold = await self.counter.buy(wanted_from(body, variation=variation or ""), buyer)
        images = [{"url": url} for url in self._urls(request, sold)]
        return envelope.success({"images": images}, headers=self._receipt(sold))

    async def _credits(self, request: web.Request) -> web.StreamResponse:
        self._caller(request)
        standing = self.books.standing()
        return envelope.success(
            {
                "start": standing.start,
                "remaining": standing.balance,
                "reserved": standing.reserved,
                "spent": standing.captured,
            }
        )

    async def _health(self, _: web.Request) -> web.StreamResponse:
        return envelope.as_json({"status": "ok"})

    def _caller(self, request: web.Request) -> str:
        """The id of the key that asks. Raises RefusedError 401."""
        authorization = request.headers.get("Authorization")
        if authorization is None:
            raise RefusedError(401, "missing api key: send it as Bearer", field="Authorization")
        caller = self.keys.caller(authorization)
        if caller is None:
            raise RefusedError(401, "invalid api key", field="Authorization")
        return caller

    def _buyer(self, request: web.Request, route: str) -> Buyer:
        caller = self._caller(request)
        key = header_value("Idempotency-Key", request.headers.get("Idempotency-Key"))
        return Buyer(caller=caller, route=route, idempotency_key=key)

    def _urls(self, request: web.Request, sold: Sold) -> list[str]:
        host = self.cdn_url(request)
        return [
            host + self.signer.path(picture.name, expires=picture.expires)
            for picture in sold.pictures
        ]

    def _receipt(self, sold: Sold) -> dict[str, str]:
        """What it cost, as headers; the document's body has no place for it."""
        headers = {"X-Credits-Charged": str(sold.credits)}
        balance = self.books.standing().balance
        if balance is not None:
            headers["X-Credits-Remaining"] = str(balance)
        if sold.replayed:
            headers["Idempotent-Replayed"] = "true"
        return headers

    @web.middleware
    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every way out is an answer in the API's own form, under a request id."""
        try:
            response = await handler(request)
        except RefusedError as error:
            response = envelope.failure(error, self.settings.error_style)
        except web.HTTPException as error:
            response = envelope.failure(_as_refusal(error), self.settings.error_style)
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
        except Exception:  # noqa: BLE001 - a bug here must not become a page with a traceback
            _log.exception("a bug in the image server")
            response = envelope.failure(RefusedError(500, "internal error"), ErrorStyle.HTTP)
        if not response.prepared:
            response.headers["X-Request-Id"] = f"req_{secrets.token_hex(8)}"
        return response


def _as_refusal(error: web.HTTPException) -> RefusedError:
    match error.status:
        case 404:
            return RefusedError(404, "there is no such path")
        case 405:
            return RefusedError(405, "this path does not take that method")
        case 413:
            return RefusedError(413, "the body is too large")
        case _:
            return RefusedError(error.status, error.reason.lower())
