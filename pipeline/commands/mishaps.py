"""What goes wrong at the front door: a command that does not exist, and a bug.

Apart from the front door, since what these need would be half of its cost.
"""

import difflib
import os
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from pipeline.commands.registry import COMMANDS
from pipeline.commands.terminal import paint, say


def unknown(name: str) -> str:
    """What to say of a word that is no command."""
    names = [listing.name for listing in COMMANDS]
    close = difflib.get_close_matches(name, names, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return f"there is no command {name!r}{hint}; pipeline --help lists them"


def tell_bug() -> None:
    """A bug: the trace goes to a file, since a terminal forgets; keys are never in it."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    place = Path(tempfile.gettempdir()) / f"pipeline-bug-{stamp}-{os.getpid()}.log"
    trace = traceback.format_exc()
    try:
        place.write_text(trace)
        where = f"the trace is in {place}"
    except OSError:
        where = trace
    say(
        f"{paint('bug', 'red', 'bold', stream=sys.stderr)}: this should not have happened; {where}."
        "\nWhat was paid for is in the ledger, and running again is safe."
    )
