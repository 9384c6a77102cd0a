"""Words on a terminal: colour where it is wanted, and talk that can never end a paid run."""

import contextlib
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO
from unicodedata import category, east_asian_width

STYLES: Mapping[str, str] = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "38;5;28",
    "yellow": "38;5;166",
    "cyan": "38;5;31",
}
"""Shades that are read on black and on white alike; the basic yellow and cyan vanish on white."""


def wants_colour(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this stream shows colour: a terminal, no NO_COLOR, not dumb."""
    if environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    return bool(environment.get("FORCE_COLOR")) or is_terminal(stream)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person may be watching; a closed stream is nobody."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def paint(text: str, *styles: str, stream: TextIO | None = None) -> str:
    """The text in these styles, where the stream shows them."""
    if not text or not wants_colour(stream or sys.stdout):
        return text
    return f"\x1b[{';'.join(STYLES[style] for style in styles)}m{text}\x1b[0m"


def width(most: int = 100) -> int:
    """Columns to write into."""
    return min(most, shutil.get_terminal_size((80, 24)).columns)


def say(text: str = "", *, stream: TextIO | None = None) -> None:
    """Write one line of talk to stderr; a closed or full stream is not an error of the run."""
    with contextlib.suppress(OSError, ValueError):
        print(_encodable(text, stream or sys.stderr), file=stream or sys.stderr, flush=True)


def _encodable(text: str, stream: TextIO) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, errors="replace").decode(encoding)


def table(rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> list[str]:
    """Lay rows out in columns, two blanks apart; columns in `right` are flushed right."""
    widths = [max(breadth(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        blanks = [" " * (most - breadth(cell)) for cell, most in zip(row, widths, strict=True)]
        cells = [
            blank + cell if column in right else cell + blank
            for column, (cell, blank) in enumerate(zip(row, blanks, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def breadth(text: str) -> int:
    """Columns that a text takes on a terminal: wide letters two, marks on letters none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if category(letter) in _WIDTHLESS else 1 + (east_asian_width(letter) in "WF")
        for letter in text
    )


_WIDTHLESS = ("Mn", "Me", "Cf")
"""Marks on letters, and signs that only tell how others are drawn."""


def clipped(text: str, most: int) -> str:
    """The text, its middle left out where it takes more columns than this."""
    if breadth(text) <= most:
        return text
    head, tail = text[: (most - 1) // 2], text[len(text) - most // 2 :]
    while breadth(head) > (most - 1) // 2:
        head = head[:-1]
    while breadth(tail) > most // 2:
        tail = tail[1:]
    return f"{head}…{tail}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 image`, `2 images`, `1,000 images`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
