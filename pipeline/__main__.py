"""`python -m pipeline`, and the `pipeline` command."""

import gc
import io
import os
import sys

from pipeline.cli.main import main
from pipeline.cli.registry import load_part

SECRETS = (
    *("GPTIMAGE_API_KEY", "OPENAI_API_KEY", "COMPATIBLE_API_KEY"),
    *("PIPELINE_SERVE_KEY", "PIPELINE_LEDGER"),
)
"""Variables of the environment that contain a key or a password."""


def run() -> None:
    """Run one command line and exit with its code."""
    open_standard_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # a terminal or locale without a character must not end a command that names a cell with it
        sys.stdout.reconfigure(errors="backslashreplace")
    if any(os.environ.get(name) for name in SECRETS):
        load_part("private_memory").keep_memory_private()
    code = main(sys.argv[1:])
    # Python looks for garbage several times while it ends: a tenth of what `status` takes.
    gc.freeze()
    sys.exit(code)


def open_standard_streams() -> None:
    """Open stdin, stdout and stderr on the null device if a daemon has closed them.

    Otherwise the next files of the run would get their numbers, and its child processes would use
    those files as stdin and stderr.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004 - stderr is 2
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - it takes no keyword
    os.close(descriptor)
    sys.stdin = sys.stdin or os.fdopen(0, "r", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


if __name__ == "__main__":
    run()
