"""A sample of `python -m tests.crash --fleet`: shards of one campaign, killed and cut off."""

import pytest
from crash.fleet_soak import Faults, fleet_soak


@pytest.mark.timeout(300)
def test_two_shards_that_are_killed_and_lose_replies_pay_for_nothing_twice(tmp_path):
    faults = Faults(kills=1, lost=0.1, beside=False)
    report = fleet_soak(tmp_path, jobs=50, shards=2, faults=faults)
    assert report.violations == [], report
    assert report.faults["SIGKILL"] > 0
    assert report.lost_replies > 0
    assert report.looks > 0


def test_a_machine_that_repeats_requests_is_found(tmp_path):
    """The negative control: a cluster that asks for images pays twice, so ours only checks them."""
    faults = Faults(kills=0, options=("--ask-twice",))
    report = fleet_soak(tmp_path, jobs=4, shards=1, faults=faults)
    assert sum("was charged 2 times" in one for one in report.violations) >= 3, report
