"""`pipeline cost [FILE…]`: what was spent, by campaign, tag, axis, stage, provider or month."""

import argparse
import csv
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from pipeline.app.commands.cost import CostOptions, read_cost
from pipeline.cli.flags import add_folder, settings_of
from pipeline.cli.terminal import folded, paint, say, table
from pipeline.reports.cost import NONE, PLAY_CREDITS, CostRow, totals_of
from pipeline.reports.table_cells import inert_cell

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
_DECEMBER = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "campaigns", type=Path, nargs="*", metavar="FILE", help="campaign files (default: all)"
    )
    period = parser.add_mutually_exclusive_group()
    period.add_argument(
        "--month",
        type=_month,
        nargs="?",
        const=_month(f"{datetime.now(UTC):%Y-%m}"),
        metavar="YYYY-MM",
        help="only purchases of this month, UTC (without a value: the current one)",
    )
    period.add_argument(
        "--since", type=_day, metavar="YYYY-MM-DD", help="only purchases from this day on, UTC"
    )
    parser.add_argument(
        "--by",
        type=_names,
        default=("campaign",),
        metavar="NAME,…",
        help="campaign, tag:NAME, an axis such as product or size, stage, provider, account or "
        "month (default: campaign)",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="print the result as CSV")
    form.add_argument("--json", action="store_true", help="print the result as JSON")
    add_folder(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the rows, and a total if all amounts are of the same money."""
    since, until = arguments.month or (arguments.since or "", "")
    options = CostOptions(
        files=tuple(arguments.campaigns), by=arguments.by, since=since, until=until
    )
    arguments.campaign = arguments.campaigns[0] if arguments.campaigns else None
    rows = read_cost(options, settings_of(arguments).output)
    totals = totals_of(rows)
    if arguments.json:
        facts = {
            "by": list(options.by),
            "rows": [_fields(options, row) for row in rows],
            "totals": [_amounts(row) for row in totals],
        }
        print(json.dumps(facts, ensure_ascii=False, indent=1))
    elif arguments.csv:
        _write_csv(options, rows)
    elif rows:
        print("\n".join(_lines(options, rows, totals)))
    if not rows:
        say("nothing was spent in that time" if since else "nothing was spent yet")
    elif len(totals) > 1 and not arguments.json:
        kinds = ", ".join(row.kind for row in totals)
        text = f"No total: {kinds} are different money and are never added up."
        for line in folded(text, stream=sys.stderr):
            say(line)
    return 0


def _lines(options: CostOptions, rows: Sequence[CostRow], totals: Sequence[CostRow]) -> list[str]:
    several = len(totals) > 1 or any(row.kind == PLAY_CREDITS for row in totals)
    heads = [*map(_heading, options.by), *(["Money"] if several else [])]
    shown = [one for one in _SUMS if one.always or any(one.cell(row) for row in rows)]
    body = [(*heads, *(one.heading for one in shown))]
    for row in rows:
        kind = (row.kind,) if several else ()
        body.append((*row.group, *kind, *(one.cell(row) for one in shown)))
    if len(totals) == 1 and len(rows) > 1:
        kind = (totals[0].kind,) if several else ()
        blank = ("" for _ in options.by[1:])
        body.append(("Total", *blank, *kind, *(one.cell(totals[0]) for one in shown)))
    first = len(heads)
    head, *rest = table(body, right=frozenset(range(first, first + len(shown))))
    if len(totals) == 1 and len(rows) > 1:
        rest[-1] = paint(rest[-1], "bold")
    return [paint(head, "bold"), *rest]


def _heading(name: str) -> str:
    return name.removeprefix("tag:").replace("_", " ").capitalize()


@dataclass(frozen=True, kw_only=True, slots=True)
class _SumColumn:
    heading: str
    cell: Callable[[CostRow], str]
    """Returns the text of a row; empty for nothing."""
    always: bool = False
    """Show it even if it is empty in every row."""


_SUMS = (
    _SumColumn(heading="Images", cell=lambda row: f"{row.images:,}", always=True),
    _SumColumn(heading="Re-rolls", cell=lambda row: f"{row.again:,}" if row.again else ""),
    _SumColumn(heading="Spent", cell=lambda row: row.text(row.confirmed), always=True),
    _SumColumn(heading="In doubt", cell=lambda row: row.text(row.in_doubt) if row.in_doubt else ""),
    _SumColumn(heading="Saved by reuse", cell=lambda row: row.text(row.saved) if row.saved else ""),
)


def _amounts(row: CostRow) -> dict[str, object]:
    return {
        "money": row.kind,
        "images": row.images,
        "again": row.again,
        "confirmed": row.confirmed,
        "in_doubt": row.in_doubt,
        "saved_by_reuse": row.saved,
        "confirmed_text": row.text(row.confirmed),
    }


def _fields(options: CostOptions, row: CostRow) -> dict[str, object]:
    return {**dict(zip(options.by, row.group, strict=True)), **_amounts(row)}


def _write_csv(options: CostOptions, rows: Sequence[CostRow]) -> None:
    names = [*options.by, "money", "images", "again", "confirmed", "in_doubt"]
    names += ["saved_by_reuse", "confirmed_text"]
    writer = csv.DictWriter(sys.stdout, fieldnames=names, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        fields = _fields(options, row)
        row_cells = {
            name: value if value == NONE else inert_cell(value) for name, value in fields.items()
        }
        writer.writerow(row_cells)


def _month(text: str) -> tuple[str, str]:
    """Return the first moments of a month and of the next one."""
    found = _MONTH.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a month, such as 2026-11")
    year, month = int(found[1]), int(found[2])
    following = (year + 1, 1) if month == _DECEMBER else (year, month + 1)
    return f"{text}-01T00", f"{following[0]:04}-{following[1]:02}-01T00"


def _day(text: str) -> str:
    try:
        return f"{date.fromisoformat(text):%Y-%m-%d}T00"
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day, such as 2026-11-30") from error


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise argparse.ArgumentTypeError("names nothing to divide the cost by")
    return names
