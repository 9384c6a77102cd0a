"""Which part of an image a download asks for, as RFC 9110 reads `Range` and `If-Range`."""

import re
from collections.abc import Mapping
from enum import Enum, auto

_ONE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))", re.IGNORECASE)


class ByteRange(Enum):
    """How much of the image is sent."""

    WHOLE = auto()
    PART = auto()
    NOTHING = auto()
    """The range begins behind the end: 416."""


def byte_range_of(headers: Mapping[str, str], *, size: int, tag: str) -> ByteRange:
    """What these headers ask for; ranges that are broken, of another unit or several are ignored.

    `tag` is the image's ETag without its quotes: a download that goes on after the image changed
    must begin anew.
    """
    wanted = _ONE.fullmatch(headers.get("Range", "").strip())
    condition = headers.get("If-Range", "")
    dated = bool(condition) and not condition.rstrip().endswith('"')
    if wanted is None or (condition and not dated and condition.strip() != f'"{tag}"'):
        return ByteRange.WHOLE
    first, last, tail = wanted.groups()
    if tail is not None:
        return ByteRange.PART if int(tail) else ByteRange.NOTHING
    if last and int(last) < int(first):
        return ByteRange.WHOLE
    return ByteRange.PART if int(first) < size else ByteRange.NOTHING
