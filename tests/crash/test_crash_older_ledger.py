"""A ledger that is older than the runs beside it: refused, mended by the command that is named.

A ledger and its mark restored from a backup agree with each other, so only the run manifests tell
that something was bought since. Jobs that those runs left in doubt were bought again: charged 12,
and the manifest said 8.
"""

import json
import shlex
import shutil

import pytest
from crash.image_server import serving
from crash.workspace import Workspace, campaign, kill, patched, wait_until

LEDGER_FILES = ("ledger.db", "ledger.db.mark")
DOUBTS = [{"fault": "drop", "when": "after", "skip": 2, "every": 2}]
"""After two images every second answer is lost, and charged."""


@pytest.fixture
def server(tmp_path):
    with serving(tmp_path / "state", honours_keys=False, faults=DOUBTS) as opened:
        yield opened


@pytest.fixture
def answering(tmp_path):
    with serving(tmp_path / "answering", honours_keys=False) as opened:
        yield opened


def back_up(workspace, place):
    place.mkdir()
    for name in LEDGER_FILES:
        shutil.copy2(workspace.output / name, place)
    return place


def restore(workspace, place):
    for file in workspace.output.glob("ledger.db*"):
        file.unlink()
    for name in LEDGER_FILES:
        shutil.copy2(place / name, workspace.output)


def copied(workspace, place):
    shutil.copytree(workspace.folder, place, symlinks=True)
    copy = Workspace(place, workspace.server, workspace.file.read_text())
    copy.since = workspace.since
    return copy


def bounds(workspace):
    """Return whether what was charged lies in what ledger and newest manifest say."""
    totals = workspace.manifest()["totals"]["credits"]
    return workspace.in_bounds() and totals["confirmed"] <= workspace.charged() <= totals["upper"]


def refused(workspace, *words):
    """Assert that a run is refused and buys nothing; return the command that mends it."""
    before = workspace.charges()
    end = workspace.run(*words)
    assert end.code == 2, end.err
    assert "older" in end.err
    assert workspace.charges() == before
    return next(line for line in end.err.splitlines() if "pipeline ledger import" in line)


def mended(workspace, line):
    words = shlex.split(line.partition("pipeline ")[2])
    end = workspace.command(*words)
    assert end.code == 0, end.err
    return end


def test_yesterdays_ledger_buys_nothing_again_of_what_was_bought_since(server, tmp_path):
    workspace = Workspace(tmp_path / "workspace", server, campaign(6))
    assert workspace.run("--only", "soda-0/*", "--only", "soda-1/*").code == 0
    yesterday = back_up(workspace, tmp_path / "yesterday")
    assert workspace.run("--concurrency", "1", program=patched("--doubts", 0)).code == 6
    before = workspace.manifest()["totals"]
    assert (before["in_doubt"], before["stored"]) == (2, 4)
    restore(workspace, yesterday)
    line = refused(workspace)
    assert "older" in workspace.command("status", "--output", workspace.output).err
    assert "older" in workspace.command("plan", workspace.file, "--output", workspace.output).err
    mended(workspace, line)
    paid = workspace.charges()
    end = workspace.run()
    assert end.code == 6, end.err
    assert workspace.charges() == paid
    assert bounds(workspace)
    after = workspace.manifest()["totals"]
    assert (after["in_doubt"], after["stored"]) == (2, 4)
    assert after["credits"]["confirmed"] == before["credits"]["confirmed"]
    assert after["credits"]["in_doubt"] == before["credits"]["in_doubt"]


def test_no_command_writes_into_an_older_ledger(server, tmp_path):
    workspace = Workspace(tmp_path / "workspace", server, campaign(4))
    assert workspace.run("--only", "soda-0/*").code == 0
    yesterday = back_up(workspace, tmp_path / "yesterday")
    workspace.run("--concurrency", "1")
    restore(workspace, yesterday)
    for words in (("approve", workspace.file, "*"), ("resolve", workspace.file, "--charged")):
        end = workspace.command(*words, "--output", workspace.output)
        assert end.code == 2, end.err
        assert "pipeline ledger import" in end.err
    for name in LEDGER_FILES:
        assert (workspace.output / name).read_bytes() == (yesterday / name).read_bytes()


def test_a_copy_of_the_ledger_made_during_a_run_lacks_the_rest_of_it(answering, tmp_path):
    """The run is known to such a copy; what it bought later is not."""
    workspace = Workspace(tmp_path / "workspace", answering, campaign(3))
    assert workspace.run("--only", "soda-0/*").code == 0
    first = back_up(workspace, tmp_path / "first")
    assert workspace.run("--only", "soda-1/*").code == 0
    second = back_up(workspace, tmp_path / "second")
    assert workspace.run().code == 0
    restore(workspace, second)
    refused(workspace)
    restore(workspace, first)
    line = refused(workspace)
    mended(workspace, line)
    assert workspace.run().code == 0
    assert len(workspace.charges()) == 3
    assert bounds(workspace)


def test_two_copies_of_an_output_folder_that_were_merged_know_of_each_other(answering, tmp_path):
    """The runs of the other copy are unknown to this ledger, whichever of them is newer."""
    workspace = Workspace(tmp_path / "workspace", answering, campaign(4))
    assert workspace.run("--only", "soda-0/*").code == 0
    other = copied(workspace, tmp_path / "other")
    assert other.run("--only", "soda-1/*").code == 0
    assert workspace.run("--only", "soda-2/*").code == 0
    shutil.copytree(other.output / "soda", workspace.output / "soda", dirs_exist_ok=True)
    line = refused(workspace)
    mended(workspace, line)
    end = workspace.run()
    assert end.code == 0, end.err
    assert len(workspace.charges()) == 4
    assert workspace.manifest()["totals"]["stored"] == 4
    assert bounds(workspace)


def test_an_image_that_both_copies_bought_is_counted_twice(answering, tmp_path):
    workspace = Workspace(tmp_path / "workspace", answering, campaign(2))
    assert workspace.run("--only", "soda-0/*").code == 0
    other = copied(workspace, tmp_path / "other")
    assert other.run().code == 0
    assert workspace.run().code == 0
    assert len(workspace.charges()) == 3
    shutil.copytree(
        other.output / "soda" / "runs", workspace.output / "soda" / "runs", dirs_exist_ok=True
    )
    mended(workspace, refused(workspace))
    assert workspace.run().code == 0
    assert len(workspace.charges()) == 3
    assert workspace.manifest()["totals"]["credits"]["confirmed"] == workspace.charged() == 6


def test_a_file_in_the_way_that_a_manifest_names_is_said_to_be_ours(answering, tmp_path):
    """It was called "not a file that this pipeline put there", with the advice to move it away.

    The ledger was rebuilt from the newest manifest alone, which no longer lists the image.
    """
    both = campaign(2)
    workspace = Workspace(tmp_path / "workspace", answering, both)
    assert workspace.run().code == 0
    workspace.file.write_text(campaign(1))
    assert workspace.run().code == 0
    for file in workspace.output.glob("ledger.db*"):
        file.unlink()
    newest = tmp_path / "manifest.json"  # what a machine of CI keeps
    shutil.copy(workspace.output / "soda" / "latest" / "manifest.json", newest)
    assert workspace.command("ledger", "import", newest, "--output", workspace.output).code == 0
    workspace.file.write_text(both)
    end = workspace.run()
    assert end.code == 74, end.err
    assert "as an image of run" in end.err
    command = next(part for part in end.err.split("`") if part.startswith("pipeline ledger"))
    mended(workspace, command)
    assert workspace.run().code == 0
    assert len(workspace.charges()) == 2
    assert bounds(workspace)


def refused_as_lost(workspace):
    end = workspace.run()
    assert end.code == 2, end.err
    return next(line for line in end.err.splitlines() if "pipeline ledger import" in line)


def test_a_run_that_was_killed_and_then_forgotten_tells_what_it_had_sent(server, tmp_path):
    """Its manifest was written before it bought anything; its log names what it asked for."""
    workspace = Workspace(tmp_path / "workspace", server, campaign(6))
    assert workspace.run("--only", "soda-0/*").code == 0
    yesterday = back_up(workspace, tmp_path / "yesterday")
    process = workspace.start("--concurrency", "1", program=patched("--doubts", 0))
    wait_until(lambda: len(workspace.charges(settled=False)) >= 4)
    kill(process)
    restore(workspace, yesterday)
    mended(workspace, refused(workspace))
    assert workspace.in_bounds()
    workspace.run()
    assert workspace.in_bounds()


def test_after_a_clock_a_year_ahead_the_newest_run_is_still_the_newest(server, tmp_path):
    """A lost ledger was rebuilt from the manifest that was dated last, not from the last one."""
    workspace = Workspace(tmp_path / "workspace", server, campaign(6))
    ahead = patched("--clock", 365 * 86400)
    assert workspace.run("--only", "soda-0/*", program=ahead).code == 0
    assert workspace.run("--only", "soda-1/*").code == 0
    assert workspace.run("--concurrency", "1", program=patched("--doubts", 0)).code == 6
    newest = workspace.manifest()
    paid = workspace.charges()
    told = json.loads(workspace.command("status", "--json", "--output", workspace.output).out)
    assert told[0]["run"] == newest["run"]["id"]
    log = workspace.command("log", workspace.file, "--output", workspace.output, "--json").out
    assert json.loads(log.splitlines()[0])["run"] == newest["run"]["id"]
    for file in workspace.output.glob("ledger.db*"):
        file.unlink()
    mended(workspace, refused_as_lost(workspace))
    assert workspace.run().code == 6
    assert workspace.charges() == paid
    assert bounds(workspace)
