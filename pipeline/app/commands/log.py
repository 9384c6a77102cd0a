"""The logs of a campaign's runs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.app.named_campaign import campaign_in
from pipeline.errors import UsageError
from pipeline.files.unreadable import read_file
from pipeline.model.names import Slug
from pipeline.state.output.run_folders import LOG, manifest_heads, run_folder, run_names

MOST_NAMED = 3
"""Most runs that are named to somebody who asks for one that is not there."""
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
    campaign = campaign_in(output, options.campaign)
    for log in _chosen(options, output, campaign):
        for line in _lines(log):
            if not options.failed or line.get("event") in FAILURES:
                yield line


def unknown_run(run: str, known: Sequence[str], *, folder: Path) -> UsageError:
    """Return the error for a run that is not there, with the newest runs; `known`: oldest first."""
    if not known:
        return UsageError(f"there is no run {run}: {folder} has no runs yet")
    newest = ", ".join(reversed(known[-MOST_NAMED:]))
    are = "the newest is" if len(known) == 1 else "the newest are"
    return UsageError(f"there is no run {run} in {folder}; {are} {newest}")


def _chosen(options: LogOptions, output: Path, campaign: Slug) -> Sequence[Path]:
    """Return the logs that are asked for, oldest first."""
    if options.run:
        folder = run_folder(output, campaign)
        log = folder / options.run / LOG
        if options.run not in run_names(folder) or not log.is_file():
            raise unknown_run(options.run, run_names(folder), folder=folder)
        return [log]
    newest = output / campaign / "latest" / LOG
    if newest.is_file() and not options.all:
        return [newest]
    logs = _logs(output, campaign)
    return logs if options.all else logs[-1:]


def _logs(output: Path, campaign: Slug) -> list[Path]:
    """Return the logs of a campaign's runs in the order in which they began, newest last.

    A run without a manifest was ended before it could send anything.
    """
    told = [head.place.with_name(LOG) for head in manifest_heads(output, campaign)]
    others = sorted({*run_folder(output, campaign).glob(f"*/{LOG}")} - {*told})
    return [log for log in (*others, *told) if log.is_file()]


def _lines(log: Path) -> Iterator[Mapping[str, object]]:
    for text in read_file(log).decode("utf-8", "replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            yield line
