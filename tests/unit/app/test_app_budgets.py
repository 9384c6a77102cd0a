"""The limits of one run, in the unit of its account."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.app.campaign import budget_for
from pipeline.app.options import CampaignOptions, RunOptions, limit_given, next_step
from pipeline.cli.flags import dollars
from pipeline.errors import UsageError
from pipeline.model.campaign import Campaign
from pipeline.model.money import Amount, Budget, MoneyFormat, Unit
from pipeline.providers.names import EMBEDDED, GPTIMAGE
from pipeline.providers.profiles import PROFILES
from pipeline.settings import Settings

CREDITS = PROFILES[GPTIMAGE]
DOLLARS = replace(CREDITS, unit=Unit.DOLLARS)


def limits(profile, *, run=None, **given):
    money = MoneyFormat(unit=profile.unit)
    campaign = Campaign(
        slug="soda",
        file="soda.yaml",
        sha256="ab" * 32,
        provider=profile.name,
        stages={},
        budget=Budget(run=run, money=money),
        money=money,
    )
    options = RunOptions(campaign=Path("soda.yaml"), **given)
    return budget_for(campaign, profile, options, Settings())


def test_a_run_without_a_limit_has_one_in_the_unit_of_its_account():
    assert limits(CREDITS).run == 1000
    assert limits(DOLLARS).run == 20_000_000_000
    assert limits(PROFILES[EMBEDDED]).run is None


def test_the_lowest_limit_counts():
    assert limits(CREDITS, run=Amount(600), max_credits=90).run == 90
    assert limits(DOLLARS, run=Amount(600), max_cost=Amount(90)).run == 90
    assert limits(DOLLARS, run=Amount(60), max_cost=Amount(90)).run == 60


@pytest.mark.parametrize("profile", [CREDITS, DOLLARS])
def test_what_the_page_has_shown_limits_a_launch_in_either_unit(profile):
    assert limits(profile, run=Amount(600), most=Amount(12)).run == 12


def test_an_option_in_the_other_unit_is_refused_with_the_right_one():
    with pytest.raises(UsageError, match="counts in credits: use --max-credits N, not --max-cost"):
        limits(CREDITS, max_cost=Amount(1))
    with pytest.raises(UsageError, match=r"counts in dollars: use --max-cost 12\.50, not --max-cr"):
        limits(DOLLARS, max_credits=5)


def test_play_money_has_no_limit_whatever_is_given():
    assert limits(PROFILES[EMBEDDED], max_credits=5, max_cost=Amount(5)).run is None


def test_the_next_command_repeats_a_limit_as_it_can_be_read():
    options = CampaignOptions(campaign=Path("soda.yaml"), max_cost=Amount(1_200_053_000_000))
    step = next_step(options, "run")
    assert step == "pipeline run soda.yaml --max-cost 1200.053"
    assert dollars(step.split()[-1]) == options.max_cost
    assert limit_given(options) == "--max-cost"
