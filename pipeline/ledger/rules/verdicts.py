"""Verdicts: recording one, and restoring those that a ledger lost."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pipeline.ledger.base import StaleVerdict
from pipeline.ledger.row_store import RowStore
from pipeline.ledger.rows import storable
from pipeline.model.names import CellName, Slug, Stage
from pipeline.model.verdict import Verdict


def decide(store: RowStore, verdict: Verdict, campaign: Slug, base: int | None) -> Verdict:
    """Add a verdict; raise `StaleVerdict` if `base` is given and is not the newest revision."""
    newest = store.newest_verdict(campaign, verdict.cell, verdict.stage)
    revision = newest.revision if newest else 0
    if base is not None and base != revision:
        raise StaleVerdict(newest)
    note, by = (storable(text, limit=len(text)) for text in (verdict.note, verdict.by))
    decided = replace(verdict, note=note, by=by, revision=revision + 1)
    store.add_verdict(campaign, decided)
    return decided


def restore_verdicts(store: RowStore, campaign: Slug, verdicts: Iterable[Verdict]) -> None:
    """Add the verdicts that were given after the ones that the ledger has.

    A cell on which the ledger has a verdict that the records lack keeps it as its newest one.
    """
    told: dict[tuple[CellName, Stage], list[Verdict]] = {}
    for verdict in verdicts:
        told.setdefault((verdict.cell, verdict.stage), []).append(verdict)
    known = _by_place(store.verdicts(campaign, None)) if told else {}
    for place, given in told.items():
        own = known.get(place, [])
        at = 0
        if own:
            opinions = [_opinion(one) for one in given]
            if _opinion(own[-1]) not in opinions:
                continue
            at = len(opinions) - opinions[::-1].index(_opinion(own[-1]))
        newest = own[-1].revision if own else 0
        for revision, verdict in enumerate(given[at:], start=newest + 1):
            store.add_verdict(campaign, replace(verdict, revision=revision))


def _by_place(verdicts: Iterable[Verdict]) -> Mapping[tuple[CellName, Stage], list[Verdict]]:
    places: dict[tuple[CellName, Stage], list[Verdict]] = {}
    for verdict in verdicts:
        places.setdefault((verdict.cell, verdict.stage), []).append(verdict)
    return places


def _opinion(verdict: Verdict) -> tuple[object, ...]:
    """Return what makes two verdicts on a cell the same one, but its revision."""
    return (verdict.decision, verdict.round, verdict.take, verdict.job, verdict.sha256, verdict.at)
