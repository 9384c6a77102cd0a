"""`pipeline review FILE`: the page where a person chooses."""

import argparse
import asyncio
import contextlib
import sys
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.app.accounts import account_of
from pipeline.app.next_command import next_step
from pipeline.app.options import RunOptions
from pipeline.app.session import render_session
from pipeline.app.signals import signals_to_handle
from pipeline.campaign.loading import LoadedCampaign, load_campaign
from pipeline.cli.commands.decide import who
from pipeline.cli.commands.serve import port_number
from pipeline.cli.flags import add_campaign, add_common, campaign_options, settings_of
from pipeline.cli.progress import SilentProgress
from pipeline.cli.run_console import TerminalConsole
from pipeline.cli.terminal import is_terminal, say
from pipeline.ledger.registry import open_ledger
from pipeline.model.campaign import CellName, Stage
from pipeline.model.credits import Credits
from pipeline.providers.registry import profiles
from pipeline.review.page.campaign_source import CampaignSource
from pipeline.review.page.security import ReviewOptions
from pipeline.review.page.server import ReviewServer, ReviewSubject
from pipeline.review.review_file_sync import ReviewFile
from pipeline.settings import Settings
from pipeline.state.output.folder import open_output
from pipeline.state.output.lock import campaign_lock


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
    loaded = _load(arguments)
    return asyncio.run(_review(arguments, settings, loaded))


def _load(arguments: argparse.Namespace) -> LoadedCampaign:
    return load_campaign(arguments.campaign, profiles=profiles(), provider=arguments.provider)


@dataclass(frozen=True, kw_only=True, slots=True)
class Launcher:
    """`Launch`: what the page may spend goes through the very session that `run` is."""

    arguments: argparse.Namespace
    settings: Settings
    output: Path

    async def __call__(self, stage: Stage, cells: Sequence[CellName], *, most: Credits) -> int:
        """Render these cells at a stage, as `pipeline run --stage … --only …` would."""
        loaded = await asyncio.to_thread(_load, self.arguments)
        options = RunOptions(
            campaign=self.arguments.campaign,
            provider=self.arguments.provider,
            output=self.arguments.output,
            only=tuple(cells),
            max_credits=int(most),
            stage=stage,
            command_line=tuple(sys.argv[1:]),
        )
        console = TerminalConsole(watcher=SilentProgress(), ask_above=0, ask_never=True, quiet=True)
        with campaign_lock(self.output, loaded.campaign.slug):
            return await render_session(
                options,
                self.settings,
                loaded,
                console=console,
                output=self.output,
                own_signals=False,
            )


async def _review(arguments: argparse.Namespace, settings: Settings, loaded: LoadedCampaign) -> int:
    output = open_output(settings.output)
    campaign = loaded.campaign.slug
    ledger = await open_ledger(output)
    try:
        subject = ReviewSubject(
            campaign=campaign,
            source=CampaignSource(
                file=arguments.campaign,
                load=lambda: _load(arguments),
                account_of=lambda campaign: account_of(campaign, settings),
            ),
            ledger=ledger,
            output=output,
            file=ReviewFile(
                path=arguments.campaign.parent / "reviews" / f"{campaign}.yaml",
                copy=output / campaign / "review-copy.yaml",
            ),
            command=lambda stage: _launch_command(arguments, stage),
        )
        options = ReviewOptions(
            host=arguments.host,
            port=arguments.port,
            reviewer=arguments.by or who(),
            allow_spend=arguments.allow_spend,
            names=tuple(arguments.name),
        )
        launcher = Launcher(arguments=arguments, settings=settings, output=output)
        async with ReviewServer(subject, options, launch=launcher) as server:
            await _until_a_signal(server.url, arguments)
    finally:
        await ledger.close()
    return 0


def _launch_command(arguments: argparse.Namespace, stage: Stage) -> str:
    """Return the command that buys what the page quotes, on the same account and output folder."""
    options = campaign_options(arguments)
    if stage is Stage.FINAL:
        return next_step(options, "finals")
    return next_step(options, "run", "--stage", stage.value)


async def _until_a_signal(url: str, arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for which in signals_to_handle():
        loop.add_signal_handler(which, stop.set)
    print(url, flush=True)
    spends = "may spend" if arguments.allow_spend else "cannot spend"
    say(f"Who has this link can give verdicts and {spends}. Ctrl+C stops.")
    if not arguments.no_open and is_terminal(sys.stdout):
        with contextlib.suppress(webbrowser.Error):
            await asyncio.to_thread(webbrowser.open, url)
    await stop.wait()
