"""What one ledger knows is not bought again for another one nearby."""

import shlex

import pytest
from crash.image_server import serving
from crash.workspace import Workspace, campaign


@pytest.fixture
def shop(tmp_path):
    """A project whose campaign file is in a folder of its own, and all bought from the project."""
    folder = tmp_path / "shop"
    (folder / "campaigns").mkdir(parents=True)
    with serving(tmp_path / "state", honours_keys=False) as server:
        workspace = Workspace(folder, server, campaign(2))
        workspace.file = workspace.file.rename(folder / "campaigns" / "soda.yaml")
        yield workspace


def bought_from(workspace, folder, *words, **environment):
    workspace.environment |= environment
    before = len(workspace.charges())
    end = workspace.command(*words, cwd=folder)
    return end, len(workspace.charges()) - before


@pytest.mark.parametrize("mark", [".git", "pyproject.toml", ""])
def test_a_run_from_another_folder_of_the_project_buys_nothing_again(shop, mark):
    """From `campaigns/` it bought all images that the project owned."""
    if mark:
        (shop.folder / mark).touch()
    end, bought = bought_from(shop, shop.folder, "run", "campaigns/soda.yaml", "--yes")
    assert (end.code, bought) == (0, 2), end.err
    end, bought = bought_from(shop, shop.folder / "campaigns", "run", "soda.yaml", "--yes")
    assert (end.code, bought) == (0, 0), end.err
    assert str(shop.output) in end.err
    end, bought = bought_from(shop, shop.folder.parent, "run", "shop/campaigns/soda.yaml", "--yes")
    assert (end.code, bought) == (0, 0), end.err
    assert not (shop.folder / "campaigns" / "output").exists()


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["--output", "output"], {}),
        (["--output", "other"], {}),
        (["--output", "../other"], {}),
        ([], {"PIPELINE_OUTPUT": "other"}),
    ],
)
def test_a_second_ledger_is_not_begun_unasked(shop, words, environment):
    assert bought_from(shop, shop.folder, "run", "campaigns/soda.yaml", "--yes")[1] == 2
    here = shop.folder / "campaigns"
    end, bought = bought_from(shop, here, "run", "soda.yaml", "--yes", *words, **environment)
    assert (end.code, bought) == (2, 0), end.err
    assert str(shop.output) in end.err
    line = next(line for line in end.err.splitlines() if line.startswith("Next"))
    end, bought = bought_from(shop, here, *shlex.split(line.partition("pipeline ")[2]), "--yes")
    assert (end.code, bought) == (0, 0), end.err
    end, bought = bought_from(shop, here, "run", "soda.yaml", "--yes", *words, "--new-ledger")
    assert (end.code, bought) == (0, 2), end.err
    end, bought = bought_from(shop, here, "run", "soda.yaml", "--yes", *words)
    assert (end.code, bought) == (0, 0), end.err
