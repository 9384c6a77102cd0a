"""The first signal drains, the second aborts."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.errors import Interrupted
from pipeline.purchasing.halt import Halt

ENDINGS = {signal.SIGINT: 130, signal.SIGTERM: 143}


def signals_to_handle() -> tuple[signal.Signals, ...]:
    """Return SIGINT and SIGTERM without those that this process was started to ignore.

    A shell starts the background jobs of a script with SIGINT ignored, so that a Ctrl-C meant for
    the script does not end them. Python leaves such a signal ignored while it starts, and a handler
    set later would undo what the shell was asked for. SIGTERM still ends such a run in good order.
    """
    return tuple(which for which in ENDINGS if signal.getsignal(which) is not signal.SIG_IGN)


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

    handled = signals_to_handle()
    for which in handled:
        loop.add_signal_handler(which, received, which)
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
        for which in handled:
            loop.remove_signal_handler(which)
