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
