"""The contact sheet: one page without scripts, to open from disk, print or mail."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.model.artifact import Artifact
from pipeline.model.campaign import Stage
from pipeline.model.credits import Spent
from pipeline.model.verdict import Decision
from pipeline.reports.sheet.sheet_thumbs import MANY, Source
from pipeline.state.board import Board, BoardRow
from pipeline.state.cell_states import CellAtStage, CellState, TakeState
from pipeline.state.labels import labels_of, short

IMAGES_A_PAGE = 500
"""More images are split over several pages."""

_WIDE, _HIGH, _GAP = 196.0, 156.0, 5.0
"""CSS pixels that a cell has for its pictures, and between them."""
_AIRY = 0.76
"""Of the room that a picture alone in its cell takes on a sheet of many: it stays light."""


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
    """One cell with its pictures and what was decided."""

    name: str
    """As commands and replies call it."""
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
    """One page."""

    campaign: str
    file: str
    run: str
    totals: tuple[tuple[str, str], ...]
    groups: tuple[SheetGroup, ...]
    links: tuple[str, ...]
    page: int = 1

    @property
    def pages(self) -> int:
        """How many there are."""
        return len(self.links)


def draw_sheet(
    board: Board, *, run: str, spent: Spent, source: Source, name: str = "sheet"
) -> dict[str, str]:
    """File name → HTML: `sheet.html`, and `sheet-2.html` … above 500 images.

    The same board gives the same bytes: nothing in it tells when it was made.
    """
    many = len(shown_artifacts(board)) >= MANY
    chunks = list(_pages([_cell(row, source, many=many) for row in board.rows]))
    links = tuple(f"{name}{f'-{n}' if n > 1 else ''}.html" for n in range(1, len(chunks) + 1))
    whole = Sheet(
        campaign=board.campaign.slug,
        file=board.campaign.file,
        run=run,
        totals=_totals(board, spent),
        groups=(),
        links=links,
    )
    template = _TEMPLATES.get_template("sheet.html")
    return {
        link: template.render(sheet=replace(whole, groups=_groups(cells), page=number))
        for number, (link, cells) in enumerate(zip(links, chunks, strict=True), start=1)
    }


def shown_artifacts(board: Board) -> dict[str, Artifact]:
    """Every image that the sheets of a board show, by short hash."""
    stored = (view.artifact for row in board.rows for view in _views(row))
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


def _cell(row: BoardRow, source: Source, *, many: bool) -> SheetCell:
    side = _side(row)
    labels = labels_of(row.cell)
    title, *rest = labels[1:] or labels
    views = [view for view in _views(row) if view.artifact is not None]
    verdict = side.verdict if side is not None and side.state in _DECIDED else None
    width = _width(views) * (_AIRY if many and len(views) == 1 else 1) if views else 0
    return SheetCell(
        name=row.cell.name,
        group=labels[0],
        title=title,
        rest=" · ".join(rest),
        state=side.state if side is not None else CellState.WAITING,
        word=_word(row, side),
        note=verdict.note if verdict is not None and verdict.by != "auto" else "",
        by=verdict.by if verdict is not None else "",
        reason=side.reason if side is not None else "",
        images=tuple(_image(row, view, source, width=width) for view in views),
    )


def _side(row: BoardRow) -> CellAtStage | None:
    """The stage that the sheet shows of a cell: its final as soon as there is one."""
    if row.final is not None and any(view.artifact is not None for view in row.final.takes):
        return row.final
    return row.draft or row.final


def _views(row: BoardRow) -> tuple[TakeState, ...]:
    side = _side(row)
    return side.takes if side is not None else ()


def _width(views: Sequence[TakeState]) -> float:
    """CSS pixels of each picture of a cell: as wide as they can all be in its room."""
    count = len(views)
    ratio = max(_shown(view).width / _shown(view).height for view in views)
    return max(
        min(
            (_WIDE - _GAP * (columns - 1)) / columns,
            ((_HIGH - _GAP * (rows - 1)) / rows) * ratio,
        )
        for columns in range(1, count + 1)
        for rows in [-(-count // columns)]
    )


def _shown(view: TakeState) -> Artifact:
    if view.artifact is None:
        raise ValueError("only images on disk are shown")
    return view.artifact


def _image(row: BoardRow, view: TakeState, source: Source, *, width: float) -> SheetImage:
    artifact = _shown(view)
    side = _side(row)
    verdict = side.verdict if side is not None and side.state is CellState.APPROVED else None
    take = view.job.at.take
    height = width * artifact.height / artifact.width
    return SheetImage(
        src=source(artifact, round(max(width, height))),
        width=round(width),
        height=round(height),
        alt=f"{row.cell.name}, {view.job.at.stage} take {take}",
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


def _word(row: BoardRow, side: CellAtStage | None) -> str:
    if side is None:
        return ""
    if side is row.final:
        return _final_word(side.state)
    verdict = side.verdict
    if side.state is CellState.APPROVED and verdict is not None and len(side.takes) > 1:
        return f"✓ take {verdict.take}"
    return _WORDS[side.state]


def _final_word(state: CellState) -> str:
    """A final that nobody spoke about is not open: nothing waits for a word on it."""
    match state:
        case CellState.APPROVED:
            return "✓ final accepted"
        case CellState.UNDECIDED:
            return "final"
        case _:
            return f"final, {_WORDS[state]}"


def _totals(board: Board, spent: Spent) -> tuple[tuple[str, str], ...]:
    drafts = [side.state for side in board.sides(Stage.DRAFT)]
    finals = sum(
        any(view.artifact is not None for view in side.takes) for side in board.sides(Stage.FINAL)
    )
    decided = {decision: drafts.count(CellState(decision)) for decision in Decision}
    doubt = f"–{spent.upper}" if spent.in_doubt else ""
    return (
        ("Approved", str(decided[Decision.APPROVED])),
        ("Redo", str(decided[Decision.REDO])),
        ("Rejected", str(decided[Decision.REJECTED])),
        ("Open", str(len(drafts) - sum(drafts.count(state) for state in _DECIDED))),
        *((("Finals", str(finals)),) if finals else ()),
        ("Credits spent", f"{spent.confirmed}{doubt}"),
    )


_TEMPLATES = Environment(
    loader=PackageLoader("pipeline.reports.sheet"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)
