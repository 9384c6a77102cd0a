"""Reading all tables of a campaign and filtering them by their `where`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pipeline.campaign.feeds.opening import open_table
from pipeline.campaign.feeds.remote import FeedFiles, RemoteFeed, further_name, is_url
from pipeline.campaign.feeds.rows import note_totals, recheck_keys
from pipeline.campaign.feeds.table import Table, pack
from pipeline.campaign.findings import Findings
from pipeline.campaign.grammar.checking import CheckedFile
from pipeline.campaign.grammar.matrix import FromPart, TablePart
from pipeline.campaign.reading.files import ReadableFile, beside
from pipeline.campaign.template_set import TemplateSet
from pipeline.errors import CampaignError, FeedNotFetched
from pipeline.model.names import Slug
from pipeline.templates.template_process import TemplateProcess, TemplateProcessDied

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Tables:
    """Tables by name."""

    by_name: dict[str, Table] = field(default_factory=dict)
    snapshots: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each feed's bytes, by its path or URL as written."""


def gather_tables(checked: CheckedFile, feed_files: FeedFiles) -> Tables:
    """Read every feed; the key of a table used as an axis is `id` unless it names another."""
    tables, matrix = Tables(), checked.file.matrix
    sources = {
        part.source
        for part in (matrix.size, *matrix.__pydantic_extra__.values())
        if isinstance(part, FromPart)
    }
    fetched = _fetch(checked, feed_files)
    for name, part in checked.file.data.items():
        at = checked.place("data", name, "source")
        readable = _readable(checked, name, part, fetched)
        if readable is None:
            continue
        if part.key is None and name in sources:
            part = part.model_copy(update={"key": "id"})  # noqa: PLW2901  the default of an axis
        table = open_table(name, part, readable=readable, findings=checked.findings, at=at)
        if table is not None:
            tables.by_name[name] = table
            _note_snapshot(tables.snapshots, part, table.sha256)
    return tables


def _fetch(
    checked: CheckedFile, feed_files: FeedFiles
) -> Mapping[RemoteFeed, Path | FeedNotFetched]:
    """Return the files of all feeds that are named by URL."""
    data = checked.file.data.values()
    remote = dict.fromkeys(_remote(part) for part in data if is_url(part.source))
    if not remote:
        return {}
    campaign, hosts = Slug(checked.file.campaign), checked.file.feed_hosts
    return feed_files.files_of([*remote], campaign=campaign, hosts=hosts)


def _remote(part: TablePart) -> RemoteFeed:
    return RemoteFeed(source=part.source, sheet=part.sheet)


def _readable(
    checked: CheckedFile,
    name: str,
    part: TablePart,
    fetched: Mapping[RemoteFeed, Path | FeedNotFetched],
) -> ReadableFile | None:
    """Return the file of a table; report why and return `None` if its URL gave none."""
    at = checked.place("data", name, "source")
    if not is_url(part.source):
        return beside(part.source, base=checked.base(at))
    file = fetched[_remote(part)]
    if isinstance(file, Path):
        return ReadableFile(path=file, shown=part.source)
    complaint, path = f"{part.source} {file}", f"data.{name}.source"
    checked.findings.error(complaint, at=at, path=path, code="feed-fetch")
    return None


def _note_snapshot(snapshots: dict[str, str], part: TablePart, sha256: str) -> None:
    """Record the digest of a feed; the same link may give two files, of which one is a workbook."""
    name = part.source
    if snapshots.get(name, sha256) != sha256:
        name = further_name(_remote(part))
    snapshots[name] = sha256


def filter_tables(
    tables: Tables,
    checked: CheckedFile,
    template_process: TemplateProcess,
    templates: TemplateSet,
    *,
    broken: Collection[str],
) -> None:
    """Drop the rows for which a table's `where` is false; if it is broken, keep all."""
    for name, table in tables.by_name.items():
        expression = f"data.{name}.where"
        reporting = _FilterContext(checked.findings, templates)
        if expression in templates.expressions:
            kept = expression not in broken and _filter(
                table, expression, template_process, reporting
            )
            table.unfiltered = not kept
        if not table.unfiltered:
            note_totals(table, checked.findings)


class _FilterContext(NamedTuple):
    """The findings to add errors to, and the places of expressions."""

    findings: Findings
    templates: TemplateSet

    def error(self, complaint: str, expression: str, *, code: str = "template") -> None:
        at, path = self.templates.place(expression, 1)
        self.findings.error(complaint, at=at, path=path, code=code)


def _filter(
    table: Table, expression: str, template_process: TemplateProcess, reporting: _FilterContext
) -> bool:
    """Drop the rows for which an expression is false; return false if it fails."""
    wanted: list[bool] = []
    name = pack(f".{table.name}")
    for start in range(0, len(table.rows), _BATCH):
        rows = table.rows[start : start + _BATCH]
        values = [f"[{name},null,{row.decode('ascii')}]" for row in rows]
        conditions = [(expression, (number,)) for number in range(len(rows))]
        try:
            template_process.post({"op": "evaluate", "conditions": conditions}, values)
            reply = template_process.answer()
        except TemplateProcessDied as died:
            row = table.numbers[start + died.number]
            reporting.error(f"{died.reason} ({table.file} row {row})", expression)
            raise CampaignError(reporting.findings.all) from died
        problems = reply["problems"]
        if problems:
            row = table.numbers[start + problems[0]["number"]]
            more = f", and in {len(problems) - 1} more rows" if len(problems) > 1 else ""
            reporting.error(
                f"{problems[0]['complaint']} ({table.file} row {row}{more})", expression
            )
            return False
        wanted.extend(bool(answer) for answer in reply["answers"])
    if not any(wanted):
        reporting.error("keeps no row", expression, code="feed-empty")
        return False
    table.keep(wanted)
    recheck_keys(table, reporting.findings)
    return True
