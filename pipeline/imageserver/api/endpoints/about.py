"""What can be asked without buying: the models, the credits, the API's own description."""

from aiohttp import web

from pipeline.imageserver.api import answers
from pipeline.imageserver.api.documents import description, model_guide
from pipeline.imageserver.api.requests.bodies import parse_json, read_bytes
from pipeline.imageserver.api.services import ApiContext
from pipeline.imageserver.fault_injection.rules import rules_from

_FAULT_BYTES = 1024 * 1024


class AboutEndpoints:
    """Cheap answers; only `/healthz` and `/openapi.json` need no key."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Answer on every path that sells nothing."""
        router.add_get("/v1/credits", self._credits)
        router.add_get("/v1/models", self._models)
        router.add_get("/healthz", self._health)
        router.add_get("/openapi.json", self._description)
        router.add_get("/_faults", self._faults)
        router.add_put("/_faults", self._set_faults)
        router.add_delete("/_faults", self._clear_faults)

    async def _credits(self, request: web.Request) -> web.StreamResponse:
        self._context.caller(request)
        standing = self._context.credit_account.standing()
        return answers.success(
            {
                "start": standing.start,
                "remaining": standing.balance,
                "reserved": standing.reserved,
                "spent": standing.captured,
            }
        )

    async def _models(self, request: web.Request) -> web.StreamResponse:
        self._context.caller(request)
        return answers.success({"models": [model_guide()]})

    async def _health(self, _: web.Request) -> web.StreamResponse:
        return answers.as_json({"status": "ok"})

    async def _description(self, request: web.Request) -> web.StreamResponse:
        described = description()
        return answers.as_json(described | {"servers": [{"url": str(request.url.origin())}]})

    async def _faults(self, request: web.Request) -> web.StreamResponse:
        self._context.caller(request)
        return answers.success({"rules": self._context.fault_injection.report()})

    async def _set_faults(self, request: web.Request) -> web.StreamResponse:
        self._context.caller(request)
        rules, seed = rules_from(parse_json(await read_bytes(request, limit=_FAULT_BYTES)))
        self._context.fault_injection.replace(rules, seed=seed)
        return answers.success({"rules": self._context.fault_injection.report()})

    async def _clear_faults(self, request: web.Request) -> web.StreamResponse:
        self._context.caller(request)
        self._context.fault_injection.replace(())
        return answers.success({"rules": []})
