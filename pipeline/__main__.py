"""`python -m pipeline`, and the `pipeline` command."""

import gc
import sys

from pipeline.cli.main import main


def run() -> None:
    """Run one command line and exit with its code."""
    code = main(sys.argv[1:])
    # Python looks for garbage several times while it ends: a tenth of what `status` takes.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    run()
