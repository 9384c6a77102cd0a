"""Messages to and from the template process: a length in four bytes, then JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Protocol

FRAME_LIMIT = 256 * 1024 * 1024
"""Largest message, in bytes; a longer one means that the other process is broken."""

ROW = "row"
"""The name of the whole row in a `where`, for columns whose names are not identifiers."""

Message = dict[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Slots:
    """Descriptions of the values that are sent, by slot."""

    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Names of columns whose values are sent as a list."""
    decimals: Mapping[str, str] = field(default_factory=dict)
    """The decimal sign that a feed declares: `,` or `.`."""
    own_ids: Sequence[str] = ()
    """Axes whose feed has a column `id` besides its key."""


BEGIN = b'{"op":"begin"}'
"""The message of a new user of the process, which then forgets what the one before had sent."""


class FrameBroken(Exception):
    """The other process has ended, or sent something that is not a message."""


def send(stream: IO[bytes], message: Message) -> None:
    """Write one message."""
    stream.write(framed(json.dumps(message, separators=(",", ":"))))
    stream.flush()


def framed(text: str) -> bytes:
    """Return one message, of a text that is JSON already."""
    body = text.encode("ascii")
    return len(body).to_bytes(4, "big") + body


class ByteSource(Protocol):
    """A stream that messages are read from."""

    def read(self, size: int, /) -> bytes:
        """Return so many bytes, or fewer if the stream ends before."""
        ...


def receive(stream: ByteSource) -> bytes | None:
    """Return the body of the next message; `None` if the stream ended before it."""
    head = stream.read(4)
    if not head:
        return None
    size = int.from_bytes(head, "big")
    if len(head) < 4 or size > FRAME_LIMIT:  # noqa: PLR2004  the size of a length
        raise FrameBroken
    body = stream.read(size)
    if len(body) < size:
        raise FrameBroken
    return body
