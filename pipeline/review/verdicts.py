"""Binding verdicts to images and recording them in the ledger.

The commands, the page and the automatic review all use this module.
"""

import asyncio
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from pipeline.campaign.cell_globs import matching_cells
from pipeline.errors import UsageError
from pipeline.ledger.base import Ledger, StaleVerdict
from pipeline.model.job import Job, keys_of
from pipeline.model.names import Slug
from pipeline.model.verdict import Decision, Verdict
from pipeline.review.shared_images import record_shared, shared_outcome, sharing_cells
from pipeline.state.lookup import Entries, Newest, artifact_of, by_cell, entry_of
from pipeline.system_errors import expected_errors

_NAMED = 10
"""Most refusals that are listed one by one."""

LONGEST_NOTE = 1000
LONGEST_NAME = 60

_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\ufeff]")
"""Bidi embeddings, overrides and isolates; the marks that Arabic needs are kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UnboundVerdict:
    """A verdict on a cell, before it is bound to an image."""

    decision: Decision
    by: str
    at: datetime
    take: int | None = None
    note: str = ""


def bind(opinion: UnboundVerdict, jobs: Sequence[Job], entries: Entries) -> Verdict:
    """Bind a verdict on one cell to the image that it is about.

    `jobs` are the takes of that cell at one stage and round. Raises `UsageError` if there is no
    image that the verdict could be about.
    """
    cell = jobs[0].at.cell
    stored = {job.at.take: job for job in jobs if artifact_of(job, entries) is not None}
    match opinion.decision:
        case Decision.APPROVED:
            looked_at = _approvable(opinion, jobs, stored)
        case Decision.REDO:
            if not any(_was_answered(job, entries) for job in jobs):
                raise UsageError(f"{cell} is not rendered yet: there is nothing to redo")
            looked_at = _looked_at(opinion, jobs, stored)
        case Decision.REJECTED | Decision.UNDECIDED:
            looked_at = _looked_at(opinion, jobs, stored)
        case _:
            assert_never(opinion.decision)
    artifact = artifact_of(looked_at, entries)
    return Verdict(
        cell=cell,
        stage=looked_at.at.stage,
        decision=opinion.decision,
        round=looked_at.at.round,
        take=looked_at.at.take,
        job=looked_at.key,
        sha256=artifact.sha256 if artifact is not None else "",
        by=clean_name(opinion.by),
        at=stamp(opinion.at),
        note=clean_note(opinion.note),
    )


def stamp(now: datetime) -> str:
    """Return a time as verdicts store it: UTC, ISO 8601."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _was_answered(job: Job, entries: Entries) -> bool:
    """Return True if a request for the image of a job has ended in any way."""
    entry = entry_of(job, entries)
    return entry is not None and entry.outcome is not None


def _approvable(opinion: UnboundVerdict, jobs: Sequence[Job], stored: Mapping[int, Job]) -> Job:
    cell = jobs[0].at.cell
    if not stored:
        raise UsageError(f"{cell} has no stored image yet: nothing to approve")
    if opinion.take is None:
        if len(stored) > 1:
            raise UsageError(f"{cell} has takes {_list(stored)}: say which with --take")
        return next(iter(stored.values()))
    if opinion.take not in stored:
        raise UsageError(f"{cell} has no stored take {opinion.take}; there is {_list(stored)}")
    return stored[opinion.take]


def _looked_at(opinion: UnboundVerdict, jobs: Sequence[Job], stored: Mapping[int, Job]) -> Job:
    for job in jobs:
        if job.at.take == opinion.take:
            return job
    if opinion.take is not None:
        raise UsageError(f"{jobs[0].at.cell} has no take {opinion.take}")
    return next(iter(stored.values()), jobs[0])


def _list(stored: Mapping[int, Job]) -> str:
    return ", ".join(str(take) for take in sorted(stored))


@dataclass(frozen=True, kw_only=True, slots=True)
class CellsDecided:
    """The result of one verdict on many cells."""

    verdicts: tuple[Verdict, ...]
    refused: tuple[str, ...]
    """Why there is no verdict on further cells, one line for each."""
    followed: tuple[Verdict, ...]
    """Verdicts on cells that share images with these: they follow a redo, or no longer do."""
    kept: tuple[Verdict, ...]
    """Verdicts on cells that keep an image that they share with a redone cell."""


async def decide_cells(
    ledger: Ledger,
    campaign: Slug,
    jobs: Sequence[Job],
    *,
    glob: str,
    opinion: UnboundVerdict,
) -> CellsDecided:
    """Record a verdict on every cell that matches a glob; return it, and the cells without.

    `jobs` are the drafts or the finals of one campaign, in the rounds of `shown_rounds`. A cell
    that already has an equal verdict is left as it is. Raises `UsageError` if nothing matches, or
    if no cell can get the verdict: an approval has no stored image or needs a take, or somebody
    else decides at the same time.
    """
    cells = by_cell(jobs)
    names = matching_cells(cells, glob)
    entries = await ledger.entries(keys_of(jobs))
    newest = await ledger.verdicts(campaign)
    bound, refused = _bind_all([cells[name] for name in names], opinion, entries)
    given: list[Verdict] = []
    for verdict, result in zip(bound, await _record(ledger, campaign, bound, newest), strict=True):
        if isinstance(result, Verdict):
            given.append(result)
        else:
            who = result.newest.by if result.newest is not None else "somebody"
            refused.append(
                f"{verdict.cell}: {who} decided on it at the same time; look again, then "
                "repeat the command"
            )
    if not given:
        more = f"\n… and {len(refused) - _NAMED} more" if len(refused) > _NAMED else ""
        raise UsageError("\n".join(refused[:_NAMED]) + more)
    shared = shared_outcome(given, sharing_cells(jobs), entries, newest)
    return CellsDecided(
        verdicts=tuple(given),
        refused=tuple(refused),
        followed=tuple(await record_shared(ledger, campaign, shared, newest)),
        kept=tuple(shared.kept),
    )


def _bind_all(
    cells: Sequence[Sequence[Job]], opinion: UnboundVerdict, entries: Entries
) -> tuple[list[Verdict], list[str]]:
    """Return the verdicts on these cells, and why there is none on the others."""
    bound: list[Verdict] = []
    refused: list[str] = []
    for jobs in cells:
        try:
            bound.append(bind(opinion, jobs, entries))
        except UsageError as refusal:
            refused.append(str(refusal))
    return bound, refused


async def _record(
    ledger: Ledger, campaign: Slug, verdicts: Sequence[Verdict], newest: Newest
) -> list[Verdict | StaleVerdict]:
    async def one(verdict: Verdict) -> Verdict | StaleVerdict:
        before = newest.get((verdict.cell, verdict.stage))
        if before is not None and is_same_opinion(before, verdict):
            return before
        base = before.revision if before is not None else 0
        try:
            return await ledger.decide(verdict, campaign=campaign, base=base)
        except StaleVerdict as stale:
            return stale

    with expected_errors():
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(one(verdict)) for verdict in verdicts]
    return [task.result() for task in asked]


def is_same_opinion(before: Verdict, after: Verdict) -> bool:
    """Return True if two verdicts say the same about the same image, whoever gave them."""

    def opinion(verdict: Verdict) -> tuple[object, ...]:
        return (verdict.decision, verdict.job, verdict.sha256, verdict.note)

    return opinion(before) == opinion(after)


def clean_note(text: str) -> str:
    """Return a note as it is put into a prompt: one line, no control characters.

    Raises `UsageError` if it is too long. A note is never read as a template.
    """
    return _clean(text, longest=LONGEST_NOTE, what="note")


def clean_name(text: str) -> str:
    """Return a reviewer's name as clean text; raise `UsageError` if it is empty or too long."""
    name = _clean(text, longest=LONGEST_NAME, what="reviewer's name")
    if not name:
        raise UsageError("a verdict needs a reviewer's name: set PIPELINE_REVIEWER")
    return name


def _clean(text: str, *, longest: int, what: str) -> str:
    spaced = _BIDI.sub("", text)
    kept = "".join(
        " "
        if unicodedata.category(sign)[0] in "CZ" and sign not in "\u200c\u200d\u200e\u200f"
        else sign
        for sign in spaced
    )
    line = " ".join(kept.split())
    if len(line) > longest:
        raise UsageError(f"the {what} has {len(line)} characters; at most {longest} are allowed")
    return line
