"""Time that passes only while everybody waits: hours in milliseconds, and no hang unseen."""

import asyncio
import selectors

PATIENCE = 50_000
"""Rounds of the loop in which no time passes, after which it is said to spin."""


class Hang(AssertionError):
    """Everybody waits for somebody else, or nobody ever rests."""


class VirtualTime(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer instead of waiting for it."""

    def __init__(self):
        self.now = 0.0
        super().__init__(_Jumping(self))

    def time(self):
        return self.now


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop):
        super().__init__()
        self.loop, self.busy = loop, 0

    def select(self, timeout=None):
        if timeout is None:
            raise Hang("everybody waits, and nothing will ever happen")
        self.busy = 0 if timeout > 0 else self.busy + 1
        if self.busy > PATIENCE:
            raise Hang("the loop spins and no time passes")
        self.loop.now += max(timeout, 0.0)
        return super().select(0)


def in_virtual_time(main):
    """Run a coroutine to its end; `Hang` where it would never come."""
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        return runner.run(main)
