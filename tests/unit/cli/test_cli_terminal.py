"""Text on a terminal: columns that line up, and names that fit."""

import io
import os
import sys

import pytest

from pipeline.cli import terminal
from pipeline.cli.terminal import (
    breadth,
    clipped,
    counted,
    folded,
    table,
    wrapped,
    write_result,
)


def test_columns_line_up_behind_wide_letters_and_letters_with_marks():
    rows = [("緑茶", "1"), ("the\u0301", "2"), ("mint", "3")]
    assert table(rows) == ["緑茶  1", "the\u0301   2", "mint  3"]


def test_numbers_are_flushed_right():
    assert table([("new", "a"), ("1,000", "b")], right=frozenset({0})) == ["  new  a", "1,000  b"]


@pytest.mark.parametrize(("text", "columns"), [("tea", 3), ("緑茶", 4), ("e\u0301", 1)])
def test_a_text_takes_as_many_columns_as_a_terminal_gives_it(text, columns):
    assert breadth(text) == columns


def test_a_long_name_keeps_its_beginning_and_its_end():
    assert clipped("citrus-soda-classic-330ml-six-pack", 12) == "citru…x-pack"


def test_a_name_that_fits_is_left_alone():
    assert clipped("citrus", 6) == "citrus"


@pytest.mark.parametrize(("number", "said"), [(1, "1 cell"), (2, "2 cells"), (1000, "1,000 cells")])
def test_things_are_counted_in_words(number, said):
    assert counted(number, "cell") == said


def test_a_long_name_of_wide_letters_is_cut_to_the_columns_there_are():
    assert clipped("抹茶ラテのとても長い名前", 9) == "抹茶…名前"
    assert breadth(clipped("抹茶ラテのとても長い名前", 9)) == 9


def test_a_cook_is_as_wide_as_a_terminal_draws_signs_that_show_nothing():
    assert breadth("a\u200bb\ufe0f") == 2


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self):
        return True


def test_a_line_on_a_terminal_breaks_between_words(monkeypatch):
    """`log`, errors and reasons were cut by the terminal in the middle of a word."""
    monkeypatch.setenv("COLUMNS", "30")
    text = "failed  citrus/1x1  the provider cannot be reached now"
    lines = folded(text, stream=Terminal(), indent="    ")
    assert lines == ["failed  citrus/1x1  the", "    provider cannot be", "    reached now"]


def test_a_line_for_a_program_stays_one_line(monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    assert folded("a line " * 20, stream=io.StringIO()) == ["a line " * 20]


def test_colours_and_wide_letters_are_counted_as_the_terminal_draws_them():
    """Colours were counted as text, so `log` used half of each line; wide letters as half."""
    assert wrapped("\x1b[32mimage\x1b[0m citrus", 12, indent="  ") == [
        "\x1b[32mimage\x1b[0m citrus"
    ]
    assert wrapped("緑茶 緑茶 緑茶", 10, indent="  ") == ["緑茶 緑茶", "  緑茶"]


def test_a_command_in_a_message_is_not_broken_so_that_it_can_be_copied():
    """The second half of a broken `pipeline ledger import` was lost when it was pasted."""
    text = "the ledger is lost. Rebuild it  pipeline ledger import a/b.json --output a"
    assert wrapped(text, 34, indent="  ") == [
        "the ledger is lost. Rebuild it",
        "  pipeline ledger import a/b.json --output a",
    ]


def test_a_result_that_nobody_reads_is_given_up(monkeypatch):
    """`run --json` into a reader that had stopped held the campaign's lock for ever."""
    monkeypatch.setattr(terminal, "RESULT_PATIENCE", 0.2)
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        with pytest.raises(OSError, match="nobody read it"):
            write_result(["x" * 100] * 100_000)
        monkeypatch.undo()
    os.close(reading)


def test_a_result_comes_whole_and_behind_what_was_printed_before(monkeypatch, tmp_path):
    with (tmp_path / "result").open("w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        print("first", end="\n")
        write_result([f"{number}\n" for number in range(10_000)])
        monkeypatch.undo()
    lines = (tmp_path / "result").read_text().splitlines()
    assert lines == ["first", *map(str, range(10_000))]


def test_a_result_whose_reader_left_is_a_broken_pipe(monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        with pytest.raises(BrokenPipeError):
            write_result(["x"])
        monkeypatch.undo()
