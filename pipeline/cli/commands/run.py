"""`pipeline run FILE` and `pipeline finals FILE`: render what is due."""

import argparse
import sys

from pipeline.app.options import RunOptions
from pipeline.app.run.campaign_file import run_campaign_file
from pipeline.cli.flags import (
    add_batch,
    add_campaign,
    add_common,
    add_executor,
    add_feeds,
    add_limits,
    add_only,
    campaign_flags,
    duration,
    names_of,
    settings_of,
    whole_number,
)
from pipeline.cli.registry import load_part
from pipeline.errors import LockHeld
from pipeline.model.coordination import WHOLE, Shard, read_shard
from pipeline.model.names import Stage
from pipeline.settings import Settings


class RunCommand:
    """`pipeline run`: both stages, or one."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""
        parser.add_argument("--stage", choices=names_of(Stage), help="render only this stage")
        _add_rendering(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Render, and return the exit code."""
        stage = Stage(arguments.stage) if arguments.stage else None
        return _run(arguments, stage=stage)


class FinalsCommand:
    """`pipeline finals`: the final stage; on a terminal, it asks before it spends anything."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""
        _add_rendering(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Render, and return the exit code."""
        return _run(arguments, stage=Stage.FINAL, ask_always=_has_no_limit(arguments))


def _has_no_limit(arguments: argparse.Namespace) -> bool:
    return arguments.max_credits is None and arguments.max_cost is None


COMMANDS = {"run": RunCommand(), "finals": FinalsCommand()}


def _add_rendering(parser: argparse.ArgumentParser) -> None:
    add_campaign(parser)
    add_only(parser)
    add_limits(parser)
    add_batch(parser)
    parser.add_argument(
        "--concurrency",
        type=whole_number,
        metavar="N",
        help="number of requests in flight (default: 8)",
    )
    parser.add_argument(
        "--retry-failed",
        action="store_true",
        help="send again what the provider rejected or refused",
    )
    parser.add_argument(
        "--rebuy-lost",
        action="store_true",
        help="download paid images that were lost, or buy them again",
    )
    parser.add_argument(
        "--stop-after",
        type=duration,
        metavar="TIME",
        help="stop buying after this time, such as 90s, 30m or 2h",
    )
    parser.add_argument(
        "--drain",
        type=duration,
        metavar="TIME",
        help="how long to wait for images in flight after the first signal (default: 2m)",
    )
    _add_share(parser)
    parser.add_argument("--yes", action="store_true", help="spend without confirmation")
    parser.add_argument(
        "--no-input", action="store_true", help="never ask; only budgets limit the run"
    )
    parser.add_argument(
        "--log",
        choices=["text", "json"],
        default="text",
        help="write text, or one JSON object per line, to stderr (default: text)",
    )
    parser.add_argument(
        "--detailed-exitcode",
        action="store_true",
        help="exit with 5 instead of 0 if drafts wait for review or ordered images are being made",
    )
    add_executor(parser)
    add_feeds(parser)
    add_common(parser, quiet="print only problems, and what a person has to do")


def _add_share(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--shard",
        type=_shard,
        default=WHOLE,
        metavar="K/N",
        help="render the K-th of N shares of the campaign, each with an output folder of its own; "
        "needs a ledger in Postgres. The limit of a run is divided by N",
    )
    parser.add_argument(
        "--plan", metavar="ID", help="run only if the work is exactly what this plan showed"
    )
    parser.add_argument(
        "--new-ledger",
        action="store_true",
        help="begin a ledger here, although one nearby knows the campaign: all is bought anew",
    )


def _shard(text: str) -> Shard:
    try:
        return read_shard(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _run(arguments: argparse.Namespace, *, stage: Stage | None, ask_always: bool = False) -> int:
    settings = settings_of(arguments)
    try:
        return run_campaign_file(
            _options(arguments, stage),
            settings,
            open_console=lambda: _console(arguments, settings, ask_always=ask_always),
        )
    except LockHeld as held:
        # an overlap is expected under cron; a subclass of the error says that something is wrong
        if type(held) is LockHeld and arguments.quiet and arguments.log == "text":
            return held.exit_code
        raise


def _console(arguments: argparse.Namespace, settings: Settings, *, ask_always: bool) -> object:
    """Return the console for these options; its module is imported once the campaign is locked."""
    console: object = load_part("run_console").console_for(
        arguments, ask_above=settings.rendering.ask_above, ask_always=ask_always
    )
    return console


def _options(arguments: argparse.Namespace, stage: Stage | None) -> RunOptions:
    return RunOptions(
        **campaign_flags(arguments),
        stage=stage,
        new_ledger=arguments.new_ledger,
        concurrency=arguments.concurrency,
        plan=arguments.plan,
        retry_failed=arguments.retry_failed,
        rebuy_lost=arguments.rebuy_lost,
        stop_after=arguments.stop_after,
        detailed_exitcode=arguments.detailed_exitcode,
        shard=arguments.shard,
        repeatable=not arguments.json and arguments.log == "text",
        command_line=tuple(sys.argv[1:]),
    )
