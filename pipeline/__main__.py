"""`python -m pipeline`, and the `pipeline` command."""

import gc
import os
import sys

from pipeline.cli.main import main
from pipeline.cli.registry import load_part

SECRETS = ("GPTIMAGE_API_KEY", "PIPELINE_SERVE_KEY", "PIPELINE_LEDGER")
"""Variables of the environment that contain a key or a password."""


def run() -> None:
    """Run one command line and exit with its code."""
    if any(os.environ.get(name) for name in SECRETS):
        load_part("private_memory").keep_memory_private()
    code = main(sys.argv[1:])
    # Python looks for garbage several times while it ends: a tenth of what `status` takes.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    run()
