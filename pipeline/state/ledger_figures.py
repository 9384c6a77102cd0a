"""The figures of a campaign that need no campaign file, only the ledger."""

from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

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
    newest = newest_of(record.verdicts)
    if listed is None:
        listing = _count_all(record, alive=alive)
    else:
        listing = _count_listed(record, listed, alive=alive)
    drafts, rendered = _shown_drafts(record, newest, listed)
    stored = {place: draft.sha256 for place, draft in drafts.items() if draft.sha256}
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
    current = drafted if listed is None else listing.drafted
    planned = {one.cell for one in (listed or {}).values() if one.stage == Stage.FINAL}
    # a final that the newest run left out is one of an earlier draft
    final = rendered if listed is None else rendered & planned
    open_cells = {c for c in current if decided.get(c) in {None, Decision.UNDECIDED}}
    approved = {cell for cell in current if decided.get(cell) is Decision.APPROVED}
    return LedgerFigures(
        images=listing.images,
        earlier=listing.earlier,
        drafted=len(drafted | current),
        decided=decisions.total() - decisions[Decision.UNDECIDED],
        approved=decisions[Decision.APPROVED],
        to_review=len(open_cells - (final - {*decided})),
        to_render=listing.unasked,
        finals_due=len(approved - rendered - planned) if finals else 0,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _ListedCounts:
    """What the ledger has of the images that the newest run listed."""

    images: Mapping[Account, Counter[Status]]
    earlier: Counter[Account]
    drafted: set[CellName] = field(default_factory=set)
    """Cells of the campaign with a stored draft."""
    unasked: int = 0
    """Images that are to be requested, for the first time or again."""


def _count_all(record: CampaignRecord, *, alive: bool) -> _ListedCounts:
    """Count every image that was requested: which of them the campaign has is not known."""
    images: dict[Account, Counter[Status]] = {}
    for entry in record.entries.values():
        account = record.accounts.get(entry.key)
        if account is not None:
            statuses = images.setdefault(account, Counter())
            statuses[status_of_entry(entry, alive=alive)] += 1
    return _ListedCounts(images=images, earlier=Counter())


def _count_listed(
    record: CampaignRecord, listed: Mapping[JobKey, ListedImage], *, alive: bool
) -> _ListedCounts:
    images: dict[Account, Counter[Status]] = {}
    entries, accounts = record.entries, record.accounts
    left = Counter(accounts.values())
    cells: set[CellName] = set()
    payers: set[JobKey] = set()
    unasked = 0
    for key, one in listed.items():
        own = entries.get(key)
        paid = entries.get(one.payer) if one.payer != key else None
        known = own or paid
        if known is None:
            unasked += one.payer == key
            continue
        if known.at.stage is Stage.DRAFT and isinstance(known.outcome, Stored):
            cells.add(one.cell)
        mine, payers_own = accounts.get(key), accounts.get(one.payer) if paid else None
        if mine is not None:
            left[mine] -= 1
        shown = _shown(own if mine else None, paid if payers_own else None)
        account = mine if shown is own else payers_own
        if shown is None or account is None:
            continue
        if shown.key not in listed and shown.key not in payers:
            payers.add(shown.key)
            left[account] -= 1
        status = status_of_entry(shown, alive=alive)
        images.setdefault(account, Counter())[status] += 1
        if status is Status.PLANNED:  # it is bought again, as a person asked
            unasked += one.payer == key
    return _ListedCounts(images=images, earlier=+left, drafted=cells, unasked=unasked)


def _shown(own: Entry | None, payers: Entry | None) -> Entry | None:
    """Return the entry of an image as `lookup.entry_of` does."""
    return own if own is not None and isinstance(own.outcome, Stored) else payers or own


class _ShownDraft(NamedTuple):
    key: JobKey
    round: int
    sha256: str
    """Empty if its image is not stored."""


def _shown_drafts(
    record: CampaignRecord, newest: Newest, listed: Container[JobKey] | None
) -> tuple[dict[tuple[CellName, int], _ShownDraft], set[CellName]]:
    """Return cell and take → the draft that was requested last, in the rounds that are shown.

    A draft of a prompt that the campaign has left is none of `listed`, nor is its verdict counted.
    Also return the cells of which a final was requested.
    """
    rounds = shown_rounds(rounds_from(record.verdicts), newest, record.entries.values())
    drafts: dict[tuple[CellName, int], _ShownDraft] = {}
    rendered: set[CellName] = set()
    for entry in record.entries.values():
        at = entry.at
        if at.stage is Stage.FINAL:
            rendered.add(at.cell)
        elif at.round == rounds.get(at.cell, FIRST_ROUND).number and (
            listed is None or entry.key in listed
        ):
            outcome = entry.outcome
            sha256 = outcome.artifact.sha256 if isinstance(outcome, Stored) else ""
            drafts[at.cell, at.take] = _ShownDraft(entry.key, at.round, sha256)
    return drafts, rendered


def _is_about(verdict: Verdict, draft: _ShownDraft | None, sha256: str) -> bool:
    """Return whether a verdict is about this draft and, if it names an image, about its image.

    The redo of a cell with the same image names the job of that cell. A model with a fixed seed
    may answer a redo with the same image: it is another round, which nobody has decided on.
    """
    if draft is None:  # a take without an image, for which another cell asks
        return not verdict.sha256
    if verdict.round != draft.round:
        return False
    if draft.key != verdict.job:
        return verdict.decision is Decision.REDO and bool(sha256) and verdict.sha256 == sha256
    return verdict.sha256 in {"", sha256}
