"""What the review server answers."""

import shlex
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from http import HTTPStatus

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.model.campaign import Stage
from pipeline.reviewing.asked import body_of, decisions_of, order_of
from pipeline.reviewing.assets import STYLE, assets, version
from pipeline.reviewing.broadcast import Broadcast
from pipeline.reviewing.deciding import Answer, take_decisions
from pipeline.reviewing.desk import Desk
from pipeline.reviewing.detail import cell_detail
from pipeline.reviewing.gate import HEADERS
from pipeline.reviewing.options import ReviewOptions
from pipeline.reviewing.packing import Packing
from pipeline.reviewing.pictures import Pictures
from pipeline.reviewing.purse import limits
from pipeline.reviewing.quote import Quote, quote
from pipeline.reviewing.till import Till

_FOREVER = "private, max-age=31536000, immutable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Routes:
    """The handlers, and what they work with."""

    desk: Desk
    till: Till
    broadcast: Broadcast
    pictures: Pictures
    packing: Packing
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
            campaign=self.desk.campaign,
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
        if number >= len(self.desk.board.rows):
            raise web.HTTPNotFound(text="no such cell")
        stage = Stage.FINAL if request.query.get("stage") == Stage.FINAL else Stage.DRAFT
        row = self.desk.board.rows[number]
        return web.json_response(await cell_detail(self.desk, self.pictures, row, stage))

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
            self.desk, said, by=by or self.options.reviewer, now=self.clock()
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
        await self.desk.refresh()
        return web.json_response(await self._quoted(quote(self.desk.board, stage)))

    async def launch(self, request: web.Request) -> web.Response:
        """Buy what was shown: 403 where this link may not, 409 where it is not that any more."""
        self._check_run(request)
        stage = Stage.DRAFT if request.match_info["stage"] == "drafts" else Stage.FINAL
        order = order_of(await body_of(request), stage)
        if not self.till.may_spend:
            raise web.HTTPForbidden(
                text="this link may decide, not spend: open the review with --allow-spend, "
                "or run `pipeline finals`"
            )
        begun, newest = await self.till.order(order)
        told = await self._quoted(newest)
        if begun:
            return web.json_response(told, status=HTTPStatus.ACCEPTED)
        why = "a run is going on already" if self.till.running else "the plan has changed"
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

    async def _quoted(self, one: Quote) -> dict[str, object]:
        board = self.desk.board
        found = await limits(self.desk.ledger, board.campaign, now=self.clock())
        final = board.campaign.stages.get(Stage.FINAL)
        return {
            **asdict(one),
            "cells": len(one.cells),
            "spent": sum(self.desk.spent.values()),
            "limits": [asdict(limit) for limit in found] if not self.options.play_money else [],
            "mode": final.mode if final is not None else "",
            "repeats": self.desk.repeats,
            "command": f"pipeline finals {shlex.quote(board.campaign.file)}",
        }

    def _check_run(self, request: web.Request) -> None:
        if request.match_info["run"] != self.desk.campaign:
            raise web.HTTPNotFound(text=f"this is the review of {self.desk.campaign}")


_TEMPLATES = Environment(
    loader=PackageLoader("pipeline.reviewing"), autoescape=True, undefined=StrictUndefined
)


def _answer(answer: Answer) -> dict[str, object]:
    told: dict[str, object] = {"cell": answer.said.cell, "change": answer.change}
    if answer.conflict is not None:
        told["conflict"] = {"by": answer.conflict.by, "decision": answer.conflict.decision}
    if answer.refused:
        told["refused"] = answer.refused
    return told
