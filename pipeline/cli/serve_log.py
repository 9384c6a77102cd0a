"""The log of `serve`: one line for each request and each error."""

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

from pipeline.imageserver.api.request_log import RequestRecord

_MOST_WAITING = 10_000


class LogStyle(StrEnum):
    """The form of the lines."""

    TEXT = "text"
    JSON = "json"
    OFF = "off"


@contextmanager
def logging_requests(style: LogStyle) -> Iterator[None]:
    """Log to stderr while inside; a terminal that stops reading never stops the server."""
    if style is LogStyle.OFF:
        yield
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if style is LogStyle.JSON else _TextLines())
    records: queue.Queue[logging.LogRecord] = queue.Queue(_MOST_WAITING)
    listener = QueueListener(records, handler)
    forwarding = _Forwarding(records)
    logger = logging.getLogger("pipeline.imageserver")
    logger.addHandler(forwarding)
    logger.setLevel(logging.INFO)
    listener.start()
    try:
        yield
    finally:
        logger.removeHandler(forwarding)
        listener.stop()


class _Forwarding(QueueHandler):
    """Queues records unformatted, and drops them while the queue is full."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Return the record; another thread of this process formats it."""
        return record

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Drop a record while the queue is full."""


class _TextLines(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s  %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Return time and message, and the level if it is a warning or worse."""
        line = super().format(record)
        if record.levelno <= logging.INFO:
            return line
        at, _, rest = line.partition("  ")
        return f"{at}  {record.levelname.lower()}: {rest}"


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return one object on one line."""
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
        }
        answered = getattr(record, "answered", None)
        if isinstance(answered, RequestRecord):
            return json.dumps(line | {"event": "request"} | asdict(answered))
        line |= {"event": "message", "message": record.getMessage()}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line)
