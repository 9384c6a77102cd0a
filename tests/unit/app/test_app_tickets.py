"""Orders of which nobody knows whether they were accepted: listed, and settled by a person."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from builders import a_job, a_run

from pipeline.app.commands.doctor import check_machine
from pipeline.cli.main import main
from pipeline.errors import UsageError
from pipeline.ledger.sqlite.ledger import SqliteLedger
from pipeline.model.money import Amount, Budget, Spent
from pipeline.model.ticket import TicketId, TicketState
from pipeline.settings import Settings

NAME = TicketId("batch-1f0c")
JOBS = [a_job("crab/1x1"), a_job("lime/1x1")]
LONG_AGO = datetime.now(UTC) - timedelta(days=2)


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A campaign whose only order may have been accepted two days ago, and is not to be found."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "soda.yaml").write_text(
        "campaign: citrus-soda\nprovider: gptimage\n"
        "matrix: {product: [{id: crab}, {id: lime}], size: [1:1]}\n"
        "prompt: a photo of {{ product.id }}\nstages: {draft: {quality: low}}\n"
    )
    (tmp_path / "output").mkdir()
    do(tmp_path, begin, now=lambda: LONG_AGO)
    return tmp_path


async def begin(ledger):
    await ledger.begin(a_run())
    await ledger.order(JOBS, run=a_run(), budget=Budget(), ticket=NAME)
    (ticket,) = await ledger.open_tickets()
    lost = replace(
        ticket, state=TicketState.CREATING, file="file-1", misses=2, reason="a person decides"
    )
    await ledger.update_ticket(lost)
    await ledger.end(a_run().id, exit_code=6)


def do(folder, work, **how):
    async def done():
        ledger = await SqliteLedger.open(folder / "output" / "ledger.db", **how)
        try:
            return await work(ledger)
        finally:
            await ledger.close()

    return asyncio.run(done())


def told(folder):
    async def ask(ledger):
        entries = await ledger.campaign_entries("citrus-soda")
        tickets = await ledger.open_tickets()
        return [entry.status.value for entry in entries], tickets, await ledger.spent()

    return do(folder, ask)


def resolve(*words):
    return main(["resolve", "soda.yaml", *words])


def test_a_lost_order_is_listed_with_a_command_for_each_answer(shop, capsys):
    assert resolve() == 6
    shown = capsys.readouterr()
    assert "batch-1f0c: a batch of 2 images of gpt-image-2, ordered" in shown.out
    for answer in ("--found BATCH", "--not-charged", "--charged"):
        assert f"pipeline resolve soda.yaml --ticket batch-1f0c {answer}" in shown.out
    assert "its metadata has this id as the label" in shown.err
    assert resolve("--json") == 6
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["ticket"], row["images"], row["status"]) == (NAME, 2, "creating")


def test_an_order_that_was_found_is_collected_by_the_next_run(shop, capsys):
    assert resolve("--ticket", NAME, "--found", "batch_9") == 0
    statuses, (ticket,), _ = told(shop)
    assert (statuses, ticket.state, ticket.batch) == (["ordered"] * 2, TicketState.OPEN, "batch_9")
    assert "pipeline run soda.yaml" in capsys.readouterr().err


def test_an_order_that_was_never_made_frees_its_images(shop, capsys):
    """No connection is opened, so that its file stays at the provider, and is told."""
    assert resolve("--ticket", NAME, "--not-charged") == 0
    assert "its file file-1 stays at the provider; delete it there" in capsys.readouterr().err
    assert told(shop) == (["planned"] * 2, [], Spent())
    log = (shop / "output" / "citrus-soda" / "resolutions.jsonl").read_text().splitlines()
    assert [json.loads(line)["answer"] for line in log] == ["not_charged"] * 2


def test_an_order_that_was_charged_and_is_lost_is_paid(shop, capsys):
    assert resolve("--ticket", NAME, "--charged") == 0
    statuses, tickets, spent = told(shop)
    assert (statuses, tickets) == (["paid_lost"] * 2, [])
    assert spent == Spent(confirmed=Amount(4))
    assert "--rebuy-lost" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("--ticket", NAME), ("--ticket", NAME, "--rebuy")])
def test_a_ticket_is_not_settled_by_any_other_answer(shop, capsys, words):
    assert resolve(*words) == UsageError.exit_code
    assert "--found BATCH, --not-charged or --charged" in capsys.readouterr().err
    assert len(told(shop)[1]) == 1


def test_a_ticket_that_does_not_exist_names_those_that_do(shop, capsys):
    assert resolve("--ticket", "batch-2", "--charged") == UsageError.exit_code
    assert "there is no open ticket batch-2; open are batch-1f0c" in capsys.readouterr().err


def test_status_and_doctor_name_an_order_that_nobody_collects(shop, capsys):
    assert main(["status"]) == 0
    shown = capsys.readouterr().out
    assert "2 ordered" in shown
    assert "+ 4 ordered" in shown
    assert f"{NAME}  2 images, ordered" in shown
    assert "a person decides: pipeline resolve" in shown
    assert main(["status", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["tickets"][0]["waits_for_person"]
    notes = [one.said for one in check_machine(Settings(output=shop / "output"))]
    assert any("batch-1f0c, 2 images ordered, not confirmed yet" in said for said in notes)
