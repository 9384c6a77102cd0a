"""The log of `serve`: one line for each request and each error."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum

from pipeline.imageserver.api.request_log import RequestRecord


class LogStyle(StrEnum):
    """The form of the lines."""

    TEXT = "text"
    JSON = "json"
    OFF = "off"


@contextmanager
def logging_requests(style: LogStyle) -> Iterator[None]:
    """Log to stderr while inside, without waiting for its reader: see `stderr_in_background`."""
    if style is LogStyle.OFF:
        yield
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if style is LogStyle.JSON else _TextLines())
    logger = logging.getLogger("pipeline.imageserver")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)


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
