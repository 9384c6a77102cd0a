"""What holds for every table in every dress: no cell is changed, and no row lost without a word."""

import csv
import io
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from pipeline.campaign.cell_globs import Globs
from pipeline.campaign.feeds.delimited import read_delimited
from pipeline.campaign.feeds.table import Table
from pipeline.campaign.findings import Findings, Place

DIALECTS = st.tuples(st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["\n", "\r\n"]))
"""Delimiter and line ending."""
PLAIN = st.text(st.sampled_from("ab\"\u201c' 9.,;é\u0301漢"), max_size=8)
SEVERAL_LINES = st.lists(st.text(st.sampled_from('ab"9é'), max_size=4), min_size=2, max_size=3).map(
    "\n".join
)
TABLES = st.integers(2, 4).flatmap(
    lambda width: st.lists(
        st.lists(PLAIN | SEVERAL_LINES, min_size=width - 1, max_size=width - 1),
        min_size=1,
        max_size=6,
    )
)


def read(text, delimiter=None):
    table = Table(name="t", file="t.csv", columns=(), keys=("sku",))
    findings = Findings()
    read_delimited(text.encode(), table, findings, delimiter=delimiter, at=Place("c.yaml", 1, 1))
    return table, findings


def header(width):
    return ["sku", *(f"c{number}" for number in range(1, width))]


@given(TABLES, DIALECTS, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.booleans())
def test_every_table_is_read_back_from_every_dialect(cells, dialect, quoting, marked):
    delimiter, ending = dialect
    rows = [[f"K-{number}", *row] for number, row in enumerate(cells)]
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, lineterminator=ending, quoting=quoting)
    writer.writerows([header(len(rows[0])), *rows])
    table, findings = read(("\ufeff" if marked else "") + written.getvalue())
    assert findings.all == ()
    assert [list(table.row(n).values()) for n in range(len(table.rows))] == rows


WORDS = st.text(st.sampled_from("abc012"), max_size=3)


@given(st.data(), DIALECTS, st.integers(2, 4), st.integers(2, 6))
def test_two_lone_quotes_never_swallow_a_row_without_a_word(data, dialect, width, height):
    delimiter, ending = dialect
    rows = [
        [f"K-{number}", *data.draw(st.lists(WORDS, min_size=width - 1, max_size=width - 1))]
        for number in range(height)
    ]
    first, last = sorted(data.draw(st.lists(st.integers(0, height - 1), min_size=2, max_size=2)))
    opens, closes = (data.draw(st.integers(1, width - 1)) for _ in range(2))
    rows[first][opens] = f'"{rows[first][opens]}'
    rows[last][closes] = f'{rows[last][closes]}"'
    lines = [delimiter.join(row) for row in [header(width), *rows]]
    table, findings = read(ending.join(lines) + ending, delimiter)
    assert len(table.rows) == height or findings.all


TEXTS = st.text(st.sampled_from("aäöé\u0301\u0308漢ffi-1"), min_size=1, max_size=8)
FORMS = st.sampled_from(["NFC", "NFD"])


@given(TEXTS, FORMS, FORMS)
def test_a_row_is_found_by_its_key_however_its_accents_are_written(text, one, other):
    key = f"K{unicodedata.normalize(one, text)}"
    table, findings = read(f"sku,name\n{key},x\n")
    assert findings.all == ()
    assert table.ids() == [key]
    wanted = f"K{unicodedata.normalize(other, text)}"
    again, _ = read(f"sku,name\n{wanted},x\n")
    assert [*table.index] == [*again.index]
    assert Globs([wanted]).match(key)
