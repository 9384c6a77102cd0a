"""Applying fault rules: to a request, to its picture, and to its answer."""

import asyncio
import json
import random
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from aiohttp import payload, web

from pipeline.imageserver.api import answers
from pipeline.imageserver.api.answers import ErrorFormat
from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.api.requests.image_request import ImageRequest
from pipeline.imageserver.fault_injection.rules import Fault, FaultRule
from pipeline.imageserver.openai.errors import NamedError, named_error
from pipeline.imageserver.options import ErrorStyle

_MEGABYTE = 1024 * 1024
_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1><hr>{1}</body></html>"
_TIMED_OUT = 524


@dataclass(slots=True)
class _RuleCounts:
    """How often a rule matched, and how often it hit."""

    chance: random.Random
    matched: int = 0
    hits: int = 0


class FaultInjection:
    """The fault rules in force; the first rule that hits is applied to a request."""

    def __init__(self, rules: Iterable[FaultRule] = (), *, seed: int = 0) -> None:
        self.replace(rules, seed=seed)

    def replace(self, rules: Iterable[FaultRule], *, seed: int = 0) -> None:
        """Use these rules from now on, with all counts at zero."""
        self._rules = [(rule, _RuleCounts(_random_source(seed, n))) for n, rule in enumerate(rules)]

    def add(self, rule: FaultRule) -> None:
        """Add a rule after the others."""
        self._rules.append((rule, _RuleCounts(_random_source(0, len(self._rules)))))

    def pick(self, route: str, values: Mapping[str, object]) -> FaultRule | None:
        """Return the rule that hits this request, or None."""
        for rule, count in self._rules:
            if not rule.matches(route, values):
                continue
            count.matched += 1
            if self._hits(rule, count):
                count.hits += 1
                return rule
        return None

    def report(self) -> list[dict[str, object]]:
        """Return every rule with its counts."""
        return [
            {"fault": rule.fault, "on": rule.on, "fitted": count.matched, "hits": count.hits}
            for rule, count in self._rules
        ]

    def _hits(self, rule: FaultRule, count: _RuleCounts) -> bool:
        number = count.matched - rule.skip
        if number < 1 or (number - 1) % rule.every:
            return False
        if rule.times is not None and count.hits >= rule.times:
            return False
        return rule.chance >= 1 or count.chance.random() < rule.chance


class RequestFault:
    """Applies one rule to one request; without a rule every method does nothing."""

    def __init__(
        self, rule: FaultRule | None, *, error_format: ErrorFormat, stopping: asyncio.Event
    ) -> None:
        self._rule = rule
        self._error_format = error_format
        self._stopping = stopping

    @property
    def needs_answer(self) -> bool:
        """True if the rule alters a correct answer, which must be made first."""
        return self._rule is not None and self._rule.after

    async def before(self, request: web.Request) -> web.StreamResponse | None:
        """Return the answer that replaces the sale, or None if the sale goes on."""
        rule = self._rule
        if rule is None or rule.after:
            return None
        return await self._answer(rule, request)

    def altered(self, image_request: ImageRequest) -> ImageRequest:
        """Return the request that is painted instead."""
        match self._rule:
            case FaultRule(fault=Fault.WRONG_SIZE):
                across, down = image_request.ratio
                return replace(image_request, ratio=(down, across) if across != down else (2, 1))
            case FaultRule(fault=Fault.NO_ALPHA):
                return replace(image_request, transparent=False)
            case _:
                return image_request

    async def after(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        """Return the answer to a sale as the rule alters it."""
        rule = self._rule
        if rule is None or not rule.after:
            return response
        response = await _in_memory(response)
        if rule.fault is Fault.GZIP_BOMB:
            return await asyncio.to_thread(_gzip_bomb, rule.megabytes)
        altered = _altered_body(rule, response)
        if altered is not None:
            return altered
        match rule.fault:
            case Fault.DROP_BODY:
                return await _cut_off(request, response)
            case Fault.DRIP:
                return await self._drip(rule, request, response)
            case Fault.SLOW_HEADERS:
                return await self._send_head_slowly(rule, request, response)
            case Fault.TRUNCATED:
                body = content_of(response)
                return web.Response(body=body[: len(body) // 2], headers=_without_length(response))
            case _:
                return await self._answer(rule, request) or response

    async def _answer(self, rule: FaultRule, request: web.Request) -> web.StreamResponse | None:
        """Return the answer that replaces the correct one; None after a delay."""
        match rule.fault:
            case Fault.STATUS:
                return self._status(rule)
            case Fault.OPENAI_ERROR if rule.error is not None:
                return self._openai_error(rule, rule.error)
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
        error = RefusedError(rule.status or 500, rule.message, retry_after=rule.retry_after)
        response = self._error_format.failure(error)
        response.headers.update(rule.headers)
        return response

    def _openai_error(self, rule: FaultRule, name: NamedError) -> web.Response:
        """Return a named error, with the status and the message of the rule if it has any."""
        error = named_error(
            name,
            status=rule.status,
            message=rule.message if "message" in rule.model_fields_set else None,
            retry_after=rule.retry_after,
        )
        response = self._error_format.failure(error)
        response.headers.update(rule.headers)
        return response

    async def _wait(self, seconds: float) -> None:
        """Sleep until the time has passed or the server begins to stop."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _drip(
        self, rule: FaultRule, request: web.Request, response: web.Response
    ) -> web.StreamResponse:
        body = content_of(response)
        slow = web.StreamResponse(status=response.status, headers=_without_length(response))
        slow.content_length = len(body)
        await slow.prepare(request)
        for number in range(len(body)):
            if self._stopping.is_set():
                return drop(request)
            await slow.write(body[number : number + 1])
            await self._wait(rule.seconds)
        return slow

    async def _send_head_slowly(
        self, rule: FaultRule, request: web.Request, response: web.Response
    ) -> web.StreamResponse:
        """Send status line and headers byte by byte, then the body at once, and close."""
        body = content_of(response)
        lines = [f"HTTP/1.1 {response.status} {response.reason}"]
        lines += [f"{name}: {value}" for name, value in _without_length(response).items()]
        lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
        transport = request.transport
        for character in "\r\n".join(lines):
            if transport is None or transport.is_closing() or self._stopping.is_set():
                return drop(request)
            transport.write(character.encode("latin-1"))
            await self._wait(rule.seconds)
        if transport is not None:
            transport.write(body)
            transport.close()
        return web.Response()


def _random_source(seed: int, number: int) -> random.Random:
    return random.Random(f"{seed}/{number}")  # noqa: S311 - repeatable on purpose, no secret


def page(status: int) -> web.Response:
    """Return a gateway's HTML error page."""
    title, server = f"{status} Gateway", "nginx"
    if status == _TIMED_OUT:
        title, server = "524: A timeout occurred", "cloudflare"
    return web.Response(status=status, text=_PAGE.format(title, server), content_type="text/html")


def drop(request: web.Request) -> web.Response:
    """Close the connection; the returned response is never sent."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _cut_off(request: web.Request, response: web.Response) -> web.StreamResponse:
    """Send the headers and half of the body, then close the connection."""
    body = content_of(response)
    partial = web.StreamResponse(status=response.status, headers=_without_length(response))
    partial.content_length = len(body)
    await partial.prepare(request)
    await partial.write(body[: len(body) // 2])
    return drop(request)


def _altered_body(rule: FaultRule, response: web.Response) -> web.Response | None:
    """Return the answer with another body; None if the fault is not in the body."""
    body = content_of(response)
    altered: bytes
    match rule.fault:
        case Fault.EMPTY_BODY:
            altered = b""
        case Fault.BAD_JSON:
            altered = body[: len(body) // 2]
        case Fault.EMPTY_DATA:
            altered = json.dumps(json.loads(body) | {"data": []}).encode()
        case Fault.NO_USAGE:
            altered = json.dumps({**json.loads(body), "usage": None}).encode()
        case Fault.ESCAPED_BASE64:
            altered = body.replace(b"/", b"\\/")
        case Fault.EXTRA_IMAGE | Fault.CUT_BASE64:
            altered = _with_other_images(body, rule.fault)
        case Fault.EMPTY_IMAGES | Fault.FEWER_IMAGES:
            altered = _fewer(body, none=rule.fault is Fault.EMPTY_IMAGES)
        case Fault.WRONG_SIZE | Fault.NO_ALPHA:
            return response
        case _:
            return None
    return web.Response(body=altered, headers=_without_length(response))


def _fewer(body: bytes, *, none: bool) -> bytes:
    """Return the same JSON without images, or with one image fewer, in either format."""
    answer = json.loads(body)
    images = _images_in(answer)
    del images[0 if none else len(images) - 1 :]
    return json.dumps(answer).encode()


def _with_other_images(body: bytes, fault: Fault) -> bytes:
    """Return the same JSON with its last image twice, or with half of its base64."""
    answer = json.loads(body)
    images = _images_in(answer)
    if images and fault is Fault.EXTRA_IMAGE:
        images.append(images[-1])
    elif images and "b64_json" in images[-1]:
        encoded = images[-1]["b64_json"]
        images[-1] = {"b64_json": encoded[: len(encoded) // 8 * 4 + 3]}
    return json.dumps(answer).encode()


@cache
def _gzip_bomb_body(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    packed = [packer.compress(b"0" * _MEGABYTE) for _ in range(megabytes)]
    return b"".join((*packed, packer.flush()))


def _gzip_bomb(megabytes: int) -> web.Response:
    """Return a few kilobytes that unpack to so many megabytes; called from a thread."""
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    return web.Response(body=_gzip_bomb_body(megabytes), headers=headers)


def content_of(response: web.Response) -> bytes:
    """Return the response's body, empty if it is no bytes."""
    body = response.body
    return body if isinstance(body, bytes) else b""


async def _in_memory(response: web.Response) -> web.Response:
    """Return the response with its whole body in memory, where a fault can alter it."""
    body = response.body
    if not isinstance(body, payload.Payload):
        return response
    content = await body.as_bytes()
    headers = _without_length(response) | {"Content-Type": response.content_type}
    return web.Response(status=response.status, body=content, headers=headers)


def _images_in(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the images of an answer in either format, to be altered in place."""
    data = answer["data"]
    images: list[dict[str, Any]] = data if isinstance(data, list) else data.get("images", [])
    return images


def _without_length(response: web.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name != "Content-Length"}
