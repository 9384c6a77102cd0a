"""Adding columns to feeds: what is there stays byte for byte, what is added can be read back."""

import csv
import io
import zipfile

import openpyxl
import pytest
from workbooks import cell, row

from pipeline.campaign.feeds.added_columns import add_columns
from pipeline.campaign.feeds.excel.added_cells import add_cells
from pipeline.campaign.feeds.excel.worksheet import BrokenWorkbook

NAMES = ["status", "alt"]


@pytest.mark.parametrize(
    ("feed", "written"),
    [
        ("id,name\n007,A\n", "id,name,status,alt\n007,A,ready,a b\n"),
        ("id;name\r\n007;A\r\n", "id;name;status;alt\r\n007;A;ready;a b\r\n"),
        ("\ufeffid,name\n007,A", "\ufeffid,name,status,alt\n007,A,ready,a b"),
        ('"id","name"\n"007","A"\n', '"id","name","status","alt"\n"007","A","ready","a b"\n'),
        ('id,name\n007,"A, ""B"""\n', 'id,name,status,alt\n007,"A, ""B""",ready,a b\n'),
        ("id\tname\n007\t=1+1\n", "id\tname\tstatus\talt\n007\t=1+1\tready\ta b\n"),
        ("id,name\n\n007,A\n,\n", "id,name,status,alt\n\n007,A,,\n,\n"),
        ('id,name\n007,"A\nB"\n', 'id,name,status,alt\n007,"A\nB",ready,a b\n'),
        ("sep=;\nid;name\n007;A\n", "sep=;\nid;name;status;alt\n007;A;,;\n"),
        ("id,name,,\n007,A,,\n", "id,name,,,status,alt\n007,A,,,ready,a b\n"),
        ("id,name,,\n007,A\n", "id,name,,,status,alt\n007,A,,,ready,a b\n"),
        ("id,status,name\n007,old,A\n", "id,status,name,alt\n007,ready,A,a b\n"),
    ],
)
def test_every_other_byte_of_a_csv_feed_stays(feed, written):
    """Ids keep their zeros, the file its separator, quotes, line breaks and byte order mark."""
    if feed.startswith("sep="):
        written = written.replace(";,;", ";;")
    made = add_columns(feed.encode(), NAMES, {2: ["ready", "a b"]})
    assert made.decode() == written


def test_values_with_separators_and_quotes_are_quoted():
    made = add_columns(b"id,name\n1,A\n", NAMES, {2: ['say "hi"', "one,\ntwo"]})
    assert list(csv.reader(io.StringIO(made.decode()))) == [
        ["id", "name", "status", "alt"],
        ["1", "A", 'say "hi"', "one,\ntwo"],
    ]


def test_rows_above_the_header_stay_and_a_second_time_changes_nothing():
    feed = b"Spring list\nid,name\n1,A\n2,B\n"
    once = add_columns(feed, NAMES, {3: ["x", "y"]}, header_line=2)
    assert once == b"Spring list\nid,name,status,alt\n1,A,x,y\n2,B,,\n"
    assert add_columns(once, NAMES, {3: ["x", "y"]}, header_line=2) == once


SHEET = "xl/worksheets/sheet1.xml"


def book(*rows, encoding="utf-8"):
    """A workbook of openpyxl's with these rows in it; its style 1 shows two decimals."""
    made = openpyxl.Workbook()
    made.active["A1"].number_format = "0.00"
    plain, out = io.BytesIO(), io.BytesIO()
    made.save(plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(out, "w") as new:
        for one in old.namelist():
            content = old.read(one)
            if one == SHEET:
                start, _, rest = content.decode().partition("<sheetData>")
                _, _, rest = rest.partition("</sheetData>")
                xml = f"{start}<sheetData>{''.join(rows)}</sheetData>{rest}"
                content = xml.replace('ref="A1:A1"', 'ref="A1:C3"').encode(encoding)
            new.writestr(one, content)
    return out.getvalue()


FEED = (
    row(1, "id", "price", "twice"),
    row(2, "007", cell("B2", 9.5, style=1), cell("C2", 19, formula="B2*2")),
    row(3, "008"),
)


def test_a_workbook_keeps_its_formulas_formats_and_other_parts():
    before = book(*FEED)
    made = add_cells(before, NAMES, {2: ["=ready", 'a <b> & "c"\n'], 3: ["", "é"]})
    sheet = openpyxl.load_workbook(io.BytesIO(made)).active
    assert [one.value for one in sheet[1]] == ["id", "price", "twice", "status", "alt"]
    assert [one.value for one in sheet[2]][:3] == ["007", 9.5, "=B2*2"]
    assert [one.value for one in sheet[2]][3:] == ["=ready", 'a <b> & "c"\n']
    assert sheet["D2"].data_type != "f"
    assert (sheet["B2"].number_format, sheet["D3"].value, sheet["E3"].value) == ("0.00", None, "é")
    old, new = (zipfile.ZipFile(io.BytesIO(one)) for one in (before, made))
    assert old.namelist() == new.namelist()
    assert [name for name in old.namelist() if old.read(name) != new.read(name)] == [SHEET]
    assert new.read(SHEET).count(b"<f>B2*2</f><v>19</v>") == 1
    assert b'ref="A1:E3"' in new.read(SHEET)


def test_a_workbook_that_was_written_back_is_filled_in_in_place():
    once = add_cells(book(*FEED), NAMES, {2: ["ready", "a"], 3: ["waits", "b"]})
    assert add_cells(once, NAMES, {2: ["ready", "a"], 3: ["waits", "b"]}) == once
    again = openpyxl.load_workbook(io.BytesIO(add_cells(once, NAMES, {2: ["gone", ""]}))).active
    assert [one.value for one in again[2]][3:] == ["gone", None]
    assert [one.value for one in again[3]] == ["008", None, None, None, None]
    assert again.max_column == 5


@pytest.mark.parametrize(
    "rows",
    [
        ['<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row><row r="2"/>'],
        [
            '<row spans="1:1"><c t="inlineStr"><is><t>id</t></is></c></row>',
            '<row spans="1:1"><c t="inlineStr"><is><t>7</t></is></c></row>',
        ],
    ],
)
def test_rows_that_other_programs_write_are_changed_too(rows):
    """Without references, with `spans`, and a row that is a single tag."""
    made = add_cells(book(*rows), NAMES, {2: ["ready", "a"]})
    sheet = openpyxl.load_workbook(io.BytesIO(made)).active
    assert [sheet["B1"].value, sheet["C1"].value] == NAMES
    assert [sheet["B2"].value, sheet["C2"].value] == ["ready", "a"]


def test_a_sheet_in_another_encoding_is_refused_and_not_damaged():
    with pytest.raises(BrokenWorkbook, match="save it anew"):
        add_cells(book(*FEED, encoding="utf-16"), NAMES, {})
