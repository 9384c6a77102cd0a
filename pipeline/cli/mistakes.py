"""What goes wrong at the front door: a command that does not exist, and a bug.

Apart from the front door, since what these need would be half of its cost.
"""

import os
import sys
import tempfile
import traceback
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from pipeline.cli.registry import COMMANDS
from pipeline.cli.terminal import paint, say
from pipeline.errors import CampaignError, PipelineError
from pipeline.reports.journal import Journal
from pipeline.suggestions import did_you_mean


def unknown(name: str) -> str:
    """What to say of a word that is no command."""
    names = [listing.name for listing in COMMANDS]
    return f"there is no command {name!r}{did_you_mean(name, names)}; pipeline --help lists them"


def log_error(error: PipelineError, *, exit_code: int) -> None:
    """Say why there is no run, as a line of the log; every finding with its place."""
    findings = error.findings if isinstance(error, CampaignError) else ()
    told = [asdict(finding) for finding in findings]
    Journal(sys.stderr).write("error", message=str(error), exit_code=exit_code, findings=told)


def tell_bug(*, as_json: bool = False) -> None:
    """A bug: the trace goes to a file, since a terminal forgets; keys are never in it."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    place = Path(tempfile.gettempdir()) / f"pipeline-bug-{stamp}-{os.getpid()}.log"
    trace = traceback.format_exc()
    try:
        place.write_text(trace)
        where = f"the trace is in {place}"
    except OSError:
        where = trace
    words = (
        f"this should not have happened; {where}."
        "\nWhat was paid for is in the ledger, and running again is safe."
    )
    if as_json:
        Journal(sys.stderr).write("error", message=f"bug: {words}", exit_code=1)
    else:
        say(f"{paint('bug', 'red', 'bold', stream=sys.stderr)}: {words}")
