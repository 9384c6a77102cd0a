"""Flags that several commands share, and the settings that they are laid over."""

import argparse
import re
from dataclasses import replace
from pathlib import Path

from pipeline.app.options import CampaignOptions
from pipeline.settings import Settings, read_settings

SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def add_campaign(parser: argparse.ArgumentParser) -> None:
    """The campaign file that nearly every command is about."""
    parser.add_argument("campaign", type=Path, metavar="FILE", help="a campaign file (YAML)")


def add_common(parser: argparse.ArgumentParser) -> None:
    """Where things are and how much is said."""
    parser.add_argument("--output", type=Path, metavar="DIR", help="output folder (output)")
    parser.add_argument(
        "--provider", metavar="NAME", help="instead of the file's: embedded or gptimage"
    )
    parser.add_argument("--json", action="store_true", help="the result as JSON on stdout")
    parser.add_argument("-q", "--quiet", action="store_true", help="say only what went wrong")
    parser.add_argument("-v", "--verbose", action="store_true", help="say more")


def add_only(parser: argparse.ArgumentParser) -> None:
    """A choice of cells."""
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="GLOB",
        help="only these cells, e.g. 'citrus/*' (may be repeated)",
    )


def campaign_options(arguments: argparse.Namespace) -> CampaignOptions:
    """The campaign, account, folder and cells that were given, for the commands named next."""
    return CampaignOptions(
        campaign=arguments.campaign,
        provider=arguments.provider,
        output=arguments.output,
        only=tuple(getattr(arguments, "only", None) or ()),
        max_credits=getattr(arguments, "max_credits", None),
    )


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The environment's settings with the flags laid over them."""
    settings = read_settings()
    if arguments.output is not None:
        settings = replace(settings, output=arguments.output)
    if getattr(arguments, "concurrency", None):
        settings = replace(
            settings, rendering=replace(settings.rendering, concurrency=arguments.concurrency)
        )
    if getattr(arguments, "drain", None) is not None:
        settings = replace(settings, rendering=replace(settings.rendering, drain=arguments.drain))
    return settings


def duration(text: str) -> float:
    """Seconds of `90`, `90s`, `2m`, `1.5h`, `1d`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip())
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 90s, 2m or 1.5h")
    return float(match[1]) * SECONDS[match[2] or "s"]


def whole_number(text: str) -> int:
    """A positive whole number."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def credits_number(text: str) -> int:
    """A whole number of credits, 0 allowed."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of credits")
    return int(text)
