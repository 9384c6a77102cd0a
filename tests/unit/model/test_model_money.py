"""Amounts as people read and write them: exact, in the unit of their account."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pipeline
from pipeline.model.money import Amount, MoneyFormat, Unit, parse_dollars

CREDITS = MoneyFormat()
DOLLARS = MoneyFormat(unit=Unit.DOLLARS)
EUROS = MoneyFormat(currency="EUR", per_credit=Decimal("0.0075"))


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "$0.00"),
        (1, "$0.000000001"),
        (53_000_000, "$0.053"),
        (6_000_000, "$0.006"),
        (12_500_000_000, "$12.50"),
        (20_000_000_000, "$20.00"),
        (1_234_567_890_000_000, "$1,234,567.89"),
        (999_999_999_999_999_999, "$999,999,999.999999999"),
        (-1_500_000_000, "-$1.50"),
    ],
)
def test_dollars_have_as_many_digits_as_they_need_and_two_at_least(amount, text):
    assert DOLLARS.text(Amount(amount)) == DOLLARS.bare(Amount(amount)) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "$0.00"),
        (53_128_190, "$0.053"),
        (996_000_000, "$1.00"),
        (211_400_000, "$0.21"),
        (12_503_128_190, "$12.50"),
        (7, "$0.000000007"),
    ],
)
def test_an_estimate_of_dollars_is_rounded(amount, text):
    assert DOLLARS.about(amount) == text


@pytest.mark.parametrize(
    ("amount", "text", "bare"),
    [(0, "0 credits", "0"), (1, "1 credit", "1"), (1200, "1,200 credits", "1,200")],
)
def test_credits_are_counted(amount, text, bare):
    assert (CREDITS.text(Amount(amount)), CREDITS.bare(Amount(amount))) == (text, bare)


@pytest.mark.parametrize(
    ("amount", "text", "bare"),
    [
        (0, "0 credits (0.00 EUR)", "0 (0.00 EUR)"),
        (1, "1 credit (0.0075 EUR)", "1 (0.0075 EUR)"),
        (2, "2 credits (0.015 EUR)", "2 (0.015 EUR)"),
        (400, "400 credits (3.00 EUR)", "400 (3.00 EUR)"),
        (400_000, "400,000 credits (3,000.00 EUR)", "400,000 (3,000.00 EUR)"),
    ],
)
def test_credits_with_a_price_are_shown_in_money_as_well(amount, text, bare):
    assert (EUROS.text(Amount(amount)), EUROS.bare(Amount(amount))) == (text, bare)


def test_what_an_amount_costs_in_a_currency_needs_a_price():
    assert EUROS.price(Amount(2)) == "0.015 EUR"
    assert DOLLARS.price(Amount(53_000_000)) == "$0.053"
    assert CREDITS.price(Amount(2)) == ""


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("$12.50", 12_500_000_000),
        ("12.50", 12_500_000_000),
        (" $ 20 ", 20_000_000_000),
        ("$0.053", 53_000_000),
        ("$0", 0),
        ("0.000000001", 1),
        ("$1,200.50", 1_200_500_000_000),
        ("999999999.999999999", 999_999_999_999_999_999),
    ],
)
def test_dollars_are_read_exactly(text, amount):
    assert parse_dollars(text) == amount


@pytest.mark.parametrize(
    "text",
    [
        *("", "$", "-1", "-$1", "$-1", "1e3", "0.0000000001", "12,50", "$1,20", "1_000", "NaN"),
        *(
            "12.5 EUR",
            "€12",
            "\uff11\uff12",
            "1.2.3",
            ".5",
            "5.",
            "10000000000",
            "$1,2345",
            "inf",
            "0x10",
        ),
    ],
)
def test_what_is_no_exact_amount_of_dollars_is_refused(text):
    with pytest.raises(ValueError, match="dollars"):
        parse_dollars(text)


@given(st.integers(0, 999_999_999_999_999_999))
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_every_amount_of_dollars_reads_back_as_it_was_written(amount):
    assert parse_dollars(DOLLARS.text(Amount(amount))) == amount


WRITES_AMOUNTS = re.compile(r"\{[^{}]*\}\s?credits?\b|'credit'\)|\"credit\"\)|\$\{[^{}]*:[.,]")
"""An amount of credits or dollars in an f-string, beside `MoneyFormat`."""
MAY = {
    "campaign/first_campaign.py",  # the comment of a first campaign, of play credits
    "cli/flags.py",  # what is no amount
    "reports/cost.py",  # the name of a column
    "ledger/rules/settling.py",  # an error of the caller
}


def test_nothing_else_writes_amounts():
    """A second place would say credits of dollars, or round what it shows."""
    root = Path(pipeline.__file__).parent
    rooms = (
        path
        for path in sorted(root.rglob("*.py"))
        if path.relative_to(root).parts[0] not in {"imageserver", "providers", "model"}
    )
    places = {
        str(path.relative_to(root)): found
        for path in rooms
        if (found := WRITES_AMOUNTS.findall(path.read_text("utf-8")))
    }
    assert {place: found for place, found in places.items() if place not in MAY} == {}
