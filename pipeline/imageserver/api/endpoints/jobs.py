"""Submit now, ask later: the asynchronous pair, on the same painters and the same books."""

import asyncio
import hashlib
import hmac
import re
from typing import assert_never

from aiohttp import web

from pipeline.imageserver.api import answers
from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.api.requests.bodies import read_object
from pipeline.imageserver.api.requests.fields import variation_from
from pipeline.imageserver.api.requests.image_request import ImageRequest, image_request_from
from pipeline.imageserver.api.services import ApiContext
from pipeline.imageserver.billing.purchases import Released, Reserved, Sold

_PATH = "/v1/images/jobs"
_ID = re.compile(r"job_([0-9]{9,18})_([0-9a-f]{16})")


class JobEndpoints:
    """A job's id is its purchase, signed: the books know its state, also after a restart."""

    def __init__(self, context: ApiContext, *, secret: bytes) -> None:
        self._context = context
        self._secret = secret
        self._working: dict[int, asyncio.Task[None]] = {}
        self._reasons: dict[int, str] = {}

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Answer to submit and poll."""
        router.add_post(_PATH, self._submit)
        router.add_get(_PATH + "/{id}", self._poll)

    async def close(self, *, patience: float) -> None:
        """Wait so long for the pictures in the making; the rest is given back."""
        if self._working:
            await asyncio.wait(self._working.values(), timeout=patience)
        for working in list(self._working.values()):
            working.cancel()
        if self._working:
            await asyncio.wait(self._working.values())

    async def _submit(self, request: web.Request) -> web.StreamResponse:
        context = self._context
        buyer = context.buyer(request, "jobs")
        variation = variation_from(request)
        body = await read_object(request, limit=context.settings.limits.json_bytes)
        wanted = image_request_from(body, variation=variation)
        stage = context.stage(request, wanted, buyer)
        early = await stage.before(request)
        if early is not None:
            return early
        painted = stage.bend(context.permitted(wanted))
        context.request_limits.enter(wanted.n)
        try:
            reserved = await context.sales.reserve(wanted, buyer)
        except BaseException:
            context.request_limits.leave()
            raise
        self._start(reserved, painted)
        told = {"id": self._id(reserved.purchase), "status": "queued"}
        return await stage.after(request, answers.success(told, status=202))

    async def _poll(self, request: web.Request) -> web.StreamResponse:
        caller = self._context.caller(request)
        matched = _ID.fullmatch(request.match_info["id"])
        if matched is None or not hmac.compare_digest(matched[2], self._mark(int(matched[1]))):
            raise RefusedError(404, "there is no such job")
        outcome = self._context.credit_account.outcome(int(matched[1]), caller=caller)
        if outcome is None:
            raise RefusedError(404, "there is no such job")
        return answers.success({"id": matched[0]} | self._state(request, outcome))

    def _state(
        self, request: web.Request, outcome: Reserved | Sold | Released
    ) -> dict[str, object]:
        match outcome:
            case Reserved():
                return {"status": "painting"}
            case Sold():
                urls = self._context.urls(request, outcome)
                return {
                    "status": "done",
                    "images": [{"url": url} for url in urls],
                    "credits": outcome.credits,
                }
            case Released():
                reason = self._reasons.get(outcome.purchase, "the server stopped")
                return {"status": "failed", "error": f"{reason}; nothing was charged"}
            case _:
                assert_never(outcome)

    def _start(self, reserved: Reserved | Sold, painted: ImageRequest) -> None:
        """Paint in the background; a replayed job is done already."""
        if isinstance(reserved, Sold):
            self._context.request_limits.leave()
            return
        self._working[reserved.purchase] = asyncio.create_task(self._work(reserved, painted))

    async def _work(self, reserved: Reserved, painted: ImageRequest) -> None:
        try:
            await self._context.sales.deliver(reserved, painted)
        except RefusedError as error:
            self._reasons[reserved.purchase] = error.message.removesuffix("; nothing was charged")
        finally:
            self._context.request_limits.leave()
            del self._working[reserved.purchase]

    def _id(self, purchase: int) -> str:
        return f"job_{purchase:09d}_{self._mark(purchase)}"

    def _mark(self, purchase: int) -> str:
        return hmac.digest(self._secret, f"job {purchase}".encode(), hashlib.sha256).hex()[:16]
