"""Smaller promises of the review: what is underlined, what is replayed, what may still be spent."""

import asyncio
import json
from dataclasses import replace

import pytest
from builders import a_run
from review_case import CaseSource, ReviewCase

from pipeline.campaign.loading import load_campaign
from pipeline.errors import UsageError
from pipeline.model.money import Amount, Budget
from pipeline.model.names import Account, CellName, Stage
from pipeline.model.verdict import Round
from pipeline.providers.registry import profiles
from pipeline.review.page.broadcast import KEPT, Broadcast
from pipeline.review.page.campaign_source import CampaignSource
from pipeline.review.page.cell_detail import filled_spans
from pipeline.review.verdicts import clean_name

CELLS = [CellName("citrus/4x3/en-US"), CellName("citrus/16x9/en-US"), CellName("berry/4x3/de-DE")]


def test_filled_in_values_are_marked_with_their_names_and_nothing_is_lost():
    values = {"product": {"name": "Citrus Soda", "id": "citrus"}, "season": "summer", "n": 7}
    prompt = "A photo of Citrus Soda in summer, 7 bottles, summertime."
    found = filled_spans(prompt, values)
    assert "".join(text for text, _ in found) == prompt
    assert [name for _, name in found if name] == ["product.name", "season"]


def test_a_longer_value_wins_over_one_inside_it():
    values = {"a": "Soda", "b": "Citrus Soda"}
    assert filled_spans("Citrus Soda", values) == [("Citrus Soda", "b")]


def test_a_value_with_signs_of_regular_expressions_is_only_itself():
    assert filled_spans("a (b+) c", {"x": "(b+)"}) == [("a ", ""), ("(b+)", "x"), (" c", "")]


def test_a_verdict_without_a_name_is_refused():
    with pytest.raises(UsageError, match="needs a reviewer's name"):
        clean_name(" \u202e ")


async def first(broadcast, after, count):
    events = []
    async with asyncio.timeout(5):
        async for event in broadcast.listen(after):
            events.append(event.decode().splitlines())
            if len(events) == count:
                return events
    return events


async def test_messages_since_an_id_are_replayed_in_order():
    broadcast = Broadcast()
    broadcast.send("rows", 1)
    seen = broadcast.last
    broadcast.send("rows", 2)
    broadcast.send("rows", 3)
    told = await first(broadcast, seen, 2)
    assert [json.loads(lines[2].removeprefix("data: ")) for lines in told] == [2, 3]


async def test_a_page_that_missed_more_than_is_kept_reads_everything_anew():
    broadcast = Broadcast()
    seen = broadcast.last
    for number in range(KEPT + 1):
        broadcast.send("rows", number)
    ((_, event, _, *_),) = await first(broadcast, seen, 1)
    assert event == "event: reload"


async def test_a_closed_broadcast_lets_its_listeners_go():
    broadcast = Broadcast()
    listening = asyncio.create_task(first(broadcast, "", 1))
    await asyncio.sleep(0)
    broadcast.close()
    assert await asyncio.wait_for(listening, 5) == []
    assert broadcast.listeners == 0


async def test_the_budget_of_the_page_is_that_of_the_account_tightest_first(tmp_path):
    """Play credits counted against a real budget: after 500 of them the page said 502 of 400
    spent where the run said 398 left."""
    budget = Budget(campaign=Amount(400), run=Amount(50), month=Amount(20))
    case = ReviewCase(folder=tmp_path, source=CaseSource(budget=budget))
    first, second, *_ = await case.drafts()
    play = a_run("2026-11-22T050000Z-bbbbbb", account="embedded")
    await case.ledger.begin(play)
    await case.ledger.submit(replace(second, price=Amount(500)), run=play, budget=Budget())
    await case.ledger.begin(a_run())
    await case.ledger.submit(first, run=a_run(), budget=Budget())
    state = case.review_state()
    await state.refresh()
    assert [(one.scope, one.spent, one.left) for one in await state.budgets()] == [
        ("month", 2, 18),
        ("run", 0, 50),
        ("campaign", 2, 398),
    ]
    assert state.spent.upper == 2


async def test_a_campaign_without_budgets_has_no_limits(tmp_path):
    state = ReviewCase(folder=tmp_path).review_state()
    await state.refresh()
    assert await state.budgets() == ()


SODA = """\
campaign: soda
matrix: {product: [{id: citrus, name: Citrus Soda}], size: ["1:1", "4:3"]}
prompt: A photo of {{ product.name }} on a table.{% if note %} {{ note }}{% endif %}
stages: {draft: {quality: low}, final: {quality: high}}
"""


def source_of(folder):
    file = folder / "campaigns" / "soda.yaml"
    file.parent.mkdir()
    file.write_text(SODA)

    def load():
        return load_campaign(file, profiles=profiles())

    return file, CampaignSource(
        file=file, load=load, account_of=lambda _: Account("gptimage@test"), output=file.parent
    )


async def test_a_campaign_file_is_planned_in_the_rounds_that_are_asked_for(tmp_path):
    _, source = source_of(tmp_path)
    rounds = {CellName("citrus/4x3"): Round(number=2, note="brighter")}
    reviewed = await source.load()
    jobs = source.drafts(rounds)
    told = [(job.at.cell, job.at.round, "brighter" in job.request.prompt) for job in jobs]
    assert told == [("citrus/1x1", 1, False), ("citrus/4x3", 2, True)]
    assert dict(reviewed.prices) == {Stage.DRAFT: 2, Stage.FINAL: 12}


async def test_an_edit_of_the_campaign_file_is_noticed_once(tmp_path):
    file, source = source_of(tmp_path)
    await source.load()
    before = source.edited()
    file.write_text(SODA.replace("table", "blanket"))
    after = source.edited()
    await source.load()
    assert (before, after, source.edited()) == (False, True, False)


async def test_a_board_whose_ledger_nobody_writes_is_not_read_again(tmp_path):
    case = ReviewCase(folder=tmp_path)
    await case.render((await case.drafts())[:2])
    reads = []
    read = case.ledger.record

    async def counted(campaign):
        reads.append(campaign)
        return await read(campaign)

    case.ledger.record = counted
    state = case.review_state()
    for _ in range(3):
        await state.refresh()
    assert len(reads) == 1
    await case.render((await case.drafts())[2:])
    await state.refresh()
    assert len(reads) == 2
    assert [cell.state for cell in state.table.at_stage(Stage.DRAFT)] == ["undecided"] * 4
