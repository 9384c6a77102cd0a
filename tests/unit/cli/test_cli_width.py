"""What a terminal of 80 columns shows: no line is broken by the terminal, inside a word."""

import io
import sys

import pytest

from pipeline.cli.main import main
from pipeline.cli.terminal import breadth

WIDE = """\
campaign: autumn-winter-catalogue-of-everything
matrix:
  product:
    - {id: espresso-machine-deluxe-with-milk-frother-and-cups, name: Espresso Machine}
    - {id: 緑茶-の-とても-長い-名前, name: Green Tea}
  size: ['1:1', '4:3', '9:21', '16:9']
  locale: [en-US]
prompt: A photo of {{ product.name }} for {{ locale }} on a table, soft light, centered framing.
budget: {campaign: 20000, run: 10}
"""


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self):
        return True


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """The lines that a command shows on a terminal, with or without colours."""
    (tmp_path / "wide.yaml").write_text(WIDE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def show(*words):
        with monkeypatch.context() as here:
            here.setattr(sys, "stdout", Terminal())
            assert main(words) in {0, 5, 6}
            return sys.stdout.getvalue().splitlines()

    return show


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "wide.yaml"),
        ("plan", "wide.yaml", "--provider", "gptimage"),
        ("explain", "wide.yaml", "緑茶-の-とても-長い-名前/1x1/en-US"),
    ],
    ids=["plan", "a budget that is short", "explain"],
)
def test_a_page_fits(shown, words):
    assert [line for line in shown(*words) if breadth(line) > 80] == []


def test_what_a_run_leaves_fits_and_log_uses_the_whole_line(shown):
    """`log` counted its colours as text, and broke each line at half of its width."""
    assert main(["run", "wide.yaml", "--stage", "draft", "-q"]) == 0
    for words in (("status",), ("ls", "wide.yaml"), ("log", "wide.yaml")):
        lines = shown(*words)
        broken = [line for line in lines if breadth(line) > 80 and len(line.split()) > 1]
        assert broken == [], words
    plan = next(line for line in lines if "to_buy" in line)
    assert "jobs=8 to_buy=8 to_fetch=0 credits=16" in plan


def test_ls_names_every_cell_in_full_where_the_table_does_not_fit(shown):
    assert main(["run", "wide.yaml", "--stage", "draft", "-q"]) == 0
    lines = shown("ls", "wide.yaml")
    assert "espresso-machine-deluxe-with-milk-frother-and-cups/16x9/en-US" in lines
    assert lines[-1].split() == ["draft", "1", "stored", "2"]
