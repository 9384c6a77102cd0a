"""The figures of a campaign that need no campaign file, only the ledger."""

from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass

from pipeline.ledger.base import Ledger
from pipeline.model.entry import CampaignRecord, Entry
from pipeline.model.job import JobKey
from pipeline.model.money import Amount, Spent
from pipeline.model.names import Account, CellName, Slug, Stage
from pipeline.model.outcome import Status, Stored
from pipeline.model.verdict import Decision, Round, Verdict
from pipeline.state.lookup import Newest, newest_of, rounds_from, shown_rounds, status_of_entry
from pipeline.state.output.run_folders import ListedImage

FIRST_ROUND = Round()


async def spent_by_account(ledger: Ledger, campaign: Slug) -> dict[Account, Spent]:
    """Return what each account has spent on a campaign, the account of the newest run first.

    Accounts are never added up: credits of the embedded server are play money.
    """
    accounts = dict.fromkeys(run.account for run in await ledger.runs(campaign))
    return {account: await ledger.spent(campaign=campaign, account=account) for account in accounts}


async def ordered_amount(ledger: Ledger, campaign: Slug, account: Account) -> Amount:
    """Return what is reserved for the images that open tickets order; it counts as in doubt."""
    tickets = await ledger.open_tickets(campaign=campaign, account=account)
    lines = [await ledger.ticket_attempts(ticket.id) for ticket in tickets]
    return Amount(sum(attempt.price for attempts in lines for attempt in attempts))


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerFigures:
    """The figures of a campaign, counted from the ledger alone."""

    images: Mapping[Account, Mapping[Status, int]]
    """The campaign's images that were requested, by account and status.

    As in the run manifest, a shared image counts under each of its cells.
    """
    earlier: Mapping[Account, int]
    """Images of rounds, prompts and cells that the campaign has left, by account."""
    drafted: int
    """Cells with a stored draft in the round that a reviewer sees."""
    decided: int
    """Of these cells, those with a verdict on that round and on an image that is still stored."""
    approved: int
    """Of these cells, those that are approved."""
    to_review: int = 0
    """Cells of the campaign with a stored draft, without a verdict on it and without a final."""
    to_render: int = 0
    """Images that the newest run planned and did not ask for."""
    finals_due: int = 0
    """Cells that were approved since the newest run, if the campaign has finals at all."""


def ledger_figures(
    record: CampaignRecord,
    *,
    listed: Mapping[JobKey, ListedImage] | None,
    alive: bool,
    finals: bool = False,
) -> LedgerFigures:
    """Count what the ledger has of a campaign; `alive`: a run of it is active.

    `finals`: the campaign has finals. `listed` are the images that the newest run found in the
    campaign file; if they are not known, all that were ever requested count as the campaign's.
    """
    images, earlier = _images_by_account(record, listed, alive=alive)
    newest = newest_of(record.verdicts)
    drafts = _shown_drafts(record, newest, listed)
    stored = {
        place: entry.outcome.artifact.sha256
        for place, entry in drafts.items()
        if isinstance(entry.outcome, Stored)
    }
    drafted = {cell for cell, _ in stored}
    shown = {*stored.values()}
    decisions: Counter[Decision] = Counter()
    decided: dict[CellName, Decision] = {}
    for (cell, stage), verdict in newest.items():
        if stage is not Stage.DRAFT:
            continue
        draft = drafts.get((cell, verdict.take))
        if draft is None and cell not in drafted:
            # The ledger has no draft of a cell that shares its image, only of the one that pays.
            if verdict.sha256 not in shown:
                continue
            drafted.add(cell)
        elif cell not in drafted or not _is_about(
            verdict, draft, stored.get((cell, verdict.take), "")
        ):
            continue
        decisions[verdict.decision] += 1
        decided[cell] = verdict.decision
    current, unasked = _current_cells(record, listed, drafted)
    rendered = {one.at.cell for one in record.entries.values() if one.at.stage is Stage.FINAL}
    planned = {one.cell for one in (listed or {}).values() if one.stage == Stage.FINAL}
    # a final that the newest run left out is one of an earlier draft
    final = rendered if listed is None else rendered & planned
    open_cells = {c for c in current if decided.get(c) in {None, Decision.UNDECIDED}}
    approved = {cell for cell in current if decided.get(cell) is Decision.APPROVED}
    return LedgerFigures(
        images=images,
        earlier=earlier,
        drafted=len(drafted | current),
        decided=decisions.total() - decisions[Decision.UNDECIDED],
        approved=decisions[Decision.APPROVED],
        to_review=len(open_cells - (final - {*decided})),
        to_render=unasked,
        finals_due=len(approved - rendered - planned) if finals else 0,
    )


def _current_cells(
    record: CampaignRecord, listed: Mapping[JobKey, ListedImage] | None, drafted: set[CellName]
) -> tuple[set[CellName], int]:
    """Return the cells of the campaign with a stored draft, and the images never asked for."""
    if listed is None:
        return drafted, 0
    cells: set[CellName] = set()
    unasked = 0
    for key, one in listed.items():
        entry = record.entries.get(key) or record.entries.get(one.payer)
        if entry is None:
            unasked += one.payer == key
        elif entry.at.stage is Stage.DRAFT and isinstance(entry.outcome, Stored):
            cells.add(one.cell)
    return cells, unasked


def _images_by_account(
    record: CampaignRecord, listed: Mapping[JobKey, ListedImage] | None, *, alive: bool
) -> tuple[dict[Account, Counter[Status]], Counter[Account]]:
    images: dict[Account, Counter[Status]] = {}
    left: Counter[Account] = Counter()

    def count(entry: Entry | None) -> None:
        if entry is not None:
            statuses = images.setdefault(record.accounts[entry.key], Counter())
            statuses[status_of_entry(entry, alive=alive)] += 1

    if listed is None:
        for entry in record.entries.values():
            count(entry if entry.key in record.accounts else None)
        return images, left
    payers: set[JobKey] = set()
    for key, one in listed.items():
        own, paid = (
            record.entries[name] if name in record.accounts else None for name in (key, one.payer)
        )
        shown = _shown(own, paid)
        count(shown)
        if shown is not None and shown.key != key:
            payers.add(shown.key)
    left.update(
        account
        for key, account in record.accounts.items()
        if key not in listed and key not in payers
    )
    return images, left


def _shown(own: Entry | None, payers: Entry | None) -> Entry | None:
    """Return the entry of an image as `lookup.entry_of` does."""
    return own if own is not None and isinstance(own.outcome, Stored) else payers or own


def _shown_drafts(
    record: CampaignRecord, newest: Newest, listed: Container[JobKey] | None
) -> dict[tuple[CellName, int], Entry]:
    """Return cell and take → the draft that was requested last, in the rounds that are shown.

    A draft of a prompt that the campaign has left is none of `listed`, nor is its verdict counted.
    """
    rounds = shown_rounds(rounds_from(record.verdicts), newest, record.entries.values())
    return {
        (entry.at.cell, entry.at.take): entry
        for entry in record.entries.values()
        if entry.at.stage is Stage.DRAFT
        and entry.at.round == rounds.get(entry.at.cell, FIRST_ROUND).number
        and (listed is None or entry.key in listed)
    }


def _is_about(verdict: Verdict, draft: Entry | None, sha256: str) -> bool:
    """Return whether a verdict is about this draft and, if it names an image, about its image.

    The redo of a cell with the same image names the job of that cell. A model with a fixed seed
    may answer a redo with the same image: it is another round, which nobody has decided on.
    """
    if draft is None:  # a take without an image, for which another cell asks
        return not verdict.sha256
    if verdict.round != draft.at.round:
        return False
    if draft.key != verdict.job:
        return verdict.decision is Decision.REDO and bool(sha256) and verdict.sha256 == sha256
    return verdict.sha256 in {"", sha256}
