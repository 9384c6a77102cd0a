"""The logs of a campaign's runs."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.campaign.naming import read_name
from pipeline.errors import UsageError

FAILURES = frozenset({"failed", "refused", "in_doubt", "retry", "unrecorded", "budget"})
"""Events that `--failed` shows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LogOptions:
    """The runs and the events to show."""

    campaign: Path
    """The campaign file."""
    run: str | None = None
    """The id of a run; `None`: the newest, or all."""
    all: bool = False
    """Show every run whose folder still exists."""
    failed: bool = False
    """Show only the events in `FAILURES`."""


def read_log(options: LogOptions, output: Path) -> Iterator[Mapping[str, object]]:
    """Yield the events of runs, oldest first; `UsageError` if there is no such run."""
    folder = output / read_name(options.campaign) / "runs"
    logs = sorted(folder.glob("*/log.jsonl"))
    if options.run:
        logs = [log for log in logs if log.parent.name == options.run]
        if not logs:
            raise UsageError(f"there is no run {options.run} in {folder}")
    for log in logs if options.all else logs[-1:]:
        for line in _lines(log):
            if not options.failed or line.get("event") in FAILURES:
                yield line


def _lines(log: Path) -> Iterator[Mapping[str, object]]:
    for text in log.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            yield line
