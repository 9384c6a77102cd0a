"""Running a coroutine to its end, on an event loop that never sleeps for long."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from pipeline.system_errors import expected_error

Result = TypeVar("Result")

TURN_EVERY = 1.0
"""Most seconds that the loop sleeps."""
_log = logging.getLogger(__name__)


def run_in_loop(main: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine in an event loop of its own, and return its result.

    Other threads wake the loop through a socket. If the system refuses a wake-up, it is lost
    without an error, and a caller would wait for its thread for ever; so the loop also wakes by
    itself.
    """
    results: list[Result] = []

    async def turning() -> None:
        # asyncio writes out what a task has returned, however large, when it restores SIGINT
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_tell)
        _turn(loop)
        results.append(await main)

    asyncio.run(turning())
    return results[0]


def _turn(loop: asyncio.AbstractEventLoop) -> None:
    loop.call_later(TURN_EVERY, _turn, loop)


def _tell(loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """Log a fault of the system in a callback in one line, and a bug with its traceback."""
    error = context.get("exception")
    expected = None if error is None else expected_error(error)
    if expected is None:
        loop.default_exception_handler(dict(context))
    else:
        _log.warning("%s", expected)
