"""Feeds as they are really sent, and every way in which they are broken."""

import io
import time

import openpyxl
import pytest

CAMPAIGN = (
    "campaign: demo\n"
    "data:\n  products: {source: FEED, key: sku}\n"
    "matrix:\n  product: {from: products}\n  size: ['1:1']\n"
    'prompt: "a photo of {{ product.name }}, {{ product.price }}"\n'
)


def with_feed(board, content, *, name="p.csv"):
    return board.put(name, content).write(CAMPAIGN.replace("FEED", name))


def prompts(board, content, *, name="p.csv"):
    return with_feed(board, content, name=name).prompts()


PLAIN = {"A-1/1x1": "a photo of Soda, 2.50", "0012/1x1": "a photo of Tea, no"}


@pytest.mark.parametrize(
    "content",
    [
        "sku,name,price\nA-1,Soda,2.50\n0012,Tea,no\n",
        "sku;name;price\r\nA-1;Soda;2.50\r\n0012;Tea;no\r\n",
        "\ufeffsku,name,price\nA-1,Soda,2.50\n0012,Tea,no",
        'sku,name,price\n"A-1","Soda","2.50"\n\n0012,Tea,no\n',
        "sku\tname\tprice\nA-1\tSoda\t2.50\n0012\tTea\tno\n",
        " sku ,name,price,\nA-1,Soda,2.50,\n0012,Tea,no,\n",
    ],
)
def test_a_csv_feed_is_read_as_text_whatever_its_dress(board, content):
    assert prompts(board, content) == PLAIN


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.tsv", "sku\tname\tprice\nA-1\tSoda\t2.50\n0012\tTea\tno\n"),
        ("p.json", ('[{"sku":"A-1","name":"Soda","price":2.50},'
                   '{"sku":"0012","name":"Tea","price":"no"}]')),
        ("p.jsonl", ('{"sku":"A-1","name":"Soda","price":2.50}\n\n'
                    '{"sku":"0012","name":"Tea","price":"no"}\n')),
        ("p.yaml", "- {sku: A-1, name: Soda, price: 2.50}\n- {sku: 0012, name: Tea, price: no}\n"),
    ],
)  # fmt: skip
def test_other_kinds_of_feed_give_the_same_words(board, name, content):
    assert prompts(board, content, name=name) == PLAIN


def workbook(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def test_a_workbook_gives_its_first_sheet(board):
    content = workbook(
        ["sku", "name", "price"], ["A-1", "Soda", 2.5], [None, None, None], [12, "Tea", "no"]
    )
    assert prompts(board, content, name="p.xlsx") == {
        "A-1/1x1": "a photo of Soda, 2.5",
        "12/1x1": "a photo of Tea, no",
    }


def test_a_file_that_only_calls_itself_a_workbook_is_refused(board):
    assert with_feed(board, "sku,name", name="p.xlsx").refused()[0] == (
        "p.xlsx: is not a readable xlsx file"
    )


def test_a_workbook_row_longer_than_the_header_is_told(board):
    content = workbook(["sku", "name", "price"], ["A-1", "Soda", 1, "what?"])
    assert with_feed(board, content, name="p.xlsx").refused()[0] == (
        "p.xlsx:2: row 2 is too long: 4 cells for 3 columns"
    )


HEADER = "sku,name,price\n"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (HEADER + "A-1,Soda\n", "p.csv:2: row 2 is too short: 2 cells for 3 columns"),
        (HEADER + "A-1,So,da,2\n", (
                "p.csv:2: row 2 is too long: 4 cells for 3 columns; a cell that contains the "
                "separator must be quoted"
            )),
        (
            HEADER + 'A-1,"Soda,2\nB,x,1\n',
            "p.csv:2: the row that starts here cannot be read: a quote is opened and never closed",
        ),
        (
            HEADER + 'A-1,"So"da,2\n',
            ("p.csv:2: the row that starts here cannot be read: text follows a closing quote; "
            "a quote inside a quoted cell is written twice"),
        ),
        (HEADER + "A-1,a,1\nB-1,b,2\nA-1,c,3\n", "p.csv:4: row 4 repeats sku A-1 of row 2"),
        (HEADER + ",a,1\n", "p.csv:2: row 2 has no sku, which is its key"),
        ("sku,name,name\nA,b,c\n", ("c.yaml:7:9: prompt: the column name appears twice (2 and 3); "
            "rename all but one (cell A/1x1, p.csv row 2, column name)")),
        ("sku,sku,name,price\nA,b,c,1\n", ("p.csv:1: the column sku appears twice (1 and 2); "
            "rename all but one")),
        ("sku,,price\nA,b,c\n", ("p.csv:1: column 2 has no name, but row 2 has a value there; "
            "name the column, or delete it")),
        ("", "p.csv:1: is empty; a header row is missing"),
        (HEADER, "p.csv:1: has a header and no rows"),
        (
            HEADER + "A-1,So\0da,1\n",
            "p.csv:2:7: holds the character U+0000, which no text may hold",
        ),
        (
            (HEADER + "A-1,Caf").encode() + b"\xe9,1\n",
            ("p.csv:2:8: byte 0xE9 is not UTF-8; save it as CSV UTF-8 (so named in Excel's list "
            "of formats)"),
        ),
        (
            (HEADER + "A-1,Soda,1\n").encode("utf-16"),
            ("p.csv:1:1: is UTF-16 or UTF-32; save it as CSV UTF-8 (so named in Excel's list of "
            "formats)"),
        ),
        (
            HEADER + f"A-1,{'x' * 200_001},1\n",
            "p.csv:2: row 2, name: has 200001 characters; at most 200000",
        ),
        (
            "code,name,price\nA,b,c\n",
            ("c.yaml:3:22: data.products.key: p.csv has no column sku; it has code, name and "
            "price"),
        ),
        (
            HEADER + "A-1,Birne, rot,1\n",
            ("p.csv:2: row 2 is too long: 4 cells for 3 columns; a cell that contains the "
            "separator must be quoted"),
        ),
        (HEADER + "A-1\n", "p.csv:2: row 2 is too short: 1 cell for 3 columns"),
        (
            b"PK\x03\x04\x14\x00",
            "p.csv: is an Excel workbook or another zip file; a workbook's name ends in .xlsx",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1",
            "p.csv: is an Excel file of the old kind; save it as .xlsx or as CSV UTF-8",
        ),
        (
            "<!DOCTYPE html><title>Please log in</title>",
            "p.csv: is a web page or XML, not a table; export it again as CSV",
        ),
    ],
)  # fmt: skip
def test_a_broken_csv_feed_is_told_row_by_row(board, content, complaint):
    assert with_feed(board, content).refused()[0] == complaint


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("p.json", '[{"sku": NaN}]', "p.json:1: NaN is not a number that can be written"),
        ("p.json", '[{"sku": 1e999}]', "p.json:1: 1e999 is not a number that can be written"),
        (
            "p.json",
            '[{"sku": "a", "name": "x\\ud800y"}]',
            "p.json: row 1, name: holds U+D800, which no text may hold",
        ),
        ("p.json", "[{]", ("p.json:1:3: not readable as JSON: Expecting property name enclosed in "
         "double quotes")),
        ("p.json", "[" * 100_000, "p.json:1: is nested too deeply"),
        ("p.json", '{"sku": "a"}', "p.json:1: must contain a list of objects"),
        (
            "p.json",
            '{"items": [{"sku": "a"}]}',
            "p.json:1: must contain a list of objects; save only the list under items",
        ),
        (
            "p.json",
            '[{"sku": "a", "sku": "b"}]',
            "p.json:1: the key sku is in one object twice",
        ),
        (
            "p.xls",
            "",
            ("c.yaml:3:22: data.products.source: a feed's name ends in .csv, .tsv, .xlsx, .json, "
            ".jsonl, .yaml or .yml, not .xls; save it as .xlsx or as CSV UTF-8"),
        ),
        ("p.json", "[]", "p.json:1: is empty; rows are missing"),
        ("p.json", '[{"sku": "a"}, 3]', "p.json: row 2 is not a mapping of columns to values"),
        (
            "p.jsonl",
            '{"sku": "a"}\n{"sku": }\n',
            "p.jsonl:2:9: not readable as JSON: Expecting value",
        ),
        ("p.yaml", "a: 1", "p.yaml:1: must contain a list of mappings"),
        (
            "p.txt",
            "sku",
            ("c.yaml:3:22: data.products.source: a feed's name ends in .csv, .tsv, .xlsx, .json, "
            ".jsonl, .yaml or .yml, not .txt"),
        ),
    ],
)  # fmt: skip
def test_other_broken_feeds_are_told_too(board, name, content, complaint):
    assert with_feed(board, content, name=name).refused()[0] == complaint


def test_a_missing_feed_is_named(board):
    board.write(CAMPAIGN.replace("FEED", "p.csv"))
    assert board.refused() == [
        "c.yaml:3:22: data.products.source: p.csv cannot be read: No such file or directory"
    ]


def test_the_separator_that_excel_is_told_in_a_first_line_is_no_header(board):
    assert prompts(board, "sep=|\nsku|name|price\nA-1|Soda; cold|1\n") == {
        "A-1/1x1": "a photo of Soda; cold, 1"
    }
    assert with_feed(board, "sep=;\nsku;name;price\nA-1;x\n").refused() == [
        "p.csv:3: row 3 is too short: 2 cells for 3 columns"
    ]


def test_rows_that_where_leaves_out_may_repeat_a_key_or_have_none(board):
    content = "sku,name,price\nA-1,Shirt,9\nA-1,,\n,,\nB-1,,8\nB-1,Mug,7\n"
    board.put("p.csv", content)
    text = CAMPAIGN.replace("FEED", "p.csv").replace("key: sku", "key: sku, where: \"name != ''\"")
    assert board.write(text).prompts() == {
        "A-1/1x1": "a photo of Shirt, 9",
        "B-1/1x1": "a photo of Mug, 7",
    }


def test_rows_that_where_keeps_may_not_repeat_a_key(board):
    board.put("p.csv", "sku,name,price\nA-1,Shirt,9\nA-1,Mug,8\n,Cup,7\n")
    text = CAMPAIGN.replace("FEED", "p.csv").replace("key: sku", "key: sku, where: \"name != ''\"")
    assert board.write(text).refused() == [
        "p.csv:3: row 3 repeats sku A-1 of row 2",
        "p.csv:4: row 4 has no sku, which is its key",
    ]


def test_a_long_number_that_excel_cut_short_is_suspected(board):
    with_feed(board, "sku,name,price\n4.00638E+12,Soda,1\n4006381333931,Tea,2\n")
    assert board.warnings() == [
        (
            "p.csv: matrix.product: row 2: 4.00638E+12 looks like a number that Excel cut short; "
            "export the column as text"
        )
    ]


def test_a_misspelt_key_column_is_told_once(board):
    board.put("p.csv", "SKU,name,price\nA-1,Soda,1\n")
    board.write(CAMPAIGN.replace("FEED", "p.csv"))
    assert board.refused() == [
        "c.yaml:3:22: data.products.key: p.csv has no column sku (did you mean SKU?)"
    ]


def test_quoted_newlines_stay_in_the_cell(board):
    content = 'sku,name,price\nA-1,"Soda\r\nPop",1\n'
    assert prompts(board, content) == {"A-1/1x1": "a photo of Soda\nPop, 1"}


def test_a_null_in_a_feed_is_never_printed(board):
    content = '[{"sku": "A-1", "name": "Soda", "price": 1}, {"sku": "B-1", "name": null}]'
    assert with_feed(board, content, name="p.json").refused() == [
        (
            "c.yaml:7:9: prompt: product.name is empty (null) and cannot be printed "
            "(cell B-1/1x1, p.json row 2, column name)"
        ),
        (
            "c.yaml:7:9: prompt: product.price is empty (null) and cannot be printed "
            "(cell B-1/1x1, p.json row 2, column price)"
        ),
    ]


@pytest.mark.parametrize(
    "column", ["copy", "items", "values", "keys", "get", "pop", "update", "title"]
)
def test_a_column_named_like_a_method_prints_its_cell(board, column):
    board.put("p.csv", f"sku,{column}\nA-1,seen\n")
    board.write(
        CAMPAIGN.replace("FEED", "p.csv").replace(
            "{{ product.name }}, {{ product.price }}",
            f"{{{{ product.{column} }}}} {{{{ product['{column}'] }}}}",
        )
    )
    assert board.prompt() == "a photo of seen seen"


def test_where_keeps_the_rows_for_which_it_holds(board):
    board.put("p.csv", "sku,name,price,in_stock\nA,a,1,yes\nB,b,2,no\nC,c,3,yes\n")
    board.write(
        CAMPAIGN.replace("FEED", "p.csv").replace(
            "key: sku", "key: sku, where: \"in_stock == 'yes'\""
        )
    )
    assert list(board.prompts()) == ["A/1x1", "C/1x1"]


@pytest.mark.parametrize(
    ("where", "complaint"),
    [
        ("in_stok == 'yes'", ("nothing is named in_stok (did you mean in_stock?) (p.csv row 2, "
         "and in 1 more rows)")),
        ("in_stock == 'maybe'", "keeps no row"),
        ("price|int / 0", ("fails: division by zero (ZeroDivisionError) (p.csv row 2, and in 1 "
         "more rows)")),
        ("('x' * 10**10)", "needs more memory than a prompt may (p.csv row 2, and in 1 more rows)"),
    ],
)  # fmt: skip
def test_where_names_the_row_at_which_it_fails(board, where, complaint):
    board.put("p.csv", "sku,name,price,in_stock\nA,a,1,yes\nB,b,2,no\n")
    board.write(
        CAMPAIGN.replace("FEED", "p.csv").replace("key: sku", f'key: sku, where: "{where}"')
    )
    assert board.refused() == [f"c.yaml:3:46: data.products.where: {complaint}"]


JOINED = (
    "campaign: demo\n"
    "data:\n"
    "  products: {source: p.csv, key: sku}\n"
    "  copy: {source: c.csv, key: [sku, locale]MISSING}\n"
    "matrix:\n  product: {from: products}\n  size: ['1:1']\n  locale: [en, de]\n"
    "prompt: \"a photo, '{{ copy.headline }}'\"\n"
)
PRODUCTS = "sku,name\nA,a\nB,b\n"
COPY = "sku,locale,headline\nA,en,Hello\nA,de,Hallo\nB,en,Bye\n"


def joined(board, missing=""):
    board.put("p.csv", PRODUCTS).put("c.csv", COPY)
    return board.write(JOINED.replace("MISSING", missing))


def test_a_cell_without_a_row_is_an_error_that_names_key_and_cell(board):
    assert joined(board).refused() == [
        "c.yaml:4:3: data.copy: c.csv has no row with sku B, locale de for the cell B/1x1/de"
    ]


def test_a_cell_without_a_row_may_be_skipped(board):
    assert joined(board, ", on_missing: skip").prompts() == {
        "A/1x1/en": "a photo, 'Hello'",
        "A/1x1/de": "a photo, 'Hallo'",
        "B/1x1/en": "a photo, 'Bye'",
    }


def test_a_cell_without_a_row_may_have_empty_texts(board):
    assert joined(board, ", on_missing: empty").prompts()["B/1x1/de"] == "a photo, ''"


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ("copy: {source: c.csv}", ("c.yaml:4:3: data.copy.key: copy is not an axis, so it needs a "
         "key "
         "to find each cell's row")),
        ("copy: {source: c.csv, key: headline}", ("c.yaml:4:3: data.copy.key: no axis is named "
         "headline, and none has such a column")),
        ("kopy: {source: c.csv, key: [sku, locale]}", None),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_joined_is_told(board, data, complaint):
    board.put("p.csv", PRODUCTS).put("c.csv", COPY + "B,de,Tschau\n")
    text = JOINED.replace("copy: {source: c.csv, key: [sku, locale]MISSING}", data)
    refused = board.write(text).refused()
    assert refused[0] == (complaint or "c.yaml:9:9: prompt: nothing is named copy (did you mean "
                          "kopy?) (cell A/1x1/en and 3 more images)")  # fmt: skip


def test_an_axis_from_a_table_that_is_not_there_is_told(board):
    board.write(
        "campaign: demo\ndata: {products: {source: p.csv, key: sku}}\n"
        "matrix: {product: {from: prodcts}, size: ['1:1']}\nprompt: a photo\n"
    ).put("p.csv", PRODUCTS)
    assert (
        "c.yaml:3:26: matrix.product.from: there is no table prodcts under data "
        "(did you mean products?)"
    ) in board.refused()


def test_a_feed_is_a_snapshot_whose_hash_is_kept(board):
    board.put("p.csv", PRODUCTS)
    text = CAMPAIGN.replace("FEED", "p.csv").replace(", {{ product.price }}", "")
    loaded = board.write(text).load()
    board.put("p.csv", "sku,name\nZ,z\n")
    assert list(loaded.campaign.feeds) == ["p.csv"]
    assert len(loaded.campaign.feeds["p.csv"]) == 64
    assert loaded.matrix.axes[0].ids == ["A", "B"]


def test_ids_from_a_feed_are_checked_row_by_row(board):
    assert with_feed(board, "sku,name,price\nA/1,a,1\nb,b,1\nB,c,1\n").refused() == [
        (
            "p.csv: matrix.product: row 2: A/1: an id may not contain /, since it names files "
            "and cells; another column may be the key"
        ),
        "p.csv: matrix.product: row 4: B: some file systems cannot tell it from b (row 3)",
    ]


@pytest.mark.thorough
def test_a_million_rows_fit(board):
    with (board.folder / "p.csv").open("w") as file:
        file.write("sku,name,price\n")
        rows = range(1_000_000)
        file.writelines(f"SKU-{n},An amber glass bottle number {n},{n}.50\n" for n in rows)
    started = time.process_time()
    loaded = board.write(CAMPAIGN.replace("FEED", "p.csv")).load()
    assert len(loaded.matrix.axes[0].ids) == 1_000_000
    assert time.process_time() - started < 40
