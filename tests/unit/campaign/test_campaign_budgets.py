"""Budgets name their unit: the account's own credits, or dollars where it counts in dollars."""

from dataclasses import replace

import pytest
from campaign_texts import HEAD

from pipeline.errors import CampaignError
from pipeline.model.money import Amount, Unit
from pipeline.providers.names import EMBEDDED, GPTIMAGE
from pipeline.providers.profiles import PROFILES

MONEY = "credits such as 600, or dollars such as $12.50"
IN_DOLLARS = PROFILES | {
    GPTIMAGE: replace(
        PROFILES[GPTIMAGE],
        unit=Unit.DOLLARS,
        prices={quality: Amount(53_000_000) for quality in PROFILES[GPTIMAGE].prices},
    )
}


def loaded(board, budget, *, provider=GPTIMAGE, profiles=PROFILES, rest=""):
    board.write(f"{HEAD}prompt: a photo\nbudget: {budget}\n{rest}")
    return board.load(provider=provider, profiles=profiles).campaign


def complaints(board, budget, **how):
    with pytest.raises(CampaignError) as caught:
        loaded(board, budget, **how)
    return [str(finding).partition(": ")[2] for finding in caught.value.findings]


def test_a_limit_in_credits_is_a_whole_number(board):
    budget = loaded(board, "{run: 600, campaign: 0}").budget
    assert (budget.run, budget.campaign, budget.month) == (600, 0, None)
    assert budget.money.text(budget.run) == "600 credits"


@pytest.mark.parametrize(
    ("written", "amount"),
    [("$12.50", 12_500_000_000), ('"$0.053"', 53_000_000), ("$1,200", 1_200_000_000_000)],
)
def test_a_limit_in_dollars_is_read_exactly(board, written, amount):
    budget = loaded(board, f"{{run: '{written.strip(chr(34))}'}}", profiles=IN_DOLLARS).budget
    assert (budget.run, budget.money.unit) == (amount, Unit.DOLLARS)


@pytest.mark.parametrize(
    "written", ["12.50", "lots", "'12.50'", "€5", "$-1", "[5]", "true", "'$1.0000000001'"]
)
def test_what_is_neither_credits_nor_dollars_is_refused(board, written):
    [complaint] = complaints(board, f"{{run: {written}}}")
    assert complaint.startswith(f"budget.run: must be a whole number of {MONEY}")


def test_a_limit_in_the_other_unit_is_refused_with_how_to_write_it(board):
    assert complaints(board, "{run: $12.50, month: 900}") == [
        "budget.run: is in dollars, and gptimage counts in credits: write a number such as 600"
    ]
    assert complaints(board, "{run: $12.50, month: 900}", profiles=IN_DOLLARS) == [
        "budget.month: is in credits, and gptimage counts in dollars: write $12.50, for example"
    ]


def test_a_limit_in_either_unit_is_no_obstacle_to_play_money(board):
    """A campaign for one provider is tried with `--provider embedded` before it is paid for."""
    for written in ("$12.50", "600"):
        assert loaded(board, f"{{run: {written}}}", provider=EMBEDDED).provider == EMBEDDED


def test_a_price_of_credits_shows_them_in_money(board):
    price = "providers: {gptimage: {price: {currency: EUR, per_credit: 0.01}}}\n"
    campaign = loaded(board, "{run: 600}", rest=price)
    assert campaign.money.text(campaign.budget.run) == "600 credits (6.00 EUR)"
    other = loaded(board, "{run: 600}", rest=price, provider=EMBEDDED)
    assert other.money.text(Amount(600)) == "600 credits"
