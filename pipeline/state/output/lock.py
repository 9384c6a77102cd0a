"""One run of a campaign at a time: a lock that the kernel releases when the process ends."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.errors import LocalFault, LockHeld
from pipeline.files.confined import ConfinedPath, open_to_lock
from pipeline.files.locks import try_lock

LOCK_FILE = ".lock"
_TRIES = 3
_PAUSE = 0.02
"""Seconds between tries: `run_is_alive` of another process holds the lock for microseconds."""


@contextmanager
def campaign_lock(output: Path, campaign: str) -> Iterator[None]:
    """Hold the campaign for this process; `LockHeld` at once if another process has it.

    The file stays behind on purpose: removing it would let two runs lock two files.
    """
    place = output / campaign / LOCK_FILE
    try:
        output.mkdir(parents=True, exist_ok=True)
        handle = open_to_lock(output, ConfinedPath(folders=(campaign,), name=LOCK_FILE))
    except OSError as error:
        raise LocalFault(f"cannot write to {place.parent}: {error.strerror}") from error
    try:
        try:
            held = _lock(handle)
        except OSError as error:
            raise LocalFault(f"cannot lock {place}: {error.strerror}") from error
        if held is None:
            holder = os.pread(handle, 64, 0).decode(errors="replace").strip()
            raise LockHeld(
                f"another run of {campaign} is alive{f' (process {holder})' if holder else ''}; "
                "nothing was sent"
            )
        handle = held
        with suppress(OSError):  # without the process id, on a full disk, the lock still holds
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def run_is_alive(output: Path, campaign: str) -> bool:
    """Return whether a process holds the campaign's lock now; never waits, writes nothing."""
    try:
        handle = os.open(output / campaign / LOCK_FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        held = try_lock(handle, shared=True)
    except OSError:
        return False
    else:
        handle = handle if held is None else held
        return held is None
    finally:
        os.close(handle)


def _lock(handle: int) -> int | None:
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE)
        held = try_lock(handle)
        if held is not None:
            return held
    return None
