"""What was spent: groups, times, and amounts that are never added up."""

from decimal import Decimal

import pytest

from pipeline.errors import UsageError
from pipeline.model.entry import PurchaseRecord
from pipeline.model.job import Coordinates
from pipeline.model.money import MoneyFormat, Spent, Unit
from pipeline.model.names import Stage
from pipeline.reports.cost import CostSource, cost_rows, totals_of

PLAY = "embedded"
API = "gptimage@https://api.test"
OPENAI = "openai@https://api.openai.test"
EUROS = MoneyFormat(currency="EUR", per_credit=Decimal("0.01"))


def bought(amount, *, campaign="soda", account=API, at="2026-11-03T10:00:00.000Z", **more):
    fields = {"stage": Stage.DRAFT, "round": 1, "number": 1, "in_doubt": 0, **more}
    return PurchaseRecord(
        at=Coordinates(
            campaign=campaign,
            cell="citrus/1x1",
            axes=(("product", more.get("product", "citrus")), ("size", "1x1")),
            stage=fields["stage"],
            round=fields["round"],
            take=more.get("take", 1),
        ),
        number=fields["number"],
        account=account,
        opened=at,
        spent=Spent(confirmed=amount, in_doubt=fields["in_doubt"]),
    )


def source(*purchases, money=None, **tags):
    return CostSource(purchases=purchases, tags=tags, money=money or {})


def rows(*sources, by=("campaign",), since="", until=""):
    return cost_rows(sources, by=by, since=since, until=until, play=PLAY)


def shown(found):
    return [(row.group, row.kind, row.confirmed) for row in found]


def test_amounts_are_added_by_group():
    soda = source(bought(2), bought(12, stage=Stage.FINAL), client="sun")
    tea = source(bought(6, campaign="tea"), client="sun")
    jam = source(bought(2, campaign="jam"))
    assert shown(rows(soda, tea, jam, by=("tag:client",))) == [
        (("-",), "gptimage credits", 2),
        (("sun",), "gptimage credits", 20),
    ]
    assert shown(rows(soda, by=("stage",))) == [
        (("draft",), "gptimage credits", 2),
        (("final",), "gptimage credits", 12),
    ]
    assert shown(rows(soda, tea, by=("campaign", "product")))[1][0] == ("tea", "citrus")


def test_re_rolls_are_rounds_repeats_and_takes_beyond_those_of_the_stage():
    """A second take is none where the campaign asks for two; a third one, after a check, is."""
    purchases = [bought(2, take=take) for take in (1, 2, 3)]
    soda = CostSource(purchases=purchases, tags={}, money={}, takes={"draft": 2})
    assert [row.again for row in rows(soda)] == [1]
    assert [row.again for row in rows(source(*purchases))] == [0]
    assert [row.again for row in rows(source(bought(2, round=2), bought(2, number=2)))] == [2]


def test_what_reuse_saved_is_no_part_of_what_was_spent():
    soda = CostSource(purchases=[bought(2)], reused=[bought(2), bought(2)], tags={}, money={})
    [row] = rows(soda)
    assert (row.images, row.confirmed, row.saved) == (1, 2, 4)


def test_a_month_begins_and_ends_at_midnight_utc():
    moments = ["2026-10-31T23:59:59.999Z", "2026-11-01T00:00:00.000Z", "2026-12-01T00:00:00.000Z"]
    soda = source(*(bought(2, at=moment) for moment in moments))
    [row] = rows(soda, since="2026-11-01T00", until="2026-12-01T00")
    assert row.images == 1
    assert [row.group for row in rows(soda, by=("month",))] == [
        ("2026-10",),
        ("2026-11",),
        ("2026-12",),
    ]


def test_different_money_is_never_added():
    dollars = {OPENAI: MoneyFormat(unit=Unit.DOLLARS)}
    soda = source(bought(2), bought(4, account=PLAY), bought(10**9, account=OPENAI), money=dollars)
    found = rows(soda)
    assert shown(found) == [
        (("soda",), "USD", 10**9),
        (("soda",), "gptimage credits", 2),
        (("soda",), "play credits", 4),
    ]
    assert shown(totals_of(found)) == shown(found)
    assert found[0].text(found[0].confirmed) == "$1.00"


def test_a_price_is_shown_only_if_all_purchases_have_it():
    soda = source(bought(2), money={API: EUROS})
    tea = source(bought(4, campaign="tea"))
    [one, _] = rows(soda, tea)
    assert one.text(one.confirmed) == "2 credits (0.02 EUR)"
    [total] = totals_of(rows(soda, tea))
    assert total.text(total.confirmed) == "6 credits"


def test_rerolls_and_doubts_are_counted_apart():
    soda = source(
        bought(2), bought(2, round=2), bought(2, number=2), bought(0, in_doubt=12, round=2)
    )
    [row] = rows(soda)
    assert (row.images, row.again, row.confirmed, row.in_doubt) == (3, 2, 6, 12)


def test_an_unknown_name_is_told_with_the_known_ones():
    with pytest.raises(UsageError, match=r"'produkt' \(did you mean product\?\)"):
        rows(source(bought(2), client="sun"), by=("produkt",))
    with pytest.raises(UsageError, match="tag:client"):
        rows(source(bought(2), client="sun"), by=("tag:clinet",))


def test_nothing_is_spent_without_purchases():
    assert rows() == []
    assert rows(source(), by=("campaign",)) == []
