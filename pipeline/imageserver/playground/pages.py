"""The playground's routes: the page at `/`, its files, its lint, and the button that paints."""

from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Protocol

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.imageserver.api import answers
from pipeline.imageserver.api.application import DESK
from pipeline.imageserver.api.documents import model_guide
from pipeline.imageserver.api.endpoints.images import images
from pipeline.imageserver.api.requests.bodies import read_object
from pipeline.imageserver.api.requests.fields import background_from, prompt_from, variation_from
from pipeline.imageserver.api.requests.image_request import image_request_from
from pipeline.imageserver.api.services import ApiContext
from pipeline.imageserver.api.terms import (
    CREDITS,
    DOCUMENTED_RATIOS,
    LONGEST_PROMPT,
    MODEL,
    MOST_PICTURES,
)
from pipeline.imageserver.billing.billing import Buyer
from pipeline.imageserver.billing.purchases import Sold
from pipeline.imageserver.fault_injection.guide import FAULTS, WHICH
from pipeline.imageserver.playground.access import PlaygroundAccess
from pipeline.imageserver.playground.reference import GROUPS, STATUSES, endpoints, prices
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
        """What is wrong, for a person."""
        ...


Lint = Callable[[str, bool], Sequence[PromptAdvice]]
"""What is to be said about a prompt, and whether its background is to be transparent."""


class Playground:
    """Pages for `ImageServer(…, pages=…)`."""

    def __init__(self, *, lint: Lint | None = None) -> None:
        """`lint` gives advice while somebody types; without it the page gives none."""
        self._lint = lint

    def __call__(self, application: web.Application, *, key: str) -> None:
        """Add the page to the API's application; `key` pays for visitors on loopback."""
        context = application[DESK]
        room = _PlaygroundState(context, PlaygroundAccess(context, key=key), self._lint)
        application.router.add_get("/", room.page)
        application.router.add_get("/docs", room.reference)
        application.router.add_get(f"{_static()}/{{name:.+}}", room.file)
        application.router.add_post("/_playground/generate", room.generate)
        if self._lint is not None:
            application.router.add_post("/_playground/lint", room.advise)


class _PlaygroundState:
    """One server's playground."""

    def __init__(self, context: ApiContext, door: PlaygroundAccess, lint: Lint | None) -> None:
        self._context = context
        self._door = door
        self._lint = lint

    async def page(self, request: web.Request) -> web.StreamResponse:
        self._door.check_host(request)
        facts = self._facts(request)
        body = _TEMPLATES.get_template("play.html").render(
            facts=facts, static=_static(), logo=logo(), **facts
        )
        page = web.Response(text=body, content_type="text/html", headers=_HEADERS)
        page.headers["Cache-Control"] = "no-store"
        cdn = self._context.cdn_url(request)
        page.headers["Content-Security-Policy"] = _CSP.format(cdn=cdn)
        self._door.admit(request, page)
        return page

    async def reference(self, request: web.Request) -> web.StreamResponse:
        """What the API does, for people; needs no key, as its description needs none."""
        self._door.check_host(request)
        base = str(request.url.origin())
        body = _TEMPLATES.get_template("docs.html").render(
            static=_static(),
            logo=logo(),
            base=base,
            cdn=self._context.cdn_url(request),
            model=MODEL,
            style=self._context.settings.error_style.value,
            endpoints=endpoints(base),
            groups=GROUPS,
            prices=prices(),
            statuses=STATUSES,
            faults=FAULTS,
            which=WHICH,
        )
        page = web.Response(text=body, content_type="text/html", headers=_HEADERS)
        page.headers["Content-Security-Policy"] = _CSP.format(cdn="")
        return page

    async def file(self, request: web.Request) -> web.StreamResponse:
        self._door.check_host(request)
        file = _page_files().get(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound
        body, headers = file.response(request.headers.get("Accept-Encoding", ""))
        return web.Response(body=body, headers=_HEADERS | headers)

    async def generate(self, request: web.Request) -> web.StreamResponse:
        """Exactly the documented request, paid by the session instead of a bearer."""
        caller = self._door.caller(request)
        variation = variation_from(request)
        body = await read_object(request, limit=self._context.settings.limits.json_bytes)
        wanted = image_request_from(body, variation=variation)

        async def answer(sold: Sold) -> web.Response:
            return answers.success({"images": images(self._context.urls(request, sold))})

        buyer = Buyer(caller=caller, route="generate")
        return await self._context.sell(request, wanted, buyer=buyer, answer=answer)

    async def advise(self, request: web.Request) -> web.StreamResponse:
        self._door.caller(request)
        body = await read_object(request, limit=self._context.settings.limits.json_bytes)
        transparent = background_from(body.get("background", "opaque"))
        found = self._lint(_squeezed(prompt_from(body)), transparent) if self._lint else ()
        return answers.success(
            {"advice": [{"code": one.code, "complaint": one.complaint} for one in found]}
        )

    def _facts(self, request: web.Request) -> dict[str, object]:
        tiers = model_guide()["tiers"]
        return {
            "model": MODEL,
            "engine": self._context.settings.engine.value,
            "prices": {quality.value: price for quality, price in CREDITS.items()},
            "pixels": {
                quality: {ratio: tier["pixels"][ratio] for ratio in DOCUMENTED_RATIOS}
                for quality, tier in tiers.items()
            },
            "most": MOST_PICTURES,
            "longest": LONGEST_PROMPT,
            "balance": self._context.credit_account.standing().balance,
            "lint": self._lint is not None,
            "needs_key": self._door.needs_key(request),
        }


def _squeezed(prompt: str) -> str:
    """Without runs of blanks: patterns that look for words between them may walk them twice."""
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
