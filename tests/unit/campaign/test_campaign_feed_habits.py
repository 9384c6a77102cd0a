"""Feeds as shops, spreadsheets and people really make them: nothing is lost without a word."""

import unicodedata

import pytest

CAMPAIGN = (
    "campaign: demo\n"
    "data:\n  products: {source: FEED, key: sku}\n"
    "matrix:\n  product: {from: products}\n  size: ['1:1']\n"
    'prompt: "a photo of {{ product.name }}"\n'
)


def with_feed(board, content, *, name="p.csv", **changes):
    text = CAMPAIGN.replace("FEED", name)
    for old, new in changes.items():
        text = text.replace({"key": "key: sku", "template": "{{ product.name }}"}[old], new)
    return board.put(name, content).write(text)


LONE = (
    'sku,name,claim\nQ-1,Mug,For tea\nQ-2,Sunrise,"Good morning\nQ-3,Hidden,For coffee\n'
    'Q-4,Lost,Good night"\nQ-5,Last,For cocoa\n'
)
WAY = "write a lone quote twice within quotes, or delete it"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("p.csv", LONE, ("p.csv:3: row 3: a quote opens in column 3 and closes on line 5, and the "
         "text between looks like 2 rows (Q-3 and Q-4)")),
        ("p.tsv", LONE.replace(",", "\t"), ("p.tsv:3: row 3: a quote opens in column 3 and closes "
         "on line 5, and the text between looks like 2 rows (Q-3 and Q-4)")),
        ("p.csv", LONE.replace(",", ";").replace("\n", "\r\n"), ("p.csv:3: row 3: a quote opens in "
         "column 3 and closes on line 5, and the text between looks like 2 rows (Q-3 and Q-4)")),
        ("p.csv", 'sku,name,claim\nA1,Mug,x\nA2,"24"" wide,x\nA3,12"" high",y\n'.replace('""', ""),
         ("p.csv:3: row 3: a quote opens in column 2 and closes on line 4, and the text between "
         "looks like a row (A3)")),
        ("p.csv", 'name,claim,sku\nMug,x,A1\n"Jug,y,A2\nPot",z,A3\nCup,z,A4\n',
         ("p.csv:3: row 3: a quote opens in column 1 and closes on line 4, and the text between "
         "looks like a row (A3)")),
        ("p.csv", 'sku,name\nA1,"Mug\nA2,Jug\n\nA3,"\nA4,x\n', ("p.csv:2: row 2: a quote opens in "
         "column 2 and closes on line 5, and the text between looks like 2 rows (A2 and A3)")),
        ("p.csv", 'sku,name,claim\nQ-1,Mug,"a\nQ-2,"",b\nQ-3,5"" pipe,c"\n', ("p.csv:2: row 2: a "
         "quote opens in column 3 and closes on line 4, and the text between looks like 2 rows "
         "(Q-2 and Q-3)")),
        ("p.csv", 'sku,name,"claim\nQ-1,Mug,a\nQ-2,Jug,x"\nQ-3,Cup,b\n', ("p.csv:1: row 1: a quote "
         "opens in column 3 and closes on line 3, and the text between looks like 2 rows (Q-1 and "
         "Q-2)")),
        ("p.csv", 'sku,name,a,b\nA1,x,"6\nA2,y"\nA3,z,1,2\n', ("p.csv:2: row 2 is too short: 3 "
         "cells for 4 columns; it spans 2 lines, as after a quote that is not closed")),
    ],
)  # fmt: skip
def test_rows_that_a_lone_quote_swallows_are_told(board, name, content, told):
    """Five products became three, and `--strict` was clean."""
    (complaint,) = with_feed(board, content, name=name).refused()
    assert complaint.removesuffix(f"; {WAY}") == told


@pytest.mark.parametrize(
    "text",
    [
        "Good morning\nfor tea, coffee, and cake",
        "Sizes:\nS, M, L\nXL, XXL, 3XL",
        "<p>Pot,<br>\nfor herbs</p>\n<ul><li>20 cm, clay</li></ul>",
        "one\ntwo\nthree",
        'He said "one, two"\nand left',
    ],
)
def test_a_text_of_several_lines_is_no_swallowed_row(board, text):
    quoted = text.replace('"', '""')
    with_feed(
        board, f'sku,claim,name\nQ-1,"{quoted}",Mug\nQ-2,x,Jug\n', template="{{product.claim}}"
    )
    assert board.prompts()["Q-1/1x1"] == f"a photo of {text}"
    assert board.warnings() == []


def test_a_text_whose_lines_could_be_rows_but_have_other_keys_is_only_a_warning(board):
    with_feed(board, 'sku,claim\nQ-1,"red\nblue,green"\nQ-2,x\n', template="{{ product.claim }}")
    assert board.prompts()["Q-1/1x1"] == "a photo of red\nblue,green"
    assert len(board.warnings()) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("Export of 2026-11-30\n\nsku,name\nA,Mug\n", "row 3"),
        ("Products;;\nGeneral;;Price\nsku;name;eur\nA;Mug;1\n", "row 3"),
        ("Artikelnummer,Bezeichnung\nsku,name\nA,Mug\n", "row 2"),
    ],
)
def test_a_header_that_is_not_the_first_row_is_found(board, content, told):
    assert with_feed(board, content).refused() == [
        (
            "c.yaml:3:22: data.products.key: p.csv has no column sku in its first row, but in "
            f"{told}; add header: {told.removeprefix('row ')}, or delete the rows above it"
        )
    ]
    number = told.removeprefix("row ")
    named = with_feed(board, content, key=f"key: sku, header: {number}")
    assert list(named.prompts()) == ["A/1x1"]


def test_a_title_with_a_quote_that_is_never_closed_is_not_read_as_a_row(board):
    with_feed(board, 'Our "summer list\n;;\nsku;name\nA;Mug\n', key="key: sku, header: 3")
    assert list(board.prompts()) == ["A/1x1"]


def test_findings_name_the_rows_of_the_file_below_a_header_further_down(board):
    content = "Export\nGroup\nsku,name\nA,Mug\nA,Jug\n"
    assert with_feed(board, content, key="key: sku, header: 3").refused() == [
        "p.csv:5: row 5 repeats sku A of row 4"
    ]


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (2, "p.csv has no column sku in row 2, but in row 3; add header: 3"),
        (4, "p.csv has no column sku in row 4, but in row 3; add header: 3"),
        (9, "p.csv:9: is empty; a header row is missing"),
    ],
)
def test_a_header_row_that_is_none_says_where_it_is(board, header, told):
    content = "Export\nGroup,Price\nsku,name\nA,Mug\n"
    [said] = with_feed(board, content, key=f"key: sku, header: {header}").refused()
    assert told in said


def test_a_feed_without_rows_has_no_header_row(board):
    with_feed(board, '[{"sku": "A", "name": "Mug"}]', name="p.json", key="key: sku, header: 2")
    [said] = board.refused()
    assert "data.products.header: is for csv, tsv and xlsx files; p.json has no header" in said


@pytest.mark.parametrize("repeated", ["sku,name", "SKU,Name", "sku,Product name"])
def test_a_header_that_comes_again_is_no_product(board, repeated):
    assert with_feed(board, f"sku,name\nA,Mug\n{repeated}\nB,Jug\n").refused() == [
        "p.csv:3: row 3 repeats the header; delete it, or leave it out with where"
    ]


def test_a_header_that_comes_again_can_be_left_out(board):
    with_feed(board, "sku,name\nA,Mug\nsku,name\n", key="key: sku, where: \"sku != 'sku'\"")
    assert list(board.prompts()) == ["A/1x1"]


def test_a_short_last_row_may_be_a_total(board):
    assert with_feed(board, "sku,name\nA,Mug\nB,Jug\nTotal: 2\n").refused() == [
        (
            "p.csv:4: row 4 is too short: 1 cell for 2 columns; if this last row is a total or a "
            "note, delete it"
        )
    ]


@pytest.mark.parametrize("word", ["Total", "Summe", "Grand total", "合計", "total (2)", "Итого"])
def test_a_total_below_the_table_is_suspected(board, word):
    with_feed(board, f"sku,name,price\nA,Mug,1\nB,Jug,2\n{word},,3\n")
    assert board.warnings() == [
        (
            f"p.csv: row 4 ({word}) looks like a sum below the table; delete it, or leave it "
            "out with where"
        )
    ]


def test_a_note_below_the_table_is_suspected(board):
    rows = "".join(f"A{number},Mug,{number}\n" for number in range(5))
    with_feed(board, f"sku,name,price\n{rows}SAP R3,,\n")
    assert board.warnings() == [
        (
            "p.csv: row 7 has only one cell: a note below the table? delete it, or leave it "
            "out with where"
        )
    ]


def test_a_product_named_like_a_total_is_none(board):
    with_feed(board, "sku,name,price\nTOTAL-500,Mug,1\nTotale,Jug,2\nTea,,1\n")
    assert board.warnings() == []


TWICE = "id\ttitle\tsku\tlink\tlink\nG-1\tMug\tA\thttps://x/1\thttps://x/2\n"


def test_columns_that_come_twice_and_are_not_used_are_no_mistake(board):
    """A merchant feed may have `additional_image_link` several times."""
    with_feed(board, TWICE, name="p.tsv", template="{{ product.title }}")
    assert board.prompts() == {"A/1x1": "a photo of Mug"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"template": "{{ product.link }}"}, ("c.yaml:7:9: prompt: TWICE (cell A/1x1, p.tsv row 2, "
         "column link)")),
        ({"template": "{{ product['link'] }}"}, ("c.yaml:7:9: prompt: TWICE (cell A/1x1, p.tsv row "
         "2, column link)")),
        ({"key": "key: link"}, "p.tsv:1: TWICE"),
        ({"key": "key: sku, where: \"link != ''\""}, ("c.yaml:3:46: data.products.where: TWICE "
         "(p.tsv row 2)")),
    ],
)  # fmt: skip
def test_a_column_that_comes_twice_cannot_be_used(board, change, told):
    twice = "the column link appears twice (4 and 5); rename all but one"
    with_feed(board, TWICE, name="p.tsv", **{"template": "{{ product.title }}", **change})
    assert board.refused() == [told.replace("TWICE", twice)]


def test_a_column_without_name_and_values_is_left_out(board):
    with_feed(board, "sku,name,,look\nA,Mug,,red\n", template="{{ product.look }}")
    assert board.prompts() == {"A/1x1": "a photo of red"}


OWN_ID = "id,sku,name\n501,MUG,Mug\n502,JUG,Jug\n"


def test_the_own_id_of_a_feed_can_be_used_when_another_column_is_the_key(board):
    """`product.id` was the key in prompts, and the feed's column in `where` and `explain`."""
    with_feed(board, OWN_ID, template="{{ product.id }} {{ product }} {{ product['id'] }}")
    assert board.prompts() == {
        "MUG/1x1": "a photo of 501 MUG 501",
        "JUG/1x1": "a photo of 502 JUG 502",
    }


def test_the_own_id_of_a_feed_is_meant_everywhere(board):
    board.put("t.csv", "id,claim\n501,x\n")
    with_feed(board, OWN_ID, key="key: sku, where: \"id != '502'\"")
    text = board.file.read_text().replace(
        "['1:1']\n", "['1:1']\n  exclude: [{product: {id: '7*'}}]\n"
    )
    board.write(text)
    assert list(board.prompts()) == ["MUG/1x1"]
    assert board.load().matrix.axes[0].named(0)["id"] == "501"
    text = text.replace("id: '7*'", "id: '5*'")
    assert board.write(text).refused() == [
        "c.yaml:2:1: matrix: no cell is left"
    ] or board.refused()[0].startswith("c.yaml:4:1: matrix: no cell is left")


def test_the_id_of_a_feed_is_its_key_where_that_is_the_key(board):
    with_feed(board, "id,name\n 501 ,Mug\n", key="key: id", template="[{{ product.id }}]")
    assert board.prompts() == {"501/1x1": "a photo of [501]"}


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("sold", "the text no counts as true, like every text; write == 'no' or != 'no'"),
        ("not sold", "the text no counts as true, like every text; write == 'no' or != 'no'"),
        ("stock and name != ''", ("the text 0 counts as true, like every text; write == '0' or "
         "!= '0'")),
        ("name == 'x' or stock", ("the text 0 counts as true, like every text; write == '0' or "
         "!= '0'")),
        ("stock != 0", "the text 0 never equals 0 without quotes; write '0' or |number"),
        ("stock in [0, 1]", "the text 0 never equals 0 without quotes; write '0' or |number"),
        ("sold != false", "the text no never equals false without quotes; write 'no'"),
        ("price|float > 5", "9,50 is not a number as |float reads it; |number reads it"),
    ],
)  # fmt: skip
def test_a_condition_that_would_keep_what_is_sold_out_is_told(board, where, told):
    """In a csv file `0` and `no` are texts, which are true and not equal to 0: all rows stayed."""
    content = 'sku,name,stock,sold,price,empty\nA,Jug,0,no,"9,50",\nB,Mug,8,yes,9.50,\n'
    with_feed(board, content, key=f'key: sku, where: "{where}"')
    assert f"data.products.where: {told} (p.csv row 2" in board.refused()[0]


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("stock|int > 5", ["B/1x1"]),
        ("price|number > 5 and sold != 'no'", ["B/1x1"]),
        ("empty or sku", ["A/1x1", "B/1x1"]),
        ("not empty and 'J' in name", ["A/1x1"]),
        ("stock in ['0', '1']", ["A/1x1"]),
        ("sku > 'A'", ["B/1x1"]),
    ],
)
def test_a_condition_over_texts_holds_as_it_is_written(board, where, kept):
    content = 'sku,name,stock,sold,price,empty\nA,Jug,0,no,"9,50",\nB,Mug,8,yes,9.50,\n'
    with_feed(board, content, key=f'key: sku, where: "{where}"')
    assert list(board.prompts()) == kept


def test_a_name_in_a_header_may_have_characters_around_it_that_nobody_sees(board):
    with_feed(board, "\u200bsku\xa0,name\u2060\nA,Mug\n")
    assert board.prompts() == {"A/1x1": "a photo of Mug"}


def test_a_mistake_in_every_row_is_counted_and_not_kept(board):
    """A million findings would need more memory than the feed."""
    with_feed(board, "sku,name\n" + "A\n" * 20_000)
    told = board.refused()
    assert (len(told), told[-1]) == (201, "and 19800 more")


SHOP = 'sku,"In stock?",Qty left,name\nA,1,3,Mug\nB,0,0,Jug\nC,1,0,Pot\n'


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("row['In stock?'] == '1'", ["A/1x1", "C/1x1"]),
        ("row['In stock?'] == '1' and row['Qty left']|int > 0", ["A/1x1"]),
        ("row.name == 'Jug'", ["B/1x1"]),
    ],
)
def test_a_column_whose_name_is_no_word_can_be_named_in_where(board, where, kept):
    with_feed(board, SHOP, key=f'key: sku, where: "{where}"')
    assert list(board.prompts()) == kept


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("In stock? == '1'", "the column In stock? is written row['In stock?']"),
        ("name != '' and qty left|int > 0", "the column Qty left is written row['Qty left']"),
        ("name = 'Mug'", "= does not compare two values here; write =="),
        ("name == 'Mug' AND sku == 'A'", "AND means nothing here; write and"),
        ("name <> 'Mug'", "<> means nothing here; write !="),
        ("name 'Mug'", "two values stand side by side; and, or, == or a comma joins them"),
        ("product.name == 'Mug'", ("nothing is named product; write a column (sku, In stock?, Qty "
         "left and name) without its table, or as row['…'] (p.csv row 2, and in 2 more rows)")),
        ("qty.left > 1", ("nothing is named qty; write a column (sku, In stock?, Qty left and "
         "name) without its table, or as row['…'] (p.csv row 2, and in 2 more rows)")),
        ("Qty-left > 1", ("nothing is named Qty; the column Qty left is written row['Qty left'] "
         "(p.csv row 2, and in 2 more rows)")),
        ("row.nam == 'Mug'", ("row has no column nam (did you mean name?) (p.csv row 2, and in 2 "
         "more rows)")),
    ],
)  # fmt: skip
def test_a_condition_that_cannot_be_read_is_told_once(board, where, told):
    """Two errors about empty ids followed one about `=`, which nobody had written."""
    content = SHOP + ",,,\n,1,1,\n"
    with_feed(board, content, key=f'key: sku, where: "{where}"')
    where_ = [one.replace("in 3 more", "in 2 more") for one in board.refused()]
    assert [one.partition("where: ")[2] for one in where_] == [told]


def test_a_column_with_a_blank_in_a_template_is_told_how_to_write_it(board):
    with_feed(board, SHOP, template="{{ product.In stock? }}")
    assert board.refused() == [
        "c.yaml:7:9: prompt: the column In stock? is written product['In stock?']"
    ]


def nfd(text):
    return unicodedata.normalize("NFD", text)


def nfc(text):
    return unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(("own", "other"), [(nfd, nfc), (nfc, nfd)])
def test_an_accent_in_one_character_or_two_is_the_same_word(board, own, other):
    """A Mac writes é as two characters, Windows as one: joins, globs and columns missed it."""
    board.put("t.csv", other("sku,größe\nCafé,XL\n"))
    with_feed(board, own("sku,name,süß\nCafé,Mug,ja\nThé,Jug,nein\n"), template="{{ product.süß }}")
    text = board.file.read_text().replace(
        "{{ product.süß }}", other("{{ product.süß }} {{ t.größe }}")
    )
    text = text.replace(
        "key: sku}\n", 'key: sku, where: "WHERE"}\n  t: {source: t.csv, key: sku}\n'
    )
    text = text.replace("WHERE", other("süß == 'ja' and sku != 'Thé'"))
    exclude = other("  exclude: [{product: Thé}, {product: {süß: 'n*'}}]\n")
    board.write(text.replace("['1:1']\n", f"['1:1']\n{exclude}"))
    assert board.prompts(only=[other("Caf?/*")]) == {f"{own('Café')}/1x1": "a photo of ja XL"}


def test_an_id_is_kept_as_it_is_written(board):
    """Its job key must not change."""
    with_feed(board, nfd("sku,name\nCafé,Mug\n"))
    assert list(board.prompts()) == [nfd("Café/1x1")]
    assert with_feed(board, f"sku,name\n{nfd('Café')},Mug\n{nfc('Café')},Jug\n").refused() == [
        f"p.csv:3: row 3 repeats sku {nfc('Café')} of row 2"
    ]


@pytest.mark.parametrize(
    ("name", "content", "way"),
    [
        ("p.txt", "id\ttitle\nA\tMug\n", "; rename it to p.tsv, since it has the form of one"),
        ("p.txt", "id;title\nA;Mug\n", "; rename it to p.csv, since it has the form of one"),
        ("p.txt", "id\ttitle\nA\tMug\n".encode("utf-16"), ("; this is Excel's Unicode Text: "
         "save it as CSV UTF-8 instead")),
        ("p.txt", "a note", ""),
    ],
)  # fmt: skip
def test_a_text_file_is_told_what_it_should_be(board, name, content, way):
    (told,) = with_feed(board, content, name=name).refused()
    assert told.partition(", not .txt")[2] == way
