"""The output folder belongs to the project, not to the folder in which a command is typed."""

import pytest

from pipeline.cli.main import main
from pipeline.state.output.location import locate_output, outputs_around

DEFAULT = "output"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "shop" / "campaigns" / "spring").mkdir(parents=True)
    return tmp_path / "shop"


def located(place, *, name=DEFAULT, file=None):
    path = place.__class__
    return locate_output(path(name), here=place, file=file and path(file)).folder


@pytest.mark.parametrize("mark", [".git", "pyproject.toml", "output/ledger.db"])
def test_it_is_the_same_from_every_folder_of_a_project(project, mark):
    """From `campaigns/` another one was used, and images were bought that the project owned."""
    (project / mark).parent.mkdir(exist_ok=True)
    (project / mark).touch()
    for place in (project, project / "campaigns", project / "campaigns" / "spring"):
        assert located(place) == project / "output"


def test_the_nearest_ledger_is_used_before_a_project_further_up(project):
    (project / ".git").mkdir()
    own = project / "campaigns" / "output"
    own.mkdir()
    (own / "ledger.db").touch()
    assert located(project / "campaigns" / "spring") == own
    assert located(project) == project / "output"


def test_within_the_output_folder_it_is_that_folder(project):
    (project / "output" / "soda" / "runs").mkdir(parents=True)
    (project / "output" / "ledger.db").touch()
    assert located(project / "output" / "soda" / "runs") == project / "output"


def test_elsewhere_it_is_that_of_the_campaign_files_project(project, tmp_path):
    """As cron calls it, from a home folder or from /."""
    (project / ".git").mkdir()
    home = tmp_path / "home"
    home.mkdir()
    for file in ("../shop/campaigns/soda.yaml", project / "campaigns" / "soda.yaml"):
        assert located(home, file=file) == project / "output"


def test_without_any_project_it_is_in_the_current_folder(project):
    assert located(project / "campaigns") == project / "campaigns" / "output"


def test_another_relative_name_is_found_in_the_same_way_and_an_absolute_one_is_taken(project):
    (project / ".git").mkdir()
    assert located(project / "campaigns", name="build/ads") == project / "build" / "ads"
    assert located(project / "campaigns", name=str(project / "x")) == project / "x"


def test_ledgers_nearby_are_found_but_not_the_one_itself(project):
    ledgers = [project / "output", project / "campaigns" / "output", project / "elsewhere"]
    for folder in ledgers:
        folder.mkdir()
        (folder / "ledger.db").touch()
    at = project / "campaigns" / "output"
    found = outputs_around(at, name=at.relative_to(project), places=[project / "campaigns"])
    assert found == [project / "output"]
    assert outputs_around(project / "new", name=at, places=[project]) == [
        project / "output",
        project / "elsewhere",
    ]


@pytest.mark.parametrize("words", [["status"], ["plan", "soda.yaml"], ["run", "soda.yaml"]])
def test_a_command_says_which_folder_it_uses_if_the_current_one_does_not_tell(
    project, monkeypatch, capfd, words
):
    (project / ".git").mkdir()
    (project / "campaigns" / "soda.yaml").write_text(
        "campaign: soda\nmatrix: {product: [citrus], size: ['1:1']}\n"
        "prompt: A product photo of {{ product }} on a wet table, soft light, centered framing.\n"
    )
    monkeypatch.chdir(project / "campaigns")
    assert main(words) == 0
    assert f"output folder  {project / 'output'}\n" in capfd.readouterr().err
    monkeypatch.chdir(project)
    assert main(["status"]) == 0
    assert "output folder" not in capfd.readouterr().err


def test_a_relative_variable_is_in_the_project_and_an_option_in_the_current_folder(
    project, monkeypatch, capfd
):
    (project / ".git").mkdir()
    monkeypatch.chdir(project / "campaigns")
    monkeypatch.setenv("PIPELINE_OUTPUT", "build")
    assert main(["status"]) == 0
    assert str(project / "build") in capfd.readouterr().err
    assert main(["status", "--output", "build"]) == 0
    assert str(project / "campaigns" / "build") in capfd.readouterr().err
