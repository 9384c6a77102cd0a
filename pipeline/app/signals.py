"""The first signal drains, the second aborts."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.errors import Interrupted
from pipeline.purchasing.halt import Halt

ENDINGS = {signal.SIGINT: 130, signal.SIGTERM: 143}


@contextmanager
def listen_for_signals(halt: Halt, *, drain: float, tell: Callable[[str], None]) -> Iterator[None]:
    """While inside: a signal stops the buying, and aborts the current task when it must.

    Images in flight are waited for, for `drain` seconds at most; a second signal does not wait.
    """
    loop = asyncio.get_running_loop()
    rendering = asyncio.current_task()
    timers: list[asyncio.TimerHandle] = []

    def abort() -> None:
        if rendering is not None:
            rendering.cancel()

    def received(which: signal.Signals) -> None:
        if timers:
            tell("aborting: what is in flight will be in doubt")
            abort()
            return
        halt.because(Interrupted(signal_name=which.name, exit_code=ENDINGS[which]))
        tell(f"{which.name}: waiting for images in flight, at most {drain:g} s; again to abort")
        timers.append(loop.call_later(drain, abort))

    for which in ENDINGS:
        loop.add_signal_handler(which, received, which)
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
        for which in ENDINGS:
            loop.remove_signal_handler(which)
