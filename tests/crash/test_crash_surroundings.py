"""Odd machines: wrong clocks, few descriptors, an empty environment."""

from datetime import UTC, datetime

import pytest
from crash.image_server import serving
from crash.workspace import Workspace, campaign, limited, patched


@pytest.fixture(scope="module", params=[True, False], ids=["keys honoured", "keys ignored"])
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with serving(folder / "state", honours_keys=request.param) as opened:
        yield opened


@pytest.fixture(scope="module")
def plain_server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server") / "state", honours_keys=False) as opened:
        yield opened


@pytest.mark.parametrize(
    "off",
    [-86_400.0, 100.0 - datetime.now(UTC).timestamp()],
    ids=["a day back", "1970"],
)
def test_a_clock_set_back_between_two_runs_hangs_nothing_and_buys_nothing_twice(
    server, tmp_path, off
):
    workspace = Workspace(tmp_path / "workspace", server, campaign(4))
    assert workspace.run("--only", "soda-[01]/*").code == 0
    end = workspace.run(program=patched(f"--clock={off}"))
    assert end.code == 0, end.err
    assert end.seconds < 30
    assert workspace.run().code == 0
    assert len(workspace.charges()) == 4
    assert workspace.complaints() == []


@pytest.mark.parametrize("descriptors", [20, 40, 64])
def test_few_descriptors_are_refused_or_enough_and_nothing_is_lost(
    plain_server, tmp_path, descriptors
):
    workspace = Workspace(tmp_path / "workspace", plain_server, campaign(60))
    end = workspace.run("--concurrency", "50", program=limited(f"-n {descriptors}"))
    assert "Traceback" not in end.err
    assert "bug" not in end.err
    assert workspace.run().code == 0
    assert len(workspace.charges()) == 60
    assert workspace.complaints() == []


def test_it_needs_nothing_of_its_environment_but_the_key(plain_server, tmp_path):
    workspace = Workspace(tmp_path / "workspace", plain_server, campaign(2))
    needed = ("PYTHONPATH", "GPTIMAGE_BASE_URL", "GPTIMAGE_API_KEY")
    workspace.environment = {name: workspace.environment[name] for name in needed}
    workspace.afresh = True
    end = workspace.run()
    assert end.code == 0, end.err
    assert workspace.complaints() == []
