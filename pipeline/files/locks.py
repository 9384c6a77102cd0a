"""File locks, which end with the process that holds them, also on file systems without them."""

import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

UNSUPPORTED = frozenset(
    {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOLCK, errno.EPERM}
)
"""Errors of a file system that lacks an operation: flock, links, fsync of a folder."""


def try_lock(handle: int, *, shared: bool = False) -> int | None:
    """Lock an open file without waiting; return the descriptor to close in order to unlock it.

    Returns `None` if another process holds it. On a file system without locks, a file in the folder
    for temporary files is locked instead; this only excludes processes of this machine.
    """
    how = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
    try:
        fcntl.flock(handle, how)
    except BlockingIOError:
        return None
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
    else:
        return handle
    stand_in = _stand_in(handle)
    try:
        fcntl.flock(stand_in, how)
    except BlockingIOError:
        os.close(stand_in)
        return None
    except OSError:
        os.close(stand_in)
        raise
    os.close(handle)
    return stand_in


def takes_locks(handle: int) -> bool:
    """Return whether the file system of an open file has locks; the file is not left locked."""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(handle, fcntl.LOCK_UN)
    except BlockingIOError:
        return True
    except OSError as error:
        return error.errno not in UNSUPPORTED
    return True


def _stand_in(handle: int) -> int:
    found = os.fstat(handle)
    place = Path(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 - the file holds nothing
    name = f"pipeline-{found.st_dev:x}-{found.st_ino:x}.lock"
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(place / name, flags, 0o666)


def missing_operations(folder: Path) -> list[str]:
    """Return the operations that the file system of a folder lacks; leaves no files.

    Raises `OSError` if the folder cannot be written.
    """
    name = f".probe-{os.getpid()}"
    probe, other = folder / name, folder / f"{name}-2"
    missing = []
    handle = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        makers: dict[str, Callable[[], None]] = {
            "hard links": lambda: other.hardlink_to(probe),
            "symbolic links": lambda: other.symlink_to(name),
        }
        for words, make in makers.items():
            try:
                make()
            except OSError as error:
                if error.errno not in UNSUPPORTED:
                    raise
                missing.append(words)
            else:
                other.unlink()
        if not takes_locks(handle):
            missing.append("locks")
    finally:
        os.close(handle)
        probe.unlink()
    return missing
