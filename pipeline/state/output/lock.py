"""One run of a campaign at a time: a kernel lock, gone with the process that held it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.errors import LocalFault, LockHeld

LOCK_FILE = ".lock"


@contextmanager
def campaign_lock(output: Path, campaign: str) -> Iterator[None]:
    """Hold the campaign for this process; `LockHeld` at once where another one has it.

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
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 64, 0).decode(errors="replace").strip()
            raise LockHeld(
                f"another run of {campaign} is alive{f' (process {holder})' if holder else ''}; "
                "nothing was sent"
            ) from None
        except OSError as error:
            raise LocalFault(f"cannot lock {place}: {error.strerror}") from error
        with suppress(OSError):  # a full disk forgets who holds it; the lock is the kernel's
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
