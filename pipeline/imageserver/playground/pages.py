"""The playground's routes: the pages at `/` and `/docs`, their files, lint and generate."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.imageserver.api import answers
from pipeline.imageserver.api.application import SERVICES
from pipeline.imageserver.api.documents import model_guide
from pipeline.imageserver.api.requests.bodies import read_object
from pipeline.imageserver.api.requests.fields import background_from, prompt_from, variation_from
from pipeline.imageserver.api.requests.image_request import image_request_from
from pipeline.imageserver.api.services import ApiServices
from pipeline.imageserver.api.terms import (
    CREDITS,
    MAX_PICTURES,
    MAX_PROMPT_LENGTH,
    MODEL,
)
from pipeline.imageserver.billing.billing import Buyer
from pipeline.imageserver.billing.purchases import Sold
from pipeline.imageserver.fault_injection.guide import FAULT_GUIDE, RULE_FIELDS
from pipeline.imageserver.openai.errors import NamedError
from pipeline.imageserver.options import Engine, WireFormat
from pipeline.imageserver.playground.access import PlaygroundAccess
from pipeline.imageserver.playground.examples import EXAMPLES, ExamplePictures
from pipeline.imageserver.playground.reference import (
    GROUPS,
    STATUSES,
    endpoints,
    prices,
    token_prices,
)
from pipeline.theme.page_files import PageFiles, logo

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' {cdn}; connect-src 'self' {cdn}; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_TEMPLATES = Environment(
    loader=PackageLoader("pipeline.imageserver.playground"),
    autoescape=True,
    undefined=StrictUndefined,
)


class PromptAdvice(Protocol):
    """One rule that a prompt does not follow."""

    @property
    def code(self) -> str:
        """A stable word for the rule, e.g. `lint-layout`."""
        ...

    @property
    def complaint(self) -> str:
        """What is wrong with the prompt."""
        ...


Lint = Callable[[str, bool], Sequence[PromptAdvice]]
"""Returns advice on a prompt; the flag says whether its background is transparent."""


class Playground:
    """Pages for `ImageServer(…, pages=…)`."""

    def __init__(self, *, lint: Lint | None = None) -> None:
        """`lint` returns advice on a prompt while it is typed; without it there is none."""
        self._lint = lint

    def __call__(self, application: web.Application, *, key: str) -> None:
        """Add the pages to the API's application; `key` pays for visitors on loopback."""
        services = application[SERVICES]
        routes = _PlaygroundRoutes(services, PlaygroundAccess(services, key=key), self._lint)
        documented = services.settings.wire is WireFormat.GPTIMAGE
        application.router.add_get("/", routes.page if documented else routes.reference_instead)
        application.router.add_get("/docs", routes.reference)
        application.router.add_get(f"{_static()}/{{name:.+}}", routes.file)
        if documented:
            application.router.add_post("/_playground/generate", routes.generate)
            application.router.add_get("/_playground/examples/{name}", routes.example)
        if documented and self._lint is not None:
            application.router.add_post("/_playground/lint", routes.lint_prompt)


class _PlaygroundRoutes:
    """The routes of one server's playground."""

    def __init__(self, services: ApiServices, access: PlaygroundAccess, lint: Lint | None) -> None:
        self._services = services
        self._access = access
        self._lint = lint
        self._examples = ExamplePictures(services.paint)

    async def page(self, request: web.Request) -> web.StreamResponse:
        self._access.check_host(request)
        facts = self._facts(request)
        body = _TEMPLATES.get_template("play.html").render(
            facts=facts,
            static=_static(),
            logo=logo(),
            ratios=model_guide()["ratios"],
            **facts,
        )
        page = web.Response(text=body, content_type="text/html", headers=_HEADERS)
        page.headers["Cache-Control"] = "no-store"
        cdn = self._services.cdn_url(request)
        page.headers["Content-Security-Policy"] = _CSP.format(cdn=cdn)
        self._access.start_session(request, page)
        return page

    async def reference_instead(self, request: web.Request) -> web.StreamResponse:
        """Send visitors of `/` to the reference: the playground speaks the documented API only."""
        self._access.check_host(request)
        raise web.HTTPFound("/docs")

    async def reference(self, request: web.Request) -> web.StreamResponse:
        """Return the API reference; like the OpenAPI description it needs no key."""
        self._access.check_host(request)
        base = str(request.url.origin())
        documented = self._services.settings.wire is WireFormat.GPTIMAGE
        body = _TEMPLATES.get_template("docs.html").render(
            static=_static(),
            logo=logo(),
            base=base,
            cdn=self._services.cdn_url(request),
            model=_served_model(self._services.description()),
            azure=self._services.settings.wire is WireFormat.AZURE,
            style=self._services.settings.error_style.value,
            documented=documented,
            hosted=self._services.settings.wire.hosted,
            wire=f"--wire {self._services.settings.wire}",
            openai_base=f"{base}/openai/v1" if documented else f"{base}/v1",
            named_errors="\n".join(NamedError),
            endpoints=endpoints(base, self._services.description()),
            groups=GROUPS,
            prices=prices() if documented else token_prices(),
            statuses=STATUSES,
            faults=FAULT_GUIDE,
            which=RULE_FIELDS,
        )
        page = web.Response(text=body, content_type="text/html", headers=_HEADERS)
        page.headers["Content-Security-Policy"] = _CSP.format(cdn="")
        return page

    async def file(self, request: web.Request) -> web.StreamResponse:
        self._access.check_host(request)
        file = _page_files().get(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound
        body, headers = file.response(request.headers.get("Accept-Encoding", ""))
        return web.Response(body=body, headers=_HEADERS | headers)

    async def example(self, request: web.Request) -> web.StreamResponse:
        """Return the picture of an example, which nobody pays for and which needs no key."""
        self._access.check_host(request)
        try:
            png = await self._examples.png(request.match_info["name"])
        except KeyError:
            raise web.HTTPNotFound from None
        headers = _HEADERS | {"Cache-Control": "no-cache"}
        return web.Response(body=png, content_type="image/png", headers=headers)

    async def generate(self, request: web.Request) -> web.StreamResponse:
        """Answer the documented request, paid by the session's key."""
        caller = self._access.caller(request)
        variation = variation_from(request)
        body = await read_object(request, limit=self._services.settings.limits.json_bytes)
        image_request = image_request_from(body, variation=variation)

        async def answer(sold: Sold) -> web.Response:
            return answers.success({"images": self._services.images(request, sold)})

        buyer = Buyer(caller=caller, route="generate")
        return await self._services.sell(request, image_request, buyer=buyer, answer=answer)

    async def lint_prompt(self, request: web.Request) -> web.StreamResponse:
        self._access.caller(request)
        body = await read_object(request, limit=self._services.settings.limits.json_bytes)
        transparent = background_from(body.get("background", "opaque"))
        found = self._lint(_collapse_blanks(prompt_from(body)), transparent) if self._lint else ()
        return answers.success(
            {"advice": [{"code": one.code, "complaint": one.complaint} for one in found]}
        )

    def _facts(self, request: web.Request) -> dict[str, object]:
        tiers = model_guide()["tiers"]
        return {
            "model": MODEL,
            "engine": self._services.settings.engine.value,
            "prices": {quality.value: price for quality, price in CREDITS.items()},
            "pixels": {quality: dict(tier["pixels"]) for quality, tier in tiers.items()},
            "most": MAX_PICTURES,
            "longest": MAX_PROMPT_LENGTH,
            "balance": self._services.credit_account.totals().remaining,
            "lint": self._lint is not None,
            "examples": [{"name": name, **request} for name, request in EXAMPLES.items()],
            "paints": self._services.settings.engine is not Engine.NONE,
            "needs_key": self._access.needs_key(request),
        }


def _served_model(description: Mapping[str, Any]) -> str:
    """Return the model of a compatible server, which its description names; else the document's."""
    schema = description["components"]["schemas"].get("CompatibleGenerate")
    return MODEL if schema is None else str(schema["properties"]["model"]["default"])


def _collapse_blanks(prompt: str) -> str:
    """Return the prompt without runs of blanks, which lint patterns may scan in quadratic time."""
    lines = (" ".join(line.split()) for line in prompt.splitlines())
    return "\n".join(line for line in lines if line)


@cache
def _page_files() -> PageFiles:
    """Return the files of both pages; they are read once."""
    folder = Path(str(files("pipeline.imageserver.playground"))) / "static"
    sheets = {
        "css/play-page.css": ("css/base.css", "css/request.css", "css/stage.css"),
        "css/docs-page.css": ("css/base.css", "css/docs.css"),
    }
    return PageFiles(folder, sheets=sheets)


def _static() -> str:
    """Return the versioned path below which the pages' files are served."""
    return f"/_playground/static/{_page_files().version}"
