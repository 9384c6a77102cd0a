"""Reading a reply that is a file: everything but the picture, and then the picture.

The picture is a JSON string of up to 64 MB. So the reply is never parsed as a whole: a scan copies
it without its long strings, and notes where each of them is. Both need a few megabytes.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pybase64 import b64decode

from pipeline.errors import ImageBroken

_PIECE = 1024 * 1024
_LONG = 4096
"""A string with more bytes is left out of the copy."""
_LARGEST_COPY = 1024 * 1024
_SHORT = 64
_PICTURE = b"b64_json"
_VALUE_FOLLOWS = re.compile(rb'"\s*:\s*"\Z')
_MARK = "(a string of {length} bytes, kept in the file of the reply: {number})"
_MARKED = re.compile(r"\(a string of \d+ bytes, kept in the file of the reply: (\d+)\)\Z")
_DATA_URL = re.compile(rb"\Adata:[a-z]+\\?/[a-z.+-]+;base64,")
_ALPHABET = re.compile(rb"[A-Za-z0-9+/=]*")
_ENDING = re.compile(rb"[A-Za-z0-9+/\\]*=*(?:\\[rn])*")
_ESCAPED = re.compile(rb"\\u00([0-9a-fA-F]{2})")
_LONGEST_ESCAPE = 6
_QUANTUM = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Where a string is in the body of a reply."""

    start: int
    length: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyOutline:
    """The body of a reply with its long strings left out."""

    text: bytes
    spans: tuple[Span, ...]

    def span_of(self, value: object) -> Span | None:
        """Return where a string is that was left out; `None` if it was not."""
        marked = _MARKED.match(value) if isinstance(value, str) else None
        number = int(marked[1]) if marked else len(self.spans)
        return self.spans[number] if number < len(self.spans) else None


def outline(body: BinaryIO) -> ReplyOutline:
    """Return the outline of a body from the present position on.

    Strings under the name `b64_json` are left out whatever their length. If more than a megabyte
    remains, it is cut there, and is no JSON any more.
    """
    scan = _Scan(body.tell())
    while (piece := body.read(_PIECE)) and len(scan.copy) <= _LARGEST_COPY:
        scan.feed(piece)
    return ReplyOutline(text=bytes(scan.copy[:_LARGEST_COPY]), spans=tuple(scan.spans))


class _Scan:
    """Copies JSON text outside of long strings."""

    def __init__(self, start: int) -> None:
        self.copy = bytearray()
        self.spans: list[Span] = []
        self._read = start
        self._inside = False
        self._text = bytearray()
        self._length = 0
        self._backslashes = 0
        self._last = b""

    def feed(self, piece: bytes) -> None:
        at = 0
        while at < len(piece):
            quote = piece.find(b'"', at)
            end = len(piece) if quote < 0 else quote
            if self._inside:
                self._within(piece, at, end)
            else:
                self.copy += piece[at:end]
            if quote >= 0:
                self._at_quote(self._read + quote + 1)
            at = end + 1
        self._read += len(piece)

    def _within(self, piece: bytes, at: int, end: int) -> None:
        self._length += end - at
        if len(self._text) <= _LONG:
            self._text += piece[at : min(end, at + _LONG + 1)]
        tail = piece[max(at, end - _LONG) : end]
        trailing = len(tail) - len(tail.rstrip(b"\\"))
        self._backslashes = trailing + (self._backslashes if trailing == end - at else 0)

    def _at_quote(self, following: int) -> None:
        """Begin or end a string at a quote; `following` is the position after it."""
        if not self._inside:
            self.copy += b'"'
            self._inside, self._length, self._backslashes = True, 0, 0
            self._text.clear()
            return
        if self._backslashes % 2:  # an escaped quote is part of the string
            self._text += b'"'
            self._length, self._backslashes = self._length + 1, 0
            return
        self._inside = False
        named = self._last == _PICTURE and _VALUE_FOLLOWS.search(self.copy[-_SHORT:])
        if self._length > _LONG or named:
            self.spans.append(Span(start=following - 1 - self._length, length=self._length))
            self.copy += _MARK.format(length=self._length, number=len(self.spans) - 1).encode()
        else:
            self.copy += self._text
        self._last = bytes(self._text) if self._length <= _SHORT else b""
        self.copy += b'"'


def is_base64(body: BinaryIO, span: Span) -> bool:
    """Return whether a string has the length and the ends of whole base64.

    What is between is checked when it is decoded.
    """
    body.seek(span.start)
    start = body.read(min(span.length, _SHORT))
    body.seek(span.start + max(0, span.length - _SHORT))
    end = body.read(min(span.length, _SHORT))
    plain = not span.length % _QUANTUM and _ALPHABET.fullmatch(start)
    whole = plain or not sum(map(len, _letters(body, span))) % _QUANTUM
    return bool(start and whole and _ENDING.fullmatch(end))


def decoded(body: BinaryIO, span: Span) -> Iterator[bytes]:
    """Yield the bytes of a string of base64; `ImageBroken` if it is none."""
    held = b""
    for piece in _letters(body, span):
        letters = held + piece
        whole = len(letters) - len(letters) % _QUANTUM
        held = letters[whole:]
        yield _decode(letters[:whole])
    if held:
        raise ImageBroken("the picture in the kept reply is cut off")


def _decode(letters: bytes) -> bytes:
    try:
        return b64decode(letters, validate=True)
    except binascii.Error as error:
        raise ImageBroken(f"the picture in the kept reply is no base64: {error}") from error


def _letters(body: BinaryIO, span: Span) -> Iterator[bytes]:
    """Yield the text of a string without escapes, line breaks, and the start of a data URL."""
    held, first = b"", True
    for piece in _pieces(body, span):
        text = held + piece
        cut = text.rfind(b"\\", max(0, len(text) - _LONGEST_ESCAPE + 1))
        held = text[cut:] if cut >= 0 else b""
        text = text[:cut] if cut >= 0 else text
        if first:
            text, first = _DATA_URL.sub(b"", text, count=1), False
        yield _unescaped(text)
    yield _unescaped(held)


def _unescaped(text: bytes) -> bytes:
    if b"\\" in text:
        text = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), text)
        text = text.replace(b"\\n", b"").replace(b"\\r", b"").replace(b"\\", b"")
    return text


def _pieces(body: BinaryIO, span: Span) -> Iterator[bytes]:
    body.seek(span.start)
    left = span.length
    while left and (piece := body.read(min(left, _PIECE))):
        left -= len(piece)
        yield piece
