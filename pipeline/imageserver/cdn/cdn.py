"""The image host: signed URLs that expire, ETag and Range, on a port of its own."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum, auto
from xml.sax.saxutils import escape

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter

from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.billing.credit_account import CreditAccount
from pipeline.imageserver.billing.purchases import SoldPicture
from pipeline.imageserver.cdn.signing import SignedPath, Signer
from pipeline.imageserver.fault_injection.injection import FaultInjection, RequestFault
from pipeline.imageserver.painting.image_files import ImageFiles

_NAME = r"{number:\d{9,18}}{index:\d}.png"


class Cdn:
    """Serves sold pictures to everyone who has the signed URL."""

    def __init__(
        self,
        *,
        credit_account: CreditAccount,
        image_files: ImageFiles,
        signer: Signer,
        fault_injection: FaultInjection,
        stopping: asyncio.Event,
    ) -> None:
        self._fault_injection = fault_injection
        self._stopping = stopping
        self._credit_account = credit_account
        self._image_files = image_files
        self._signer = signer
        self.bearers_refused = 0
        """Number of requests with an Authorization header, which would leak the key."""

    def application(self) -> web.Application:
        """Return the aiohttp application for the image host's port."""
        application = web.Application(middlewares=[self._answer_errors_in_xml])
        application.router.add_get(f"/renders/{_NAME}", self._download)
        return application

    async def _download(self, request: web.Request) -> web.StreamResponse:
        if "Authorization" in request.headers:
            self.bearers_refused += 1
            return refusal(400, "InvalidArgument", "an image URL takes no Authorization header")
        name = request.path.rpartition("/")[2]
        match self._signer.check(
            name,
            expires=request.query.get("expires", ""),
            signature=request.query.get("signature", ""),
            now=time.time(),
        ):
            case SignedPath.FORGED:
                return refusal(403, "SignatureDoesNotMatch", "the signature is missing or wrong")
            case SignedPath.EXPIRED:
                return refusal(410, "RequestExpired", "this URL has expired")
            case SignedPath.GOOD:
                return await self._send(request)

    async def _send(self, request: web.Request) -> web.StreamResponse:
        picture = self._sold(request)
        path = None if picture is None else self._image_files.path(picture.sha256)
        try:
            stat = None if path is None else await asyncio.to_thread(path.stat)
        except FileNotFoundError:
            stat = None
        if path is None or stat is None:
            return refusal(404, "NoSuchKey", "there is no such image")
        fault = RequestFault(
            self._fault_injection.pick("cdn", {}), error_format=_Xml(), stopping=self._stopping
        )
        instead = await fault.before(request)
        if instead is not None:
            return instead
        headers = {
            "Access-Control-Allow-Origin": "*",
            "Cache-Control": "private, max-age=31536000, immutable",
            "Content-Type": "image/png",
            "X-Content-Type-Options": "nosniff",
        }
        if fault.needs_answer:
            content = await asyncio.to_thread(path.read_bytes)
            return await fault.after(request, web.Response(body=content, headers=headers))
        tag = f"{stat.st_mtime_ns:x}-{stat.st_size:x}"  # as FileResponse makes it
        match byte_range_of(request.headers, size=stat.st_size, tag=tag):
            case ByteRange.WHOLE:
                return _WholeFile(path, headers=headers)
            case ByteRange.PART:
                return web.FileResponse(path, headers=headers)
            case ByteRange.NOTHING:
                response = refusal(416, "InvalidRange", "the range begins after the end")
                response.headers[hdrs.CONTENT_RANGE] = f"bytes */{stat.st_size}"
                return response

    def _sold(self, request: web.Request) -> SoldPicture | None:
        number, index = int(request.match_info["number"]), int(request.match_info["index"])
        return next((p for p in self._credit_account.pictures(number) if p.index == index), None)

    @web.middleware
    async def _answer_errors_in_xml(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Answer unknown paths and methods with XML, as image hosts do."""
        try:
            return await handler(request)
        except web.HTTPMethodNotAllowed as error:
            response = refusal(405, "MethodNotAllowed", "an image can only be read")
            response.headers["Allow"] = error.headers["Allow"]
            return response
        except web.HTTPNotFound:
            return refusal(404, "NoSuchKey", "there is no such image")


class _WholeFile(web.FileResponse):
    """A response with the whole file, also if the request asks for a range."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the file without regard to the Range header."""
        headers = request.headers.copy()
        headers.popall(hdrs.RANGE, None)
        return await super().prepare(request.clone(headers=headers))


class _Xml:
    """Refusals in XML, as image hosts answer them."""

    def failure(self, error: RefusedError) -> web.Response:
        """Return the status with the message in XML."""
        return refusal(error.status, "Fault", error.message)


def refusal(status: int, code: str, message: str) -> web.Response:
    """Return an error as image hosts answer it."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    )
    return web.Response(status=status, text=body, content_type="application/xml")


_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))", re.IGNORECASE)


class ByteRange(Enum):
    """The part of an image that is sent."""

    WHOLE = auto()
    PART = auto()
    NOTHING = auto()
    """The range begins after the end of the image: status 416."""


def byte_range_of(headers: Mapping[str, str], *, size: int, tag: str) -> ByteRange:
    """Return the part of the image that Range and If-Range ask for, as RFC 9110 reads them.

    Broken ranges, other units and several ranges are ignored. `tag` is the image's ETag without
    its quotes: a download that is resumed after the image has changed gets the whole image.
    """
    found = _RANGE.fullmatch(headers.get("Range", "").strip())
    condition = headers.get("If-Range", "")
    is_date = bool(condition) and not condition.rstrip().endswith('"')
    if found is None or (condition and not is_date and condition.strip() != f'"{tag}"'):
        return ByteRange.WHOLE
    first, last, tail = found.groups()
    if tail is not None:
        return ByteRange.PART if int(tail) else ByteRange.NOTHING
    if last and int(last) < int(first):
        return ByteRange.WHOLE
    return ByteRange.PART if int(first) < size else ByteRange.NOTHING
