"""All tables of a campaign, filtered by their `where`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.planning.feeds.opening import open_table
from pipeline.planning.feeds.table import Table, pack
from pipeline.planning.files import Reading, beside
from pipeline.planning.grammar.matrix import FromPart, MatrixPart, TablePart
from pipeline.planning.places import Findings, Place
from pipeline.planning.prompts.library import Library
from pipeline.planning.prompts.scribe import Scribe, ScribeDied
from pipeline.planning.reading.located import LocatedMap, place_at

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Tables:
    """Tables by name."""

    by_name: dict[str, Table] = field(default_factory=dict)
    snapshots: dict[str, str] = field(default_factory=dict)
    """Feed as written → sha256 of its bytes."""


def gather_tables(
    data: Mapping[str, TablePart],
    matrix: MatrixPart,
    document: LocatedMap,
    *,
    base: Mapping[str, Reading],
    findings: Findings,
) -> Tables:
    """Read every feed; a table that is an axis has the key `id` unless it names one."""
    tables = Tables()
    sources = {
        part.source
        for part in (matrix.size, *matrix.__pydantic_extra__.values())
        if isinstance(part, FromPart)
    }
    for name, part in data.items():
        at = place_at(document, ("data", name, "source"))
        reading = beside(part.source, base=base[at.file])
        if part.key is None and name in sources:
            part = part.model_copy(update={"key": "id"})  # noqa: PLW2901  the default of an axis
        table = open_table(
            name, part, path=reading.path, shown=reading.shown, findings=findings, at=at
        )
        if table is not None:
            tables.by_name[name] = table
            tables.snapshots[part.source] = table.sha256
    return tables


def filter_tables(
    tables: Tables,
    data: Mapping[str, TablePart],
    scribe: Scribe,
    library: Library,
    findings: Findings,
) -> None:
    """Drop the rows for which a table's `where` is false."""
    for name, table in tables.by_name.items():
        expression = f"data.{name}.where"
        if data[name].where is None or expression not in library.expressions:
            continue
        wanted: list[bool] = []
        for start in range(0, len(table.rows), _BATCH):
            rows = table.rows[start : start + _BATCH]
            answers = _ask(scribe, expression, table, rows, start, library, findings)
            if answers is None:
                return
            wanted.extend(answers)
        if not any(wanted):
            at, path = library.place(expression, 1)
            findings.error("keeps no row at all", at=at, path=path, code="feed-empty")
        else:
            table.keep(wanted)


def _ask(
    scribe: Scribe,
    expression: str,
    table: Table,
    rows: list[bytes],
    start: int,
    library: Library,
    findings: Findings,
) -> list[bool] | None:
    slot = pack(f".{table.name}")
    values = [f"[{slot},null,{row.decode('ascii')}]" for row in rows]
    questions = [(expression, (number,)) for number in range(len(rows))]
    at, path = library.place(expression, 1)
    try:
        scribe.post({"op": "judge", "questions": questions}, values)
        reply = scribe.answer()
    except ScribeDied as died:
        number = table.numbers[start + died.number]
        complaint = f"{died.reason} ({table.file} row {number})"
        findings.error(complaint, at=at, path=path, code="template")
        findings.settle()
        raise
    problems = reply["problems"]
    if problems:
        first = problems[0]
        row = table.numbers[start + first["shot"]]
        more = f", and in {len(problems) - 1} more rows" if len(problems) > 1 else ""
        complaint = f"{first['complaint']} ({table.file} row {row}{more})"
        findings.error(complaint, at=at, path=path, code="template")
        return None
    return [bool(answer) for answer in reply["answers"]]


def join_place(document: LocatedMap, name: str) -> Place:
    """Where a table is declared."""
    return place_at(document, ("data", name))
