"""What a pull request shows, and what a shell completes."""

import subprocess
from pathlib import Path

import pytest
import yaml

from pipeline.cli.integrations.pull_requests import github_annotation
from pipeline.cli.main import main
from pipeline.errors import Finding, Severity

ROOT = Path(__file__).resolve().parents[4]
FILE = """\
campaign: demo
matrix: {product: [{id: citrus, name: Citrus Soda}], size: ['1:1']}
prompt: a photo of {{ product.nam }}
"""
GOOD = FILE.replace("nam }}", "name }}")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "campaigns").mkdir()
    return tmp_path


def test_findings_become_annotations_on_their_lines(folder, capsys):
    (folder / "campaigns" / "demo.yaml").write_text(FILE)
    assert main(["check", "campaigns/demo.yaml", "--format", "github", "-q"]) == 2
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("::error file=campaigns/demo.yaml,line=3,")
    assert "nam" in line


def test_an_annotation_cannot_be_left_by_what_a_file_contains():
    """A new line would begin another workflow command, which the file's author must not choose."""
    finding = Finding(
        complaint="100 %\n::set-env name=A::b",
        file="a:b,c.yaml",
        line=3,
        code="lint-quote",
        severity=Severity.WARNING,
    )
    assert github_annotation(finding, strict=False) == (
        "::warning file=a%3Ab%2Cc.yaml,line=3,title=lint-quote::100 %25%0A::set-env name=A::b"
    )
    assert github_annotation(finding, strict=True).startswith("::error ")


def test_a_plan_is_a_comment(folder, capsys):
    (folder / "campaigns" / "demo.yaml").write_text(GOOD)
    assert main(["plan", "campaigns/demo.yaml", "--markdown", "--provider", "gptimage"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "### demo"
    assert lines[2].startswith("A run would spend **2 credits** now (plan `")
    assert "| draft | 1 | 1 | 0 | 2 credits |" in lines
    assert "- `citrus/1x1` take 1: new" in lines
    assert lines[-1] == "Nothing was sent."


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_completes_commands_and_options(capsys, shell):
    pytest.importorskip("shtab")
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for word in ("approve", "--max-credits", "--keep-runs", "cost"):
        assert word in script


def test_the_script_for_bash_is_one(capsys, tmp_path):
    pytest.importorskip("shtab")
    main(["completion", "bash"])
    (tmp_path / "script").write_text(capsys.readouterr().out)
    read = subprocess.run(
        ["bash", "-n", str(tmp_path / "script")], capture_output=True, text=True, check=False
    )
    assert (read.returncode, read.stderr) == (0, "")


def test_the_hook_for_pre_commit_runs_a_command_that_exists():
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"] == "pipeline check"
    assert hook["args"] == ["--quiet"]
