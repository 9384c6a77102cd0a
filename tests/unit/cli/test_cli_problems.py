"""Findings on a terminal and for other programs."""

import io
import re

import pytest

from pipeline.cli.problems import tell_finding
from pipeline.errors import Finding, Severity

LONG = Finding(
    complaint="text is quoted, but no layout is named (poster, packaging panel, billboard, …)",
    file="campaigns/spring-launch.yaml",
    line=12,
    column=1,
    path="prompt",
    code="lint-layout",
    severity=Severity.WARNING,
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(params=[80, 120])
def columns(request, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(request.param))
    return request.param


def told(stream, **options):
    tell_finding(LONG, stream=stream, **options)
    return stream.getvalue()


def test_a_finding_is_one_line_for_other_programs(columns):
    assert told(io.StringIO(), coded=True) == f"warning: {LONG}  [lint-layout]\n"


def test_a_finding_on_a_terminal_breaks_between_words_and_hangs(columns, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    first, *rest = told(Terminal(), coded=True).splitlines()
    assert max(map(len, (first, *rest))) < columns
    assert all(line.startswith("  ") and line[2] != " " for line in rest)
    whole = f"warning: {LONG} [lint-layout]".split()
    assert " ".join((first, *rest)).split() == whole


def test_colours_are_ones_that_can_be_read_on_black_and_on_white(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    seen = told(Terminal(), strict=True) + told(Terminal())
    assert re.findall(r"\x1b\[([0-9;]+)m(error|warning)", seen) == [
        ("31;1", "error"),
        ("38;5;166;1", "warning"),
    ]


def test_a_terminal_that_wants_no_colour_gets_none(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in told(Terminal(), coded=True)


@pytest.fixture
def below(tmp_path, monkeypatch):
    """What is shown below a finding on a terminal of 80 columns, by the text of its line."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    file = tmp_path / "a.yaml"

    def show(text, column):
        file.write_text(text + "\n")
        stream = Terminal()
        finding = Finding(complaint="wrong", file=str(file), line=1, column=column)
        tell_finding(finding, stream=stream)
        return stream.getvalue().split("wrong\n")[1].splitlines()

    return show


def test_a_finding_on_a_terminal_has_its_line_and_a_caret(below):
    """The caret stands below the place, also after wide letters, and in a line that is cut."""
    assert below("stages: {draft: {qualty: low}}", 18) == [
        "   1 | stages: {draft: {qualty: low}}",
        "     |                  ^",
    ]
    assert below("\t緑茶: x", 4) == ["   1 |  緑茶: x", "     |      ^"]
    assert below("", 1) == []
    line, caret = below("x" * 100 + "HERE" + "y" * 100, 101)
    assert max(map(len, (line, caret))) < 80
    assert line[caret.index("^") :].startswith("HERE")


def test_a_workbook_and_a_file_that_is_gone_have_no_line(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    (tmp_path / "a.xlsx").write_bytes(b"PK\n")
    for name in ("a.xlsx", "gone.yaml"):
        stream = Terminal()
        tell_finding(Finding(complaint="x", file=str(tmp_path / name), line=1), stream=stream)
        assert "|" not in stream.getvalue()
