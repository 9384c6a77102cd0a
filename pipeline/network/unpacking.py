"""Decompressing an image or a feed while it is downloaded, with limits.

No compression is requested, but some hosts compress every answer, or label uncompressed ones as
compressed. So the first bytes decide; the label counts only if they do not.
"""

import zlib
from collections.abc import Iterator

from pipeline.errors import DownloadFailed, NotAnImage

_PIECE = 64 * 1024
"""Most bytes that are decompressed at one time."""

_START = 4
"""Number of bytes that identify the compression of a body."""

_MOST_LAYERS = 3
IMAGE_STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF")
_GZIP = b"\x1f\x8b"
_ZLIB_METHOD, _ZLIB_CHECK = 8, 31
_PLAIN = frozenset({"", "identity", "none"})
_DEFLATED = frozenset({"deflate", "x-deflate"})


class Unpacking:
    """One layer of a body, which is passed on or decompressed into the next layer."""

    def __init__(
        self, encoding: str = "", *, noun: str = "image", layers: int = _MOST_LAYERS
    ) -> None:
        self._noun = noun
        self._labels = [label.strip().lower() for label in encoding.split(",")]
        self._layers = layers
        self._start: bytes | None = b""
        self._stream: zlib._Decompress | None = None
        self._below: Unpacking | None = None

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the contents of the next bytes; raise `DownloadFailed` if they are damaged."""
        if self._start is not None:
            chunk = self._start + chunk
            if len(chunk) < _START:
                self._start = chunk
                return
            self._start = None
            self._open(chunk)
        if self._stream is None or self._below is None:
            yield chunk
        else:
            yield from self._unpacked(chunk, self._below)

    def finish(self) -> Iterator[bytes]:
        """Yield the rest when the body has ended; raise `DownloadFailed` if it is cut off."""
        if self._start:
            yield self._start
        if self._stream is not None and self._below is not None:
            if not self._stream.eof:
                raise DownloadFailed(f"the compressed {self._noun} is incomplete")
            yield from self._below.finish()

    def _open(self, start: bytes) -> None:
        if start.startswith(IMAGE_STARTS):
            return
        label = self._labels[-1]
        if start.startswith(_GZIP):
            wbits = zlib.MAX_WBITS | 16
        elif label in _DEFLATED:
            zipped = start[0] & 15 == _ZLIB_METHOD and not int.from_bytes(start[:2]) % _ZLIB_CHECK
            wbits = zlib.MAX_WBITS if zipped else -zlib.MAX_WBITS
        elif label in _PLAIN or label in ("gzip", "x-gzip"):
            return
        else:
            raise NotAnImage(
                f"the {self._noun} is compressed as {label[:40]!r}, which is not supported"
            )
        if not self._layers:
            raise NotAnImage(f"the {self._noun} is compressed too many times")
        self._stream = zlib.decompressobj(wbits)
        self._below = Unpacking(
            ",".join(self._labels[:-1]), noun=self._noun, layers=self._layers - 1
        )

    def _unpacked(self, packed: bytes, below: "Unpacking") -> Iterator[bytes]:
        stream = self._stream
        while packed and stream is not None:
            try:
                piece = stream.decompress(packed, _PIECE)
            except zlib.error as error:
                raise DownloadFailed(f"the compressed {self._noun} is damaged: {error}") from error
            if piece:
                yield from below.feed(piece)
            packed = stream.unconsumed_tail
            if stream.eof:
                packed = stream.unused_data
                if not packed.startswith(_GZIP):  # what follows is padding
                    return
                stream = self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
