"""Options that several commands share, their values, and the settings that they change."""

import argparse
import re
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TypedDict

from pipeline.app.options import FeedReading
from pipeline.cli.terminal import say
from pipeline.errors import UsageError
from pipeline.model.money import Amount, parse_dollars
from pipeline.settings import ExecutorName, ExecutorSettings, Settings, read_settings
from pipeline.state.output.location import locate_output

SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def add_campaign(parser: argparse.ArgumentParser) -> None:
    """Add the campaign file."""
    parser.add_argument("campaign", type=Path, metavar="FILE", help="the campaign file (YAML)")


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add the output folder, and the form of the result."""
    add_folder(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def add_folder(parser: argparse.ArgumentParser) -> None:
    """Add the output folder."""
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="the output folder (default: output, in the project)",
    )


def add_provider(parser: argparse.ArgumentParser) -> None:
    """Add the provider, which decides on which account a campaign is rendered."""
    parser.add_argument(
        "--provider",
        metavar="NAME",
        help="embedded, gptimage or openai, instead of the one in the file",
    )


def add_common(parser: argparse.ArgumentParser, *, quiet: str = "") -> None:
    """Add the options of most campaign commands; `quiet` is the help of `-q`, if they have it."""
    add_provider(parser)
    add_output(parser)
    if quiet:
        parser.add_argument("-q", "--quiet", action="store_true", help=quiet)


def add_only(parser: argparse.ArgumentParser) -> None:
    """Add the option that chooses cells."""
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="GLOB",
        help="only these cells, such as 'citrus/*'; can be repeated",
    )


def add_batch(parser: argparse.ArgumentParser) -> None:
    """Add the option that orders images in batches, and the one against it."""
    parser.add_argument(
        "--batch",
        action=argparse.BooleanOptionalAction,
        help="order images in batches: half the price, within 24 hours, collected by a later run; "
        "--no-batch overrides run.batch in the file",
    )


def add_feeds(parser: argparse.ArgumentParser) -> None:
    """Add the option that says how feeds by URL are read."""
    parser.add_argument(
        "--feeds",
        choices=[FeedReading.FETCH.value, FeedReading.KEPT.value],
        default=FeedReading.FETCH.value,
        help="fetch feeds that are named by URL (the default), or use the snapshots kept last, "
        "without a network",
    )


def add_executor(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where decoding, checks and ad files are computed."""
    parser.add_argument(
        "--executor",
        choices=names_of(ExecutorName),
        help="where images are checked and ad files made: in processes here (local, the default), "
        "in this process (inline), or on a Ray cluster (ray)",
    )
    parser.add_argument(
        "--ray-address",
        metavar="HOST:PORT",
        help="the Ray cluster, as `ray start --head` prints it (default: the one on this machine)",
    )


def names_of(kind: type[StrEnum]) -> list[str]:
    """Return the values of an enumeration, as the choices of an option."""
    return [one.value for one in kind]


class CampaignFlags(TypedDict):
    """The fields of `CampaignOptions`."""

    campaign: Path
    provider: str | None
    output: Path | None
    only: tuple[str, ...]
    max_credits: int | None
    max_cost: Amount | None
    batch: bool | None
    feeds: FeedReading


def campaign_flags(arguments: argparse.Namespace) -> CampaignFlags:
    """Return the options that name the campaign, its account, its output folder and its cells."""
    return CampaignFlags(
        campaign=arguments.campaign,
        provider=arguments.provider,
        output=arguments.output,
        only=tuple(getattr(arguments, "only", ())),
        max_credits=getattr(arguments, "max_credits", None),
        max_cost=getattr(arguments, "max_cost", None),
        batch=getattr(arguments, "batch", None),
        feeds=FeedReading(getattr(arguments, "feeds", FeedReading.KEPT_FIRST)),
    )


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Return the settings of the environment, changed by the options that were given.

    The output folder is made absolute; on stderr it is said which one is used, if the current
    folder does not tell.
    """
    settings = read_settings()
    settings = replace(settings, output=_output(arguments, settings.output))
    if getattr(arguments, "concurrency", None):
        settings = replace(
            settings, rendering=replace(settings.rendering, concurrency=arguments.concurrency)
        )
    settings = replace(settings, executor=_executor(arguments, settings.executor))
    if getattr(arguments, "drain", None) is not None:
        settings = replace(settings, rendering=replace(settings.rendering, drain=arguments.drain))
    return settings


def _executor(arguments: argparse.Namespace, default: ExecutorSettings) -> ExecutorSettings:
    name = getattr(arguments, "executor", None) or default.name
    address = getattr(arguments, "ray_address", None)
    if address is not None and name != ExecutorName.RAY:
        raise UsageError("--ray-address is for --executor ray, which was not given")
    return replace(default, name=ExecutorName(name), ray_address=address or default.ray_address)


def _output(arguments: argparse.Namespace, default: Path) -> Path:
    if arguments.output is not None:
        return Path.cwd() / Path(arguments.output)
    file = getattr(arguments, "campaign", None) or getattr(arguments, "manifest", None)
    found = locate_output(default, file=file)
    silent = getattr(arguments, "quiet", False) or getattr(arguments, "log", "") == "json"
    if found.elsewhere and not silent:
        say(f"output folder  {found.folder}")
    return found.folder


def duration(text: str) -> float:
    """Return the seconds of `90`, `90s`, `2m`, `1.5h` or `1d`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip())
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration, such as 90s, 2m or 1.5h")
    return float(match[1]) * SECONDS[match[2] or "s"]


def whole_number(text: str) -> int:
    """Return a positive whole number."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def credits_number(text: str) -> int:
    """Return a whole number of credits; 0 is one."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of credits")
    return int(text)


def dollars(text: str) -> Amount:
    """Return the nano-dollars of `12.50` or `$12.50`."""
    try:
        return parse_dollars(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def add_limits(parser: argparse.ArgumentParser, *, what: str = "spend at most") -> None:
    """Add the options that limit what a run may spend, in the unit of its account.

    `what` begins their help: what the command does within the limit.
    """
    limits = parser.add_mutually_exclusive_group()
    limits.add_argument("--max-credits", type=credits_number, metavar="N", help=f"{what} N credits")
    limits.add_argument(
        "--max-cost",
        type=dollars,
        metavar="USD",
        help=f"{what} so many dollars, such as 12.50, with a provider that counts in dollars",
    )


def port_number(text: str) -> int:
    """Return a TCP port; 0 means any free one."""
    if not text.isdecimal() or int(text) > 65535:  # noqa: PLR2004 - the largest port there is
        raise argparse.ArgumentTypeError(f"{text!r} is not a port")
    return int(text)
