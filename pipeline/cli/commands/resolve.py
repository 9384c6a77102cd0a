"""`pipeline resolve FILE [GLOB]`: settle what is in doubt, or free what is lost."""

import argparse
import asyncio
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from pipeline.app.accounts import provider_settings
from pipeline.app.next_command import next_step
from pipeline.app.run_facts import utc_stamp
from pipeline.campaign.cell_globs import matching_cells
from pipeline.campaign.loading import LoadedCampaign, load_campaign
from pipeline.cli.commands.run import peek_slug
from pipeline.cli.flags import (
    add_campaign,
    add_common,
    campaign_options,
    credits_number,
    settings_of,
    whole_number,
)
from pipeline.cli.registry import load_part
from pipeline.cli.terminal import counted, say
from pipeline.errors import Refusal, UsageError
from pipeline.ledger.base import Ledger
from pipeline.ledger.registry import ledger_exists, open_ledger
from pipeline.model.campaign import Slug, Stage
from pipeline.model.credits import Credits
from pipeline.model.entry import Entry, Resolution
from pipeline.model.outcome import InDoubt, PaidLost
from pipeline.providers.registry import profiles
from pipeline.providers.replies import shown_images
from pipeline.purchasing.recovery import settle_dead_attempts
from pipeline.state.output.balances import BalanceFinding
from pipeline.state.output.lock import campaign_lock
from pipeline.state.output.resolutions import note_resolution

ANSWERS = "--found URL, --charged, --not-charged, --balance or --rebuy"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    add_campaign(parser)
    parser.add_argument("cells", nargs="?", default="*", metavar="GLOB", help="cells (all)")
    parser.add_argument("--stage", choices=[*Stage], help="only this stage")
    parser.add_argument("--take", type=whole_number, metavar="N", help="only this take")
    answer = parser.add_mutually_exclusive_group()
    answer.add_argument("--found", metavar="URL", help="the image of the one cell is at this URL")
    answer.add_argument(
        "--charged", action="store_true", help="it was paid, and no image will come"
    )
    answer.add_argument("--not-charged", action="store_true", help="nothing was taken; due again")
    answer.add_argument(
        "--balance", action="store_true", help="whatever the balance of the account proves"
    )
    answer.add_argument(
        "--rebuy", action="store_true", help="buy again; the old price stays counted as in doubt"
    )
    parser.add_argument(
        "--credits",
        type=credits_number,
        metavar="N",
        help="what it cost by the provider's log, with --found or --charged; the price unless said",
    )
    add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Settle, or list what there is to settle."""
    if arguments.credits is not None and not (arguments.found or arguments.charged):
        raise UsageError("--credits goes with --found or --charged")
    output = settings_of(arguments).output
    slug = peek_slug(arguments.campaign)
    if slug is None:
        raise UsageError(f"cannot read the campaign's name in {arguments.campaign}")
    if not ledger_exists(output):
        raise UsageError(f"there is no ledger in {output}: nothing was ever asked there")
    with campaign_lock(output, slug):
        return asyncio.run(_resolve(arguments, Slug(slug)))


BY_PERSON = "a person said so"


@dataclass(frozen=True, kw_only=True, slots=True)
class _ResolutionAnswer:
    """What was answered of which images, and on what ground; `None` where nothing follows."""

    of: Sequence[Entry]
    means: Resolution | None = None
    ground: str = BY_PERSON
    url: str = ""
    charged: Credits | None = None


async def _resolve(arguments: argparse.Namespace, campaign: Slug) -> int:
    ledger = await open_ledger(settings_of(arguments).output)
    try:
        await settle_dead_attempts(ledger, campaign)
        open_ones = [entry for entry in await ledger.campaign_entries(campaign) if _is_open(entry)]
        if not open_ones:
            if arguments.json:
                print("[]")
            say("nothing is in doubt or lost")
            return 0
        chosen = _chosen(arguments, open_ones)
        answer = await _answer(arguments, ledger, chosen)
        if answer is None:
            await _list(arguments, ledger, chosen)
        else:
            await _know_what_it_cost(ledger, answer)
            await _settle(arguments, ledger, answer)
    finally:
        await ledger.close()
    if answer is not None and answer.ground != BY_PERSON:
        say(answer.ground)
    if answer is not None and answer.of:
        say(f"{counted(len(answer.of), 'image')} settled{_onward(arguments, answer)}")
        return 0
    return 6 if any(isinstance(entry.outcome, InDoubt) for entry in chosen) else 3


def _onward(arguments: argparse.Namespace, answer: _ResolutionAnswer) -> str:
    """What can follow: a plain run does nothing for what is paid and lost."""
    if answer.means is Resolution.CHARGED:
        again = next_step(campaign_options(arguments), "run", "--rebuy-lost")
        return f" as paid and lost. To pay for another one  {again}"
    return f". Next  {next_step(campaign_options(arguments), 'run')}"


def _is_open(entry: Entry) -> bool:
    return isinstance(entry.outcome, InDoubt | PaidLost)


def _chosen(arguments: argparse.Namespace, entries: Sequence[Entry]) -> list[Entry]:
    names = set(matching_cells({entry.at.cell for entry in entries}, arguments.cells))
    chosen = [
        entry
        for entry in entries
        if entry.at.cell in names
        and arguments.stage in {None, entry.at.stage}
        and arguments.take in {None, entry.at.take}
    ]
    if not chosen:
        raise UsageError(f"none of that stage and take is in doubt or lost in {arguments.cells}")
    return chosen


async def _answer(
    arguments: argparse.Namespace, ledger: Ledger, chosen: Sequence[Entry]
) -> _ResolutionAnswer | None:
    """What the command line says of the chosen images; `None` where it asks."""
    if arguments.found:
        return _found(arguments.found, chosen, charged=arguments.credits)
    if arguments.rebuy:
        return _ResolutionAnswer(of=chosen, means=Resolution.REBUY)
    doubts = [entry for entry in chosen if isinstance(entry.outcome, InDoubt)]
    if not (arguments.balance or arguments.charged or arguments.not_charged):
        return None
    if not doubts:
        return _ResolutionAnswer(
            of=(), ground="all of them are paid and lost: there is no doubt to settle"
        )
    if arguments.balance:
        weighed = await _weighed(arguments, ledger, doubts)
        return _ResolutionAnswer(
            of=doubts if weighed.settles else (), means=weighed.settles, ground=weighed.words
        )
    means = Resolution.CHARGED if arguments.charged else Resolution.NOT_CHARGED
    if arguments.credits is not None and len(doubts) != 1:
        raise UsageError(
            f"--credits is for one image, and {len(doubts)} match; name its cell, --stage, --take"
        )
    return _ResolutionAnswer(of=doubts, means=means, charged=arguments.credits)


def _found(url: str, chosen: Sequence[Entry], *, charged: Credits | None) -> _ResolutionAnswer:
    if len(chosen) != 1:
        raise UsageError(
            f"--found is for one image, and {len(chosen)} match; name its cell, --stage and --take"
        )
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"--found needs the image's http or https URL, not {url[:80]}")
    if charged is not None and not isinstance(chosen[0].outcome, InDoubt):
        raise UsageError("--credits is for a doubt; what this lost image cost is known")
    return _ResolutionAnswer(of=chosen, url=url, charged=charged)


async def _know_what_it_cost(ledger: Ledger, answer: _ResolutionAnswer) -> None:
    """An answer that showed several images may have cost one price, or each of theirs."""
    if answer.charged is not None or answer.means not in {None, Resolution.CHARGED}:
        return
    for entry in answer.of:
        if not isinstance(entry.outcome, InDoubt):
            continue
        shown = shown_images(await ledger.reply(entry.key), base_url="")
        if len(shown) > 1:
            raise UsageError(
                f"the answer for {entry.at.cell} showed {len(shown)} images, and up to "
                f"{entry.outcome.credits} credits are held for it: say with --credits N what the "
                "provider's log says was taken"
            )


async def _settle(arguments: argparse.Namespace, ledger: Ledger, answer: _ResolutionAnswer) -> None:
    """Write down first who said it, then what it does to the money."""
    said = answer.means or "found"
    for entry in answer.of:
        note_resolution(
            settings_of(arguments).output,
            entry,
            at=utc_stamp(),
            answer=said,
            ground=answer.ground,
            url=answer.url,
            charged=answer.charged,
        )
        if answer.means is None:
            await ledger.image_found(entry.key, answer.url, charged=answer.charged)
        else:
            await ledger.resolve(entry.key, answer.means, charged=answer.charged)


async def _weighed(
    arguments: argparse.Namespace, ledger: Ledger, doubts: Sequence[Entry]
) -> BalanceFinding:
    loaded = _loaded(arguments)
    weighed: BalanceFinding = await load_part("reconciliation", room="app").reconcile_doubts(
        ledger, loaded.campaign, settings_of(arguments), doubts
    )
    return weighed


def _loaded(arguments: argparse.Namespace) -> LoadedCampaign:
    return load_campaign(arguments.campaign, profiles=profiles(), provider=arguments.provider)


async def _list(arguments: argparse.Namespace, ledger: Ledger, chosen: Sequence[Entry]) -> None:
    base_url = _base_url(arguments)
    rows = [
        {
            "job": entry.key,
            "cell": entry.at.cell,
            "stage": entry.at.stage,
            "take": entry.at.take,
            "status": "in_doubt" if isinstance(entry.outcome, InDoubt) else "paid_lost",
            "credits": entry.spent.upper,
            "reason": getattr(entry.outcome, "reason", ""),
            "asked": entry.purchased,
            "shown": list(shown_images(await ledger.reply(entry.key), base_url=base_url)),
        }
        for entry in chosen
    ]
    if arguments.json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        print(
            f"{row['cell']} {row['stage']} take {row['take']}: {row['status']}, "
            f"{row['credits']} credits, asked {row['asked']}: {row['reason']}"
        )
        shown = cast("list[str]", row["shown"])
        for url in shown:
            print(
                f"  it showed an image: {_command(arguments, row)} --found {shlex.quote(url)}"
                f"{' --credits N' if len(shown) > 1 else ''}"
            )
    say(f"Look them up in the provider's own log, then say which: {ANSWERS}")


def _command(arguments: argparse.Namespace, row: dict[str, object]) -> str:
    where = ("--stage", str(row["stage"]), "--take", str(row["take"]))
    return next_step(campaign_options(arguments), "resolve", str(row["cell"]), *where)


def _base_url(arguments: argparse.Namespace) -> str:
    """Where relative image URLs start; a file that cannot be read keeps nobody from the list."""
    settings = settings_of(arguments).gptimage
    try:
        return provider_settings(_loaded(arguments).campaign, settings).base_url
    except Refusal:
        return settings.base_url
