"""Building axes from the campaign file and its tables."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pipeline.campaign.cell_globs import composed
from pipeline.campaign.feeds.table import Table
from pipeline.campaign.findings import Findings, Place
from pipeline.campaign.grammar.matrix import FromPart, MatrixPart
from pipeline.campaign.matrix.axis import Axis, canonical, folded, id_complaint, plain_id
from pipeline.campaign.matrix.sizes import size_from_mapping, size_from_word, size_id
from pipeline.campaign.reading.located import LocatedList, LocatedMap
from pipeline.model.campaign import Size
from pipeline.model.providers.profile import Caps
from pipeline.suggestions import did_you_mean

_TOO_MANY = 50
"""Most invalid ids of one axis that are reported one by one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AxisContext:
    """The tables, limits and findings that building an axis needs."""

    tables: Mapping[str, Table]
    declared: Collection[str]
    """Names of tables, including those that could not be read."""
    caps: Caps
    document: LocatedMap
    """The `matrix` of the campaign file, for places."""
    findings: Findings


def axis_parts(matrix: MatrixPart) -> dict[str, Sequence[object] | FromPart]:
    """Return the part of the file for every axis, by name, in canonical order."""
    parts: dict[str, Sequence[object] | FromPart] = {"size": matrix.size}
    parts.update(matrix.__pydantic_extra__)
    return {name: parts[name] for name in canonical(list(parts))}


def build_axes(matrix: MatrixPart, context: AxisContext) -> tuple[Axis, ...]:
    """Return every axis with its values; report what is wrong."""
    return tuple(_axis(name, part, context) for name, part in axis_parts(matrix).items())


def _axis(name: str, part: Sequence[object] | FromPart, context: AxisContext) -> Axis:
    axis = Axis(name=name)
    if isinstance(part, FromPart):
        _from_table(axis, part, context)
    else:
        places = context.document[name]
        for number, value in enumerate(part):
            at = places.places[number] if isinstance(places, LocatedList) else Place("")
            add_value(axis, value, context, at=at, path=f"matrix.{name}[{number}]")
    axis.crossed = len(axis.ids)
    _check_ids(axis, context)
    return axis


def add_value(
    axis: Axis, value: object, context: AxisContext, *, at: Place, path: str
) -> int | None:
    """Append a value from the campaign file; return its position, or `None` if it is wrong."""
    if isinstance(value, Mapping):
        identity = value.get("id")
        if isinstance(identity, bool) or not isinstance(identity, str | int):
            hint = did_you_mean("id", value) if "id" not in value else ""
            context.findings.error(f"needs an id{hint}", at=at, path=path, code="axis-id")
            return None
        columns = {composed(key): inner for key, inner in value.items() if key != "id"}
        word = str(identity)
    else:
        columns, word = {}, str(value)
    if axis.name != "size":
        return axis.add(word, columns, at=at)
    size = (
        size_from_mapping(size_id(word), columns, caps=context.caps)
        if isinstance(value, Mapping)
        else size_from_word(word, caps=context.caps)
    )
    if isinstance(size, str):
        context.findings.error(size, at=at, path=path, code="size")
        return None
    axis.sizes.append(size)
    return axis.add(size.id, {**columns, **_size_columns(size)}, at=at)


def _size_columns(size: Size) -> dict[str, object]:
    columns: dict[str, object] = {"ratio": size.ratio}
    if size.pixels is not None:
        columns |= {"width": size.pixels[0], "height": size.pixels[1]}
    return columns


def _from_table(axis: Axis, part: FromPart, context: AxisContext) -> None:
    at = Place("")
    written = context.document[axis.name]
    if isinstance(written, LocatedMap):
        at = written.value_places["from"]
    path = f"matrix.{axis.name}.from"
    table = context.tables.get(part.source)
    if table is None and part.source in context.declared:
        return
    if table is None:
        hint = did_you_mean(part.source, context.declared)
        complaint = f"there is no table {part.source} under data{hint}"
        context.findings.error(complaint, at=at, path=path, code="unknown-table")
        return
    if len(table.keys) != 1:
        complaint = f"data.{table.name} needs a key of one column to be an axis"
        context.findings.error(complaint, at=at, path=path, code="feed-key")
        return
    axis.table = table
    axis.ids = table.ids()
    if axis.name == "size":
        _sizes_of_rows(axis, context)


def _sizes_of_rows(axis: Axis, context: AxisContext) -> None:
    for position, word in enumerate(axis.ids):
        columns = {key: value for key, value in axis.columns(position).items() if value != ""}
        size = size_from_mapping(size_id(word), columns, caps=context.caps)
        if isinstance(size, str):
            at, row = axis.origin(position)
            context.findings.error(f"row {row}: {size}", at=at, code="size")
            size = Size(id=size_id(word), ratio="1:1")
        axis.sizes.append(size)
        axis.ids[position] = size.id


_SHORTENED = re.compile(r"[0-9][.,][0-9]+E\+[0-9]+", re.ASCII)
"""A long number as Excel shortens it, unless the column is formatted as text."""


def _check_ids(axis: Axis, context: AxisContext) -> None:
    if axis.table is not None and axis.table.unfiltered:
        return
    seen: dict[str, int] = {}
    wrong = 0
    for position, identity in enumerate(axis.ids):
        complaint = id_complaint(identity)
        if complaint and (plain := plain_id(identity)):
            way = "another column may be the key" if axis.table else f"{plain} would do"
            complaint = f"{complaint}; {way}"
        if axis.table is not None and _SHORTENED.fullmatch(identity):
            at, row = axis.origin(position)
            context.findings.warning(
                f"row {row}: {identity} looks like a number that Excel cut short; "
                "export the column as text",
                at=at,
                path=f"matrix.{axis.name}",
                code="axis-id",
            )
        first = seen.setdefault(folded(identity), position)
        if not complaint and first != position:
            complaint = _clash(axis, first, position)
        if complaint:
            wrong += 1
            at, row = axis.origin(position)
            place = f"row {row}: " if row else ""
            if wrong <= _TOO_MANY:
                context.findings.error(
                    f"{place}{identity}: {complaint}",
                    at=at,
                    path=f"matrix.{axis.name}",
                    code="axis-id",
                )


def _clash(axis: Axis, first: int, second: int) -> str:
    at, row = axis.origin(first)
    where = f"row {row}" if row else f"line {at.line}"
    if axis.ids[first] == axis.ids[second]:
        return f"the id appears twice (first in {where})"
    return f"some file systems cannot tell it from {axis.ids[first]} ({where})"
