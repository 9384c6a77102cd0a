"""What people type all day answers at once: it imports nothing that it does not need."""

import subprocess
import sys

import pytest

from pipeline.cli.main import main

HEAVY = {
    *("aiohttp", "jinja2", "pydantic", "PIL", "tqdm", "multiprocessing"),
    *("pipeline.campaign.loading", "pipeline.imageserver", "pipeline.purchasing"),
    *("pipeline.providers.profiles", "pipeline.providers.registry"),
    *("pipeline.reports.run_manifest", "pipeline.reports.run_report", "pipeline.review"),
    *("pipeline.model.campaign", "pipeline.model.adfiles.ad_file", "pipeline.state.picks"),
    *("yarl", "pipeline.network.reply", "pipeline.providers.charges"),
}
MOST_MODULES = 85
"""Modules of ours that a quick command may import, each half a millisecond."""
CAMPAIGN = '{"campaign": "soda"}\n'
PROGRAM = """\
import sys
from pipeline.cli.main import main
code = main(sys.argv[1:])
print(code, *sys.modules)
"""


def imported(words, folder):
    """The exit code of a command, and the modules that it imports."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    code, *modules = ended.stdout.splitlines()[-1].split()
    return int(code), set(modules)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A project in which one campaign was rendered; its file begins with its name, as most do."""
    place = tmp_path_factory.mktemp("shop")
    (place / "soda.yaml").write_text(BASE)
    words = ["run", str(place / "soda.yaml"), "-q", "--output", str(place / "output")]
    assert main(words) == 0
    return place


@pytest.mark.parametrize(
    ("words", "also"),
    [
        (["--help"], {"asyncio", "apsw", "yaml", "shutil"}),
        (["status"], {"asyncio", "yaml", "shutil"}),
        (["status", "soda.yaml"], {"asyncio", "yaml", "shutil"}),
        (["ls", "soda.yaml"], {"asyncio", "yaml", "shutil"}),
        (["cost"], {"asyncio", "yaml"}),
        (["cost", "soda.yaml"], {"asyncio", "yaml"}),
        (["log", "soda.yaml"], {"asyncio", "apsw", "yaml", "shutil"}),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_a_quick_command_imports_nothing_heavy(folder, words, also):
    """Modules are counted and not milliseconds: asyncio is 30 ms of CPU, PyYAML 20."""
    code, modules = imported(words, folder)
    assert code == 0
    assert modules & (HEAVY | also) == set()
    assert len([name for name in modules if name.startswith("pipeline.")]) <= MOST_MODULES


def test_check_imports_nothing_that_plans_renders_or_reviews(folder):
    """It imported the whole run, for two functions of annotations on pull requests."""
    code, modules = imported(["check", "soda.yaml"], folder)
    assert code == 0
    others = ("pipeline.app.run.session", "pipeline.app.run.assembly", "pipeline.app.commands.plan")
    rooms = ("pipeline.purchasing.renderer", "pipeline.review", "pipeline.reports.run_report")
    assert [name for name in modules if name.startswith((*others, *rooms))] == []


@pytest.mark.parametrize("words", [["status", "new.yaml"], ["log", "new.yaml"]], ids=" ".join)
def test_a_file_that_no_run_has_read_is_read_as_yaml(folder, words):
    (folder / "new.yaml").write_text(CAMPAIGN.replace("soda", "new"))
    code, modules = imported(words, folder)
    assert code == 0
    assert "yaml" in modules
    assert modules & HEAVY == set()


def test_a_second_run_ends_before_anything_heavy_is_imported(folder):
    """It must be gone at once, whatever the campaign: cron may start many of them."""
    (folder / "output" / "soda").mkdir(parents=True, exist_ok=True)
    program = PROGRAM.replace(
        "code =",
        "from pathlib import Path\n"
        "from pipeline.state.output.lock import campaign_lock\n"
        "lock = campaign_lock(Path('output'), 'soda')\n"
        "lock.__enter__()\n"
        "code =",
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, "run", "soda.yaml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    code, *modules = ended.stdout.split()
    assert int(code) == 75
    heavy = {"aiohttp", "jinja2", "pydantic", "PIL", "multiprocessing", "pipeline.app.run.session"}
    assert set(modules) & heavy == set()


BASE = """\
campaign: soda
matrix: {product: [{id: citrus, name: Soda}], size: ['4:3']}
prompt: A product photo of {{ product.name }} on a wet table, soft light, centered framing.
"""
JSON = """\
{"campaign": "soda",
 "matrix": {"product": [{"id": "citrus", "name": "Soda"}], "size": ["4:3"]},
 "prompt": "A product photo of {{ product.name }} on a wet table, soft light."}
"""


@pytest.mark.parametrize("text", [JSON, "extends: base.yaml\n"], ids=["json", "extends"])
def test_every_command_reads_a_campaigns_name_as_the_loader_does(
    tmp_path, monkeypatch, capfd, text
):
    """`check` and `run` took such a file; these five said that they cannot read its name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "soda.yaml").write_text(text)
    assert main(["run", "soda.yaml", "-q"]) == 0
    for words in (["ls"], ["log"], ["status"], ["verify"], ["resolve"]):
        assert main([words[0], "soda.yaml"]) == 0, words
    said = capfd.readouterr()
    assert "soda/drafts/citrus/4x3" in said.out
    assert "1 of 1 file intact" in said.err.replace("2 of 2 files", "1 of 1 file")
