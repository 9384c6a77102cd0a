"""The meaning of a feed's columns, by the headers that shops and spreadsheets use."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.campaign.feeds.rows import key_text
from pipeline.campaign.feeds.table import Table, Unusable
from pipeline.campaign.matrix.axis import folded, id_complaint

_WORDS: Mapping[str, str] = {
    "key": "id, sku, key, code, handle, product id, item id, article, article number, ean, gtin, "
    "slug, variant sku, item number, mpn, artikelnummer, artikel nr, art nr, reference, référence, "
    "referencia, codice",
    "name": "name, title, product, product name, product title, item name, label, bezeichnung, "
    "produktname, artikelname, titel, nom, titre, désignation, nombre, título, nome, titolo",
    "look": "look, appearance, aussehen, aspect, aspecto",
    "about": "description, short description, product description, body (html), body html, "
    "beschreibung, kurzbeschreibung, produktbeschreibung, descripción, descrizione",
    "brand": "brand, vendor, marke, hersteller, marque, marca, manufacturer",
    "headline": "headline, claim, slogan, tagline, copy, überschrift, werbetext, accroche",
    "stock": "availability, in stock, instock, available, status, published, verfügbar",
    "count": "stock, inventory, quantity, qty, stock quantity, stock level, inventory quantity, "
    "lagerbestand, bestand, lagermenge, stock actuel, existencias, giacenza",
}
_SOLD = ("in_stock", "in stock", "yes", "true", "active", "available", "1", "ja", "oui")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_GAP = re.compile(r"[\s_.\-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnMeaning:
    """The meaning of each column; rows without a name or not for sale are left out."""

    key: str
    columns: Mapping[str, str]
    """Columns by meaning: `name`, `look`, `about`, `brand`, `headline`, as far as they exist."""
    always: frozenset[str]
    """The meanings whose column has a value in every row that is kept."""
    where: str
    """The expression that keeps a row; empty if every row is kept."""
    rows: int
    """Number of rows that are kept."""


def meaning_of(table: Table) -> ColumnMeaning | None:
    """Return the meaning of a feed's columns; `None` if no column identifies its rows."""
    rows = [table.row(position) for position in range(len(table.rows))]
    known = {kind: _named(table.columns, words) for kind, words in _WORDS.items()}
    columns = {kind: found[0] for kind, found in known.items() if found}
    kept, where = rows, []
    name = columns.get("name")
    if name and _PLAIN.fullmatch(name) and any(_blank(row[name]) for row in rows):
        kept = [row for row in kept if not _blank(row[name])]
        where.append(f"{name} != ''")
    for column in known["stock"]:
        sold = _sold(column, kept)
        if sold:
            kept = [row for row in kept if str(row[column]) == sold]
            where.append(f"{column} == '{sold}'")
    for column in known["count"]:
        if _runs_out(column, kept):
            kept = [row for row in kept if int(str(row[column])) > 0]
            where.append(f"{column}|int > 0")
    key = _key(kept, [*known["key"], *table.columns])
    if key is None:
        return None
    by_kind = {
        kind: column for kind, column in columns.items() if kind not in ("key", "stock", "count")
    }
    by_kind = {
        kind: column for kind, column in by_kind.items() if any(not _blank(r[column]) for r in kept)
    }
    return ColumnMeaning(
        key=key,
        columns=by_kind,
        always=frozenset(
            k for k, column in by_kind.items() if not any(_blank(r[column]) for r in kept)
        ),
        where=" and ".join(where),
        rows=len(kept),
    )


def _named(columns: Sequence[str], words: str) -> list[str]:
    """Return the columns with one of these names, the most likely first."""
    plain = {_GAP.sub(" ", column.casefold()).strip(): column for column in columns}
    return [plain[word] for word in words.split(", ") if word in plain]


def _blank(cell: object) -> bool:
    unfilled = cell is None or isinstance(cell, Unusable)
    return unfilled or (isinstance(cell, str) and not cell.strip())


def _sold(column: str, rows: Sequence[Mapping[str, object]]) -> str:
    """Return the cell that means "for sale", if some rows have it and others do not."""
    cells = {row[column] for row in rows}
    if not _PLAIN.fullmatch(column) or not all(isinstance(cell, str) for cell in cells):
        return ""
    good = [str(cell) for cell in cells if str(cell).casefold() in _SOLD]
    return good[0] if len(good) == 1 and len(cells) > 1 else ""


def _runs_out(column: str, rows: Sequence[Mapping[str, object]]) -> bool:
    """Return True if a column has numbers in stock, and some products are out of stock."""
    cells = [str(row[column]) for row in rows]
    if not _PLAIN.fullmatch(column) or not all(_WHOLE.fullmatch(cell) for cell in cells):
        return False
    left = [int(cell) > 0 for cell in cells]
    return any(left) and not all(left)


def _key(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> str | None:
    """Return the first column whose cells are all different and valid as ids."""
    for column in columns:
        cells = [key_text(row[column]) for row in rows]
        differ = len({folded(cell) for cell in cells}) == len(cells) > 0
        if differ and not any(id_complaint(cell) for cell in cells):
            return column
    return None
