"""The command that is named as the next one: it stays with the file, account and cells given."""

import shlex

from pipeline.app.options import CampaignOptions

CHOOSING = frozenset({"plan", "run", "finals"})
"""Commands that take a choice of cells and a limit."""


def next_step(options: CampaignOptions, command: str, *words: str) -> str:
    """`pipeline COMMAND FILE WORDS` as a shell reads it, with the flags that were given here.

    Another provider, output folder or choice of cells would be another account or another bill.
    """
    line = ["pipeline", command, str(options.campaign), *words]
    if options.provider is not None:
        line += ["--provider", options.provider]
    if options.output is not None:
        line += ["--output", str(options.output)]
    if command in CHOOSING:
        for glob in options.only:
            line += ["--only", glob]
        if options.max_credits is not None:
            line += ["--max-credits", str(options.max_credits)]
    return shlex.join(line)
