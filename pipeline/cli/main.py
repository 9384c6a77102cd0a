"""The front door: find the command, run it, and turn its end into an exit code."""

import argparse
import os
import sys
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import NoReturn

import pipeline
from pipeline.cli.findings import tell_finding
from pipeline.cli.registry import COMMANDS, CommandEntry, find, load_part
from pipeline.cli.terminal import paint, say
from pipeline.errors import CampaignError, Declined, Interrupted, PipelineError, UsageError

EPILOGUE = """\
A first campaign
  pipeline run campaigns/citrus-soda.yaml      drafts, the best of them, finals; no key needed
  pipeline plan campaigns/spring-launch.yaml   what a run would make and cost
"""


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints end like every other refusal, with a suggestion."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise UsageError(f"{message}\n{self.format_usage().strip()}")


def main(words: Sequence[str]) -> int:
    """Run one command line."""
    try:
        return _run(words)
    except PipelineError as error:
        code = error.ends_with if isinstance(error, Interrupted) else error.exit_code
        if _logs_json(words):
            load_part("mistakes").log_error(error, exit_code=code)
        else:
            _tell(error)
        return code
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    except BrokenPipeError:
        # nobody reads the result any more; the interpreter must not complain at its exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # noqa: BLE001 - exceptions end here, and a bug must leave a trace
        load_part("mistakes").tell_bug(as_json=_logs_json(words))
        return 1


def _logs_json(words: Sequence[str]) -> bool:
    """Whether a program reads what is said: also where the command line itself is wrong."""
    return "--log=json" in words or ("--log", "json") in pairwise(words)


def _run(words: Sequence[str]) -> int:
    if not words or words[0] in {"-h", "--help", "help"}:
        print(_overview())
        return 0
    if words[0] == "--version":
        print(f"campaign-pipeline {pipeline.__version__}")
        return 0
    listing = find(words[0])
    if listing is None:
        raise UsageError(load_part("mistakes").unknown(words[0]))
    command = listing.load()
    parser = Parser(
        prog=f"pipeline {listing.name}",
        description=listing.help + ".",
        allow_abbrev=False,
    )
    command.add_arguments(parser)
    return command.run(parser.parse_args(list(words[1:])))


def _overview() -> str:
    lines = [
        "Campaigns as code: drafts, a human look, then finals; every credit accounted for.",
        "",
        f"{paint('Usage', 'bold')}  pipeline <command> [campaign file] [options]",
    ]
    longest = max(len(listing.name) for listing in COMMANDS)
    for group, listings in groupby(COMMANDS, key=lambda listing: listing.group):
        lines += ["", paint(group, "bold"), *(_entry(one, longest) for one in listings)]
    lines += ["", EPILOGUE, "pipeline <command> --help shows the options of one command"]
    return "\n".join(lines)


def _entry(listing: CommandEntry, longest: int) -> str:
    return f"  {paint(listing.name.ljust(longest), 'cyan')}  {listing.help}"


def _tell(error: PipelineError) -> None:
    if isinstance(error, CampaignError):
        for finding in error.findings:
            tell_finding(finding, stream=sys.stderr)
        return
    if isinstance(error, Declined):
        say(str(error))
        return
    say(f"{paint('error', 'red', 'bold', stream=sys.stderr)}: {error}")
