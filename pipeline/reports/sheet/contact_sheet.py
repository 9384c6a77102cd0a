"""The HTML of contact sheets, made from the cells of a campaign."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.model.artifact import Artifact
from pipeline.model.money import IN_CREDITS, MoneyFormat, Spent, Unit
from pipeline.model.names import Stage
from pipeline.reports.sheet.sheet_thumbs import MANY, Source
from pipeline.state.campaign_state import (
    CellAtStage,
    CellRow,
    CellState,
    CellTable,
    TakeState,
    distinct_labels,
    short,
)
from pipeline.theme.page_files import palette

IMAGES_A_PAGE = 500
"""Most images on one page; more are divided into several pages."""

_WIDE, _HIGH, _GAP = 196.0, 156.0, 5.0
"""Size of the area for the pictures of a cell, and the gap between them, in CSS pixels."""
_REDUCED = 0.76
"""Scale of the only picture of a cell on a sheet of many images, to keep the file small."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetImage:
    """One picture on a sheet, in CSS pixels."""

    src: str
    width: int
    height: int
    alt: str
    chosen: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetCell:
    """One cell with its pictures and its verdict."""

    name: str
    """The cell's name as commands take it."""
    group: str
    title: str
    rest: str
    state: str
    word: str
    note: str
    by: str
    reason: str
    images: tuple[SheetImage, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetGroup:
    """The cells of one product."""

    title: str
    cells: tuple[SheetCell, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """One page of a contact sheet."""

    campaign: str
    file: str
    run: str
    totals: tuple[tuple[str, str], ...]
    groups: tuple[SheetGroup, ...]
    links: tuple[str, ...]
    page: int = 1

    @property
    def when(self) -> str:
        """When the run was, for people: `30 November 2026, 13:50 UTC`; else the run as it is."""
        try:
            began = datetime.strptime(self.run[:17], "%Y-%m-%dT%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            return self.run
        return f"{began.day} {began:%B %Y, %H:%M} UTC"

    @property
    def pages(self) -> int:
        """Number of pages."""
        return len(self.links)


def draw_sheet(
    table: CellTable,
    *,
    run: str,
    spent: Spent,
    money: MoneyFormat = IN_CREDITS,
    source: Source,
    name: str = "sheet",
    template: str = "sheet.html",
) -> dict[str, str]:
    """Return file name → HTML: `sheet.html`, and `sheet-2.html` and so on above 500 images.

    The same table always gives the same bytes.
    """
    many = len(shown_artifacts(table)) >= MANY
    labels = distinct_labels(row.cell for row in table.rows)
    chunks = list(_pages([_cell(row, source, labels, many=many) for row in table.rows]))
    links = tuple(f"{name}{f'-{n}' if n > 1 else ''}.html" for n in range(1, len(chunks) + 1))
    whole = Sheet(
        campaign=table.campaign.slug,
        file=table.campaign.file,
        run=run,
        totals=_totals(table, spent, money),
        groups=(),
        links=links,
    )
    page = _TEMPLATES.get_template(template)
    return {
        link: page.render(
            sheet=replace(whole, groups=_groups(cells), page=number), palette=palette()
        )
        for number, (link, cells) in enumerate(zip(links, chunks, strict=True), start=1)
    }


def shown_artifacts(table: CellTable) -> dict[str, Artifact]:
    """Return the images that the sheets of a table show, by short hash."""
    stored = (one.artifact for row in table.rows for one in _takes(row))
    return {short(artifact.sha256): artifact for artifact in stored if artifact is not None}


def _pages(cells: Sequence[SheetCell]) -> Iterator[list[SheetCell]]:
    page: list[SheetCell] = []
    count = 0
    for cell in cells:
        if page and count + len(cell.images) > IMAGES_A_PAGE:
            yield page
            page, count = [], 0
        page.append(cell)
        count += len(cell.images)
    yield page


def _groups(cells: Sequence[SheetCell]) -> tuple[SheetGroup, ...]:
    groups: dict[str, list[SheetCell]] = {}
    for cell in cells:
        groups.setdefault(cell.group, []).append(cell)
    return tuple(SheetGroup(title=title, cells=tuple(own)) for title, own in groups.items())


def _cell(
    row: CellRow, source: Source, named: Mapping[tuple[str, str], str], *, many: bool
) -> SheetCell:
    shown = _shown_stage(row)
    labels = [named[axis] for axis in row.cell.axes]
    title, *rest = labels[1:] or labels
    takes = [one for one in _takes(row) if one.artifact is not None]
    verdict = shown.verdict if shown is not None and shown.state in _DECIDED else None
    width = _width(takes) * (_REDUCED if many and len(takes) == 1 else 1) if takes else 0
    return SheetCell(
        name=row.cell.name,
        group=labels[0],
        title=title,
        rest=" · ".join(rest),
        state=shown.state if shown is not None else CellState.WAITING,
        word=state_word(row),
        note=verdict.note if verdict is not None and verdict.by != "auto" else "",
        by=verdict.by if verdict is not None else "",
        reason=shown.reason if shown is not None else "",
        images=tuple(_image(row, one, source, width=width) for one in takes),
    )


def _shown_stage(row: CellRow) -> CellAtStage | None:
    """Return the stage of a cell that the sheet shows: the final if it has an image."""
    if row.final is not None and any(one.artifact is not None for one in row.final.takes):
        return row.final
    return row.draft or row.final


def _takes(row: CellRow) -> tuple[TakeState, ...]:
    shown = _shown_stage(row)
    return shown.takes if shown is not None else ()


def _width(takes: Sequence[TakeState]) -> float:
    """Return the largest width, in CSS pixels, at which all pictures of a cell fit into it."""
    count = len(takes)
    ratio = max(_artifact(one).width / _artifact(one).height for one in takes)
    return max(
        min(
            (_WIDE - _GAP * (columns - 1)) / columns,
            ((_HIGH - _GAP * (rows - 1)) / rows) * ratio,
        )
        for columns in range(1, count + 1)
        for rows in [-(-count // columns)]
    )


def _artifact(one: TakeState) -> Artifact:
    if one.artifact is None:
        raise ValueError("this take has no image")
    return one.artifact


def _image(row: CellRow, one: TakeState, source: Source, *, width: float) -> SheetImage:
    artifact = _artifact(one)
    shown = _shown_stage(row)
    verdict = shown.verdict if shown is not None and shown.state is CellState.APPROVED else None
    take = one.job.at.take
    height = width * artifact.height / artifact.width
    return SheetImage(
        src=source(artifact, round(max(width, height))),
        width=round(width),
        height=round(height),
        alt=f"{row.cell.name}, {one.job.at.stage} take {take}",
        chosen=verdict is not None and verdict.take == take,
    )


_DECIDED = frozenset({CellState.APPROVED, CellState.REDO, CellState.REJECTED, CellState.STALE})

_WORDS: Mapping[CellState, str] = {
    CellState.WAITING: "open",
    CellState.RENDERING: "rendering",
    CellState.FAILED: "✕ failed",
    CellState.REFUSED: "✕ refused",
    CellState.DOUBT: "? in doubt",
    CellState.UNDECIDED: "open",
    CellState.APPROVED: "✓ approved",
    CellState.REDO: "↻ redo",
    CellState.REJECTED: "✕ rejected",
    CellState.STALE: "! stale",
}


def state_word(row: CellRow) -> str:
    """Return where a cell stands, in a word or two; empty if it has nothing to show."""
    shown = _shown_stage(row)
    if shown is None:
        return ""
    if shown is row.final:
        return _final_word(shown.state)
    verdict = shown.verdict
    if shown.state is CellState.APPROVED and verdict is not None and len(shown.takes) > 1:
        return f"✓ take {verdict.take}"
    return _WORDS[shown.state]


def _final_word(state: CellState) -> str:
    """Return the word for a final; it needs no verdict, so it is never open."""
    match state:
        case CellState.APPROVED:
            return "✓ final accepted"
        case CellState.UNDECIDED:
            return "final"
        case _:
            return f"final, {_WORDS[state]}"


def _totals(table: CellTable, spent: Spent, money: MoneyFormat) -> tuple[tuple[str, str], ...]:
    drafts = Counter(shown.state for shown in table.at_stage(Stage.DRAFT))
    finals = sum(
        one.artifact is not None for shown in table.at_stage(Stage.FINAL) for one in shown.takes
    )
    decided = sum(drafts[state] for state in _DECIDED)
    doubt = f"–{money.bare(spent.upper)}" if spent.in_doubt else ""
    label = "Credits spent" if money.unit is Unit.CREDITS else "Spent"
    return (
        ("Cells approved", str(drafts[CellState.APPROVED])),
        ("Cells to redo", str(drafts[CellState.REDO])),
        ("Cells rejected", str(drafts[CellState.REJECTED])),
        ("Cells open", str(drafts.total() - decided)),
        *((("Final images", str(finals)),) if finals else ()),
        (label, f"{money.bare(spent.confirmed)}{doubt}"),
    )


_TEMPLATES = Environment(
    loader=PackageLoader("pipeline.reports.sheet"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)
