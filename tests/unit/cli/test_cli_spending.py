"""What is said before a run spends, who is asked, and what a quiet run still says."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from builders import a_job

from pipeline.app.run.spending import highest_price
from pipeline.campaign.loading import load_campaign
from pipeline.cli.main import main
from pipeline.cli.progress import SilentProgress
from pipeline.cli.run_console import TerminalConsole
from pipeline.errors import Declined, LockHeld
from pipeline.model.money import Amount, MoneyFormat
from pipeline.providers.registry import profile_named, profiles
from pipeline.settings import ASK_ABOVE
from pipeline.state.budgets import BudgetLeft
from pipeline.state.output.lock import campaign_lock
from pipeline.state.work_ahead import WorkAhead

SODA = """\
campaign: soda
matrix: {product: [{id: citrus, name: Soda}, {id: mint, name: Mint}], size: ['4:3']}
prompt: A product photo of {{ product.name }} on a wet table, soft light, centered framing.
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "soda.yaml").write_text(SODA)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_a_quiet_run_says_in_one_line_that_somebody_has_to_act(capfd):
    """Nine cells waited for a review for weeks: the nightly run said nothing."""
    assert main(["run", "soda.yaml", "-q", "--output", "out"]) == 0
    [line] = capfd.readouterr().err.splitlines()
    assert line == "soda: 2 cells to review. Next  pipeline review soda.yaml --output out"
    assert main(["approve", "soda.yaml", "*", "-q", "--output", "out"]) == 0
    assert main(["run", "soda.yaml", "-q", "--output", "out"]) == 0
    assert capfd.readouterr().err == ""
    Path("soda.yaml").write_text(SODA.replace("soft", "warm"))
    assert main(["run", "soda.yaml", "-q", "--output", "out"]) == 0
    told = capfd.readouterr().err
    assert (
        told == "soda: 2 approvals no longer hold. Next  pipeline review soda.yaml --output out\n"
    )


@pytest.mark.usefixtures("folder")
def test_a_quiet_run_says_nothing_of_an_overlap(capfd):
    """Cron mailed a line for every overlap, while the active run went on as it should."""
    with campaign_lock(Path("output"), "soda"):
        assert main(["run", "soda.yaml", "-q"]) == 75
        assert capfd.readouterr().err == ""
        assert main(["run", "soda.yaml"]) == 75
        assert "another run of soda" in capfd.readouterr().err
        assert main(["run", "soda.yaml", "-q", "--log", "json"]) == 75
        assert json.loads(capfd.readouterr().err)["exit_code"] == 75


class Overdue(LockHeld):
    """An overlap that is more than that."""


@pytest.mark.usefixtures("folder")
def test_a_quiet_run_says_what_is_wrong_with_an_overlap(capfd, monkeypatch):
    def fail(*_words, **_options):
        raise Overdue("the other run hangs")

    monkeypatch.setattr("pipeline.cli.commands.run.run_campaign_file", fail)
    assert main(["run", "soda.yaml", "-q"]) == 75
    assert "the other run hangs" in capfd.readouterr().err


@pytest.mark.usefixtures("folder")
def test_finals_need_no_other_permission_than_a_run(capfd):
    """Without a terminal they demanded `--yes`, where `run` lets the budgets decide."""
    assert main(["run", "soda.yaml", "-q"]) == 0
    assert main(["approve", "soda.yaml", "*", "-q"]) == 0
    assert main(["finals", "soda.yaml", "-q"]) == 0
    assert capfd.readouterr().err.count("\n") == 1
    manifest = json.loads(Path("output/soda/latest/manifest.json").read_text())
    assert [one["stage"] for one in manifest["images"]].count("final") == 2


@pytest.mark.parametrize(
    ("provider", "ask_always", "price", "asks"),
    [
        ("gptimage", True, 1, True),
        ("gptimage", True, 0, False),
        ("gptimage", False, 200, False),
        ("gptimage", False, 201, True),
        ("embedded", True, 999, False),
        ("embedded", False, 999, False),
    ],
)
def test_finals_ask_at_any_price_and_a_run_above_a_limit_and_neither_for_play_credits(
    monkeypatch, *, provider, ask_always, price, asks
):
    monkeypatch.setattr("pipeline.cli.run_console.is_terminal", lambda _stream: True)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    console = TerminalConsole(watcher=SilentProgress(), ask_above=ASK_ABOVE, ask_always=ask_always)
    try:
        console.confirm(profile_named(provider), images=1, price=Amount(price), money=MoneyFormat())
        asked = False
    except Declined:
        asked = True
    assert asked is asks


def work(count, price):
    jobs = [a_job(f"p{at}/4x3") for at in range(count)]
    ahead = WorkAhead(entries={}, rules=None)
    ahead.buying, ahead.amount, ahead.to_buy = count, Amount(count * price), jobs
    return ahead


@pytest.mark.parametrize(
    ("left", "stages", "words"),
    [
        (20, [(72, 2)], "enough for 10 of 72 images"),
        (144, [(72, 2)], ""),
        (0, [(1, 2)], "enough for 0 of 1 image"),
        (40, [(9, 2), (9, 12)], "enough for 10 of 18 images"),
        (0, [(0, 0)], ""),
    ],
)
def test_a_budget_says_how_much_of_the_work_it_pays_for(left, stages, words):
    budget = BudgetLeft(scope="run", limit=Amount(left), spent=Amount(0))
    assert budget.shortfall([work(*stage) for stage in stages]) == words


@pytest.mark.parametrize("review", ["auto", "human"])
def test_the_question_counts_the_finals_that_the_run_approves_by_itself(tmp_path, review):
    """It asked for 4 credits, and 28 were spent."""
    file = tmp_path / "soda.yaml"
    file.write_text(SODA + f"stages: {{draft: {{quality: low, review: {review}}}, final: {{}}}}\n")
    loaded = load_campaign(file, profiles=profiles(), provider="gptimage")
    state = State(waiting=["p1/4x3"], finals=[])
    both = [work(1, 2), work(0, 0)]
    assert highest_price(loaded, state, both) == (2 + 2 * 12 if review == "auto" else 2)
    assert highest_price(loaded, state, both[:1]) == 2
    offline = replace(loaded, profile=profile_named("embedded"))
    assert highest_price(offline, state, both) == 2


class State:
    """What `highest_price` reads of a campaign's state."""

    def __init__(self, *, waiting, finals):
        self.waiting, self.finals = waiting, finals


@pytest.mark.parametrize("products", [2, 60])
def test_the_budget_of_a_new_campaign_pays_for_its_own_plan(tmp_path, monkeypatch, capfd, products):
    """`init --from` a feed of 60 products wrote 400 credits; its drafts alone cost 720."""
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"P-{at},Soda {at}\n" for at in range(products))
    Path("products.csv").write_text("sku,name\n" + rows)
    assert main(["init", "shop", "--from", "products.csv"]) == 0
    assert main(["plan", "campaigns/shop.yaml", "--provider", "gptimage", "--json"]) == 0
    plan = json.loads(capfd.readouterr().out)
    drafts = plan["stages"]["draft"]["credits"]
    assert drafts == products * 3 * 2 * 2
    assert plan["limits"]["run"]["left"] >= drafts + plan["finals_at_most"]
    told = f"all drafts cost {drafts} credits, and the finals of all cells {products * 3 * 12}"
    assert told in Path("campaigns/shop.yaml").read_text()
