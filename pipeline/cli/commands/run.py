"""`pipeline run FILE`: bring a campaign as far as it can go.

The lock is taken before anything heavy is imported: a second run of the same campaign is gone in
a fraction of a second.
"""

import argparse
import re
import sys
from pathlib import Path

from pipeline.app.options import RunOptions
from pipeline.cli.flags import (
    add_campaign,
    add_common,
    add_only,
    credits_number,
    duration,
    settings_of,
    whole_number,
)
from pipeline.cli.registry import load_part
from pipeline.model.campaign import Stage
from pipeline.settings import Settings
from pipeline.state.output.lock import campaign_lock

SLUG_LINE = re.compile(
    rb"""^campaign:[ \t]*["']?([a-z0-9-]+)["']?[ \t]*(?:#.*)?\r?$""", re.MULTILINE
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument("--stage", choices=[*Stage], help="only this stage")
    add_rendering(parser)


def add_rendering(parser: argparse.ArgumentParser) -> None:
    """What is said of rendering, whatever the stage."""
    add_campaign(parser)
    add_only(parser)
    parser.add_argument(
        "--max-credits", type=credits_number, metavar="N", help="most that this run may spend"
    )
    parser.add_argument(
        "--concurrency", type=whole_number, metavar="N", help="most requests in flight (8)"
    )
    parser.add_argument(
        "--retry-failed", action="store_true", help="ask again for what was rejected or refused"
    )
    parser.add_argument(
        "--rebuy-lost", action="store_true", help="buy again what was paid for and is gone"
    )
    parser.add_argument(
        "--stop-after", type=duration, metavar="TIME", help="stop buying after, e.g., 2h"
    )
    parser.add_argument(
        "--drain",
        type=duration,
        metavar="TIME",
        help="after the first signal, wait so long for images in flight (2m)",
    )
    parser.add_argument("--plan", metavar="ID", help="only what this plan showed, or nothing")
    parser.add_argument("--yes", action="store_true", help="spend without being asked")
    parser.add_argument("--no-input", action="store_true", help="never ask; budgets decide")
    parser.add_argument(
        "--log",
        choices=["text", "json"],
        default="text",
        help="on stderr, text: words for a person; json: an object a line (text)",
    )
    parser.add_argument(
        "--detailed-exitcode",
        action="store_true",
        help="end with 5 where drafts wait for review, not with 0",
    )
    add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Take the lock, then render."""
    return run_stage(arguments, stage=Stage(arguments.stage) if arguments.stage else None)


def run_stage(
    arguments: argparse.Namespace, *, stage: Stage | None, ask_always: bool = False
) -> int:
    """Take the lock, then render one stage, or all."""
    settings = settings_of(arguments)
    slug = peek_slug(arguments.campaign)
    if slug is None:  # the session locks what the loader reads, or says what is wrong
        return _render(arguments, settings, stage=stage, ask_always=ask_always, locked=None)
    with campaign_lock(settings.output, slug):
        return _render(arguments, settings, stage=stage, ask_always=ask_always, locked=slug)


def _render(
    arguments: argparse.Namespace,
    settings: Settings,
    *,
    stage: Stage | None,
    ask_always: bool,
    locked: str | None,
) -> int:
    """Import what a run needs, now that the lock is held."""
    console = load_part("run_console").console_for(
        arguments, ask_above=settings.rendering.ask_above, ask_always=ask_always
    )
    return int(
        load_part("rendering", room="app").render(
            run_options(arguments, stage), settings, console=console, locked=locked
        )
    )


def run_options(arguments: argparse.Namespace, stage: Stage | None) -> RunOptions:
    """What the command line asks of one run."""
    return RunOptions(
        campaign=arguments.campaign,
        provider=arguments.provider,
        output=arguments.output,
        only=tuple(arguments.only),
        max_credits=arguments.max_credits,
        stage=stage,
        concurrency=arguments.concurrency,
        plan=arguments.plan,
        retry_failed=arguments.retry_failed,
        rebuy_lost=arguments.rebuy_lost,
        stop_after=arguments.stop_after,
        detailed_exitcode=arguments.detailed_exitcode,
        repeatable=not arguments.json and arguments.log == "text",
        command_line=tuple(sys.argv[1:]),
    )


def peek_slug(file: Path) -> str | None:
    """The campaign's name, read off its line without parsing the file; `None` where unsure."""
    try:
        with file.open("rb") as opened:
            found = SLUG_LINE.findall(opened.read(1_000_000))
    except OSError:
        return None
    return found[0].decode() if len(found) == 1 else None
