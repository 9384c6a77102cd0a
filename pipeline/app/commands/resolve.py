"""Settling images that are in doubt or lost, by a person's answer or the account's balance."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never, cast
from urllib.parse import urlsplit

from pipeline.app.commands.resolve_options import (
    Answer,
    OpenImage,
    ResolveOptions,
    ResolveReport,
)
from pipeline.app.commands.resolve_pictures import (
    is_sealed,
    pictures_of,
    refuse_other_source,
    write_pictures,
)
from pipeline.app.event_loop import run_in_loop
from pipeline.app.named_campaign import campaign_in, next_run
from pipeline.app.open import campaign_ledger, late, require_ledger
from pipeline.app.options import next_step
from pipeline.app.run.facts import reviewer_name, utc_stamp
from pipeline.campaign.cell_globs import matching_cells
from pipeline.errors import Refusal, UsageError
from pipeline.ledger.base import Ledger
from pipeline.model.entry import Entry, Resolution
from pipeline.model.job import JobKey
from pipeline.model.money import IN_CREDITS, Amount, MoneyFormat, Unit
from pipeline.model.names import Slug
from pipeline.model.outcome import Failed, InDoubt, Paid, PaidLost, Stored, is_doubtful, spent
from pipeline.providers.replies import WITHOUT_URL, shown_images
from pipeline.purchasing.recovery import settle_dead_attempts
from pipeline.purchasing.sealed_replies import SealedReplies, replies_in
from pipeline.settings import Settings
from pipeline.state.output.balances import BalanceFinding
from pipeline.state.output.lock import campaign_lock
from pipeline.state.output.resolutions import note_resolution
from pipeline.state.output.run_folders import money_of

BY_PERSON = "a person said so"


def resolve(options: ResolveOptions, settings: Settings) -> ResolveReport:
    """Settle images in doubt or lost, or list them; record every answer before it is applied."""
    if options.charged is not None and options.answer not in {Answer.FOUND, Answer.CHARGED}:
        raise UsageError(f"{_COST[options.charged_in]} goes with --found or --charged")
    campaign = campaign_in(settings.output, options.campaign)
    require_ledger(settings.output)
    with campaign_lock(settings.output, campaign):
        return run_in_loop(_resolve(options, settings, campaign))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Settlement:
    """An answer, the images that it settles, and the ground for it."""

    of: Sequence[Entry]
    means: Resolution | None = None
    """`None`: the image is found."""
    ground: str = BY_PERSON
    url: str = ""
    charged: Amount | None = None


async def _resolve(options: ResolveOptions, settings: Settings, campaign: Slug) -> ResolveReport:
    async with campaign_ledger(settings.output, campaign, settles=True) as ledger:
        replies = replies_in(settings.output)
        await settle_dead_attempts(ledger, campaign, replies)
        listed = options.answer is None or options.cells != "*"
        known = [
            entry
            for entry in await ledger.campaign_entries(campaign)
            if _is_open(entry, pending=listed)
        ]
        if not known:
            return ResolveReport()
        chosen = _chosen(options, known)
        doubtful = any(is_doubtful(entry.outcome) for entry in chosen)
        if options.answer is Answer.EXTRACT:
            pictures = await write_pictures(replies, chosen, options.folder)
            return ResolveReport(
                pictures=pictures,
                next=next_step(options, "resolve"),
                exit_code=6 if doubtful else 3,
            )
        if options.answer is None:
            rebuy = next_run(options, settings.output, campaign, "--rebuy-lost")
            images = await _listed(options, settings, ledger, chosen, known=known)
            return ResolveReport(
                open=images,
                for_all=_commands_for_all(options, images, rebuy=rebuy),
                exit_code=6 if doubtful else 3,
            )
        accounts = (await ledger.record(campaign)).accounts
        money = {
            entry.key: money_of(settings.output, campaign, accounts[entry.key])
            for entry in chosen
            if entry.key in accounts
        }
        _refuse_other_unit(options, money.values())
        settlement = await _settlement(options, settings, ledger, chosen)
        await _refuse_unknown_cost(ledger, settlement, money)
        await _settle(settlement, ledger, settings, by=options.by or reviewer_name())
    ground = settlement.ground if settlement.ground != BY_PERSON else ""
    if not settlement.of:
        return ResolveReport(ground=ground, exit_code=6 if doubtful else 3)
    in_doubt = any(isinstance(entry.outcome, InDoubt) for entry in settlement.of)
    lost = settlement.means is Resolution.CHARGED and in_doubt
    follows = next_run(options, settings.output, campaign, *(("--rebuy-lost",) if lost else ()))
    return ResolveReport(settled=len(settlement.of), ground=ground, next=follows, lost=lost)


def _is_open(entry: Entry, *, pending: bool) -> bool:
    """Return True if a person may settle an image.

    With `pending` that includes an image whose download failed: the host may never send it. No
    answer for all images settles these, since the next run may download them.
    """
    match entry.outcome:
        case InDoubt() | PaidLost():
            return True
        case Paid(reason=reason):
            return is_doubtful(entry.outcome) or (pending and bool(reason))
        case Stored() | Failed() | None:
            return is_doubtful(entry.outcome)
        case _:
            assert_never(entry.outcome)


def _lacks_image(entry: Entry) -> bool:
    """Return True if the image itself may be found or bought again, and not only paid."""
    return isinstance(entry.outcome, InDoubt | PaidLost) or (
        isinstance(entry.outcome, Paid) and bool(entry.outcome.reason)
    )


def _chosen(options: ResolveOptions, entries: Sequence[Entry]) -> list[Entry]:
    names = set(matching_cells({entry.at.cell for entry in entries}, options.cells))
    chosen = [
        entry
        for entry in entries
        if entry.at.cell in names
        and options.stage in {None, entry.at.stage}
        and options.take in {None, entry.at.take}
    ]
    if not chosen:
        raise UsageError(
            f"no image of that stage and take is in doubt or lost in {options.cells}; "
            f"{next_step(options, 'resolve')} lists what is"
        )
    return chosen


async def _settlement(
    options: ResolveOptions, settings: Settings, ledger: Ledger, chosen: Sequence[Entry]
) -> _Settlement:
    answer = options.answer
    doubts = [entry for entry in chosen if is_doubtful(entry.outcome)]
    if answer in {Answer.FOUND, Answer.REBUY}:
        images = [entry for entry in chosen if _lacks_image(entry)]
        if not images:
            raise UsageError(
                f"of {chosen[0].at.cell} only the cost is in doubt, and not the image: "
                "--charged or --not-charged settles it"
            )
        if answer is Answer.FOUND:
            return _found(options, images, replies_in(settings.output))
        return _Settlement(of=images, means=Resolution.REBUY)
    if not doubts:
        return _Settlement(of=(), ground="all of them are paid for: there is no doubt to settle")
    if answer is Answer.BALANCE:
        proven = await _ask_balance(options, settings, ledger, doubts)
        return _Settlement(
            of=doubts if proven.settles else (), means=proven.settles, ground=proven.words
        )
    if options.charged is not None and len(doubts) != 1:
        raise UsageError(
            f"{_COST[options.charged_in]} is for one image, and {len(doubts)} match; "
            "name its cell, --stage, --take"
        )
    paid = spent(doubts[0].outcome).confirmed
    if options.charged is not None and options.charged < paid:
        raise UsageError(
            f"{doubts[0].at.cell} cost at least what is confirmed, "
            f"{MoneyFormat(unit=options.charged_in).text(paid)}: give all that it cost with "
            f"{_COST[options.charged_in]}, not only what is in doubt"
        )
    means = Resolution.CHARGED if answer is Answer.CHARGED else Resolution.NOT_CHARGED
    return _Settlement(of=doubts, means=means, charged=options.charged)


def _found(options: ResolveOptions, chosen: Sequence[Entry], replies: SealedReplies) -> _Settlement:
    if len(chosen) != 1:
        raise UsageError(
            f"--found is for one image, and {len(chosen)} match; name its cell, --stage and --take"
        )
    parts = urlsplit(options.url)
    if is_sealed(options.url):
        refuse_other_source(options.url, known=pictures_of(replies, chosen[0]))
    elif parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"--found needs the image's http or https URL, not {options.url[:80]}")
    if options.charged is not None and not isinstance(chosen[0].outcome, InDoubt):
        raise UsageError(
            f"{_COST[options.charged_in]} is for an image in doubt; "
            "what this lost one cost is known"
        )
    return _Settlement(of=chosen, url=options.url, charged=options.charged)


async def _ask_balance(
    options: ResolveOptions, settings: Settings, ledger: Ledger, doubts: Sequence[Entry]
) -> BalanceFinding:
    campaigns = late("app.campaign")
    campaign = campaigns.load(options, settings).campaign
    proven = await campaigns.reconcile_doubts(ledger, campaign, settings, doubts)
    return cast("BalanceFinding", proven)


_COST = {Unit.CREDITS: "--credits", Unit.DOLLARS: "--cost"}
"""The option that says what an image cost."""


def _refuse_other_unit(options: ResolveOptions, money: Iterable[MoneyFormat]) -> None:
    """Raise `UsageError` if a charge is given in another unit than the account's."""
    units = {one.unit for one in money}
    if options.charged is not None and units and options.charged_in not in units:
        unit = units.pop()
        counts = "credits" if unit is Unit.CREDITS else "dollars"
        raise UsageError(
            f"this account counts in {counts}: use {_COST[unit]}, not {_COST[options.charged_in]}"
        )


async def _refuse_unknown_cost(
    ledger: Ledger, settlement: _Settlement, money: Mapping[JobKey, MoneyFormat]
) -> None:
    """Refuse to guess: a reply with several images may have cost one price, or one for each."""
    if settlement.charged is not None or settlement.means not in {None, Resolution.CHARGED}:
        return
    for entry in settlement.of:
        if not isinstance(entry.outcome, InDoubt):
            continue
        shown = shown_images(await ledger.reply(entry.key), base_url="")
        if len(shown) > 1:
            written = money.get(entry.key, IN_CREDITS)
            raise UsageError(
                f"the reply for {entry.at.cell} contained {len(shown)} images, and up to "
                f"{written.text(entry.outcome.amount)} are reserved for it; add "
                f"{_COST[written.unit]} N with the charge in the provider's log"
            )


async def _settle(settlement: _Settlement, ledger: Ledger, settings: Settings, *, by: str) -> None:
    """Record each answer, its ground and who gave it, then apply it in the ledger."""
    for entry in settlement.of:
        note_resolution(
            settings.output,
            entry,
            at=utc_stamp(),
            by=by,
            answer=settlement.means or "found",
            ground=settlement.ground,
            url=settlement.url,
            charged=settlement.charged,
        )
        if settlement.means is None:
            await ledger.image_found(entry.key, settlement.url, charged=settlement.charged)
        else:
            await ledger.resolve(entry.key, settlement.means, charged=settlement.charged)


async def _listed(
    options: ResolveOptions,
    settings: Settings,
    ledger: Ledger,
    chosen: Sequence[Entry],
    *,
    known: Sequence[Entry],
) -> list[OpenImage]:
    base_url, replies = _base_url(options, settings), replies_in(settings.output)
    in_cell = Counter(entry.at.cell for entry in known)
    accounts = (await ledger.record(chosen[0].at.campaign)).accounts
    images = []
    for entry in chosen:
        shown: tuple[str, ...] = ()
        if is_doubtful(entry.outcome):
            shown = tuple(shown_images(await ledger.reply(entry.key), base_url=base_url))
        if _lacks_image(entry) and (kept := pictures_of(replies, entry)):
            shown = (*kept, *(url for url in shown if url != WITHOUT_URL))
        account = accounts.get(entry.key)
        money = money_of(settings.output, entry.at.campaign, account) if account else IN_CREDITS
        alone = in_cell[entry.at.cell] == 1
        commands = _commands(options, entry, shown, alone=alone, unit=money.unit)
        images.append(OpenImage(entry=entry, money=money, shown=shown, commands=commands))
    return images


def _commands(
    options: ResolveOptions, entry: Entry, shown: Sequence[str], *, alone: bool, unit: Unit
) -> tuple[str, ...]:
    """Return the commands for one image, with URL and N to fill in; `alone`: it needs no take."""
    doubt, image = is_doubtful(entry.outcome), _lacks_image(entry)
    one = () if alone else ("--stage", str(entry.at.stage), "--take", str(entry.at.take))
    # of several images, or of one whose reply does not say it, only the provider's log has the cost
    cost = (_COST[unit], "N") if doubt and (len(shown) > 1 or not image) else ()
    # an account in dollars is one whose reply is the image: there is no URL to look for
    unknown = [] if unit is Unit.DOLLARS else ["URL"]
    urls = ["URL" if url == WITHOUT_URL else url for url in shown] or unknown
    answers = [("--found", url, *cost) for url in dict.fromkeys(urls)] if image else []
    answers += [("--charged", *cost), ("--not-charged",)] if doubt else [("--rebuy",)]
    if any(map(is_sealed, shown)):
        answers.insert(0, ("--extract", "FOLDER"))
    return tuple(
        next_step(options, "resolve", str(entry.at.cell), *one, *answer) for answer in answers
    )


def _commands_for_all(
    options: ResolveOptions, images: Sequence[OpenImage], *, rebuy: str
) -> Mapping[str, Sequence[str]]:
    """Return the commands that settle all chosen doubts, and all chosen lost images."""
    chosen = [image.entry for image in images]
    in_credits = all(image.money.unit is Unit.CREDITS for image in images)
    words = [] if options.cells == "*" else [options.cells]
    words += ["--stage", str(options.stage)] if options.stage else []
    words += ["--take", str(options.take)] if options.take else []
    doubts = sum(is_doubtful(entry.outcome) for entry in chosen)
    found = {}
    if doubts > 1:
        answers = ("--charged", "--not-charged", *(("--balance",) if in_credits else ()))
        found["all images in doubt"] = [next_step(options, "resolve", *words, a) for a in answers]
    lost = sum(isinstance(entry.outcome, PaidLost) for entry in chosen)
    if lost > 1 and not words:
        found["all lost images"] = [rebuy]
    return found


def _base_url(options: ResolveOptions, settings: Settings) -> str:
    """Return the base of relative image URLs; the default if the campaign cannot be loaded."""
    campaigns = late("app.campaign")
    try:
        loaded = campaigns.load(options, settings)
        reached = settings.of(loaded.campaign.provider)
        return str(campaigns.provider_settings(loaded.campaign, reached).base_url)
    except Refusal:
        return settings.gptimage.base_url
