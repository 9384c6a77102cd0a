"""File names that this machine cannot write: found before anything is bought under them."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from pipeline.errors import UsageError

LONGEST_ADDITION = len(".0123456789ab") + len(".webp.part")
"""Bytes that an image's name may grow by: a second name, another ending, while it is written."""


def refuse_unwritable(root: Path, paths: Iterable[str]) -> None:
    """Raise `UsageError` if a path cannot be a file below the folder, whatever the disk holds."""
    longest = os.pathconf(root, "PC_NAME_MAX")
    unwritable: list[str] = []
    long: list[str] = []
    for path in paths:
        if not _is_encodable(path):
            unwritable.append(path)
        elif _longest_part(path) > longest:
            long.append(path)
    if unwritable:
        encoding = sys.getfilesystemencoding()
        raise UsageError(
            f"{unwritable[0]!a} cannot be written: file names are {encoding} here"
            f"{_others(unwritable)}. Nothing was sent.\n"
            "Next  set PYTHONUTF8=1, or a UTF-8 locale such as LC_ALL=C.UTF-8, and run it again"
        )
    if long:
        raise UsageError(
            f"{long[0]} cannot be written: the file system of {root} takes names of {longest} "
            f"bytes{_others(long)}. Nothing was sent.\n"
            "Next  give shorter ids, a shorter output.path, or another folder with --output"
        )


def _is_encodable(path: str) -> bool:
    if path.isascii():
        return True
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return True


def _longest_part(path: str) -> int:
    *folders, name = PurePosixPath(path).parts
    lengths = [len(os.fsencode(folder)) for folder in folders]
    return max(*lengths, len(os.fsencode(name)) + LONGEST_ADDITION, 0)


def _others(paths: list[str]) -> str:
    return f" (and {len(paths) - 1:,} more)" if len(paths) > 1 else ""
