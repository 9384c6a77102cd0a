"""An upgrade: the output folder, ledger, verdicts and review files of 7bd2b82, and today's program.

`upgrade/shop` is what that commit left on a disk, and `upgrade/README.md` says how it was made. A
program that names a job otherwise buys every image again, and one that reads a verdict otherwise
takes an art director's word back: neither may ever happen to who upgrades. No key is set, and the
embedded servers' folders are watched: no request could be sent unseen.
"""

import json
import shutil
import signal
from pathlib import Path

import pytest

UPGRADE = Path(__file__).parent / "upgrade"
SHOP = UPGRADE / "shop"
ENDINGS = {"fizz": 3, "tea": 0, "tonic": 6}
"""How the last run of each campaign ended: words refused, all done, an answer in doubt."""

FACTS = (
    *("job", "cell", "axes", "stage", "round", "take", "status", "shared_with", "derived_from"),
    *("url", "file", "sha256", "bytes", "width", "height", "alpha", "checks", "verdict"),
    *("prompt", "model", "size", "quality", "background", "credits", "attempts"),
)
"""What a run manifest says of an image and is a fact; errors and alt texts are but words."""

each_campaign = pytest.mark.parametrize("campaign", ENDINGS)


@pytest.fixture
def shop(pipeline):
    """A copy, as of the day of the upgrade; the folders of images have other times than then."""
    shutil.copytree(SHOP, pipeline.folder, symlinks=True, dirs_exist_ok=True)
    return pipeline


def written(campaign):
    """The jobs of a campaign as 7bd2b82 named them; `gone` are those of a round that was redone."""
    jobs = json.loads((UPGRADE / "jobs.json").read_text("utf-8"))
    return [job for job in jobs if job["campaign"] == campaign]


def named(jobs):
    """Which image has which key, and whose it shares or comes from."""
    where, which = ("cell", "stage", "round", "take"), ("job", "shared_with", "derived_from")
    return {tuple(job[n] for n in where): tuple(job[n] for n in which) for job in jobs}


def answer(shop, *words, code=0):
    ended = shop(*words, "--json")
    assert ended.code == code, ended.err
    return json.loads(ended.out)


def servers(shop):
    """The embedded servers' folders; one that only starts would leave its traces there."""
    files = (path for path in sorted(shop.output.glob(".embedded/**/*")) if path.is_file())
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def looked_at(shop, campaign):
    """Open the review page and shut it; the review file as that leaves it."""
    with shop.start("review", f"{campaign}.yaml", "--no-open", "--as", "ben") as page:
        assert page.stdout.readline().startswith("http://127.0.0.1:")
        page.send_signal(signal.SIGTERM)
        _, err = page.communicate(timeout=30)
    assert page.returncode == 0, err
    return (shop.folder / "reviews" / f"{campaign}.yaml").read_text("utf-8")


@each_campaign
def test_the_first_run_after_an_upgrade_sends_nothing_and_knows_every_image(shop, campaign):
    """All keys are those of 7bd2b82: of round 2, of finals, and of images that cells share."""
    before, idle = shop.manifest(campaign), servers(shop)
    assert before["run"]["exit_code"] == ENDINGS[campaign]
    ended = shop("run", f"{campaign}.yaml")
    assert ended.code == ENDINGS[campaign], ended.err
    assert "nothing has changed" not in ended.err  # it planned, so the keys are its own
    now = shop.manifest(campaign)
    assert now["run"]["id"] != before["run"]["id"]
    assert named(now["images"]) == named(job for job in written(campaign) if not job["gone"])
    was, is_ = ([{name: one[name] for name in FACTS} for one in m["images"]] for m in (before, now))
    assert is_ == was
    assert now["totals"]["credits"] == before["totals"]["credits"] | {"this_run": 0}
    log = (shop.output / campaign / "latest" / "log.jsonl").read_text("utf-8")
    events = {json.loads(line)["event"] for line in log.splitlines()}
    assert {"start", "done"} <= events <= {"start", "plan", "checkpoint", "done"}
    assert servers(shop) == idle


@each_campaign
def test_every_image_that_was_ever_asked_for_is_listed_under_its_key(shop, campaign):
    listed = answer(shop, "ls", f"{campaign}.yaml")
    paid = {job["job"]: job["status"] for job in written(campaign) if not job["shared_with"]}
    assert {row["job"]: row["status"] for row in listed} == paid
    assert not any(row["missing"] for row in listed)


def test_every_file_is_whole(shop):
    jobs = [job for campaign in ENDINGS for job in written(campaign)]
    stored = sum(job["status"] == "stored" and not job["shared_with"] for job in jobs)
    assert answer(shop, "verify") == {"files": stored, "whole": stored, "bad": {}}


def test_a_plan_finds_nothing_to_buy_and_only_the_round_that_was_redone_gone(shop):
    plan = answer(shop, "plan", "fizz.yaml")
    for stage in plan["stages"].values():
        assert (stage["to_buy"], stage["to_fetch"], stage["credits"]) == ([], [], 0)
    assert sorted(plan["gone"]) == sorted(job["job"] for job in written("fizz") if job["gone"])


def test_a_campaign_that_nothing_was_bought_of_has_the_plan_that_7bd2b82_made_of_it(shop):
    """Its id is of the work and its price: a run can still be held to it."""
    [place] = shop.output.glob("fizz/plans/*.json")
    before = json.loads(place.read_text("utf-8"))
    plan = answer(shop, "plan", "fizz.yaml", "--output", "elsewhere")
    assert (plan["plan"], plan["stages"]) == (before["plan"], before["stages"])


def test_status_tells_the_same_reviews_and_the_same_money(shop):
    told = {row["campaign"]: row for row in answer(shop, "status")}
    assert {name: row["exit_code"] for name, row in told.items()} == ENDINGS
    assert {name: row["review"] for name, row in told.items()} == {
        "fizz": {"drafted": 5, "decided": 3, "to_review": 2, "approved": 2},
        "tea": {"drafted": 3, "decided": 3, "to_review": 0, "approved": 3},
        "tonic": {"drafted": 3, "decided": 1, "to_review": 2, "approved": 1},
    }
    assert {name: row["credits"] for name, row in told.items()} == {
        "fizz": {"confirmed": 32, "in_doubt": 0, "upper": 32},
        "tea": {"confirmed": 18, "in_doubt": 0, "upper": 18},
        "tonic": {"confirmed": 12, "in_doubt": 4, "upper": 16},
    }


@each_campaign
def test_a_review_file_of_7bd2b82_is_the_one_that_would_be_written_today(shop, campaign):
    """No verdict is read otherwise, and git shows no change that nobody made."""
    kept = (SHOP / "reviews" / f"{campaign}.yaml").read_text("utf-8")
    assert looked_at(shop, campaign) == kept


def test_a_line_that_was_changed_in_an_old_review_file_is_taken_over(shop):
    """Merged in git on the day of the upgrade, and known to the file alone."""
    file = shop.folder / "reviews" / "fizz.yaml"
    cell = "  citrus/meta-feed-square:\n    draft: "
    text = file.read_text("utf-8")
    file.write_text(text.replace(cell + "{status: undecided}", cell + "{status: rejected}"))
    kept = looked_at(shop, "fizz")
    assert cell + '{status: rejected, take: 1, round: 1, by: "git"' in kept
    assert answer(shop, "status", "fizz.yaml")[0]["review"]["decided"] == 4


def test_a_doubt_of_7bd2b82_is_still_listed_and_can_be_settled(shop):
    [doubt] = [job for job in written("tonic") if job["status"] == "in_doubt"]
    [listed] = answer(shop, "resolve", "tonic.yaml", "elder/*", code=6)
    assert (listed["job"], listed["credits"]) == (doubt["job"], 2)
    settled = shop("resolve", "tonic.yaml", "elder/*", "--charged")
    assert settled.code == 0, settled.err
    answers = shop.output / "tonic" / "resolutions.jsonl"
    before = (SHOP / "output" / "tonic" / "resolutions.jsonl").read_bytes()
    assert answers.read_bytes().startswith(before)
    assert json.loads(answers.read_bytes().splitlines()[-1])["by"]
    [row] = answer(shop, "status", "tonic.yaml")
    assert row["credits"] == {"confirmed": 14, "in_doubt": 2, "upper": 16}


def test_a_lost_ledger_is_rebuilt_from_a_manifest_of_7bd2b82(shop):
    for place in shop.output.glob("ledger.db*"):
        place.unlink()
    imported = shop("ledger", "import", shop.output / "tonic" / "latest" / "manifest.json")
    assert imported.code == 0, imported.err
    plan = answer(shop, "plan", "tonic.yaml")
    assert [stage["to_buy"] for stage in plan["stages"].values()] == [[], []]
