"""The key `checks`: what follows if an image or an ad file misses one."""

import pytest
from campaign_texts import HEAD

from pipeline.model.check import CampaignCheck, CheckRule, OnMiss

CAMPAIGN = f"{HEAD}prompt: a photo\n"


def test_a_check_is_flagged_fails_or_is_rerolled(board):
    board.write(CAMPAIGN + "checks: {text: {reroll: 2}, legible: fail, whole: flag}\n")
    assert board.load().campaign.checks == {
        CampaignCheck.TEXT: CheckRule(on_miss=OnMiss.REROLL, rerolls=2),
        CampaignCheck.LEGIBLE: CheckRule(on_miss=OnMiss.FAIL),
        CampaignCheck.WHOLE: CheckRule(on_miss=OnMiss.FLAG),
    }


def test_no_check_is_made_unless_it_is_named(board):
    board.write(CAMPAIGN)
    assert board.load().campaign.checks == {}


@pytest.mark.parametrize(
    ("checks", "complaint"),
    [
        ("{text: maybe}", "checks.text: must be flag, fail or {reroll: 1}"),
        ("{text: {reroll: 0}}", "checks.text: must be flag, fail or {reroll: 1}"),
        ("{text: {reroll: 99}}", "with at most 9 new takes"),
        ("{text: {again: 1}}", "checks.text: must be flag, fail or {reroll: 1}"),
        ("{txt: flag}", "unknown key txt (did you mean text?)"),
        ("{palette: flag}", "checks.palette: needs the colours of the brand"),
        ("{drift: flag}\nstages: {final: {}}", "checks.drift: compares finals with their drafts"),
    ],
)
def test_a_mistake_is_told(board, checks, complaint):
    board.write(f"{CAMPAIGN}checks: {checks}\n")
    assert any(complaint in line for line in board.refused())
