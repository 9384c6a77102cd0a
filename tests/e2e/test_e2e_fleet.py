"""Several runs on one ledger and one account: what one of them meets holds for all."""

from collections import Counter
from itertools import pairwise

import pytest
from conftest import Cli
from crash.image_server import serving
from crash.workspace import campaign
from postgres_server import empty_ledger

SLOW = {"fault": "delay", "seconds": 0.15}
PRICE = 2
"""Credits of one image."""


@pytest.fixture
def serve(tmp_path):
    """Start a server and coordinators in folders of their own, on one ledger and one account."""
    opened = []

    def start(*faults, coordinators, flags=()):
        rules = {"rules": [*faults, SLOW]}
        context = serving(tmp_path / "server", honours_keys=False, faults=rules, more=flags)
        server = context.__enter__()
        opened.append(context)
        shared = {
            "PIPELINE_LEDGER": empty_ledger(),
            "GPTIMAGE_BASE_URL": server.url,
            "GPTIMAGE_API_KEY": server.key,
        }
        machines = [Cli(tmp_path / f"machine-{number}") for number in range(coordinators)]
        for machine in machines:
            machine.environment |= shared
        return server, machines

    yield start
    for context in opened:
        context.__exit__(None, None, None)


def run_all(runs):
    """Start (machine, file, words) at once; return the exit codes and what was told."""
    started = [machine.start("run", file, "--yes", *words) for machine, file, words in runs]
    told = [process.communicate(timeout=200)[1] for process in started]
    return [process.returncode for process in started], told


def test_a_429_of_one_run_pauses_all_and_a_401_ends_all_with_7(serve):
    """Each is answered once, so only one run of three meets it."""
    once = [
        {"fault": "status", "status": 429, "retry_after": 2, "skip": 12, "times": 1},
        {"fault": "status", "status": 401, "skip": 40, "times": 1},
    ]
    server, machines = serve(*once, coordinators=3)
    shards = [
        (one, one.write(campaign(120)), ("--shard", f"{number}/3", "--concurrency", "2"))
        for number, one in enumerate(machines, 1)
    ]
    codes, told = run_all(shards)
    assert codes == [7, 7, 7], told
    assert sum("met by run" in text for text in told) == 2, told
    for number, text in enumerate(told, 1):  # the next command is for the same share
        assert f"--shard {number}/3" in text.rpartition("pipeline run")[2], text
    arrived = server.arrivals()
    pauses = [later - earlier for earlier, later in pairwise(arrived)]
    assert max(pauses) > 1.5, pauses
    assert 40 <= len(arrived) < 60, len(arrived)
    assert len(server.charges()) == len(arrived)


def test_a_month_s_budget_over_four_runs_is_spent_to_the_credit(serve):
    """Four campaigns of one account want 160 credits; the month has 101, in which 50 images go."""
    server, machines = serve(coordinators=4)
    runs = []
    for number, machine in enumerate(machines):
        text = campaign(20, more="budget: {month: 101}\n")
        file = machine.write(text.replace("campaign: soda", f"campaign: soda-{number}"))
        runs.append((machine, file, ("--concurrency", "4")))
    codes, told = run_all(runs)
    assert 4 in codes, told
    assert set(codes) <= {0, 4}, told
    assert sum(price for _, price in server.charges()) == 100 == 50 * PRICE


@pytest.mark.thorough
@pytest.mark.timeout(400)
def test_four_runs_together_never_ask_for_more_images_in_any_minute(serve):
    """The server counts the last sixty seconds itself, and would refuse one image more with 429."""
    server, machines = serve(coordinators=4, flags=("--images-per-minute", "120"))
    text = campaign(250, more="run: {images_per_minute: 120}\nbudget: {run: 4000}\n")
    shards = [
        (one, one.write(text), ("--shard", f"{number}/4")) for number, one in enumerate(machines, 1)
    ]
    codes, told = run_all(shards)
    assert codes == [0] * 4, told
    replies = Counter(
        post["http"]
        for machine in machines
        for image in machine.manifest()["images"]
        for post in image["attempts"]
    )
    assert (set(replies), len(server.charges())) == ({200}, 250)
    arrived = server.arrivals()
    busiest = max(sum(first <= at < first + 60 for at in arrived) for first in arrived)
    print(f"{busiest} in the busiest minute, {arrived[-1] - arrived[0]:.1f} s in all")
    assert 110 <= busiest <= 120
