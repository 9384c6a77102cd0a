"""The lines of the review file about ad files: approvals, and windows that people chose.

A cell with flagged ad files has a line `adfile`, and one with a chosen window a line `window`.
An approval is bound to recipes: the word `undecided` in the line is changed to `approved`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.adfiles.choice import checked_choice
from pipeline.adfiles.record import AdFileRecord
from pipeline.errors import UsageError
from pipeline.model.adfiles.ad_file import AdFileApproval, WindowChoice
from pipeline.model.names import CellName, Slug
from pipeline.model.verdict import Decision
from pipeline.review.ad_files import delivered_rows, look_words
from pipeline.review.verdicts import clean_name
from pipeline.state.output.ad_files import AdFileResults

ADFILE, WINDOW = "adfile", "window"
"""Keys beside `draft` and `final`."""

_RECIPE = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenApproval:
    """A line `adfile`, as it is written in the file."""

    approved: bool
    recipes: tuple[str, ...]
    by: str
    at: str


class AdFileLines:
    """The lines of all cells, from the record of ad files as it is now."""

    def __init__(self, record: AdFileRecord, campaign: Slug, results: AdFileResults) -> None:
        self._record, self._results = record, results
        self._rows = delivered_rows(record, campaign)
        self._windows = {cell: choice for (cell, _), choice in record.windows.items()}
        self._given: dict[str, dict[str, AdFileApproval]] = {}
        for recipe, given in record.approvals.items():
            self._given.setdefault(given.cell, {})[recipe] = given

    def of(self, cell: CellName) -> Iterator[tuple[str, str]]:
        """Yield key and value of each line about the ad files of a cell."""
        approval = self._approval_line(cell)
        if approval:
            yield ADFILE, approval
        if cell in self._windows:
            yield WINDOW, _window_line(self._windows[cell])

    def _approval_line(self, cell: CellName) -> str:
        """Return the line for the flagged ad files on disk; without any, for those approved.

        The ad files of a checkout may not be made yet, while their approvals came with git.
        """
        rows = self._rows.get(cell, ())
        flagged = [row for row in rows if look_words(row.made, self._results)]
        recipes = [row.made.recipe for row in flagged] if rows else [*self._given.get(cell, ())]
        if not recipes:
            return ""
        known = [self._record.approvals.get(recipe) for recipe in recipes]
        given = [one for one in known if one is not None]
        approved = all(one is not None and one.approved for one in known)
        parts = [f"status: {Decision.APPROVED if approved else Decision.UNDECIDED}"]
        if given:
            newest = max(given, key=lambda one: one.at)
            parts += [f"by: {_quoted(newest.by)}", f'at: "{newest.at}"']
        words = dict.fromkeys(
            words for row in flagged for words in look_words(row.made, self._results)
        )
        if words:
            parts.append(f"flags: [{', '.join(map(_quoted, words))}]")
        # Quoted, since 16 digits would be read as a number.
        parts.append(f"recipes: [{', '.join(map(_quoted, recipes))}]")
        return "{" + ", ".join(parts) + "}"


def _window_line(choice: WindowChoice) -> str:
    parts = []
    if choice.focus is not None:
        parts.append(f"focus: {_numbers(choice.focus)}")
    if choice.zoom is not None:
        parts.append(f"zoom: {choice.zoom:g}")
    if choice.keep:
        parts.append(f"keep: [{', '.join(map(_numbers, choice.keep))}]")
    parts += [f"by: {_quoted(choice.by)}", f'at: "{choice.at}"', f"source: {choice.source_sha256}"]
    return "{" + ", ".join(parts) + "}"


def _numbers(values: Sequence[float]) -> str:
    return f"[{', '.join(f'{value:g}' for value in values)}]"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def approval_of(fields: Mapping[str, object], *, now: str) -> WrittenApproval:
    """Return a line `adfile`; raise `UsageError` if it is incomplete or wrong."""
    status, recipes = fields.get("status"), fields.get("recipes")
    if status not in (Decision.APPROVED, Decision.UNDECIDED):
        raise UsageError(
            f"unknown status {status or '(empty)'}; an ad file is approved or undecided: reject or "
            "redo its final instead"
        )
    if not isinstance(recipes, list) or not all(_is_recipe(one) for one in recipes) or not recipes:
        raise UsageError(
            "an approval of an ad file names its recipes; change the word undecided in the line "
            "that `pipeline review` wrote, or use `pipeline approve FILE 'CELL@PLACEMENT'`"
        )
    return WrittenApproval(
        approved=status == Decision.APPROVED,
        recipes=tuple(map(str, recipes)),
        by=clean_name(str(fields.get("by") or "git")),
        at=min(str(fields.get("at") or now), now),
    )


def _is_recipe(value: object) -> bool:
    hexadecimal = frozenset("0123456789abcdef")
    return isinstance(value, str) and len(value) == _RECIPE and hexadecimal.issuperset(value)


def window_of_line(fields: Mapping[str, object], *, source_sha256: str, now: str) -> WindowChoice:
    """Return a line `window`; raise `UsageError` if it is wrong.

    `source_sha256` is the cell's final, for which a window without `source` is meant.
    """
    source = str(fields.get("source") or source_sha256)
    if not source:
        raise UsageError("a window is chosen for a final, and the cell has none yet")
    return checked_choice(
        focus=fields.get("focus"),
        zoom=fields.get("zoom"),
        keep=fields.get("keep") or (),
        source_sha256=source,
        by=clean_name(str(fields.get("by") or "git")),
        at=min(str(fields.get("at") or now), now),
    )
