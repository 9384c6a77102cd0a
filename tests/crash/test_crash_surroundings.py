"""Odd machines: wrong clocks, few descriptors, an empty environment."""

from datetime import UTC, datetime

import pytest
from crash.household import House, campaign, limited, through
from crash.image_server import serving


@pytest.fixture(scope="module", params=[True, False], ids=["keys honoured", "keys ignored"])
def shop(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with serving(folder / "state", honours_keys=request.param) as opened:
        yield opened


@pytest.fixture(scope="module")
def plain_shop(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server") / "state", honours_keys=False) as opened:
        yield opened


@pytest.mark.parametrize(
    "off",
    [-86_400.0, 100.0 - datetime.now(UTC).timestamp()],
    ids=["a day back", "1970"],
)
def test_a_clock_set_back_between_two_runs_hangs_nothing_and_buys_nothing_twice(
    shop, tmp_path, off
):
    house = House(tmp_path / "house", shop, campaign(4))
    assert house.run("--only", "soda-[01]/*").code == 0
    end = house.run(program=through(f"--clock={off}"))
    assert end.code == 0, end.err
    assert end.seconds < 30
    assert house.run().code == 0
    assert len(house.charges()) == 4
    assert house.complaints() == []


@pytest.mark.parametrize("descriptors", [20, 40, 64])
def test_few_descriptors_are_refused_or_enough_and_nothing_is_lost(
    plain_shop, tmp_path, descriptors
):
    house = House(tmp_path / "house", plain_shop, campaign(60))
    end = house.run("--concurrency", "50", program=limited(f"-n {descriptors}"))
    assert "Traceback" not in end.err
    assert "bug" not in end.err
    assert house.run().code == 0
    assert len(house.charges()) == 60
    assert house.complaints() == []


def test_it_needs_nothing_of_its_environment_but_the_key(plain_shop, tmp_path):
    house = House(tmp_path / "house", plain_shop, campaign(2))
    kept = ("PYTHONPATH", "GPTIMAGE_BASE_URL", "GPTIMAGE_API_KEY")
    house.environment = {name: house.environment[name] for name in kept}
    end = house.run()
    assert end.code == 0, end.err
    assert house.complaints() == []
