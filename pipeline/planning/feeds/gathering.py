"""All tables of a campaign, filtered by their `where`."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.errors import CampaignError
from pipeline.planning.feeds.opening import open_table
from pipeline.planning.feeds.rows import settle_keys
from pipeline.planning.feeds.table import Table, pack
from pipeline.planning.files import beside
from pipeline.planning.grammar.matrix import FromPart
from pipeline.planning.opened import Opened
from pipeline.planning.places import Findings
from pipeline.planning.prompts.library import Library
from pipeline.planning.prompts.scribe import Scribe, ScribeDied

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Tables:
    """Tables by name."""

    by_name: dict[str, Table] = field(default_factory=dict)
    snapshots: dict[str, str] = field(default_factory=dict)
    """Feed as written → sha256 of its bytes."""


def gather_tables(opened: Opened) -> Tables:
    """Read every feed; a table that is an axis has the key `id` unless it names one."""
    tables, matrix = Tables(), opened.file.matrix
    sources = {
        part.source
        for part in (matrix.size, *matrix.__pydantic_extra__.values())
        if isinstance(part, FromPart)
    }
    for name, part in opened.file.data.items():
        at = opened.place("data", name, "source")
        reading = beside(part.source, base=opened.base(at))
        if part.key is None and name in sources:
            part = part.model_copy(update={"key": "id"})  # noqa: PLW2901  the default of an axis
        table = open_table(name, part, reading=reading, findings=opened.findings, at=at)
        if table is not None:
            tables.by_name[name] = table
            tables.snapshots[part.source] = table.sha256
    return tables


def filter_tables(
    tables: Tables, opened: Opened, scribe: Scribe, library: Library, *, broken: Collection[str]
) -> None:
    """Drop the rows for which a table's `where` is false; broken expressions keep every row."""
    for name, table in tables.by_name.items():
        expression = f"data.{name}.where"
        if expression in library.expressions and expression not in broken:
            _filter(table, expression, scribe, _Asking(opened.findings, library))


class _Asking(NamedTuple):
    """Whom to tell what went wrong, and who knows where."""

    findings: Findings
    library: Library

    def error(self, complaint: str, expression: str, *, code: str = "template") -> None:
        at, path = self.library.place(expression, 1)
        self.findings.error(complaint, at=at, path=path, code=code)


def _filter(table: Table, expression: str, scribe: Scribe, asking: _Asking) -> None:
    wanted: list[bool] = []
    slot = pack(f".{table.name}")
    for start in range(0, len(table.rows), _BATCH):
        rows = table.rows[start : start + _BATCH]
        values = [f"[{slot},null,{row.decode('ascii')}]" for row in rows]
        questions = [(expression, (number,)) for number in range(len(rows))]
        try:
            scribe.post({"op": "judge", "questions": questions}, values)
            reply = scribe.answer()
        except ScribeDied as died:
            row = table.numbers[start + died.number]
            asking.error(f"{died.reason} ({table.file} row {row})", expression)
            raise CampaignError(asking.findings.all) from died
        problems = reply["problems"]
        if problems:
            row = table.numbers[start + problems[0]["shot"]]
            more = f", and in {len(problems) - 1} more rows" if len(problems) > 1 else ""
            asking.error(f"{problems[0]['complaint']} ({table.file} row {row}{more})", expression)
            return
        wanted.extend(bool(answer) for answer in reply["answers"])
    if any(wanted):
        table.keep(wanted)
        settle_keys(table, asking.findings)
    else:
        asking.error("keeps no row at all", expression, code="feed-empty")
