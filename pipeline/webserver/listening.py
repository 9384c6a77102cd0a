"""Listening sockets for aiohttp servers, and the connections that they accept.

asyncio's own listener accepts every connection. Idle connections then use up the descriptors of the
process, which its purchases need, and each one that cannot be accepted is logged with a traceback.
"""

import asyncio
import errno
import logging
import resource
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

FEWEST = 8
"""Least number of connections that a server accepts, even if few files may be open."""
BACKLOG = 128
"""Number of connections that the kernel keeps waiting."""
_PAUSE = 0.2
"""Seconds until the next try if the system refuses a connection and none can be closed."""
_SWEEP_EVERY = 1.0
_TOLD_EVERY = 60.0
_GONE = frozenset({errno.ECONNABORTED, errno.ECONNRESET, errno.EPROTO, errno.EPERM})
"""Errors of accept if the client has disconnected already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionLimits:
    """The number of connections that a server keeps, and how long one may be idle."""

    most: int
    """Most connections; above, the longest idle one is closed, or newcomers wait."""
    idle: float
    """Seconds without a whole request head, after which a connection is closed."""


def descriptor_limit() -> int:
    """Return the number of files this process may open; raise the soft limit to the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return _ENOUGH if soft == resource.RLIM_INFINITY else soft


_ENOUGH = 16384


def bind(host: str, port: int) -> list[socket.socket]:
    """Return a socket for every address of a host, all on one port; `OSError` if that fails.

    Port 0 stands for any free one.
    """
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    bound: list[socket.socket] = []
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            number = port or (bound[0].getsockname()[1] if bound else 0)
            try:
                one = socket.create_server(
                    (str(address[0]), number), family=family, backlog=BACKLOG
                )
            except OSError:
                if not bound:
                    raise
                continue  # such as ::1 on a machine without IPv6
            one.setblocking(False)  # noqa: FBT003 - it takes no keyword
            bound.append(one)
    except BaseException:
        for one in bound:
            one.close()
        raise
    return bound


@asynccontextmanager
async def listening(
    runner: web.AppRunner,
    sockets: Sequence[socket.socket],
    limits: ConnectionLimits,
    *,
    log: logging.Logger,
) -> AsyncIterator[None]:
    """Accept connections for a runner that is set up, while inside."""
    if runner.server is None:
        raise RuntimeError("the runner is not set up")
    accepting = _Listener(runner.server, limits, log=log)
    tasks = [asyncio.create_task(accepting.accept(one)) for one in sockets]
    tasks.append(asyncio.create_task(accepting.close_idle()))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for one in sockets:
            one.close()


class _Listener:
    def __init__(
        self, server: web.Server, limits: ConnectionLimits, *, log: logging.Logger
    ) -> None:
        self._server, self._limits, self._log = server, limits, log
        self._idle_since: dict[web.RequestHandler, float] = {}
        self._told = float("-inf")

    async def accept(self, listener: socket.socket) -> None:
        """Accept connections, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError as error:
                if error.errno not in _GONE:
                    await self._refused(error)
                continue
            try:
                while len(self._open()) >= self._limits.most:
                    if not self._close_longest_idle():
                        await asyncio.sleep(_PAUSE)
                _, protocol = await loop.connect_accepted_socket(self._server, connection)
            except OSError as error:
                connection.close()
                await self._refused(error)
            except asyncio.CancelledError:
                connection.close()
                raise
            else:
                self._idle_since[protocol] = time.monotonic()

    async def close_idle(self) -> None:
        """Close connections that have been idle for too long, for ever."""
        while True:
            await asyncio.sleep(min(_SWEEP_EVERY, self._limits.idle))
            latest = time.monotonic() - self._limits.idle
            for protocol, since in self._idle().items():
                if since <= latest:
                    protocol.force_close()

    async def _refused(self, error: OSError) -> None:
        """Free a descriptor for a connection that the system refused, or wait a little."""
        now = time.monotonic()
        if now - self._told > _TOLD_EVERY:
            self._told = now
            self._log.warning(
                "no new connection is taken, besides the %d that are open: %s. "
                "What runs goes on. Allow more open files (ulimit -n), and start it again",
                len(self._server.connections),
                error.strerror or error,
            )
        if not self._close_longest_idle():
            await asyncio.sleep(_PAUSE)

    def _close_longest_idle(self) -> bool:
        idle = self._idle()
        if not idle:
            return False
        longest = min(idle, key=idle.__getitem__)
        longest.force_close()
        return True

    def _open(self) -> list[web.RequestHandler]:
        """Return the connections, without those that are being closed."""
        known = self._server.connections
        if len(known) < self._limits.most:
            return known
        return [one for one in known if one.transport is not None]

    def _idle(self) -> dict[web.RequestHandler, float]:
        """Return the idle connections, and since when each of them waits for a request."""
        now = time.monotonic()
        self._idle_since = {
            one: self._idle_since.get(one, now)
            for one in self._server.connections
            if one.transport is not None and one._waiter is not None  # noqa: SLF001 - the one sign of idleness that aiohttp has
        }
        return self._idle_since
