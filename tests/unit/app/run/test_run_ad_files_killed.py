"""SIGKILL while ad files are made: the next run makes exactly what is missing."""

import asyncio
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_run_ad_files import make, plan

from pipeline.adfiles.record import AdFileRecord
from pipeline.images.local.store import LocalImageStore

HERE, ROOT = Path(__file__).parent, Path(__file__).resolve().parents[4]
CHILD = f"""
import asyncio, sys
from pathlib import Path
sys.path[:0] = [{str(HERE)!r}, {str(ROOT / "tests")!r}, {str(ROOT)!r}]
from test_run_ad_files import make, plan
if __name__ == "__main__":
    folder, images = Path(sys.argv[1]), int(sys.argv[2])
    wanted = plan(folder, images=images)
    print("go", flush=True)
    asyncio.run(make(folder, wanted))
"""


def killed_after(folder, images, seconds):
    """Make ad files in another process, and kill it; return whether it was still at work."""
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, folder, str(images)], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout.readline() == b"go\n"
        time.sleep(seconds)
        child.send_signal(signal.SIGKILL)
        return child.wait() == -signal.SIGKILL


def holds(folder, wanted):
    """Check what a kill left: each line of the record but the last is whole, as is its file."""
    record = AdFileRecord(folder, "c")
    whole = record.whole(LocalImageStore(folder))
    assert len(whole) == len([*record])
    lines = (folder / "c/adfiles.jsonl").read_text().splitlines() if whole else []
    assert all(json.loads(line) for line in lines[:-1])
    return {one.path for one in wanted.files} - set(whole)


def kill_and_mend(folder, *, images, kills, seed):
    """Kill the work until it was killed this often, and begin anew whenever it is done."""
    rng = random.Random(seed)  # noqa: S311 - instants, not secrets
    done, number = 0, 0
    while done < kills:
        place = folder / str(number)
        place.mkdir(exist_ok=True)
        if not killed_after(place, images, rng.uniform(0.0, 0.5)):
            number += 1
            continue
        done += 1
        wanted = plan(place, images=images)
        missing = holds(place, wanted)
        if done % 5 == 0 or done == kills:
            asyncio.run(LocalImageStore(place).sweep("c"))  # as each command does at its start
            report = asyncio.run(make(place, wanted))
            assert (report.made, report.failed) == (len(missing), [])
            assert len([*report.current]) == len(wanted.files)
            assert asyncio.run(make(place, wanted)).made == 0
            assert not list(place.rglob("*.part"))
            number += 1
    return done


def test_a_few_kills_leave_exactly_what_is_missing(tmp_path):
    assert kill_and_mend(tmp_path, images=10, kills=2, seed=7) == 2


@pytest.mark.thorough
@pytest.mark.timeout(1200)
def test_fifty_kills_during_200_ad_files_leave_exactly_what_is_missing(tmp_path):
    assert kill_and_mend(tmp_path, images=67, kills=50, seed=50) == 50
