"""Asynchronous generation: one endpoint submits a job, another returns its state."""

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
from pipeline.imageserver.api.services import ApiServices
from pipeline.imageserver.billing.purchases import Released, Reserved, Sold

_PATH = "/v1/images/jobs"
_ID = re.compile(r"job_([0-9]{9,18})_([0-9a-f]{16})")


class JobEndpoints:
    """Jobs by signed purchase number: the account knows their state even after a restart."""

    def __init__(self, services: ApiServices, *, secret: bytes) -> None:
        self._services = services
        self._secret = secret
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._reasons: dict[int, str] = {}

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes for submit and poll."""
        router.add_post(_PATH, self._submit)
        router.add_get(_PATH + "/{id}", self._poll)

    async def close(self, *, timeout: float) -> None:
        """Wait up to `timeout` seconds for running jobs, then cancel the others."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=timeout)
        for task in list(self._tasks.values()):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    async def _submit(self, request: web.Request) -> web.StreamResponse:
        services = self._services
        buyer = services.buyer(request, "jobs")
        variation = variation_from(request)
        body = await read_object(request, limit=services.settings.limits.json_bytes)
        image_request = image_request_from(body, variation=variation)
        fault = services.fault_for(request, image_request, buyer)
        instead = await fault.before(request)
        if instead is not None:
            return instead
        altered_request = fault.altered(services.permitted(image_request))
        services.request_limits.acquire(image_request.n)
        try:
            reserved = await services.billing.reserve(image_request, buyer)
        except BaseException:
            services.request_limits.release()
            raise
        self._start(reserved, altered_request)
        body_of_answer = {"id": self._id(reserved.purchase), "status": "queued"}
        return await fault.after(request, answers.success(body_of_answer, status=202))

    async def _poll(self, request: web.Request) -> web.StreamResponse:
        caller = self._services.caller(request)
        matched = _ID.fullmatch(request.match_info["id"])
        if matched is None or not hmac.compare_digest(matched[2], self._signature(int(matched[1]))):
            raise RefusedError(404, "there is no such job")
        outcome = self._services.credit_account.outcome(int(matched[1]), caller=caller)
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
                return {
                    "status": "done",
                    "images": self._services.images(request, outcome),
                    "credits": outcome.credits,
                }
            case Released():
                reason = self._reasons.get(outcome.purchase, "the server stopped")
                return {"status": "failed", "error": f"{reason}; nothing was charged"}
            case _:
                assert_never(outcome)

    def _start(self, reserved: Reserved | Sold, altered_request: ImageRequest) -> None:
        """Paint in the background; a replayed job is already done."""
        if isinstance(reserved, Sold):
            self._services.request_limits.release()
            return
        self._tasks[reserved.purchase] = asyncio.create_task(self._paint(reserved, altered_request))

    async def _paint(self, reserved: Reserved, altered_request: ImageRequest) -> None:
        try:
            await self._services.billing.paint_and_charge(reserved, altered_request)
        except RefusedError as error:
            self._reasons[reserved.purchase] = error.message.removesuffix("; nothing was charged")
        finally:
            self._services.request_limits.release()
            del self._tasks[reserved.purchase]

    def _id(self, purchase: int) -> str:
        return f"job_{purchase:09d}_{self._signature(purchase)}"

    def _signature(self, purchase: int) -> str:
        return hmac.digest(self._secret, f"job {purchase}".encode(), hashlib.sha256).hex()[:16]
