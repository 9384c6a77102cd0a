"""The paths of the review server and their handlers."""

import asyncio
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.model.campaign import Campaign, Review
from pipeline.model.money import Unit
from pipeline.model.names import Stage
from pipeline.model.verdict import Decision
from pipeline.review.page.ad_file_views import AdFileViews, ApprovalOrder, WindowOrder
from pipeline.review.page.broadcast import Broadcast
from pipeline.review.page.cell_detail import cell_detail, cells_with
from pipeline.review.page.decisions import (
    DecisionAnswer,
    approval_order_of,
    body_of,
    comment_of,
    decisions_of,
    order_of,
    settlement_of,
    take_decisions,
    text_of,
    window_order_of,
)
from pipeline.review.page.launches import Launches, quote_json
from pipeline.review.page.page_json import comments_json, figures_json, index_json
from pipeline.review.page.pictures import Pictures, ServedPicture
from pipeline.review.page.review_state import ReviewState
from pipeline.review.page.security import HEADERS, ReviewOptions
from pipeline.review.verdicts import stamp
from pipeline.state.campaign_state import CellRow
from pipeline.state.figures import LaunchQuote
from pipeline.theme.page_files import PageFiles, logo

STATIC = Path(str(files("pipeline.review.page"))) / "static"
STYLE = "css/page.css"
"""All style sheets joined, so that a browser sends one request for them."""

_SHEETS = (
    "css/base.css",
    "css/bars.css",
    "css/grid.css",
    "css/loupe.css",
    "css/adfiles.css",
    "css/dialogs.css",
    "css/print.css",
)
_LONGEST_SEARCH = 200
_FOREVER = "private, max-age=31536000, immutable"

LaunchCommand = Callable[[Stage], str]
"""Returns the command line that launches a stage; shown if the page may not spend."""


@cache
def page_files() -> PageFiles:
    """Return the static files of the page; they are read once."""
    return PageFiles(STATIC, sheets={STYLE: _SHEETS})


class PackedTable:
    """All cells as one compressed response, which is built again only after a change."""

    def __init__(
        self,
        *,
        review_state: ReviewState,
        launches: Launches,
        broadcast: Broadcast,
        options: ReviewOptions,
    ) -> None:
        self._review_state = review_state
        self._launches = launches
        self._broadcast = broadcast
        self._options = options
        self._packed: tuple[object, bytes] = (None, b"")

    async def body(self) -> bytes:
        """Return gzipped JSON; `event` is the id of the newest message that it includes."""
        table = self._review_state.table
        now = (id(table), self._broadcast.last)
        if self._packed[0] != now:
            surveyed = self._review_state.surveyed
            facts = {
                "event": self._broadcast.last,
                "stages": self._stages(),
                "figures": figures_json(
                    surveyed.figures,
                    self._review_state.spent,
                    surveyed.reviewed.campaign.money,
                ),
                "me": self._options.reviewer,
                "complaint": self._review_state.complaint,
                "spend": self._launches.may_spend,
                "running": self._launches.running,
                "play": surveyed.reviewed.play_money,
                "unit": _UNITS[surveyed.reviewed.campaign.money.unit],
                "adfiles": self._review_state.ad_file_states,
                "comments": self._review_state.open_comments(),
                "makes_adfiles": surveyed.reviewed.makes_ad_files,
            }
            body = await asyncio.to_thread(lambda: _pack({**index_json(table), **facts}))
            self._packed = (now, body)
        return self._packed[1]

    def _stages(self) -> dict[str, object]:
        """Return quality, number of takes and price of an image for each stage."""
        reviewed = self._review_state.surveyed.reviewed
        return {
            stage: {
                "quality": settings.quality,
                "chosen": _reviews_drafts(reviewed.campaign),
                "takes": settings.takes,
                "price": reviewed.prices.get(stage, 0),
            }
            for stage, settings in reviewed.campaign.stages.items()
        }


def _pack(content: dict[str, object]) -> bytes:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return gzip.compress(text.encode(), compresslevel=4, mtime=0)


def _reviews_drafts(campaign: Campaign) -> bool:
    """Return True if drafts are chosen, by a person or by checks, before finals are bought."""
    draft = campaign.stages.get(Stage.DRAFT)
    return draft is not None and draft.review is not Review.NONE


@dataclass(frozen=True, kw_only=True, slots=True)
class Routes:
    """The handlers and the objects that they use."""

    review_state: ReviewState
    launches: Launches
    broadcast: Broadcast
    pictures: Pictures
    views: AdFileViews
    packed: PackedTable
    options: ReviewOptions
    command: LaunchCommand
    clock: Callable[[], datetime]
    changed: Callable[[], None]
    """Called after every decision, so that the review file is written."""

    def table(self) -> list[web.RouteDef]:
        """Return every route."""
        runs = "/api/runs/{run}"
        return [
            web.get("/", self.page),
            web.get(f"/static/{page_files().version}" + "/{path:[a-z0-9/._-]+}", self.static),
            web.get(f"{runs}/cells", self.cells),
            web.get(runs + r"/cells/{number:\d{1,7}}", self.cell),
            web.get(runs + r"/cells/{number:\d{1,7}}/adfiles", self.ad_files),
            web.post(runs + r"/cells/{number:\d{1,7}}/adfiles/{act:[a-z]+}", self.ad_file_act),
            web.post(runs + r"/cells/{number:\d{1,7}}/comments", self.comment),
            web.get(f"{runs}/search", self.search),
            web.get(f"{runs}/events", self.events),
            web.get(runs + "/quote/{stage:draft|final}", self.quote),
            web.post(f"{runs}/decisions", self.decisions),
            web.post(runs + "/{stage:drafts|finals}", self.launch),
            web.get("/img/{name:[0-9a-f]{16}}/{size:128|256|512|screen|full}", self.image),
            web.get("/adfile/{name:[0-9a-f]{16}}/{kind:file|preview}", self.ad_file),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """Answer with the HTML frame of the page; its scripts load the rest."""
        del request
        text = _TEMPLATES.get_template("review.html").render(
            campaign=self.review_state.campaign,
            static=f"/static/{page_files().version}",
            style=STYLE,
            logo=logo(),
            modules=reversed(page_files().scripts),
        )
        return web.Response(text=text, content_type="text/html")

    async def static(self, request: web.Request) -> web.Response:
        """Answer with a script, style sheet or font of the page."""
        file = page_files().get(request.match_info["path"])
        if file is None:
            raise web.HTTPNotFound(text="no such file")
        body, headers = file.response(request.headers.get("Accept-Encoding", ""))
        return web.Response(body=body, headers=headers)

    async def cells(self, request: web.Request) -> web.Response:
        """Answer with all cells in columns."""
        self._check_run(request)
        body = await self.packed.body()
        headers = {"Content-Encoding": "gzip"}
        return web.Response(body=body, headers=headers, content_type="application/json")

    async def cell(self, request: web.Request) -> web.Response:
        """Answer with one cell in full."""
        self._check_run(request)
        row, stage = self._row(request), _stage(request)
        return web.json_response(await cell_detail(self.review_state, self.pictures, row, stage))

    async def search(self, request: web.Request) -> web.Response:
        """Answer with the cells whose prompt or values contain all words of `q`."""
        self._check_run(request)
        words = request.query.get("q", "")[:_LONGEST_SEARCH].casefold().split()
        table, stage = self.review_state.table, _stage(request)
        found = await asyncio.to_thread(cells_with, table, stage, words)
        return web.json_response({"cells": found})

    async def ad_files(self, request: web.Request) -> web.Response:
        """Answer with the ad files of a cell."""
        self._check_run(request)
        return web.json_response(await self.views.detail(self._row(request), _stage(request)))

    async def ad_file_act(self, request: web.Request) -> web.Response:
        """Try or save a window, or approve ad files; 409 if somebody else decided meanwhile."""
        self._check_run(request)
        row, body = self._row(request), await body_of(request)
        match request.match_info["act"]:
            case "preview":
                tried = window_order_of(body)
                return web.json_response(await self.views.preview(row, _stage(request), tried))
            case "window":
                order: WindowOrder | ApprovalOrder = window_order_of(body)
            case "approval":
                order = approval_order_of(body)
            case _:
                raise web.HTTPNotFound(text="an ad file has preview, window and approval")
        by = text_of(body, "by") or self.options.reviewer
        first = await self.views.take(row, order, by=by, at=stamp(self.clock()))
        self.changed()
        answer = await self.views.detail(row, Stage.FINAL)
        if first is None:
            return web.json_response(answer)
        conflict = {"by": first.by, "approved": getattr(first, "approved", None)}
        return web.json_response({**answer, "conflict": conflict}, status=HTTPStatus.CONFLICT)

    async def comment(self, request: web.Request) -> web.Response:
        """Add a comment on an image, or call one settled; answer with those of the cell."""
        self._check_run(request)
        cell, body, now = self._row(request).cell.name, await body_of(request), self.clock()
        by = text_of(body, "by") or self.options.reviewer
        comments = self.review_state.comments
        if settled := settlement_of(body):
            stage, id_, resolved = settled
            if not await asyncio.to_thread(
                comments.settle, cell, stage, id_, resolved=resolved, by=by
            ):
                raise web.HTTPNotFound(text="there is no such comment")
        else:
            written = comment_of(body, cell, by=by, at=stamp(now))
            stage = written.stage
            await asyncio.to_thread(comments.write, written)
        self.review_state.show_comments()
        return web.json_response({"comments": comments_json(comments.of(cell, stage))})

    async def ad_file(self, request: web.Request) -> web.Response:
        """Answer with an ad file by the hash of its bytes, or a preview by its recipe."""
        name = request.match_info["name"]
        if request.match_info["kind"] == "file":
            picture = await self.views.file(name)
        else:
            picture = self.views.previewed(name)
        return _picture(picture)

    async def image(self, request: web.Request) -> web.Response:
        """Answer with an image by the hash of its content; browsers may cache it for ever."""
        name, size = request.match_info["name"], request.match_info["size"]
        if size == "full":
            picture = await self.pictures.full(name)
        elif size == "screen":
            picture = await self.pictures.screen(name)
        else:
            picture = await self.pictures.thumb(name, int(size))
        return _picture(picture)

    async def decisions(self, request: web.Request) -> web.Response:
        """Record verdicts; 409 if another reviewer has decided on one of the cells meanwhile."""
        self._check_run(request)
        decisions, by = decisions_of(await body_of(request))
        answers, shared = await take_decisions(
            self.review_state, decisions, by=by or self.options.reviewer, now=self.clock()
        )
        self.changed()
        status = HTTPStatus.OK
        if any(answer.refused for answer in answers):
            status = HTTPStatus.UNPROCESSABLE_ENTITY
        if any(answer.conflict for answer in answers):
            status = HTTPStatus.CONFLICT
        body = {
            "ops": [_answer(one) for one in answers],
            "followed": [one.cell for one in shared.given if one.decision is Decision.REDO],
            "kept": [one.cell for one in shared.kept],
        }
        return web.json_response(body, status=status)

    async def quote(self, request: web.Request) -> web.Response:
        """Answer with a quote of what a launch would buy."""
        self._check_run(request)
        stage = Stage(request.match_info["stage"])
        await self.review_state.refresh()
        return web.json_response(await self._quoted(self.review_state.quote(stage)))

    async def launch(self, request: web.Request) -> web.Response:
        """Start a launch; 403 if this server may not spend, 409 if the quote has changed."""
        self._check_run(request)
        stage = Stage.DRAFT if request.match_info["stage"] == "drafts" else Stage.FINAL
        order = order_of(await body_of(request), stage)
        if not self.launches.may_spend:
            raise web.HTTPForbidden(
                text="this link may decide, not spend: open the review with --allow-spend, "
                f"or run {self.command(stage)}"
            )
        begun, newest = await self.launches.order(order)
        answer = await self._quoted(newest)
        if begun:
            return web.json_response(answer, status=HTTPStatus.ACCEPTED)
        why = "a run is already in progress" if self.launches.running else "the plan has changed"
        message = f"{why}: nothing was spent. Check the credits again"
        return web.json_response({**answer, "message": message}, status=HTTPStatus.CONFLICT)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Stream every change as a server-sent event."""
        self._check_run(request)
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", **HEADERS}
        stream = web.StreamResponse(headers=headers)
        await stream.prepare(request)
        after = request.headers.get("Last-Event-ID") or request.query.get("after", "")
        try:
            await stream.write(b"retry: 2000\n\n")
            async for event in self.broadcast.listen(after):
                await stream.write(event)
        except ConnectionError:
            pass
        return stream

    async def _quoted(self, quote: LaunchQuote) -> dict[str, object]:
        budgets = await self.review_state.budgets()
        return quote_json(self.review_state, quote, budgets, command=self.command(quote.stage))

    def _row(self, request: web.Request) -> CellRow:
        number = int(request.match_info["number"])
        if number >= len(self.review_state.table.rows):
            raise web.HTTPNotFound(text="no such cell")
        return self.review_state.table.rows[number]

    def _check_run(self, request: web.Request) -> None:
        if request.match_info["run"] != self.review_state.campaign:
            raise web.HTTPNotFound(text=f"this is the review of {self.review_state.campaign}")


_UNITS = {Unit.CREDITS: "credits", Unit.DOLLARS: "US dollars"}
_TEMPLATES = Environment(
    loader=PackageLoader("pipeline.review.page"), autoescape=True, undefined=StrictUndefined
)


def _stage(request: web.Request) -> Stage:
    return Stage.FINAL if request.query.get("stage") == Stage.FINAL else Stage.DRAFT


def _picture(picture: ServedPicture) -> web.Response:
    """Return a picture at an address that names its content; browsers may cache it for ever."""
    headers = {"Cache-Control": _FOREVER}
    return web.Response(body=picture.body, content_type=picture.content_type, headers=headers)


def _answer(answer: DecisionAnswer) -> dict[str, object]:
    fields: dict[str, object] = {"cell": answer.decision.cell, "change": answer.change}
    if answer.conflict is not None:
        fields["conflict"] = {"by": answer.conflict.by, "decision": answer.conflict.decision}
    if answer.refused:
        fields["refused"] = answer.refused
    return fields
