"""Doubts and how they are settled: by a person, by a reply that was kept, or by the balance."""

import json
import subprocess
import sys

import pytest
from conftest import ROOT, SODA, Ended, wait_until

PATCHED_PIPELINE = ROOT / "tests" / "crash" / "patched_pipeline.py"
PAIR = SODA.replace("[1:1, 4:3]", "[1:1]")
TOLD = PAIR + "providers: {gptimage: {balance: /v1/credits}}\n"
"""The same campaign where the API tells what is left."""


@pytest.fixture
def shop(pipeline, served):
    """A server of so many credits that loses some answers, and the words of a run against it."""

    def start(text, *, rules, credits_=100):
        faults = pipeline.folder / "faults.json"
        faults.write_text(json.dumps({"rules": rules}))
        server = served("--engine", "none", "--credits", credits_, "--faults", faults)
        file = pipeline.write(text)
        pipeline.environment |= {"GPTIMAGE_BASE_URL": server.url, "GPTIMAGE_API_KEY": server.key}
        return file, ("run", file, "--provider", "gptimage", "--stage", "draft")

    return start


def an_hour_later(pipeline, *words):
    """The same program, by a clock that is an hour on."""
    done = subprocess.run(
        [sys.executable, PATCHED_PIPELINE, "--clock", "3600", "--", *map(str, words)],
        cwd=pipeline.folder,
        env=pipeline.environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


LOST = {"fault": "drop", "when": "after", "times": 1}
NEVER_PAINTED = {"fault": "status", "status": 500, "when": "before", "times": 1}


@pytest.mark.parametrize(
    ("rule", "settled", "status"),
    [
        (LOST, "2 for what is in doubt", "paid_lost"),
        (NEVER_PAINTED, "no doubt was charged", "stored"),
    ],
    ids=["charged", "not charged"],
)
def test_the_balance_before_and_after_settles_a_doubt_that_somebody_asks_about(
    pipeline, shop, *, rule, settled, status
):
    file, words = shop(TOLD, rules=[rule])
    assert pipeline(*words).code == 6
    answered = an_hour_later(pipeline, "resolve", file, "--provider", "gptimage", "--balance")
    assert answered.code == 0, answered.err
    assert settled in answered.err
    pipeline(*words)
    told = pipeline.manifest()
    assert {image["status"] for image in told["images"]} == {"stored", status}
    assert told["totals"]["credits"]["confirmed"] == told["totals"]["credits"]["upper"] == 4
    [line] = (pipeline.output / "soda" / "resolutions.jsonl").read_text().splitlines()
    assert settled in json.loads(line)["ground"]


def test_what_may_still_be_in_the_making_is_not_settled_by_a_balance(pipeline, shop):
    file, words = shop(TOLD, rules=[LOST])
    pipeline(*words)
    asked = pipeline("resolve", file, "--provider", "gptimage", "--balance")
    assert asked.code == 2
    assert "may still be rendered; ask for the balance after" in asked.err
    assert pipeline("resolve", file).code == 6


def test_a_balance_that_nobody_tells_settles_nothing_and_says_what_is_missing(pipeline, shop):
    """It asked for ten minutes of patience first, although there was nothing to wait for."""
    file, words = shop(PAIR, rules=[LOST])
    pipeline(*words)
    asked = pipeline("resolve", file, "--provider", "gptimage", "--balance")
    assert asked.code == 2
    assert "no earlier balance of" in asked.err
    assert "set providers.gptimage.balance to the path" in asked.err
    assert not (pipeline.output / "soda" / "resolutions.jsonl").exists()


def test_a_takes_doubt_is_named_by_its_take(pipeline, shop):
    """With two takes of a cell in doubt neither could be answered for by itself."""
    lost = {**LOST, "times": 2}
    file, words = shop(PAIR.replace("takes: 1", "takes: 2"), rules=[lost])
    pipeline(*words, "--only", "citrus/*", "--concurrency", "1")
    listed = json.loads(pipeline("resolve", file, "--json").out)
    assert [row["take"] for row in listed] == [1, 2]
    refused = pipeline("resolve", file, "citrus/1x1", "--found", "https://x.test/1.png")
    assert refused.code == 2
    assert "name its cell, --stage and --take" in refused.err
    assert pipeline("resolve", file, "citrus/1x1", "--take", "2", "--not-charged").code == 0
    [left] = json.loads(pipeline("resolve", file, "--json").out)
    assert left["take"] == 1


def test_a_url_that_is_none_is_not_believed_to_be_the_image(pipeline, shop):
    """It was taken, could not be fetched, and the image counted as lost for good."""
    file, words = shop(PAIR, rules=[LOST])
    pipeline(*words)
    asked = pipeline("resolve", file, "--found", "my-image.png")
    assert asked.code == 2
    assert "http or https URL" in asked.err
    assert pipeline("resolve", file).code == 6


def test_an_answer_to_no_doubt_at_all_settles_nothing_and_says_so(pipeline, shop):
    """It said that an image was settled, and nothing was."""
    file, words = shop(PAIR, rules=[LOST])
    pipeline(*words)
    pipeline("resolve", file, "--charged")
    again = pipeline("resolve", file, "--charged")
    assert again.code == 3
    assert "no doubt to settle" in again.err
    assert "1 image settled" not in again.err


def test_what_a_killed_run_had_in_flight_is_listed_and_settled_before_the_next_run(pipeline, shop):
    """`status` counted it as in doubt, `ls` called it planned, and `resolve` knew nothing of it.

    Only the next run settled what a dead one had left open, so nobody could answer for it before.
    """
    file, words = shop(PAIR, rules=[{"fault": "hang", "when": "after"}])

    def status():
        told = json.loads(pipeline("status", file, "--json").out)
        return told[0] if told else {"images": {}}

    with pipeline.start(*words) as process:
        try:
            wait_until(lambda: status()["images"])
            assert status()["images"] == {"rendering": 1}
            assert pipeline("resolve", file).code == 75
        finally:
            process.kill()
            process.communicate()
    assert status()["images"] == {"in_doubt": 1}
    assert status()["credits"] == {"confirmed": 0, "in_doubt": 2, "upper": 2}
    assert len(json.loads(pipeline("ls", file, "--status", "in_doubt", "--json").out)) == 1

    listed = pipeline("resolve", file, "--json")
    assert listed.code == 6
    [doubt] = json.loads(listed.out)
    assert (doubt["status"], doubt["credits"]) == ("in_doubt", 2)
    assert doubt["reason"] == "the run ended before an answer was kept"
    assert status()["images"] == {"in_doubt": 1}
    assert status()["credits"] == {"confirmed": 0, "in_doubt": 2, "upper": 2}
    [row] = json.loads(pipeline("ls", file, "--status", "in_doubt", "--json").out)
    assert row["job"] == doubt["job"]

    assert pipeline("resolve", file, "--charged").code == 0
    assert status()["images"] == {"paid_lost": 1}
    assert status()["credits"] == {"confirmed": 2, "in_doubt": 0, "upper": 2}


def test_commands_that_follow_name_the_account_of_the_newest_run(pipeline, shop):
    """`resolve FILE --charged` named a `run` without `--provider`: it spent on another account.

    Of cells that share an image in doubt, it was said that "-1 other images" may have cost more.
    """
    shared = TOLD.replace("[1:1]", "[1:1, meta-feed-square]")
    file, words = shop(shared, rules=[LOST])
    ended = pipeline(*words)
    assert ended.code == 6
    assert "2 images in doubt" in ended.err
    assert "other image" not in ended.err
    refused = pipeline("approve", file, "berry/*")
    assert refused.code == 2
    assert "This is about embedded; the campaign was rendered on gptimage: add" in refused.err
    again = f"pipeline run {file} --rebuy-lost --provider gptimage"
    settled = pipeline("resolve", file, "--charged")
    assert f"Next  {again}  # pays for another one\n" in settled.err
    assert "1 image settled as paid and lost\n" in settled.err
    status = pipeline("status", file)
    assert status.err == "Next  pipeline review soda.yaml --provider gptimage\n"
    pipeline("run", file)
    record = json.loads((pipeline.output / "soda" / "campaign-file.json").read_text())
    assert "provider" not in record
