"""Disks that fill, fail, shrink and vanish: buying stops, and what is paid for is not lost."""

import shutil
import subprocess

import pytest
from crash.household import House, campaign, ended, limited, through, wait_until
from crash.image_server import serving

SLOW_IMAGES = [{"fault": "delay", "on": "cdn", "seconds": 1.0}]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with serving(folder / "state", honours_keys=False, faults=SLOW_IMAGES) as opened:
        yield opened


@pytest.fixture(scope="module")
def quick_shop(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server") / "state", honours_keys=False) as opened:
        yield opened


@pytest.fixture
def small_disk(tmp_path):
    place = tmp_path / "small"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=3m,nr_inodes=300", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"mounting is not possible here: {error}")
    if mounted.returncode:
        pytest.skip(f"mounting is not permitted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place):
    """Leave not one byte."""
    (place / "filler").mkdir()
    with (place / "filler" / "bytes").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def use_up_names(place):
    """Leave room for bytes, and for not one more file."""
    filler = place / "filler"
    filler.mkdir()
    try:
        for number in range(1000):
            (filler / str(number)).touch()
    except OSError:
        return
    raise AssertionError("this disk takes any number of files")


@pytest.mark.parametrize("run_out", [fill, use_up_names])
def test_a_disk_that_fills_after_the_payments_costs_downloads_and_nothing_else(
    shop, small_disk, run_out
):
    house = House(small_disk / "house", shop, campaign(8))
    process = house.start("--concurrency", "8")
    wait_until(lambda: len(house.charges()) == 8)
    wait_until(lambda: len(house.images()) >= 1)
    run_out(small_disk)
    end = ended(process)
    assert end.code == 74, end.err
    assert "Traceback" not in end.err
    shutil.rmtree(small_disk / "filler")
    assert house.in_bounds()
    paid = house.charges()
    last = house.run()
    assert last.code == 0, last.err
    assert house.charges() == paid
    assert house.manifest()["totals"]["stored"] == 8
    assert house.complaints() == []


def test_a_disk_that_is_full_before_the_reply_loses_no_urls_from_sight(tmp_path, small_disk):
    slow = [{"fault": "delay", "seconds": 1.0}]
    with serving(tmp_path / "state", honours_keys=False, faults=slow) as shop:
        house = House(small_disk / "house", shop, campaign(4))
        process = house.start("--concurrency", "4")
        wait_until(lambda: len(house.charges()) >= 1)
        wait_until(lambda: shop.asked() >= 4)
        fill(small_disk)
        end = ended(process)
        paid = house.charges()
        assert end.code == 74, end.err
        shutil.rmtree(small_disk / "filler")
        assert house.in_bounds()
        last = house.run()
        assert last.code in {0, 6}, last.err
        totals = house.manifest()["totals"]
        assert totals["stored"] + totals["in_doubt"] == 4
        assert len(house.charges()) - len(paid) == 4 - len(paid)
        assert house.complaints() == []


@pytest.mark.parametrize("run_out", [fill, use_up_names])
def test_a_disk_that_is_full_at_the_start_lets_no_request_leave(shop, small_disk, run_out):
    house = House(small_disk / "house", shop, campaign(2))
    run_out(small_disk)
    end = house.run()
    assert end.code == 74, end.err
    assert "Traceback" not in end.err
    assert house.charges() == []


@pytest.mark.parametrize("after", [4, 9])
def test_a_ledger_whose_disk_fails_lets_no_further_request_leave(quick_shop, tmp_path, after):
    house = House(tmp_path / "house", quick_shop, campaign(6))
    assert house.run("--only", "soda-0/*").code == 0
    end = house.run("--concurrency", "1", program=through("--ledger-eio", after))
    assert end.code == 74, end.err
    assert "Traceback" not in end.err
    paid = house.charges()
    assert len(paid) < 6
    assert house.in_bounds()
    last = house.run()
    assert last.code in {0, 6}, last.err
    assert house.complaints() == []


def test_a_disk_that_fails_under_the_images_stops_the_buying(quick_shop, tmp_path):
    house = House(tmp_path / "house", quick_shop, campaign(6))
    assert house.run("--only", "soda-0/*").code == 0
    end = house.run("--concurrency", "1", program=through("--images-eio", 6))
    assert end.code == 74, end.err
    assert len(house.charges()) < 6
    assert house.run().code == 0
    assert len(house.charges()) == 6
    assert house.complaints() == []


@pytest.mark.parametrize("blocks", [2, 80, 400])
def test_files_that_may_not_grow_are_a_full_disk(quick_shop, tmp_path, blocks):
    house = House(tmp_path / "house", quick_shop, campaign(3))
    end = house.run(program=limited(f"-f {blocks}"))
    assert end.code in {0, 74}, end.err
    assert "Traceback" not in end.err
    last = house.run()
    assert last.code in {0, 6}, last.err
    assert house.complaints() == []


def test_an_output_folder_that_vanishes_stops_the_buying_and_says_what_was_paid(shop, tmp_path):
    house = House(tmp_path / "house", shop, campaign(8))
    process = house.start("--concurrency", "2")
    wait_until(lambda: len(house.images()) >= 2)
    shutil.rmtree(house.output, ignore_errors=True)
    end = ended(process)
    assert end.code == 74, end.err
    assert "Traceback" not in end.err
    assert len(house.charges()) < 8
