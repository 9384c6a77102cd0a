"""Twenty runs of one campaign at once: one works, nobody else even asks."""

import pytest
from crash.household import House, campaign, ended, wait_until
from crash.image_server import serving


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    slow = [{"fault": "delay", "seconds": 5.0}]
    folder = tmp_path_factory.mktemp("server")
    with serving(folder / "state", honours_keys=False, faults=slow) as opened:
        yield opened


def test_of_twenty_runs_at_once_one_works_and_the_others_leave_with_75(shop, tmp_path):
    house = House(tmp_path / "house", shop, campaign(3))
    crowd = [house.start("-q") for _ in range(20)]
    ends = [ended(process) for process in crowd]
    assert sorted(end.code for end in ends) == [0] + [75] * 19
    assert all("alive" in end.err for end in ends if end.code == 75)
    assert len(house.charges()) == 3
    assert house.complaints() == []


def test_a_contender_is_gone_in_under_a_second(shop, tmp_path):
    house = House(tmp_path / "house", shop, campaign(1))
    first = house.start("-q")
    wait_until((house.output / "soda" / "latest").exists)
    contenders = [house.run("-q") for _ in range(3)]
    assert ended(first).code == 0
    assert {end.code for end in contenders} == {75}
    assert min(end.seconds for end in contenders) < 1.0
