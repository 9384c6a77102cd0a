"""Endpoints that buy nothing: credits, models, health, the OpenAPI description, fault rules."""

from aiohttp import web

from pipeline.imageserver.api import answers
from pipeline.imageserver.api.documents import model_guide, openapi
from pipeline.imageserver.api.requests.bodies import parse_json, read_bytes
from pipeline.imageserver.api.services import ApiServices
from pipeline.imageserver.fault_injection.rules import rules_from

_FAULT_BYTES = 1024 * 1024


class AboutEndpoints:
    """The endpoints that cost nothing; all but `/healthz` and `/openapi.json` need a key."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/v1/credits", self._credits)
        router.add_get("/v1/models", self._models)
        router.add_get("/healthz", self._health)
        router.add_get("/openapi.json", self._description)
        router.add_get("/_faults", self._faults)
        router.add_put("/_faults", self._set_faults)
        router.add_delete("/_faults", self._clear_faults)

    async def _credits(self, request: web.Request) -> web.StreamResponse:
        self._services.caller(request)
        totals = self._services.credit_account.totals()
        return answers.success(
            {
                "start": totals.start,
                "remaining": totals.remaining,
                "reserved": totals.reserved,
                "spent": totals.charged,
            }
        )

    async def _models(self, request: web.Request) -> web.StreamResponse:
        self._services.caller(request)
        return answers.success({"models": [model_guide()]})

    async def _health(self, _: web.Request) -> web.StreamResponse:
        return answers.as_json({"status": "ok"})

    async def _description(self, request: web.Request) -> web.StreamResponse:
        document = openapi()
        return answers.as_json(document | {"servers": [{"url": str(request.url.origin())}]})

    async def _faults(self, request: web.Request) -> web.StreamResponse:
        self._services.caller(request)
        return answers.success({"rules": self._services.fault_injection.report()})

    async def _set_faults(self, request: web.Request) -> web.StreamResponse:
        self._services.caller(request)
        rules, seed = rules_from(parse_json(await read_bytes(request, limit=_FAULT_BYTES)))
        self._services.fault_injection.replace(rules, seed=seed)
        return answers.success({"rules": self._services.fault_injection.report()})

    async def _clear_faults(self, request: web.Request) -> web.StreamResponse:
        self._services.caller(request)
        self._services.fault_injection.replace(())
        return answers.success({"rules": []})
