"""What the review server answers."""

import shlex
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from http import HTTPStatus

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.model.campaign import Stage
from pipeline.review.page.assets import STYLE, assets, version
from pipeline.review.page.broadcast import Broadcast
from pipeline.review.page.budgets import limits
from pipeline.review.page.cell_detail import cell_detail
from pipeline.review.page.decisions import DecisionAnswer, take_decisions
from pipeline.review.page.launches import Launches
from pipeline.review.page.options import ReviewOptions
from pipeline.review.page.packed_board import PackedBoard
from pipeline.review.page.pictures import Pictures
from pipeline.review.page.quote import LaunchQuote, quote_launch
from pipeline.review.page.requests import body_of, decisions_of, order_of
from pipeline.review.page.review_state import ReviewState
from pipeline.review.page.security import HEADERS

_FOREVER = "private, max-age=31536000, immutable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Routes:
    """The handlers, and what they work with."""

    review_state: ReviewState
    launches: Launches
    broadcast: Broadcast
    pictures: Pictures
    packing: PackedBoard
    options: ReviewOptions
    clock: Callable[[], datetime]
    changed: Callable[[], None]
    """Called after every decision, so that it is kept in the review file."""

    def table(self) -> list[web.RouteDef]:
        """Every path that is answered."""
        runs = "/api/runs/{run}"
        return [
            web.get("/", self.page),
            web.get(f"/static/{version()}" + "/{path:[a-z0-9/._-]+}", self.static),
            web.get(f"{runs}/cells", self.cells),
            web.get(runs + r"/cells/{number:\d{1,7}}", self.cell),
            web.get(f"{runs}/events", self.events),
            web.get(runs + "/quote/{stage:draft|final}", self.quote),
            web.post(f"{runs}/decisions", self.decisions),
            web.post(runs + "/{stage:drafts|finals}", self.launch),
            web.get("/img/{name:[0-9a-f]{16}}/{size:128|256|512|full}", self.image),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """The shell; everything in it is asked for by the scripts."""
        del request
        modules = [name for name in reversed(assets()) if name.endswith(".js")]
        text = _TEMPLATES.get_template("review.html").render(
            campaign=self.review_state.campaign,
            static=f"/static/{version()}",
            style=STYLE,
            modules=modules,
        )
        return web.Response(text=text, content_type="text/html")

    async def static(self, request: web.Request) -> web.Response:
        """Our own scripts, styles and type; nothing outside the package is reached."""
        asset = assets().get(request.match_info["path"])
        if asset is None:
            raise web.HTTPNotFound(text="no such file")
        headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
        body = asset.body
        if asset.packed and "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = asset.packed
        kind = asset.content_type
        charset = "utf-8" if kind.startswith("text/") else None
        return web.Response(body=body, headers=headers, content_type=kind, charset=charset)

    async def cells(self, request: web.Request) -> web.Response:
        """The whole board in columns."""
        self._check_run(request)
        body = await self.packing.body()
        headers = {"Content-Encoding": "gzip"}
        return web.Response(body=body, headers=headers, content_type="application/json")

    async def cell(self, request: web.Request) -> web.Response:
        """One cell in full."""
        self._check_run(request)
        number = int(request.match_info["number"])
        if number >= len(self.review_state.board.rows):
            raise web.HTTPNotFound(text="no such cell")
        stage = Stage.FINAL if request.query.get("stage") == Stage.FINAL else Stage.DRAFT
        row = self.review_state.board.rows[number]
        return web.json_response(await cell_detail(self.review_state, self.pictures, row, stage))

    async def image(self, request: web.Request) -> web.Response:
        """An image by the hash of its content; it never changes under its name."""
        name, size = request.match_info["name"], request.match_info["size"]
        if size == "full":
            picture = await self.pictures.full(name)
        else:
            picture = await self.pictures.thumb(name, int(size))
        return web.Response(
            body=picture.body,
            content_type=picture.content_type,
            headers={"Cache-Control": _FOREVER},
        )

    async def decisions(self, request: web.Request) -> web.Response:
        """Verdicts; 409 where somebody else was faster on one of the cells, with what stands."""
        self._check_run(request)
        said, by = decisions_of(await body_of(request))
        answers = await take_decisions(
            self.review_state, said, by=by or self.options.reviewer, now=self.clock()
        )
        self.changed()
        status = HTTPStatus.OK
        if any(answer.refused for answer in answers):
            status = HTTPStatus.UNPROCESSABLE_ENTITY
        if any(answer.conflict for answer in answers):
            status = HTTPStatus.CONFLICT
        return web.json_response({"ops": [_answer(one) for one in answers]}, status=status)

    async def quote(self, request: web.Request) -> web.Response:
        """What a launch would buy."""
        self._check_run(request)
        stage = Stage(request.match_info["stage"])
        await self.review_state.refresh()
        return web.json_response(await self._quoted(quote_launch(self.review_state.board, stage)))

    async def launch(self, request: web.Request) -> web.Response:
        """Buy what was shown: 403 where this link may not, 409 where it is not that any more."""
        self._check_run(request)
        stage = Stage.DRAFT if request.match_info["stage"] == "drafts" else Stage.FINAL
        order = order_of(await body_of(request), stage)
        if not self.launches.may_spend:
            raise web.HTTPForbidden(
                text="this link may decide, not spend: open the review with --allow-spend, "
                "or run `pipeline finals`"
            )
        begun, newest = await self.launches.order(order)
        told = await self._quoted(newest)
        if begun:
            return web.json_response(told, status=HTTPStatus.ACCEPTED)
        why = "a run is going on already" if self.launches.running else "the plan has changed"
        message = f"{why}: look at the sum again, nothing was spent"
        return web.json_response({**told, "message": message}, status=HTTPStatus.CONFLICT)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """What changes, as it changes."""
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

    async def _quoted(self, one: LaunchQuote) -> dict[str, object]:
        board = self.review_state.board
        found = await limits(self.review_state.ledger, board.campaign, now=self.clock())
        final = board.campaign.stages.get(Stage.FINAL)
        return {
            **asdict(one),
            "cells": len(one.cells),
            "spent": sum(self.review_state.spent.values()),
            "limits": [asdict(limit) for limit in found] if not self.options.play_money else [],
            "mode": final.mode if final is not None else "",
            "repeats": self.review_state.repeats,
            "command": f"pipeline finals {shlex.quote(board.campaign.file)}",
        }

    def _check_run(self, request: web.Request) -> None:
        if request.match_info["run"] != self.review_state.campaign:
            raise web.HTTPNotFound(text=f"this is the review of {self.review_state.campaign}")


_TEMPLATES = Environment(
    loader=PackageLoader("pipeline.review.page"), autoescape=True, undefined=StrictUndefined
)


def _answer(answer: DecisionAnswer) -> dict[str, object]:
    told: dict[str, object] = {"cell": answer.said.cell, "change": answer.change}
    if answer.conflict is not None:
        told["conflict"] = {"by": answer.conflict.by, "decision": answer.conflict.decision}
    if answer.refused:
        told["refused"] = answer.refused
    return told
