"""What a fault rule does to a request, to its picture, and to its answer."""

import asyncio
import json
import random
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from aiohttp import web

from pipeline.imageserver.api import answers
from pipeline.imageserver.api.answers import Dialect
from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.api.requests.image_request import ImageRequest
from pipeline.imageserver.fault_injection.rules import Fault, FaultRule
from pipeline.imageserver.options import ErrorStyle

_MEGABYTE = 1024 * 1024
_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1><hr>nginx</body></html>"


@dataclass(slots=True)
class _Count:
    """How often a rule fitted, and how often it hit."""

    chance: random.Random
    fitted: int = 0
    hits: int = 0


class FaultInjection:
    """The fault rules in force; each request meets at most one of them, the first that hits."""

    def __init__(self, rules: Iterable[FaultRule] = (), *, seed: int = 0) -> None:
        self.replace(rules, seed=seed)

    def replace(self, rules: Iterable[FaultRule], *, seed: int = 0) -> None:
        """These rules from now on, all counts at zero."""
        self._rules = [(rule, _Count(_chance(seed, n))) for n, rule in enumerate(rules)]

    def add(self, rule: FaultRule) -> None:
        """One more rule, after the others."""
        self._rules.append((rule, _Count(_chance(0, len(self._rules)))))

    def pick(self, place: str, facts: Mapping[str, object]) -> FaultRule | None:
        """The rule that this request meets."""
        for rule, count in self._rules:
            if not rule.fits(place, facts):
                continue
            count.fitted += 1
            if self._hits(rule, count):
                count.hits += 1
                return rule
        return None

    def report(self) -> list[dict[str, object]]:
        """Every rule with its counts."""
        return [
            {"fault": rule.fault, "on": rule.on, "fitted": count.fitted, "hits": count.hits}
            for rule, count in self._rules
        ]

    def _hits(self, rule: FaultRule, count: _Count) -> bool:
        number = count.fitted - rule.skip
        if number < 1 or (number - 1) % rule.every:
            return False
        if rule.times is not None and count.hits >= rule.times:
            return False
        return rule.chance >= 1 or count.chance.random() < rule.chance


class RequestFault:
    """Acts one rule out for one request; without a rule nothing happens at any point."""

    def __init__(
        self, rule: FaultRule | None, *, dialect: Dialect, stopping: asyncio.Event
    ) -> None:
        self._rule = rule
        self._dialect = dialect
        self._stopping = stopping

    @property
    def spoils_body(self) -> bool:
        """Whether the rule needs the right answer, to spoil it."""
        return self._rule is not None and self._rule.after

    async def before(self, request: web.Request) -> web.StreamResponse | None:
        """What is answered instead of selling anything, if the rule wants that."""
        rule = self._rule
        if rule is None or rule.after:
            return None
        return await self._answer(rule, request)

    def bend(self, wanted: ImageRequest) -> ImageRequest:
        """What is painted instead of what was asked for."""
        match self._rule:
            case FaultRule(fault=Fault.WRONG_SIZE):
                across, down = wanted.ratio
                return replace(wanted, ratio=(down, across) if across != down else (2, 1))
            case FaultRule(fault=Fault.NO_ALPHA):
                return replace(wanted, transparent=False)
            case _:
                return wanted

    async def after(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        """The answer to what was sold, as the rule leaves it."""
        rule = self._rule
        if rule is None or not rule.after:
            return response
        if rule.fault is Fault.GZIP_BOMB:
            return await asyncio.to_thread(_bomb, rule.megabytes)
        spoiled = _spoil(rule, response)
        if spoiled is not None:
            return spoiled
        match rule.fault:
            case Fault.DROP_BODY:
                return await _cut_off(request, response)
            case Fault.DRIP:
                return await self._drip(rule, request, response)
            case Fault.TRUNCATED:
                body = content_of(response)
                return web.Response(body=body[: len(body) // 2], headers=_without_length(response))
            case _:
                return await self._answer(rule, request) or response

    async def _answer(self, rule: FaultRule, request: web.Request) -> web.StreamResponse | None:
        """What takes the place of the right answer; None after a delay."""
        match rule.fault:
            case Fault.STATUS:
                return self._status(rule)
            case Fault.HTML:
                return page(rule.status or (200 if rule.on == "cdn" else 502))
            case Fault.FAILURE:
                return answers.failure(RefusedError(200, rule.message), ErrorStyle.APP)
            case Fault.DELAY:
                await self._wait(rule.seconds)
            case Fault.HANG:
                await self._stopping.wait()
                return drop(request)
            case Fault.DROP:
                return drop(request)
            case _:
                pass
        return None

    def _status(self, rule: FaultRule) -> web.Response:
        error = RefusedError(rule.status, rule.message, retry_after=rule.retry_after)
        response = self._dialect.failure(error)
        response.headers.update(rule.headers)
        return response

    async def _wait(self, seconds: float) -> None:
        """Sleep, but never longer than the server lives."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _drip(
        self, rule: FaultRule, request: web.Request, response: web.Response
    ) -> web.StreamResponse:
        body = content_of(response)
        dripping = web.StreamResponse(status=response.status, headers=_without_length(response))
        dripping.content_length = len(body)
        await dripping.prepare(request)
        for number in range(len(body)):
            if self._stopping.is_set():
                return drop(request)
            await dripping.write(body[number : number + 1])
            await self._wait(rule.seconds)
        return dripping


def _chance(seed: int, number: int) -> random.Random:
    return random.Random(f"{seed}/{number}")  # noqa: S311 - repeatable on purpose, no secret


def page(status: int) -> web.Response:
    """What a gateway says where an API was expected."""
    return web.Response(
        status=status, text=_PAGE.format(f"{status} Gateway"), content_type="text/html"
    )


def drop(request: web.Request) -> web.Response:
    """Close the connection; the response is never seen by anybody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _cut_off(request: web.Request, response: web.Response) -> web.StreamResponse:
    """Headers and half of the body, then nothing."""
    body = content_of(response)
    cut = web.StreamResponse(status=response.status, headers=_without_length(response))
    cut.content_length = len(body)
    await cut.prepare(request)
    await cut.write(body[: len(body) // 2])
    return drop(request)


def _spoil(rule: FaultRule, response: web.Response) -> web.Response | None:
    """The answer with another body; None where the fault is not in the body."""
    body = content_of(response)
    spoiled: bytes
    match rule.fault:
        case Fault.EMPTY_BODY:
            spoiled = b""
        case Fault.BAD_JSON:
            spoiled = body[: len(body) // 2]
        case Fault.EMPTY_DATA:
            spoiled = json.dumps(json.loads(body) | {"data": []}).encode()
        case Fault.EMPTY_IMAGES | Fault.FEWER_IMAGES:
            spoiled = _fewer(body, none=rule.fault is Fault.EMPTY_IMAGES)
        case Fault.WRONG_SIZE | Fault.NO_ALPHA:
            return response
        case _:
            return None
    return web.Response(body=spoiled, headers=_without_length(response))


def _fewer(body: bytes, *, none: bool) -> bytes:
    """The same answer with no image, or one less, in either dialect."""
    answer = json.loads(body)
    images = (
        answer["data"] if isinstance(answer["data"], list) else answer["data"].get("images", [])
    )
    del images[0 if none else len(images) - 1 :]
    return json.dumps(answer).encode()


@cache
def _bomb_body(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    packed = [packer.compress(b"0" * _MEGABYTE) for _ in range(megabytes)]
    return b"".join((*packed, packer.flush()))


def _bomb(megabytes: int) -> web.Response:
    """A few kilobytes that unpack to so many megabytes; called from a thread."""
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    return web.Response(body=_bomb_body(megabytes), headers=headers)


def content_of(response: web.Response) -> bytes:
    """The body that the response was made with."""
    body = response.body
    return body if isinstance(body, bytes) else b""


def _without_length(response: web.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name != "Content-Length"}
