"""Endpoints that buy nothing: credits, models, health, the OpenAPI description, fault rules."""

from aiohttp import web

from pipeline.imageserver.api import answers
from pipeline.imageserver.api.documents import model_guide
from pipeline.imageserver.api.refusal import invalid
from pipeline.imageserver.api.requests.bodies import parse_json, read_bytes
from pipeline.imageserver.api.services import ApiServices
from pipeline.imageserver.billing.purchases import Charge
from pipeline.imageserver.fault_injection.rules import rules_from
from pipeline.imageserver.options import WireFormat

_FAULT_BYTES = 1024 * 1024
_MAX_CHARGES = 1000
"""Charges of one answer; the next ones are those `after` the last purchase."""
_MAX_DIGITS = 18


class AboutEndpoints:
    """The endpoints that cost nothing; all but `/healthz` and `/openapi.json` need a key."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        if self._services.settings.wire is WireFormat.GPTIMAGE:
            router.add_get("/v1/credits", self._credits)
            router.add_get("/v1/models", self._models)
        router.add_get("/v1/account", self._account)
        router.add_get("/v1/account/charges", self._charges)
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

    async def _account(self, request: web.Request) -> web.StreamResponse:
        """Answer the account's totals and what each key has spent."""
        self._services.caller(request)
        account = self._services.credit_account
        totals = account.totals()
        return answers.as_json(
            {
                "unit": self._services.settings.wire.unit,
                "start": totals.start,
                "remaining": totals.remaining,
                "reserved": totals.reserved,
                "spent": totals.charged,
                "by_key": account.spent_by_caller(),
            }
        )

    async def _charges(self, request: web.Request) -> web.StreamResponse:
        """Answer the charges after a purchase, oldest first, or those of one request."""
        self._services.caller(request)
        after = request.query.get("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) < _MAX_DIGITS):
            raise invalid("after", "must be the number of a purchase")
        charges = self._services.credit_account.charges(
            after=int(after), request_id=request.query.get("request_id"), limit=_MAX_CHARGES
        )
        return answers.as_json({"charges": [_charge(charge) for charge in charges]})

    async def _models(self, request: web.Request) -> web.StreamResponse:
        self._services.caller(request)
        return answers.success({"models": [model_guide()]})

    async def _health(self, _: web.Request) -> web.StreamResponse:
        return answers.as_json({"status": "ok"})

    async def _description(self, request: web.Request) -> web.StreamResponse:
        document = self._services.description()
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


def _charge(charge: Charge) -> dict[str, object]:
    """Return one charge as JSON, without its prompt."""
    return {
        "purchase": charge.purchase,
        "at": charge.at,
        "charged": charge.credits,
        "request_id": charge.request_id,
        "key": charge.caller,
        "route": charge.route,
        "model": charge.model,
        "size": charge.size,
        "quality": charge.quality,
        "n": charge.n,
    }
