"""Corners that people reach sooner or later."""

import io
import signal
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
from campaign_texts import HEAD, explained_cell

from pipeline.errors import LocalFault
from pipeline.prompts.cells import expand
from pipeline.templates import template_process as template_processes
from pipeline.templates.messages import FrameBroken, receive
from pipeline.templates.template_process import TemplateProcess, TemplateProcessDied, TemplateSetup

SIZES = (
    "campaign: demo\ndata: {formats: {source: f.csv, key: id}}\n"
    'matrix: {product: [a], size: {from: formats}}\nprompt: "a {{ size.px }} photo"\n'
)


def test_sizes_may_come_from_a_table(board):
    board.put("f.csv", "id,px,ratio,use\n4:3,,,web\nhero,1920x1080,,web\nsquare,,1:1,app\n")
    sizes = [cell.size for cell in expand(board.write(SIZES).load())]
    assert [(size.id, size.ratio, size.pixels) for size in sizes] == [
        ("4x3", "4:3", None),
        ("hero", "16:9", (1920, 1080)),
        ("square", "1:1", None),
    ]


def test_a_size_in_a_table_that_is_none_is_told_with_its_row(board):
    board.put("f.csv", "id,px\nhero,wide\n")
    assert board.write(SIZES).refused() == ["f.csv: row 2: px must be written as 970x250, not wide"]


def test_an_axis_table_needs_a_key_of_one_column(board):
    board.put("f.csv", "id,px\nhero,10x10\n")
    text = SIZES.replace("key: id", "key: [id, px]")
    assert (
        "c.yaml:3:37: matrix.size.from: data.formats needs a key of one column to be an axis"
        in (board.write(text).refused())
    )


def test_an_axis_table_has_the_key_id_unless_it_names_one(board):
    board.put("f.csv", "id,px\nhero,970x250\n")
    board.write(SIZES.replace(", key: id", ""))
    assert list(board.prompts()) == ["a/hero"]


def test_a_placement_may_be_given_another_ratio_to_be_cut_from(board):
    board.write(HEAD.replace("'1:1'", "{id: hero, px: 1000x1000, ratio: 16:9}") + "prompt: a\n")
    (cell,) = expand(board.load())
    assert (cell.size.ratio, cell.size.kept) == ("16:9", 0.5625)


@pytest.mark.parametrize(
    ("entry", "id_and_ratio"),
    [("{id: instagram-story, note: x}", ("instagram-story", "1:2")), ("{id: 4:3}", ("4x3", "4:3"))],
)
def test_a_mapping_may_be_a_known_size_with_columns_of_its_own(board, entry, id_and_ratio):
    board.write(HEAD.replace("'1:1'", entry) + "prompt: a\n")
    (cell,) = expand(board.load())
    assert (cell.size.id, cell.size.ratio) == id_and_ratio


@pytest.mark.parametrize(
    ("matrix", "complaint"),
    [
        ("  zip: [[scene]]", "c.yaml:7:9: matrix.zip[0]: needs two axes or more"),
        (
            "  zip: [[scene, locale], [locale, scene]]",
            "c.yaml:7:26: matrix.zip[1]: an axis can be in one zip only",
        ),
        (
            "  zip: [[scene, sceen]]",
            "c.yaml:7:9: matrix.zip[0]: there is no axis sceen (did you mean scene?)",
        ),
        (
            "  zip: [[scene, locale]]\n  sample: {scene: {n: 1}}",
            (
                "c.yaml:8:12: matrix.sample.scene: scene is in a zip with another axis and "
                "cannot be sampled"
            ),
        ),
        (
            "  sample: {sceen: {n: 1}}",
            "c.yaml:7:12: matrix.sample.sceen: there is no axis sceen (did you mean scene?)",
        ),
        ("  exclude: [{}]", "c.yaml:7:13: matrix.exclude[0]: is empty"),
    ],
)
def test_a_matrix_that_contradicts_itself_is_told(board, matrix, complaint):
    text = HEAD.replace("  size: ['1:1']\n", "  size: ['1:1']\n  scene: [s]\n  locale: [l]\n")
    assert board.write(f"{text}{matrix}\nprompt: a\n").refused() == [complaint]


def test_a_key_column_of_two_axes_is_not_guessed(board):
    board.put("c.csv", "kind,text\nx,y\n")
    board.write(
        "campaign: demo\ndata: {copy: {source: c.csv, key: kind}}\n"
        "matrix:\n  product: [{id: a, kind: x}]\n  scene: [{id: b, kind: x}]\n  size: ['1:1']\n"
        "prompt: a\n"
    )
    assert board.refused() == [
        (
            "c.yaml:2:8: data.copy.key: kind is a column of product and scene; it is not clear "
            "which one is meant"
        )
    ]


def test_many_cells_without_a_row_are_counted(board):
    board.put("c.csv", "product,text\nx,y\n")
    products = ", ".join(f"p{number}" for number in range(30))
    board.write(
        "campaign: demo\ndata: {copy: {source: c.csv, key: product}}\n"
        f"matrix: {{product: [{products}], size: ['1:1']}}\nprompt: a\n"
    )
    told = board.refused()
    assert len(told) == 21
    assert "c.yaml:2:8: and 10 more cells have no row" in told


def test_many_different_mistakes_are_counted(board):
    products = ", ".join(f"{{id: p{number}, s: '\\x07{number}'}}" for number in range(120))
    board.write(
        f"campaign: demo\nmatrix: {{product: [{products}], size: ['1:1']}}\n"
        'prompt: "a {{ product.s if false else product[product.id] }}"\n'.replace(r"\x07", "")
    )
    told = board.refused()
    assert len(told) == 101
    assert "20 more images fail" in " ".join(told)


def test_a_where_that_is_a_bomb_names_the_row(board):
    board.put("p.csv", "sku\nA\nB\n")
    board.write(
        "campaign: demo\nmatrix: {product: {from: p}, size: ['1:1']}\nprompt: a\n"
        "data: {p: {source: p.csv, key: sku, "
        "where: \"sku == 'A' or range(10)|slice(10 ** 8)|list\"}}\n"
    )
    assert board.refused() == [
        "c.yaml:4:44: data.p.where: takes too long or too much memory to write (p.csv row 3)"
    ]


def test_a_condition_that_is_a_bomb_names_the_cell(board):
    board.write(HEAD + '  exclude: [{if: "range(10)|slice(10 ** 8)|list"}]\nprompt: a\n')
    assert board.refused() == [
        (
            "c.yaml:5:18: matrix.exclude[0].if: takes too long or too much memory to write "
            "(cell citrus/1x1)"
        )
    ]


def test_expand_decides_conditions_by_itself(board):
    text = HEAD.replace("'1:1'", "'1:1', '4:3'") + "  exclude: [{if: \"size.ratio == '1:1'\"}]\n"
    board.write(text + "prompt: a\n")
    assert [cell.name for cell in expand(board.load())] == ["citrus/4x3"]


def sheet(*rows, name="Sheet"):
    book = openpyxl.Workbook()
    book.active.title = name
    for row in rows:
        book.active.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


MORNING = datetime.fromisoformat("2026-05-01T06:30")
BOOK = (
    "campaign: demo\ndata: {p: {source: p.xlsx, key: sku, sheet: Items}}\n"
    "matrix: {product: {from: p}, size: ['1:1']}\n"
    'prompt: "a {{ product.day }} {{ product.time }} {{ product.n }}"\n'
)


def test_dates_and_numbers_of_a_workbook_are_text(board):
    rows = [["sku", "day", "time", "n"], ["A", date(2026, 5, 1), MORNING, 2.0]]
    board.put("p.xlsx", sheet(*rows, name="Items")).write(BOOK)
    assert board.prompt() == "a 2026-05-01 2026-05-01 06:30:00 2"


def test_a_sheet_that_is_not_there_is_told(board):
    board.put("p.xlsx", sheet(["sku"], ["A"], name="Itms")).write(BOOK)
    assert "p.xlsx: has no sheet Items (did you mean Itms?)" in board.refused()


def test_an_empty_sheet_is_told(board):
    board.put("p.xlsx", sheet(name="Items")).write(BOOK)
    assert "p.xlsx: is empty; a header row is missing" in board.refused()


def test_a_workbook_that_unpacks_to_a_bomb_is_refused(board):
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x", "w") as part,
    ):
        for _ in range(520):
            part.write(b"\0" * 1024 * 1024)
    board.put("p.xlsx", packed.getvalue()).write(BOOK)
    assert "p.xlsx: unpacks to more than 512 MB" in board.refused()


def test_an_explanation_covers_joins_texts_files_and_references(board):
    board.put("c.csv", "product,head\ncitrus,HI\n").put("hero.j2", 'a "{{ copy.head }}" photo')
    board.put("pack.png", b"\x89PNG\r\n\x1a\n")
    board.write(
        HEAD + "data: {copy: {source: c.csv, key: product}}\nprompt: hero.j2\nprovider: open\n"
        'text: {head: "{{ copy.head }}"}\nreferences: [pack.png]\n'
    )
    told = {one.name: (one.value, board.told(one.origin)) for one in
            explained_cell(board.load(), "citrus/1:1").settings}  # fmt: skip
    assert told["copy.head"] == ("HI", "c.csv row 2")
    assert told["prompt"] == ('a "{{ copy.head }}" photo', "hero.j2:1")
    assert told["text.head"] == ("{{ copy.head }}", "c.yaml:8")
    assert told["references"] == ("pack.png", "c.yaml:9")


def test_a_missing_prompt_file_is_named_where_it_is_asked_for(board):
    board.write(HEAD + "prompt: prompts/hero.j2\n")
    assert board.refused() == [
        "c.yaml:5:9: prompt: prompts/hero.j2 cannot be read: No such file or directory"
    ]


def test_a_child_that_cannot_be_started_is_a_fault_of_this_machine(monkeypatch):
    monkeypatch.setattr(template_processes.sys, "executable", "/nowhere/python")
    with pytest.raises(LocalFault, match="cannot start the process that writes prompts"):
        TemplateProcess()


SETUP = TemplateSetup(templates={"t": "a"}, expressions={}, columns={}, longest=9)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGUSR1])
def test_a_child_that_somebody_kills_is_no_fault_of_the_template(number):
    """A process that the system killed for want of memory was told as a template's mistake."""
    with TemplateProcess() as template_process:
        template_process.compile(SETUP)
        template_process._process.send_signal(number)
        template_process._process.wait()
        with pytest.raises(LocalFault, match=f"killed by signal {number.value}, by the system"):
            template_process.compile(SETUP)


@pytest.mark.parametrize("number", [signal.SIGPROF, signal.SIGSEGV])
def test_a_child_that_its_work_ends_is_told_with_the_template(number):
    with TemplateProcess() as template_process:
        template_process.compile(SETUP)
        template_process._process.send_signal(number)
        template_process._process.wait()
        with pytest.raises(TemplateProcessDied):
            template_process.compile(SETUP)


def test_a_child_that_stops_answering_is_a_fault_of_this_machine(monkeypatch):
    monkeypatch.setattr(template_processes, "_ANSWER_TIMEOUT", 0.3)
    with TemplateProcess() as template_process:
        template_process._process.send_signal(signal.SIGSTOP)
        with pytest.raises(
            LocalFault, match="gave no whole answer within 0 s; run the command again"
        ):
            template_process.compile(SETUP)


def test_a_child_that_cannot_import_its_code_is_a_fault_of_this_machine(monkeypatch):
    monkeypatch.setattr(template_processes, "_WORKER", "pipeline.templates.nothing")
    with TemplateProcess() as template_process, pytest.raises(LocalFault, match="No module named"):
        template_process.compile(TemplateSetup(templates={}, expressions={}, columns={}, longest=9))


def test_a_broken_frame_is_noticed():
    with pytest.raises(FrameBroken):
        receive(io.BytesIO(b"\0\0\0\7abc"))
    with pytest.raises(FrameBroken):
        receive(io.BytesIO(b"\xff\xff\xff\xffabc"))
    assert receive(io.BytesIO(b"")) is None


def test_a_matrix_that_explodes_is_refused_before_it_is_walked(board):
    axes = "".join(f"  axis{n}: [{', '.join(f'v{i}' for i in range(30))}]\n" for n in range(9))
    board.write(HEAD + axes + "prompt: a\n")
    assert board.refused() == [
        (
            "c.yaml:3:3: matrix: 1 × 1 × 30 × 30 × 30 × 30 × 30 × 30 × 30 × 30 × 30 are "
            "19683000000000 cells; at most 20000000 are planned"
        )
    ]


def test_a_feed_with_line_ends_of_old_macs_is_read(board):
    board.put("f.csv", "id,px\rhero,970x250\r")
    assert list(board.write(SIZES).prompts()) == ["a/hero"]


def test_a_comma_in_a_quoted_header_does_not_decide_the_separator(board):
    board.put("f.csv", '"id";"px, wide, high";px\nhero;x;970x250\n')
    assert list(board.write(SIZES).prompts()) == ["a/hero"]


def test_a_reference_that_a_row_does_not_have_is_left_out(board):
    board.put("p.csv", "sku,shot\nA,pack.png\nB,\n").put("pack.png", b"\x89PNG\r\n\x1a\n")
    board.write(
        "campaign: demo\nprovider: open\ndata: {p: {source: p.csv, key: sku}}\n"
        "matrix: {product: {from: p}, size: ['1:1']}\nprompt: a photo\n"
        'references: ["{{ product.shot }}"]\n'
    )
    assert [len(job.request.references) for job in board.jobs()] == [1, 0]


AS_WRITTEN = ["1:1", "4:3", "16:9", "9:21", "no", "on", "0012", "2.50"]


def test_words_arrive_in_prompts_as_they_are_written_from_every_position(board):
    words = ", ".join(AS_WRITTEN)
    block = "".join(f"  - {{id: p{n}, w: {word}}}\n" for n, word in enumerate(AS_WRITTEN))
    rows = "".join(f"p{n},{word}\n" for n, word in enumerate(AS_WRITTEN))
    board.put("w.csv", "product,w\n" + rows)
    board.write(
        f"campaign: demo\nvars:\n  flow: [{words}]\n"
        "  keys: {" + ", ".join(f"{word}: x" for word in AS_WRITTEN) + "}\n"
        "data: {csv: {source: w.csv, key: product}}\n"
        f"matrix:\n  size: ['1:1']\n  product:\n{block}"
        "prompt: \"{{ flow|join(' ') }} / {{ keys|join(' ') }} / {{ product.w }} / {{ csv.w }}\"\n"
    )
    spoken = " ".join(AS_WRITTEN)
    assert [*board.prompts().values()] == [
        f"{spoken} / {spoken} / {word} / {word}" for word in AS_WRITTEN
    ]
