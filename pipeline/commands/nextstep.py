"""The command that is named as the next one: it stays with the file, account and cells given."""

import argparse
import shlex

CHOOSING = frozenset({"plan", "run", "finals"})
"""Commands that take a choice of cells and a limit."""


def next_step(arguments: argparse.Namespace, command: str, *words: str) -> str:
    """`pipeline COMMAND FILE WORDS` as a shell reads it, with the flags that were given here.

    Another provider, output folder or choice of cells would be another account or another bill.
    """
    line = ["pipeline", command, str(arguments.campaign), *words]
    for flag in ("provider", "output"):
        value = getattr(arguments, flag, None)
        if value is not None:
            line += [f"--{flag}", str(value)]
    if command in CHOOSING:
        for glob in getattr(arguments, "only", None) or ():
            line += ["--only", str(glob)]
        limit = getattr(arguments, "max_credits", None)
        if limit is not None:
            line += ["--max-credits", str(limit)]
    return shlex.join(line)
