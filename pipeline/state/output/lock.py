"""One run of a campaign at a time: a lock that the kernel releases when the process ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.errors import LocalFault, LockHeld

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
        place.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise LocalFault(f"cannot write to {place.parent}: {error.strerror}") from error
    try:
        try:
            held = _lock(handle)
        except OSError as error:
            raise LocalFault(f"cannot lock {place}: {error.strerror}") from error
        if not held:
            holder = os.pread(handle, 64, 0).decode(errors="replace").strip()
            raise LockHeld(
                f"another run of {campaign} is alive{f' (process {holder})' if holder else ''}; "
                "nothing was sent"
            )
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
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(handle)
    return False


def _lock(handle: int) -> bool:
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE)
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    return False
