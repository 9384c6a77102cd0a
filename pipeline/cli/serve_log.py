"""What `serve` says while it serves: one line for each request, and what went wrong."""

import json
import logging
import queue
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from logging.handlers import QueueHandler, QueueListener

from pipeline.imageserver.api.request_log import Answered

_MOST_WAITING = 10_000


class LogStyle(StrEnum):
    """How the lines look."""

    TEXT = "text"
    JSON = "json"
    OFF = "off"


@contextmanager
def telling(style: LogStyle) -> Iterator[None]:
    """Lines on stderr while inside; a terminal that stops reading never stops the server."""
    if style is LogStyle.OFF:
        yield
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if style is LogStyle.JSON else _TextLines())
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(_MOST_WAITING)
    listener = QueueListener(waiting, handler)
    forwarding = _Forwarding(waiting)
    room = logging.getLogger("pipeline.imageserver")
    room.addHandler(forwarding)
    room.setLevel(logging.INFO)
    listener.start()
    try:
        yield
    finally:
        room.removeHandler(forwarding)
        listener.stop()


class _Forwarding(QueueHandler):
    """Hands records over as they are; what does not fit is left out."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Another thread of this process formats it."""
        return record

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """A line less, when nobody has read the last ten thousand."""


class _TextLines(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s  %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Time and message; a level only where it is a warning or worse."""
        told = super().format(record)
        if record.levelno <= logging.INFO:
            return told
        at, _, rest = told.partition("  ")
        return f"{at}  {record.levelname.lower()}: {rest}"


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """One object on one line."""
        at = datetime.fromtimestamp(record.created, UTC)
        told: dict[str, object] = {
            "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
        }
        answered = getattr(record, "answered", None)
        if isinstance(answered, Answered):
            return json.dumps(told | {"event": "request"} | asdict(answered))
        told |= {"event": "message", "message": record.getMessage()}
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return json.dumps(told)
