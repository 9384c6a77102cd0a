"""Writing to a terminal: colours, tables, and messages whose failure never ends a paid run."""

import contextlib
import errno
import io
import os
import re
import select
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO, cast
from unicodedata import category, east_asian_width

from pipeline.files.background_writer import BackgroundWriter, json_notice, plain_notice

STYLES: Mapping[str, str] = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "38;5;28",
    "yellow": "38;5;166",
    "cyan": "38;5;31",
}
"""Shades that can be read on black and on white; the basic yellow and cyan vanish on white."""


def wants_colour(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether this stream shows colour: a terminal that is not dumb, without NO_COLOR."""
    if environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    return bool(environment.get("FORCE_COLOR")) or is_terminal(stream)


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal; a closed one is not."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def say_steps(steps: Sequence[tuple[str, str]]) -> None:
    """Print the next commands on stderr, each after `Next`, `then` or `or`.

    A remark after `  # ` that does not fit stands below its command.
    """
    for word, step in steps:
        command, mark, remark = step.partition("  # ")
        fits = not is_terminal(sys.stderr) or breadth(f"{word:<4}  {step}") <= width(most=120)
        shown = paint(f"# {remark}", "dim", stream=sys.stderr) if mark else ""
        say(
            f"{paint(f'{word:<4}', 'bold', stream=sys.stderr)}  {command}"
            + (f"  {shown}" if shown and fits else "")
        )
        if shown and not fits:
            say(f"      {shown}")


def paint(text: str, *styles: str, stream: TextIO | None = None) -> str:
    """Return the text in these styles, or as it is if the stream shows none."""
    if not text or not wants_colour(stream or sys.stdout):
        return text
    return f"\x1b[{';'.join(STYLES[style] for style in styles)}m{text}\x1b[0m"


def width(most: int = 100) -> int:
    """Return the width in columns: from COLUMNS, else of the terminal, else 80."""
    columns = int(text) if (text := os.environ.get("COLUMNS", "")).isdecimal() else 0
    if not columns and sys.__stdout__ is not None:  # as shutil does, which is slow to import
        with contextlib.suppress(OSError, ValueError):
            columns = os.get_terminal_size(sys.__stdout__.fileno()).columns
    return min(most, columns or 80)


@contextlib.contextmanager
def stderr_in_background(*, as_json: bool) -> Iterator[None]:
    """Write stderr from a thread while inside, so that a stalled reader does not stop a run."""
    stream = sys.stderr
    try:
        stream.flush()
        descriptor, encoding = stream.fileno(), stream.encoding
    except (AttributeError, OSError, ValueError):  # closed, or a test's: it has no descriptor
        yield
        return
    notice = json_notice if as_json else plain_notice
    writer = BackgroundWriter(descriptor, notice=notice, encoding=encoding)
    sys.stderr = cast("TextIO", writer)
    try:
        yield
    finally:
        sys.stderr = stream
        writer.close()


RESULT_PATIENCE = 60.0
"""Seconds that a run, which still holds its campaign, waits for a reader of its result."""
_AT_ONCE = 4096
"""Bytes that a pipe takes whole whenever it is ready for writing, see pipe(7)."""


def write_result(pieces: Iterable[str]) -> None:
    """Write a long result to stdout; `OSError` if its reader has left, or reads no more."""
    try:
        sys.stdout.flush()
        descriptor = sys.stdout.fileno()
    except (AttributeError, ValueError, io.UnsupportedOperation):  # closed, or a test's
        for piece in pieces:
            print(piece, end="")
        return
    ready = select.poll()
    ready.register(descriptor, select.POLLOUT)
    for piece in pieces:
        left = piece.encode(sys.stdout.encoding, "backslashreplace")
        while left:
            if not ready.poll(RESULT_PATIENCE * 1000):
                raise OSError(errno.ETIMEDOUT, f"nobody read it for {RESULT_PATIENCE:.0f} s")
            left = left[os.write(descriptor, left[:_AT_ONCE]) :]


def leave_stdout() -> None:
    """Drop text that could not be written to stdout, so that Python does not try it again."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        try:
            sys.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.stdout.flush()


def say(text: str = "", *, stream: TextIO | None = None) -> None:
    """Write one line to stderr; a closed or full stream is not an error of the run."""
    with contextlib.suppress(OSError, ValueError):
        print(_encodable(text, stream or sys.stderr), file=stream or sys.stderr, flush=True)


def folded(text: str, *, stream: TextIO, indent: str = "  ", most: int = 120) -> list[str]:
    """Return a text as lines that fit the terminal; without a terminal, as one line."""
    return wrapped(text, width(most) - 1, indent=indent) if is_terminal(stream) else [text]


def shown_path(path: Path) -> str:
    """Return a path as a person would type it: relative if it is below the current folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (OSError, ValueError):
        return str(path)


def tell(word: str, message: str, *, colour: str) -> None:
    """Print `word: message` on stderr, each line of the message folded to the terminal."""
    for nth, line in enumerate(f"{word}: {message}".splitlines()):
        first, *rest = folded(line, stream=sys.stderr)
        coloured = paint(word, colour, "bold", stream=sys.stderr)
        for shown in (first if nth else coloured + first.removeprefix(word), *rest):
            say(shown)


def wrapped(text: str, columns: int, *, indent: str) -> list[str]:
    """Return a text as lines of at most this many columns, broken between words.

    A command at the end of the text stays on one line, so that it can be copied.
    """
    words, command, rest = text.partition("  pipeline ")
    lines = [""]
    for word in (*re.findall(r"\s*\S+", words), *filter(None, [command + rest])):
        if not lines[-1].strip() or breadth(lines[-1] + word) <= columns:
            lines[-1] += word.replace("\n", " ")
        else:
            lines.append(indent + word.lstrip())
    return [line.rstrip() for line in lines]


def _encodable(text: str, stream: TextIO) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, errors="replace").decode(encoding)


def table(rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> list[str]:
    """Lay rows out in columns, two blanks apart; columns in `right` are aligned to the right."""
    if not rows:
        return []
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
    """Return the columns of a text: wide characters take two, combining marks and styles none."""
    if "\x1b" in text:
        text = _STYLE.sub("", text)
    if text.isascii():
        return len(text)
    return sum(
        0 if category(letter) in _WIDTHLESS else 1 + (east_asian_width(letter) in "WF")
        for letter in text
    )


_STYLE = re.compile("\x1b\\[[0-9;]*m")
_WIDTHLESS = ("Mn", "Me", "Cf")
"""Unicode categories of combining marks and of invisible formatting characters."""


def clipped(text: str, most: int) -> str:
    """Return the text, without its middle if it takes more columns than `most`."""
    if breadth(text) <= most:
        return text
    head, tail = text[: (most - 1) // 2], text[len(text) - most // 2 :]
    while breadth(head) > (most - 1) // 2:
        head = head[:-1]
    while breadth(tail) > most // 2:
        tail = tail[1:]
    return f"{head}…{tail}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return `1 image`, `2 images` or `1,000 images`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
