"""`pipeline schedule FILE SCHEDULER`: print the unit that runs a campaign daily."""

import argparse
import re

from pipeline.app.commands.schedule import ScheduleOptions, Scheduler, schedule_unit
from pipeline.app.schedules.scheduled_run import DailyTime
from pipeline.cli.flags import (
    add_campaign,
    add_executor,
    add_folder,
    add_limits,
    add_only,
    add_provider,
    campaign_flags,
    names_of,
    settings_of,
    whole_number,
)

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_campaign(parser)
    parser.add_argument("scheduler", choices=names_of(Scheduler), help="what starts the runs")
    parser.add_argument(
        "--at",
        type=daily_time,
        metavar="HH:MM",
        default=DailyTime(hour=2, minute=15),
        help="when; in UTC for kubernetes and github, else in the machine's time (default: 02:15)",
    )
    parser.add_argument(
        "--image",
        metavar="NAME",
        default="campaigns:latest",
        help="kubernetes: the container image with campaign-pipeline and this project",
    )
    parser.add_argument(
        "--shards",
        type=whole_number,
        metavar="N",
        default=1,
        help="start N runs that share the campaign, on one ledger in Postgres (PIPELINE_LEDGER)",
    )
    add_only(parser)
    add_limits(parser)
    add_executor(parser)
    add_provider(parser)
    add_folder(parser)


def daily_time(text: str) -> DailyTime:
    """Return the time of `2:15` or `02:15`."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time of the day, such as 02:15")
    return DailyTime(hour=int(match[1]), minute=int(match[2]))


def run(arguments: argparse.Namespace) -> int:
    """Print the unit."""
    options = ScheduleOptions(
        **campaign_flags(arguments),
        scheduler=Scheduler(arguments.scheduler),
        at=arguments.at,
        image=arguments.image,
        shards=arguments.shards,
    )
    print(schedule_unit(options, settings_of(arguments)), end="")
    return 0
