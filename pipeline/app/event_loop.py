"""Running a coroutine to its end, on an event loop that always turns again."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from pipeline.errors import expected_error

Result = TypeVar("Result")

TURN_EVERY = 1.0
"""Seconds after which the loop turns by itself."""
_log = logging.getLogger(__name__)


def run_in_loop(main: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine in an event loop of its own, and return its result.

    Other threads wake the loop through a socket. A wake-up that the system refuses is lost without
    a word, and whoever waits for that thread would wait for ever; so the loop turns by itself too.
    """

    async def turning() -> Result:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_tell)
        _turn(loop)
        return await main

    return asyncio.run(turning())


def _turn(loop: asyncio.AbstractEventLoop) -> None:
    loop.call_later(TURN_EVERY, _turn, loop)


def _tell(loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """Tell a fault of the system in a callback of the loop in one line, and a bug as ever."""
    error = context.get("exception")
    expected = None if error is None else expected_error(error)
    if expected is None:
        loop.default_exception_handler(dict(context))
    else:
        _log.warning("%s", expected)
