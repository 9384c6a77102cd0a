"""Filling the upload template of an ad account, whose headers are the platform's own.

The template has a header row, and below it one row with fields of `assets.csv` in double braces,
such as `{{ file }}`, and with texts that are the same in every row.
"""

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.files.unreadable import read_file
from pipeline.reports.export.assets import COLUMNS, Asset
from pipeline.reports.table_cells import inert
from pipeline.suggestions import did_you_mean, listing

_FIELD = re.compile(r"\{\{\s*([a-z_0-9]+)\s*\}\}", re.ASCII)
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DELIMITERS = "\t;,"
_BOM = "\ufeff"


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadTemplate:
    """A template as an ad account exports it."""

    name: str
    encoding: str
    delimiter: str
    marked: bool
    """True if the file begins with a byte order mark."""
    head: Sequence[Sequence[str]]
    """Every row before the one that is repeated."""
    row: Sequence[str]
    """The row that is repeated for each ad file."""


def template_at(file: Path) -> UploadTemplate:
    """Return the upload template in a file; `UsageError` if it cannot be read or used."""
    try:
        content = read_file(file)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    return read_template(content, name=file.name)


def read_template(content: bytes, *, name: str) -> UploadTemplate:
    """Return a template; raise `UsageError` if it has no row with fields."""
    encoding = next((word for mark, word in _ENCODINGS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is neither UTF-8 nor UTF-16: {error.reason}") from error
    marked, text = encoding != "utf-8", text.removeprefix(_BOM)
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    at = next((n for n, row in enumerate(rows) if any(map(_FIELD.search, row))), None)
    if at is None:
        raise UsageError(
            f"{name} has no row with fields: below its headers, write one row with {{{{ file }}}} "
            f"where the image belongs; the fields are {listing(COLUMNS, last='and')}"
        )
    for found in (one for cell in rows[at] for one in _FIELD.findall(cell)):
        if found not in COLUMNS:
            hint = did_you_mean(found, COLUMNS) or f"; there are {listing(COLUMNS, last='and')}"
            raise UsageError(f"{name} has no field {found} to fill in{hint}")
    return UploadTemplate(
        name=name,
        encoding=encoding,
        delimiter=delimiter,
        marked=marked,
        head=rows[:at],
        row=rows[at],
    )


def fill_template(template: UploadTemplate, assets: Sequence[Asset]) -> bytes:
    """Return the template with a row for each ad file, in its own encoding and form."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=template.delimiter)
    writer.writerows(template.head)
    for asset in assets:
        fields = {name: str(value) for name, value in asdict(asset).items()}
        filled = [_FIELD.sub(lambda found: fields[found[1]], cell) for cell in template.row]  # noqa: B023 - called before the next asset
        writer.writerow(inert(filled))
    encoding = template.encoding.removesuffix("-sig")
    return (_BOM * template.marked + text.getvalue()).encode(encoding, "surrogatepass")
