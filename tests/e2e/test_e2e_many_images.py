"""More images than a run manifest lists itself: they are in `images.jsonl` beside it.

The manifest of a million images was 1.3 GB of one JSON document, and the sums of its products alone
were more than a reader looked for: the run passed for none, and its ledger for one that lacks
nothing.
"""

import json
import shutil

import pytest
from conftest import SODA

from pipeline.cli.main import main
from pipeline.reports import run_manifest
from pipeline.reports.diff.shown_run import read_run
from pipeline.state.output import unchanged
from pipeline.state.output.run_folders import manifest_heads, manifest_parts, read_head, tags_of

FILE = SODA.replace("review: auto", "review: none").partition("  final:")[0] + "tags: {team: a}\n"


@pytest.fixture
def few(monkeypatch):
    """Four images are too many."""
    for module in (run_manifest, unchanged):
        monkeypatch.setattr(module, "MOST_LISTED", 3)
    monkeypatch.setattr(run_manifest, "MOST_VALUES", 1)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """Three runs: one with its images in the manifest, and two with them beside it."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "soda.yaml").write_text(FILE)
    words = ["run", str(folder / "soda.yaml"), "-q", "--output", str(folder / "output")]
    assert main(words) == 0
    with pytest.MonkeyPatch.context() as patch:
        for module in (run_manifest, unchanged):
            patch.setattr(module, "MOST_LISTED", 3)
        patch.setattr(run_manifest, "MOST_VALUES", 1)
        assert main(words) == 0
        assert main(words) == 0
    return folder


def runs_of(folder):
    return [head.place for head in manifest_heads(folder / "output", "soda")]


def test_images_are_beside_the_manifest_and_read_as_ever(rendered):
    inside, beside, repeated = runs_of(rendered)
    whole, content = json.loads(inside.read_text()), json.loads(beside.read_text())
    assert (whole["schema"][-2:], content["schema"][-2:]) == ("/2", "/3")
    assert (content["images"], content["images_in"]) == ([], "images.jsonl")
    assert not inside.with_name("images.jsonl").exists()
    lines = beside.with_name("images.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == whole["images"]
    for place in (inside, beside, repeated):
        head, rows = manifest_parts(place)
        assert ([*rows], head["run"]["campaign"]) == (whole["images"], "soda")
    assert repeated.with_name("images.jsonl").read_bytes() == "\n".join([*lines, ""]).encode()


def test_what_precedes_the_images_does_not_grow_with_the_products(rendered):
    """Readers of the head want the run, its sums and its tags; they parse it for each run."""
    inside, beside, _ = (json.loads(place.read_text()) for place in runs_of(rendered))
    assert "product" not in beside["totals"]["by"]
    assert beside["by"] | beside["totals"]["by"] == inside["totals"]["by"]
    assert tags_of(rendered / "output", "soda") == {"team": "a"}


def test_a_head_of_many_megabytes_is_read(tmp_path):
    """Earlier versions wrote the sums of every product before the images: 16 MB of 200,000."""
    content = {
        "schema": "campaign-pipeline/run-manifest/2",
        "run": {"id": "r", "account": "a", "finished": None},
        "totals": {
            "credits": {"confirmed": 4, "in_doubt": 0, "this_run": 4},
            "by": {"product": {f"sku-{number}": "x" * 80 for number in range(60_000)}},
        },
        "images": [],
    }
    (tmp_path / "manifest.json").write_text(json.dumps(content, indent=1))
    assert read_head(tmp_path).confirmed == 4


@pytest.mark.parametrize("command", ["status", "ls", "verify", "cost", "log", "diff", "sheet"])
def test_commands_read_such_runs(rendered, tmp_path, capfd, command):
    shutil.copytree(rendered, tmp_path / "copy", symlinks=True)
    output = ["--output", str(tmp_path / "copy" / "output")]
    assert main([command, str(tmp_path / "copy" / "soda.yaml"), *output]) == 0
    said = capfd.readouterr()
    assert "Traceback" not in said.err


def test_two_forms_of_one_run_compare_as_equal(rendered):
    inside, beside, _ = map(read_run, runs_of(rendered))
    assert inside.images == beside.images
    assert len(beside.images) == 4


@pytest.mark.usefixtures("few")
def test_a_lost_ledger_is_rebuilt_of_such_a_run(rendered, tmp_path, capfd):
    """All that is bought is known again, and a run buys nothing."""
    folder = tmp_path / "copy"
    shutil.copytree(rendered, folder, symlinks=True)
    inside, *_ = runs_of(folder)
    shutil.rmtree(inside.parent)
    for file in (folder / "output").glob("ledger.db*"):
        file.unlink()
    words = [str(folder / "soda.yaml"), "--output", str(folder / "output")]
    assert main(["run", *words, "-q"]) == 2
    assert "is missing" in capfd.readouterr().err
    assert main(["ledger", "import", str(folder / "output" / "soda"), *words[1:]]) == 0
    assert "4 images" in capfd.readouterr().err
    assert main(["run", *words, "-q"]) == 0
    account = json.loads((folder / "output" / "soda" / "latest" / "manifest.json").read_text())
    assert (account["totals"]["stored"], account["totals"]["credits"]["this_run"]) == (4, 0)


DAMAGED = {
    "{": "is not JSON",
    '["no object"]\n': "images[0]",
    '{"job": "x", "status": "stored"}\n': "images[0]",
}


@pytest.mark.parametrize("text", DAMAGED)
def test_images_that_cannot_be_read_are_imported_not_at_all(rendered, tmp_path, capfd, text):
    folder = tmp_path / "copy"
    shutil.copytree(rendered, folder, symlinks=True)
    newest = runs_of(folder)[-1]
    newest.with_name("images.jsonl").write_text(text)
    for file in (folder / "output").glob("ledger.db*"):
        file.unlink()
    words = [str(folder / "output" / "soda"), "--output", str(folder / "output")]
    assert main(["ledger", "import", *words]) == 2
    assert DAMAGED[text] in capfd.readouterr().err


@pytest.mark.usefixtures("few")
def test_a_report_without_its_images_is_not_repeated(rendered, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(rendered, folder, symlinks=True)
    lost = runs_of(folder)[-1].with_name("images.jsonl")
    lost.unlink()
    words = ["run", str(folder / "soda.yaml"), "-q", "--output", str(folder / "output")]
    assert main(words) == 0
    assert len([*manifest_parts(runs_of(folder)[-1])[1]]) == 4
