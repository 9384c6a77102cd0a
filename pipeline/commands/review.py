"""`pipeline review FILE`: the page where a person chooses."""

import argparse
import asyncio
import contextlib
import signal
import sys
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.commands.deciding import who
from pipeline.commands.flags import add_campaign, add_common, settings_of
from pipeline.commands.serve import port_number
from pipeline.commands.session import render_session
from pipeline.commands.terminal import is_terminal, say
from pipeline.ledger.registry import open_ledger
from pipeline.model.campaign import CellName, Stage
from pipeline.model.credits import Credits
from pipeline.planning.blueprint import Blueprint, load_blueprint
from pipeline.providers.registry import profiles
from pipeline.reviewing.keeping import ReviewFile
from pipeline.reviewing.options import ReviewOptions
from pipeline.reviewing.planned import CampaignSource
from pipeline.reviewing.server import ReviewServer, Subject
from pipeline.runs.folder import LEDGER, open_output
from pipeline.runs.lock import campaign_lock
from pipeline.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    add_campaign(parser)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=port_number, default=0, help="port (any free one)")
    parser.add_argument("--no-open", action="store_true", help="open no browser")
    parser.add_argument(
        "--allow-spend", action="store_true", help="let who has the link buy finals and redos"
    )
    parser.add_argument("--as", dest="by", metavar="NAME", help="who reviews (the user's name)")
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="HOST",
        help="a further host name under which browsers may ask",
    )
    add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve the page until a signal."""
    settings = settings_of(arguments)
    blueprint = _load(arguments)
    return asyncio.run(_review(arguments, settings, blueprint))


def _load(arguments: argparse.Namespace) -> Blueprint:
    return load_blueprint(arguments.campaign, profiles=profiles(), provider=arguments.provider)


@dataclass(frozen=True, kw_only=True, slots=True)
class Launcher:
    """`Launch`: what the page may spend goes through the very session that `run` is."""

    arguments: argparse.Namespace
    settings: Settings
    output: Path

    async def __call__(self, stage: Stage, cells: Sequence[CellName], *, most: Credits) -> int:
        """Render these cells at a stage, as `pipeline run --stage … --only …` would."""
        blueprint = await asyncio.to_thread(_load, self.arguments)
        words = argparse.Namespace(
            campaign=self.arguments.campaign,
            provider=self.arguments.provider,
            stage=stage,
            only=[*cells],
            max_credits=int(most),
            concurrency=None,
            plan=None,
            retry_failed=False,
            rebuy_lost=False,
            stop_after=None,
            yes=True,
            no_input=True,
            log="text",
            quiet=True,
            json=False,
            detailed_exitcode=False,
        )
        with campaign_lock(self.output, blueprint.campaign.slug):
            return await render_session(
                words, self.settings, blueprint, output=self.output, own_signals=False
            )


async def _review(arguments: argparse.Namespace, settings: Settings, blueprint: Blueprint) -> int:
    output = open_output(settings.output)
    campaign = blueprint.campaign.slug
    ledger = await open_ledger(output / LEDGER)
    try:
        subject = Subject(
            campaign=campaign,
            source=CampaignSource(file=arguments.campaign, load=lambda: _load(arguments)),
            ledger=ledger,
            output=output,
            file=ReviewFile(
                path=arguments.campaign.parent / "reviews" / f"{campaign}.yaml",
                copy=output / campaign / "review-copy.yaml",
            ),
        )
        options = ReviewOptions(
            host=arguments.host,
            port=arguments.port,
            reviewer=arguments.by or who(),
            allow_spend=arguments.allow_spend,
            play_money=blueprint.profile.play_money,
            names=tuple(arguments.name),
        )
        launcher = Launcher(arguments=arguments, settings=settings, output=output)
        async with ReviewServer(subject, options, launch=launcher) as server:
            await _until_a_signal(server.url, arguments)
    finally:
        await ledger.close()
    return 0


async def _until_a_signal(url: str, arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for which in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(which, stop.set)
    print(url, flush=True)
    spends = "may spend" if arguments.allow_spend else "cannot spend"
    say(f"Who has this link can give verdicts and {spends}. Ctrl+C stops.")
    if not arguments.no_open and is_terminal(sys.stdout):
        with contextlib.suppress(webbrowser.Error):
            await asyncio.to_thread(webbrowser.open, url)
    await stop.wait()
