"""Waiting for a coroutine where no event loop may be used: in a thread, or in a task's process."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

_lock = threading.Lock()
_loops: list[asyncio.AbstractEventLoop] = []


def wait_for(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end, and return its result; blocks.

    It runs in a thread of its own, so that this may be called while an event loop runs here.
    """
    return asyncio.run_coroutine_threadsafe(coroutine, _loop()).result()


def _loop() -> asyncio.AbstractEventLoop:
    with _lock:
        if not _loops:
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="object store", daemon=True).start()
            _loops.append(loop)
        return _loops[0]
