"""Decisions on ad files: approving flagged ones, and choosing their windows.

The page, the terminal and the review file use these functions; the record keeps the decisions.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

from pipeline.adfiles.record import AdFileRecord, AdFileRow
from pipeline.model.adfiles.ad_file import AdFile, AdFileApproval, flags_in_words
from pipeline.model.names import Slug
from pipeline.review.verdicts import clean_name
from pipeline.state.campaign_state import CellTable, short
from pipeline.state.output.ad_files import FOLDER, AdFilePlan, AdFileResults, PlannedAdFile


def delivered_rows(record: AdFileRecord, campaign: Slug) -> Mapping[str, Sequence[AdFileRow]]:
    """Return the ad files in the folder for delivery, by cell."""
    rows: dict[str, list[AdFileRow]] = {}
    for row in record:
        if row.made.path.startswith(f"{campaign}/{FOLDER}/"):
            rows.setdefault(row.cell, []).append(row)
    return rows


def look_words(made: AdFile, results: AdFileResults) -> list[str]:
    """Return why a person has to look at an ad file before it is delivered, in words."""
    flags = flags_in_words(made.flags, extended=made.extended, scale=made.scale)
    return flags + [str(one) for one in results.get(made.path, ()) if one.needs_a_look]


AdFileState = tuple[int, int, int, str, str]
"""Of a cell's ad files: all, those on disk, those that wait for an approval; a mark of them, and
the short hash of the first one on disk."""


def ad_file_states(
    plan: AdFilePlan, record: AdFileRecord, table: CellTable, results: AdFileResults
) -> dict[int, AdFileState]:
    """Return what there is of each cell's ad files, by the number of the cell.

    The mark changes with any file, approval or window of the cell.
    """
    files: dict[int, list[PlannedAdFile]] = {}
    for planned in plan.files:
        number = table.number.get(planned.cell)
        if number is not None:
            files.setdefault(number, []).append(planned)
    return {number: _state(some, record, results) for number, some in files.items()}


def _state(
    files: Sequence[PlannedAdFile], record: AdFileRecord, results: AdFileResults
) -> AdFileState:
    rows = [record.find(planned.path) for planned in files]
    made = [row.made for row in rows if row is not None]
    approved = record.approved
    waiting = sum(bool(look_words(one, results)) and one.recipe not in approved for one in made)
    place = (files[0].cell, files[0].placement)
    facts = [
        [(one.recipe.id, record.approval_revision(one.recipe.id)) for one in files],
        [(one.sha256, look_words(one, results)) for one in made],
        record.window_revision(place),
    ]
    mark = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:8]
    return len(files), len(made), waiting, mark, short(made[0].sha256) if made else ""


def decide_ad_files(
    record: AdFileRecord,
    rows: Iterable[AdFileRow],
    *,
    approved: bool,
    by: str,
    at: str,
    bases: Mapping[str, int] | None = None,
) -> AdFileApproval | None:
    """Approve flagged ad files, or withdraw that; return a decision that came first, if any.

    `bases` are the revisions that a page showed, by recipe; without them, the last one wins.
    """
    by = clean_name(by)
    for row in rows:
        recipe = row.made.recipe
        given = AdFileApproval(by=by, at=at, approved=approved, cell=row.cell)
        before = record.approvals.get(recipe)
        if before is not None and before.approved is approved and bases is None:
            continue
        base = None if bases is None else bases.get(recipe, 0)
        if not record.approve(recipe, given, base=base):
            return record.approvals[recipe]
    return None
