"""Budgets hold across runs, campaigns and processes, whatever becomes of the replies."""

import pytest
from crash.image_server import serving
from crash.workspace import Workspace, campaign, ended, patched


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    slow = [{"fault": "delay", "seconds": 0.2}]
    folder = tmp_path_factory.mktemp("server")
    with serving(folder / "state", honours_keys=False, faults=slow) as opened:
        yield opened


@pytest.mark.parametrize(("budget", "bought"), [(20, 1), (11, 0), (24, 2)])
def test_a_budget_buys_what_it_pays_for_and_not_one_more(server, tmp_path, budget, bought):
    text = campaign(4, quality="high", more=f"budget: {{campaign: {budget}}}\n")
    workspace = Workspace(tmp_path / "workspace", server, text)
    for _ in range(2):
        end = workspace.run("-q")
        assert end.code == 4, end.err
        assert len(workspace.charges()) == bought
    assert workspace.complaints() == []


def test_two_campaigns_at_once_share_one_month(server, tmp_path):
    workspace = Workspace(
        tmp_path / "workspace", server, campaign(6, quality="high", more="budget: {month: 40}\n")
    )
    other = Workspace(tmp_path / "workspace", server, workspace.file.read_text())
    other.file = workspace.folder / "tea.yaml"
    other.file.write_text(workspace.file.read_text().replace("campaign: soda", "campaign: tea"))
    runs = [one.start("--concurrency", "4") for one in (workspace, other)]
    codes = {ended(process).code for process in runs}
    assert codes == {4}
    assert len(workspace.charges()) == 3
    assert workspace.in_bounds()


def test_a_run_never_spends_more_than_max_credits(server, tmp_path):
    workspace = Workspace(tmp_path / "workspace", server, campaign(6, quality="high"))
    end = workspace.run("--max-credits", "30", "--concurrency", "6")
    assert end.code == 4, end.err
    assert workspace.charged() == 24
    assert workspace.complaints() == []


def test_sixteen_at_once_with_every_reply_lost_never_pass_the_budget(tmp_path):
    lost = [{"fault": "drop", "when": "after"}]
    with serving(tmp_path / "state", honours_keys=False, faults=lost) as server:
        text = campaign(40, quality="high", more="budget: {campaign: 100}\n")
        workspace = Workspace(tmp_path / "workspace", server, text)
        for _ in range(2):
            end = workspace.run("--concurrency", "16", "-q", program=patched("--doubts", 0))
            assert end.code == 6, end.err
            assert workspace.charged() == 96
        assert workspace.manifest()["totals"]["credits"]["in_doubt"] == 96
        assert workspace.complaints() == []


def test_a_reply_lost_after_the_charge_is_in_doubt_and_never_asked_for_again(tmp_path):
    lost = [{"fault": "drop", "when": "after", "skip": 1, "times": 1}]
    with serving(tmp_path / "state", honours_keys=False, faults=lost) as server:
        workspace = Workspace(tmp_path / "workspace", server, campaign(3))
        for _ in range(3):
            end = workspace.run("--concurrency", "1", "-q")
            assert end.code == 6, end.err
            assert len(workspace.charges()) == 3
        totals = workspace.manifest()["totals"]
        assert (totals["stored"], totals["in_doubt"]) == (2, 1)
        assert workspace.complaints() == []


def test_an_outage_costs_at_most_what_is_in_flight_and_three_more(tmp_path):
    lost = [{"fault": "status", "status": 504, "when": "after", "skip": 1}]
    with serving(tmp_path / "state", honours_keys=False, faults=lost) as server:
        workspace = Workspace(tmp_path / "workspace", server, campaign(40))
        end = workspace.run("--concurrency", "4", "-q")
        assert end.code == 6, end.err
        assert workspace.manifest()["totals"]["in_doubt"] <= 4 + 3
        assert workspace.complaints() == []
