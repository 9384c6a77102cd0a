"""Sending changes to every open page, with replay for pages that were disconnected."""

import asyncio
import json
import re
import secrets
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

KEPT = 1000
"""Messages kept for a page that was disconnected; one that missed more has to reload."""

ALIVE = b": alive\n\n"

_NUMBER = re.compile(r"^[0-9]{1,12}$", re.ASCII)

QUEUE = 2000
"""Messages that may wait for a slow page; above, its stream ends, and it reconnects."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One server-sent event."""

    id: str
    kind: str
    data: object

    def encode(self) -> bytes:
        """Return the message as bytes of an event stream."""
        text = json.dumps(self.data, ensure_ascii=False, separators=(",", ":"))
        return f"id: {self.id}\nevent: {self.kind}\ndata: {text}\n\n".encode()


class Broadcast:
    """A numbered stream of messages and its listeners.

    Every server puts a new epoch into its ids, so that a page that was opened before the server
    was restarted can tell.
    """

    def __init__(self) -> None:
        self._epoch = secrets.token_hex(4)
        self._count = 0
        self._kept: deque[Message] = deque(maxlen=KEPT)
        self._listeners: set[asyncio.Queue[Message | None]] = set()
        self._open = True

    @property
    def listeners(self) -> int:
        """Number of pages that are listening."""
        return len(self._listeners)

    @property
    def last(self) -> str:
        """The id of the newest message."""
        return f"{self._epoch}-{self._count}"

    def send(self, kind: str, data: object) -> None:
        """Send a message to every page; never waits."""
        self._count += 1
        message = Message(id=self.last, kind=kind, data=data)
        self._kept.append(message)
        for queue in tuple(self._listeners):
            if queue.qsize() < QUEUE:
                queue.put_nowait(message)
            else:
                self._listeners.discard(queue)
                queue.put_nowait(None)

    async def listen(self, after: str) -> AsyncIterator[bytes]:
        """Yield the messages after an id, then new ones, and a comment every 15 seconds.

        A page that missed messages that are no longer kept gets `reload` first.
        """
        queue: asyncio.Queue[Message | None] = asyncio.Queue()
        for missed in self._missed(after):
            queue.put_nowait(missed)
        self._listeners.add(queue)
        try:
            while self._open:
                message = await _next(queue)
                if message is None:
                    return
                yield message.encode() if isinstance(message, Message) else message
        finally:
            self._listeners.discard(queue)

    def close(self) -> None:
        """End the stream of every page."""
        self._open = False
        for queue in self._listeners:
            queue.put_nowait(None)

    def _missed(self, after: str) -> list[Message]:
        if not after or after == self.last:
            return []
        epoch, _, number = after.partition("-")
        first = self._count - len(self._kept)
        seen = int(number) if _NUMBER.match(number) else -1
        if epoch != self._epoch or not first <= seen <= self._count:
            return [Message(id=self.last, kind="reload", data={})]
        return [
            message for message in self._kept if int(message.id.partition("-")[2]) > int(number)
        ]


async def _next(queue: asyncio.Queue[Message | None]) -> Message | bytes | None:
    try:
        async with asyncio.timeout(15):
            return await queue.get()
    except TimeoutError:
        return ALIVE
