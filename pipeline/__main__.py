"""`python -m pipeline`, and what the console command calls."""

import sys

from pipeline.cli.main import main


def run() -> None:
    """Run one command line and leave with its exit code."""
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
