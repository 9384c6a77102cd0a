"""Excel workbooks as programs and people leave them: no row is lost, no format, no formula."""

import io
import zipfile

import openpyxl
import pytest
from workbooks import MAIN, cell, row, workbook

CAMPAIGN = (
    "campaign: demo\n"
    "data:\n  products: {source: p.xlsx, key: sku}\n"
    "matrix:\n  product: {from: products}\n  size: ['1:1']\n"
    'prompt: "a photo of {{ product.name }}"\n'
)
HEADER = row(1, "sku", "name")


def with_book(board, content, *, template="{{ product.name }}", key="sku"):
    board.put("p.xlsx", content)
    text = CAMPAIGN.replace("{{ product.name }}", template).replace("key: sku", f"key: {key}")
    return board.write(text)


def shown(board, content, **options):
    """What the prompts say after "a photo of", by product."""
    prompts = with_book(board, content, **options).prompts()
    return {
        name.partition("/")[0]: text.removeprefix("a photo of ") for name, text in prompts.items()
    }


@pytest.mark.parametrize("dimension", ["", "A1", "A1:B2", "A1:A3", "A1:XFD1048576", "nonsense"])
def test_no_row_or_column_is_lost_to_a_dimension_that_lies(board, dimension):
    """Programs that append rows leave `<dimension>` as it was; one of two products was bought."""
    content = workbook(HEADER, row(2, "A", "Mug"), row(3, "B", "Jug"), dimension=dimension)
    assert shown(board, content) == {"A": "Mug", "B": "Jug"}


def test_no_row_is_lost_that_comes_late_twice_or_without_a_number(board):
    rows = [HEADER, row(9, "I", "nine"), row(3, "C", "three"), row(3, "D", "again")]
    rows.append(f"<row>{cell('', 'E')}{cell('', 'five')}</row>")
    assert shown(board, workbook(*rows)) == {"I": "nine", "C": "three", "D": "again", "E": "five"}


def test_the_header_may_be_further_down(board):
    """Marketplaces' templates have groups and labels above the names of the columns."""
    groups, labels = row(1, "Offer"), row(2, "Article number", "Product name")
    content = workbook(groups, labels, row(3, "sku", "name"), row(4, "A", "Mug"))
    assert shown(board, content, key="sku, header: 3") == {"A": "Mug"}
    [said] = with_book(board, content).refused()
    assert "no column sku in its first row, but in row 3; add header: 3" in said


def test_cells_may_come_in_any_order(board):
    mixed = f'<row r="2">{cell("B2", "Mug")}{cell("A2", "A")}</row>'
    assert shown(board, workbook(HEADER, mixed)) == {"A": "Mug"}


@pytest.mark.parametrize(
    ("code", "stored", "written"),
    [
        ("00000", 42, "00042"),
        ("0000000000000", 4006381333, "0004006381333"),
        ('"ART-"00000', 42, "ART-00042"),
        ('"ART-"0', 42, "ART-42"),
        ('"000"0', 42, "00042"),
        ('"ca. "0.0', 4.25, "4.3"),
        ("000-00-0000", 123456789, "123-45-6789"),
        ("0 000000 000000", 4006381333931, "4 006381 333931"),
        ("00.0", 4.25, "04.3"),
        ("000", -7, "-007"),
        ("0%", 0.15, "15%"),
        ("0 %", 0.15, "15 %"),
        ("0.0%", 0.155, "15.5%"),
        ("0%", 0.145, "15%"),
        ("#,##0.00", 1234.5, "1234.50"),
        ("0.00", 24.9, "24.90"),
        ("0.00", 24.900000000000002, "24.90"),
        ('#,##0.00 "€"', 24.9, "24.90"),
        ("_-* #,##0.00 [$€-407]_-;-* #,##0.00 [$€-407]_-", 24.9, "24.90"),
        ("[$¥-411]#,##0", 1200, "1200"),
        ("0.00;[Red]-0.00", -3, "-3.00"),
        ("0.##", 24.9, "24.9"),
        ("0.0##", 24, "24.0"),
        ("0", 24.9, "25"),
        ("0.00", 2.675, "2.68"),
        ("#,##0,", 1234567, "1234567"),
        ("# ?/?", 0.5, "0.5"),
        ("0.00E+00", 1234.5, "1234.5"),
        ("@", 42, "42"),
        ("General", 0.1 + 0.2, "0.3"),
        ("General", 24, "24"),
        ("General", 1e-05, "0.00001"),
        ("General", "1234567890123", "1234567890123"),
        ("DD.MM.YYYY", 46356, "2026-11-30"),
        ("[$-407]d. mmmm yyyy", 46356, "2026-11-30"),
        ("yyyy/m/d h:mm", 46356.5, "2026-11-30 12:00:00"),
        ("h:mm", 0.25, "06:00:00"),
        ("[h]:mm:ss", 1.5, "36:00:00"),
        ("[h]:mm", -0.5, "-12:00:00"),
        ("dd/mm/yyyy", -5, "1899-12-25"),
        ("dd/mm/yyyy", 1e300, "#VALUE!"),
    ],
)  # fmt: skip
def test_a_number_is_read_as_its_format_shows_it(board, code, stored, written):
    """00042, 15 % and 24.90 were printed as 42, 0.15 and 24.9."""
    content = workbook(HEADER, row(2, "A", cell("B2", stored, style=1)), formats=[code])
    assert shown(board, content) == {"A": written}


def test_an_id_keeps_its_zeros(board):
    rows = [HEADER, row(2, cell("A2", 42, style=1), "Mug"), row(3, cell("A3", 43), "Jug")]
    assert shown(board, workbook(*rows, formats=["00000"])) == {"00042": "Mug", "43": "Jug"}


def test_a_price_with_decimals_can_still_be_computed_with(board):
    content = workbook(HEADER, row(2, "A", cell("B2", 24.9, style=1)), formats=["0.00"])
    assert shown(board, content, template="{{ product.name * 2 }}") == {"A": "49.80"}


def test_dates_may_count_from_1904(board):
    content = workbook(
        HEADER,
        row(2, "A", cell("B2", 44894, style=1)),
        formats=["d/m/yy"],
        book='<workbookPr date1904="1"/>',
    )
    assert shown(board, content) == {"A": "2026-11-30"}


def test_texts_yes_and_no_and_iso_dates_are_read(board):
    rows = [
        HEADER,
        row(2, "A", cell("B2", 0, kind="s")),
        row(3, "B", cell("B3", 1, kind="b")),
        row(4, "C", cell("B4", "2026-11-30T00:00:00", kind="d")),
        row(5, "D", cell("B5", "Mug", kind="str", formula="A1")),
        row(6, "E", cell("B6", "x", kind="str", formula="A1").replace("<v>x</v>", "<v></v>")),
        row(7, "F", cell("B7", "#N/A", kind="e")),
    ]
    shared = [
        "<si><r><t>Pots</t></r><r><t> &amp; pans_x000D_\nmore</t></r><rPh><t>no</t></rPh></si>"
    ]
    assert shown(board, workbook(*rows, shared=shared)) == {
        "A": "Pots & pans\nmore",
        "B": "true",
        "C": "2026-11-30",
        "D": "Mug",
        "E": "a photo of",
        "F": "#N/A",
    }


UNKNOWN = "D2 is a formula without a result; open the file in Excel and save it"


def a_book_with_a_formula():
    header = row(1, "sku", "name", "about", "price")
    return workbook(header, row(2, "A", "Mug", "x", cell("D2", formula="1+1")))


def test_a_formula_without_a_result_is_an_error_where_it_is_used(board):
    """It was an empty text, and at most a warning; programs that write workbooks store none."""
    told = with_book(board, a_book_with_a_formula(), template="{{ product.price }}").refused()
    assert told == [f"c.yaml:7:9: prompt: {UNKNOWN} (cell A/1x1, p.xlsx row 2, column price)"]


def test_a_formula_without_a_result_is_no_mistake_where_nothing_uses_it(board):
    assert shown(board, a_book_with_a_formula()) == {"A": "Mug"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("key: sku", "key: price"), f"p.xlsx:2: {UNKNOWN}"),
        (
            ("key: sku", "key: sku, where: price > 5"),
            f"c.yaml:3:47: data.products.where: {UNKNOWN} (p.xlsx row 2)",
        ),
        (
            ("['1:1']\n", "['1:1']\n  exclude: [{product: {price: '5'}}]\n"),
            f"p.xlsx: matrix.product: row 2: {UNKNOWN}",
        ),
    ],
)
def test_a_formula_without_a_result_is_no_key_no_condition_and_no_glob(board, change, told):
    board.put("p.xlsx", a_book_with_a_formula()).write(CAMPAIGN.replace(*change))
    assert board.refused() == [told]


def test_a_formula_without_a_result_finds_no_row_of_another_table(board):
    """`on_missing: skip` would have left its cell out without a word."""
    board.put("p.xlsx", a_book_with_a_formula()).put("t.csv", "price,claim\n2,x\n")
    table = "  t: {source: t.csv, key: price, on_missing: skip}\nmatrix:"
    board.write(CAMPAIGN.replace("matrix:", table))
    assert board.refused() == [f"p.xlsx: matrix.product: row 2: {UNKNOWN}"]


def test_the_first_sheet_that_can_be_seen_is_read(board):
    content = workbook(HEADER, row(2, "A", "Mug"), sheets=["-settings", "Products"])
    assert shown(board, content) == {"A": "Mug"}


def test_a_sheet_is_found_by_name_and_a_misspelt_one_is_told(board):
    content = workbook(HEADER, row(2, "A", "Mug"), sheets=["Notes", "Products"])
    assert shown(board, content, key="sku, sheet: Products") == {"A": "Mug"}
    assert with_book(board, content, key="sku, sheet: Prodcts").refused() == [
        "p.xlsx: has no sheet Prodcts (did you mean Products?)"
    ]


def test_hidden_rows_merged_cells_and_cut_numbers_are_told(board):
    rows = [
        HEADER,
        row(2, "A", "Mug", hidden=True),
        row(3, "B", cell("B3", "1.2345678901234567e+19", kind="n")),
        row(4, "C", "Jug"),
    ]
    with_book(board, workbook(*rows, merged=["B4:B5", "H1:J1"]))
    assert board.warnings() == [
        "p.xlsx:2: 1 row is hidden in Excel, and read all the same; leave them out with where",
        (
            "p.xlsx:3: B3 has more digits than Excel keeps; format the column as text, and "
            "enter them again"
        ),
        (
            "p.xlsx:4: the cells B4:B5 are merged, so only the first one has the value; unmerge "
            "them, and fill in the others"
        ),
    ]


def test_a_merged_header_is_told_with_what_to_do(board):
    rows = [row(1, "sku", "Names"), row(2, "A", "Mug", "Becher")]
    rows[0] = rows[0].replace("</row>", f"{cell('C1')}{cell('D1', 'price')}</row>")
    assert with_book(board, workbook(*rows, merged=["B1:C1"])).refused() == [
        (
            "p.xlsx:1: column 3 has no name, but row 2 has a value there; name the column, or "
            "delete it"
        ),
        (
            "p.xlsx:1: the cells B1:C1 are merged, so only the first one has the value; unmerge "
            "them, and fill in the others"
        ),
    ]


BAD = "p.xlsx: is not a readable xlsx file"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            workbook(HEADER, xl__workbook_xml='<!DOCTYPE x [<!ENTITY a "b">]><workbook/>'),
            "p.xlsx: holds a DOCTYPE, which no workbook has; save it anew in Excel",
        ),
        (
            workbook(HEADER, xl__worksheets__sheet1_xml="<!DOCTYPE x><worksheet/>"),
            "p.xlsx: holds a DOCTYPE, which no workbook has; save it anew in Excel",
        ),
        (workbook(HEADER, xl__worksheets__sheet1_xml="<worksheet><row>"), BAD),
        (workbook(HEADER, xl__worksheets__sheet1_xml="&nope;"), BAD),
        (workbook(HEADER, xl__worksheets__sheet1_xml=None), BAD),
        (workbook(HEADER, xl__workbook_xml="<workbook/>"), "p.xlsx: holds no sheet with cells"),
        (workbook(row(1, cell("A1", 7, kind="s"))), BAD),
        (workbook(row(1, cell("A1", "x", kind="b"), cell("ZZZZ1", 3))), BAD),
        (workbook(row(1, cell("A1", "12e", kind="n"))), BAD),
        (workbook(row(1, cell("A1", "NaN", kind="n"))), BAD),
        (workbook(), "p.xlsx: is empty; a header row is missing"),
        (b"PK\x03\x04" + bytes(60), BAD),
        (
            b"\xd0\xcf\x11\xe0" + bytes(600),
            (
                "p.xlsx: is an Excel file of the old kind; save it as .xlsx or as CSV UTF-8, "
                "without a password"
            ),
        ),
    ],
)
def test_a_broken_workbook_is_refused_in_words(board, content, told):
    """A DOCTYPE ended as a bug, with exit code 1."""
    assert with_book(board, content).refused() == [told]


def test_a_damaged_part_is_refused(board):
    content = bytearray(workbook(HEADER, row(2, "A", "Mug")))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for info in zipfile.ZipFile(io.BytesIO(content)).infolist():
            archive.writestr(info.filename, zipfile.ZipFile(io.BytesIO(content)).read(info) * 1)
    damaged = bytearray(packed.getvalue())
    for position in range(40, len(damaged) // 2, 7):
        damaged[position] ^= 0x55
    (told,) = with_book(board, bytes(damaged)).refused()
    assert told.startswith("p.xlsx: ")


def test_prefixed_names_and_strict_namespaces_are_read(board):
    sheet = (
        '<x:worksheet xmlns:x="http://purl.oclc.org/ooxml/spreadsheetml/main"><x:sheetData>'
        '<x:row r="1"><x:c r="A1" t="inlineStr"><x:is><x:t>sku</x:t></x:is></x:c>'
        '<x:c r="B1" t="inlineStr"><x:is><x:t>name</x:t></x:is></x:c></x:row>'
        '<x:row r="2"><x:c r="A2" t="inlineStr"><x:is><x:t>A</x:t></x:is></x:c>'
        '<x:c r="B2"><x:v>7</x:v></x:c></x:row></x:sheetData></x:worksheet>'
    )
    assert shown(board, workbook(xl__worksheets__sheet1_xml=sheet)) == {"A": "7"}
    assert MAIN not in sheet


def test_what_openpyxl_writes_is_read(board):
    book = openpyxl.Workbook()
    book.active.append(["sku", "name"])
    book.active.append(["A", 2.5])
    packed = io.BytesIO()
    book.save(packed)
    assert shown(board, packed.getvalue()) == {"A": "2.5"}
