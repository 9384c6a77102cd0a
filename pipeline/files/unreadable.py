"""Files that cannot be read: because of the file that was named, or because this machine fails."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pipeline.system_errors import expected_error

PIECE = 1024 * 1024
"""Bytes that are read at one time."""
_OF_THE_FILE = frozenset(
    {
        *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM),
        *(errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.ENXIO, errno.ENODEV),
    }
)
"""Missing, no file, not permitted, a link that leads nowhere, a name that no file can have."""


def raise_machine_fault(error: OSError, place: Path) -> None:
    """Raise `LocalFault` unless the file that was named is itself the reason.

    A failing disk and too many open files are no mistake in a campaign file. Nor do they show that
    there is no file: taken for that, a run manifest that cannot be read would hide what its run
    has bought.
    """
    if error.errno in _OF_THE_FILE:
        return
    if error.filename is None:
        error.filename = str(place)
    if fault := expected_error(error):
        raise fault from error


def read_file(place: Path) -> bytes:
    """Return the content of a file; raise `LocalFault` if the machine fails, else `OSError`."""
    try:
        with place.open("rb") as file:
            return read_open_file(file)
    except OSError as error:
        raise_machine_fault(error, place)
        raise


def read_lines(place: Path) -> Iterator[bytes]:
    """Yield the lines of a file, without their ends; errors as in `read_file`."""
    try:
        with place.open("rb") as file:
            rest = b""
            while piece := read_open_file(file, PIECE):
                *lines, rest = (rest + piece).split(b"\n")
                yield from lines
            if rest:
                yield rest
    except OSError as error:
        raise_machine_fault(error, place)
        raise


def read_open_file(file: BinaryIO, most: int = -1) -> bytes:
    """Return the rest of an open file, or its next `most` bytes; `OSError` if it has none to give.

    Python returns `None` where a file system that does not answer says EAGAIN.
    """
    content: bytes | None = file.read(most)
    if content is None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return content
