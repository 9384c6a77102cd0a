"""The body of a reply as JSON, in every known style: errors, codes, and the images in it."""

import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.network.exact_urls import joined
from pipeline.network.reply import REPLY_LIMIT, Reply, plain

_NAMES_IMAGE = re.compile(r"ur[il]|b64|base64|image|src|href|file|path|data", re.IGNORECASE)

_TEXT_LIMIT = 4000

SourceOf = Callable[[object], str]
"""Returns the source of a picture that is in the body itself; empty if it is not whole."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """The contents of the body."""

    readable: bool
    document: object = None
    """The body as JSON; `None` if it is not JSON."""
    refused: bool = False
    """True if the body reports an error: a code other than 0, or an error without a code."""
    text: str = ""
    codes: tuple[str, ...] = ()
    """The error codes in the body, the most specific one first."""
    stage: str = ""
    """The stage of moderation that refused the request, if the body tells it."""
    images: tuple[str, ...] = ()
    """The URL of each image in the body, with repetitions; empty for one without a URL."""

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs of the images that have one."""
        return tuple(url for url in self.images if url)


def open_envelope(reply: Reply, source_of: SourceOf) -> Envelope:
    """Return what the body of a reply says; it may be in any style, or no JSON at all."""
    document = parse(reply)
    if not isinstance(document, dict):
        return Envelope(readable=False, document=document)
    code = document.get("code")
    refused = (not _is_zero(code)) if code is not None else bool(document.get("error"))
    return Envelope(
        readable=True,
        document=document,
        refused=refused,
        text=_text(document)[:_TEXT_LIMIT],
        codes=_codes(document),
        stage=_stage(document),
        images=_images(document.get("data"), source_of),
    )


def parse(reply: Reply) -> object:
    """Return the body as JSON; `None` if it is not JSON, unpacks too large, or nests too deep."""
    try:
        return json.loads(unfold(reply))
    except (ValueError, RecursionError, zlib.error):
        return None


def decoded_body(reply: Reply) -> str:
    """Return the body as text, as far as it can be read."""
    try:
        body = unfold(reply)
    except zlib.error:
        body = reply.body
    return body[:_TEXT_LIMIT].decode(errors="replace")


def unfold(reply: Reply) -> bytes:
    """Return the body, decompressed up to the limit if the server compressed it unasked."""
    if reply.encoding.strip().lower() not in ("gzip", "x-gzip", "deflate"):
        return reply.body
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(reply.body, REPLY_LIMIT)


def _is_zero(code: object) -> bool:
    return code == "0" or (isinstance(code, int | float) and code is not False and code == 0)


def _text(document: dict[str, object]) -> str:
    """Return all error texts in the body, in every known style."""
    words = [document.get(name) for name in ("message", "msg", "detail", "code")]
    error = document.get("error")
    if isinstance(error, dict):
        words += [error.get(name) for name in ("message", "code", "type")]
    else:
        words.append(error)
    return " · ".join(word for word in words if isinstance(word, str) and word)


def _codes(document: dict[str, object]) -> tuple[str, ...]:
    """Return the error codes in the body, the most specific one first."""
    error = document.get("error")
    named = [error.get("code"), error.get("type")] if isinstance(error, dict) else []
    return tuple(code for code in (*named, document.get("code")) if isinstance(code, str))


def _stage(document: dict[str, object]) -> str:
    """Return the stage of moderation that refused the request; empty if it is not told."""
    error = document.get("error")
    details = error.get("moderation_details") if isinstance(error, dict) else None
    stage = details.get("moderation_stage") if isinstance(details, dict) else None
    return plain(stage, 40) if isinstance(stage, str) else ""


def _images(body: object, source_of: SourceOf) -> tuple[str, ...]:
    """Return the images in `data`, which is an object with `images`, or a list.

    Each counts, also if two have the same URL, or if one has no URL.
    """
    images = body.get("images") if isinstance(body, dict) else body
    if not isinstance(images, list):
        return ()
    return tuple(_url_of(image, source_of) for image in images if _holds_image(image))


def _holds_image(image: object) -> bool:
    if isinstance(image, dict):
        return any(value for name, value in image.items() if _NAMES_IMAGE.search(name))
    return isinstance(image, str) and bool(image.strip())


def _url_of(image: object, source_of: SourceOf) -> str:
    if isinstance(image, dict) and image.get("b64_json"):
        return source_of(image["b64_json"])
    url = image.get("url") if isinstance(image, dict) else image
    return url.strip() if isinstance(url, str) and _is_url(url) else ""


def _is_url(url: str) -> bool:
    """Return True if a URL is not blank and contains only printable characters."""
    return bool(url.strip()) and url.strip().isprintable()


def absolute(url: str, base_url: str) -> str:
    """Return an image URL, completed with the base URL if it is relative."""
    if url.startswith(("https://", "http://")):
        return url
    try:
        return joined(base_url + "/", url)
    except ValueError:
        return url
