"""Twenty runs of one campaign at once: one works, and no other sends a request."""

import pytest
from crash.image_server import serving
from crash.workspace import Workspace, campaign, ended, wait_until


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    slow = [{"fault": "delay", "seconds": 5.0}]
    folder = tmp_path_factory.mktemp("server")
    with serving(folder / "state", honours_keys=False, faults=slow) as opened:
        yield opened


def test_of_twenty_runs_at_once_one_works_and_the_others_leave_with_75(server, tmp_path):
    workspace = Workspace(tmp_path / "workspace", server, campaign(3))
    runs = [workspace.start(*(("-q",) if at % 2 else ())) for at in range(20)]
    ends = [ended(process) for process in runs]
    assert sorted(end.code for end in ends) == [0] + [75] * 19
    for at, end in enumerate(ends):
        if end.code == 75:
            assert ("alive" in end.err) is (at % 2 == 0), "only -q says nothing of an overlap"
    assert len(workspace.charges()) == 3
    assert workspace.complaints() == []


def test_a_run_that_finds_the_lock_held_is_gone_in_under_a_second(server, tmp_path):
    workspace = Workspace(tmp_path / "workspace", server, campaign(1))
    first = workspace.start("-q")
    wait_until((workspace.output / "soda" / "latest").exists)
    others = [workspace.run() for _ in range(3)]
    assert ended(first).code == 0
    assert {end.code for end in others} == {75}
    assert all("alive" in end.err and "nothing was sent" in end.err for end in others)
    assert min(end.seconds for end in others) < 1.0
