"""Disks that fill, fail, shrink and vanish: buying stops, and what is paid for is not lost."""

import shutil
import subprocess

import pytest
from crash.image_server import serving
from crash.workspace import Workspace, campaign, ended, limited, patched, wait_until

SLOW_IMAGES = [{"fault": "delay", "on": "cdn", "seconds": 1.0}]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with serving(folder / "state", honours_keys=False, faults=SLOW_IMAGES) as opened:
        yield opened


@pytest.fixture(scope="module")
def fast_server(tmp_path_factory):
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
    server, small_disk, run_out
):
    workspace = Workspace(small_disk / "workspace", server, campaign(8))
    process = workspace.start("--concurrency", "8")
    wait_until(lambda: len(workspace.charges()) == 8)
    wait_until(lambda: len(workspace.images()) >= 1)
    run_out(small_disk)
    end = ended(process)
    assert end.code == 74, end.err
    assert "Traceback" not in end.err
    shutil.rmtree(small_disk / "filler")
    assert workspace.in_bounds()
    paid = workspace.charges()
    last = workspace.run()
    assert last.code == 0, last.err
    assert workspace.charges() == paid
    assert workspace.manifest()["totals"]["stored"] == 8
    assert workspace.complaints() == []


def test_a_disk_that_is_full_before_the_reply_loses_no_urls_from_sight(tmp_path, small_disk):
    slow = [{"fault": "delay", "seconds": 1.0}]
    with serving(tmp_path / "state", honours_keys=False, faults=slow) as server:
        workspace = Workspace(small_disk / "workspace", server, campaign(4))
        process = workspace.start("--concurrency", "4")
        wait_until(lambda: len(workspace.charges()) >= 1)
        wait_until(lambda: server.purchases() >= 4)
        fill(small_disk)
        end = ended(process)
        paid = workspace.charges()
        assert end.code == 74, end.err
        shutil.rmtree(small_disk / "filler")
        assert workspace.in_bounds()
        last = workspace.run()
        assert last.code in {0, 6}, last.err
        totals = workspace.manifest()["totals"]
        assert totals["stored"] + totals["in_doubt"] == 4
        assert len(workspace.charges()) - len(paid) == 4 - len(paid)
        assert workspace.complaints() == []


@pytest.mark.parametrize("run_out", [fill, use_up_names])
def test_a_disk_that_is_full_at_the_start_lets_no_request_leave(server, small_disk, run_out):
    workspace = Workspace(small_disk / "workspace", server, campaign(2))
    run_out(small_disk)
    end = workspace.run()
    assert end.code == 74, end.err
    assert "Traceback" not in end.err
    assert workspace.charges() == []


def leave(place, kilobytes):
    """Fill a disk up to so many kilobytes."""
    fill(place)
    with (place / "filler" / "bytes").open("r+b") as file:
        file.truncate((place / "filler" / "bytes").stat().st_size - kilobytes * 1024)


@pytest.mark.parametrize("kilobytes", [32, 96, 128, 160, 192, 224, 288, 400])
def test_a_first_run_on_a_nearly_full_disk_leaves_nothing_that_stops_the_next(
    fast_server, small_disk, kilobytes
):
    """A new ledger got its name without its journal: no later run could use it."""
    workspace = Workspace(small_disk / "workspace", fast_server, campaign(3))
    leave(small_disk, kilobytes)
    end = workspace.run()
    assert end.code in {0, 74}, end.err
    assert "Traceback" not in end.err
    assert "bug" not in end.err
    shutil.rmtree(small_disk / "filler")
    last = workspace.run()
    assert last.code in {0, 6}, last.err
    assert workspace.complaints() == []


@pytest.mark.parametrize("after", [4, 9])
def test_a_ledger_whose_disk_fails_lets_no_further_request_leave(fast_server, tmp_path, after):
    workspace = Workspace(tmp_path / "workspace", fast_server, campaign(6))
    assert workspace.run("--only", "soda-0/*").code == 0
    end = workspace.run("--concurrency", "1", program=patched("--ledger-eio", after))
    assert end.code == 74, end.err
    assert "Traceback" not in end.err
    paid = workspace.charges()
    assert len(paid) < 6
    assert workspace.in_bounds()
    last = workspace.run()
    assert last.code in {0, 6}, last.err
    assert workspace.complaints() == []


def test_a_disk_that_fails_under_the_images_stops_the_buying(fast_server, tmp_path):
    workspace = Workspace(tmp_path / "workspace", fast_server, campaign(6))
    assert workspace.run("--only", "soda-0/*").code == 0
    end = workspace.run("--concurrency", "1", program=patched("--images-eio", 6))
    assert end.code == 74, end.err
    assert len(workspace.charges()) < 6
    assert workspace.run().code == 0
    assert len(workspace.charges()) == 6
    assert workspace.complaints() == []


@pytest.mark.parametrize("blocks", [2, 80, 400])
def test_files_that_may_not_grow_are_a_full_disk(fast_server, tmp_path, blocks):
    workspace = Workspace(tmp_path / "workspace", fast_server, campaign(3))
    end = workspace.run(program=limited(f"-f {blocks}"))
    assert end.code in {0, 74}, end.err
    assert "Traceback" not in end.err
    last = workspace.run()
    assert last.code in {0, 6}, last.err
    assert workspace.complaints() == []


def test_an_output_folder_that_vanishes_stops_the_buying_and_says_what_was_paid(server, tmp_path):
    workspace = Workspace(tmp_path / "workspace", server, campaign(8))
    process = workspace.start("--concurrency", "2")
    wait_until(lambda: len(workspace.images()) >= 2)
    shutil.rmtree(workspace.output, ignore_errors=True)
    end = ended(process)
    assert end.code == 74, end.err
    assert "Traceback" not in end.err
    assert len(workspace.charges()) < 8
