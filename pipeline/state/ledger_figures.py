"""The figures of a campaign that need no campaign file, only the ledger."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.ledger.base import Ledger
from pipeline.model.entry import CampaignRecord, Entry
from pipeline.model.money import Spent
from pipeline.model.names import Account, CellName, Slug, Stage
from pipeline.model.outcome import Status, Stored
from pipeline.model.verdict import Decision, Round, Verdict
from pipeline.state.lookup import Newest, newest_of, rounds_from, shown_rounds, status_of_entry

FIRST_ROUND = Round()


async def spent_by_account(ledger: Ledger, campaign: Slug) -> dict[Account, Spent]:
    """Return what each account has spent on a campaign, the account of the newest run first.

    Accounts are never added up: credits of the embedded server are play money.
    """
    accounts = dict.fromkeys(run.account for run in await ledger.runs(campaign))
    return {account: await ledger.spent(campaign=campaign, account=account) for account in accounts}


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerFigures:
    """The figures of a campaign, counted from the ledger alone."""

    images: Mapping[Account, Mapping[Status, int]]
    """Images that were ever requested, by account and status."""
    drafted: int
    """Cells with a stored draft in the round that a reviewer sees."""
    decided: int
    """Of these cells, those with a verdict on that round and on an image that is still stored."""
    approved: int
    """Of these cells, those that are approved."""


def ledger_figures(record: CampaignRecord, *, alive: bool) -> LedgerFigures:
    """Count what the ledger has of a campaign; `alive`: a run of it is active."""
    images: dict[Account, Counter[Status]] = {}
    for entry in record.entries:
        account = record.accounts.get(entry.key)
        if account is not None:
            statuses = images.setdefault(account, Counter())
            statuses[status_of_entry(entry, alive=alive)] += 1
    newest = newest_of(record.verdicts)
    drafts = _shown_drafts(record, newest)
    stored = {
        place: entry.outcome.artifact.sha256
        for place, entry in drafts.items()
        if isinstance(entry.outcome, Stored)
    }
    drafted = {cell for cell, _ in stored}
    shown = {*stored.values()}
    decisions: Counter[Decision] = Counter()
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
    return LedgerFigures(
        images=images,
        drafted=len(drafted),
        decided=decisions.total() - decisions[Decision.UNDECIDED],
        approved=decisions[Decision.APPROVED],
    )


def _shown_drafts(record: CampaignRecord, newest: Newest) -> dict[tuple[CellName, int], Entry]:
    """Return cell and take → the draft that was requested last, in the rounds that are shown."""
    rounds = shown_rounds(rounds_from(record.verdicts), newest, record.entries)
    return {
        (entry.at.cell, entry.at.take): entry
        for entry in record.entries
        if entry.at.stage is Stage.DRAFT
        and entry.at.round == rounds.get(entry.at.cell, FIRST_ROUND).number
    }


def _is_about(verdict: Verdict, draft: Entry | None, sha256: str) -> bool:
    """Return whether a verdict is about this draft and, if it names an image, about its image.

    The redo of a cell with the same image names the job of that cell.
    """
    if draft is None:  # a take without an image, for which another cell asks
        return not verdict.sha256
    if draft.key != verdict.job:
        return verdict.decision is Decision.REDO and bool(sha256) and verdict.sha256 == sha256
    return verdict.sha256 in {"", sha256}
