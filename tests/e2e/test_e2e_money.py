"""Money from the outside: doubts, plans that are held to, budgets, what the next run does."""

import json

import pytest
from conftest import SODA

ONE = SODA.replace(
    "    - {id: berry,  name: Berry Soda,  look: a slim pink can,       headline: BERRY RUSH}\n", ""
).replace("[1:1, 4:3]", "[1:1]")


@pytest.fixture
def faulty(pipeline, served):
    """A server with a fault, and the environment that reaches it."""

    def start(**rule):
        faults = pipeline.folder / "faults.json"
        faults.write_text(json.dumps({"rules": [rule]}))
        server = served("--engine", "none", "--faults", faults)
        return {"GPTIMAGE_BASE_URL": server.url, "GPTIMAGE_API_KEY": server.key}

    return start


@pytest.mark.parametrize(
    "rule",
    [
        {"fault": "drop", "when": "after", "times": 1},
        {"fault": "status", "status": 504, "when": "after", "times": 1},
        {"fault": "bad-json", "when": "after", "times": 1},
    ],
    ids=["reply lost", "504", "half a reply"],
)
def test_an_answer_lost_after_the_charge_is_in_doubt_and_the_next_run_sends_nothing(
    pipeline, faulty, rule
):
    environment = faulty(**rule)
    file = pipeline.write(ONE)
    words = ("run", file, "--provider", "gptimage", "--stage", "draft")
    first = pipeline(*words, **environment)
    assert first.code == 6, first.err
    credits_said = pipeline.manifest()["totals"]["credits"]
    assert (credits_said["confirmed"], credits_said["upper"]) == (0, 2)
    second = pipeline(*words, **environment)
    assert second.code == 6, second.err
    assert pipeline.manifest()["totals"]["in_doubt"] == 1
    assert len(pipeline.manifest()["images"][0]["attempts"]) == 1


def test_a_doubt_is_settled_by_a_person_and_the_job_goes_on(pipeline, faulty):
    environment = faulty(fault="drop", when="after", times=1)
    file = pipeline.write(ONE)
    words = ("run", file, "--provider", "gptimage", "--stage", "draft")
    pipeline(*words, **environment)
    listed = pipeline("resolve", file)
    assert listed.code == 6
    assert "citrus/1x1" in listed.out
    assert pipeline("resolve", file, "citrus/1x1", "--not-charged").code == 0
    again = pipeline(*words, **environment)
    assert again.code == 0, again.err
    assert pipeline.manifest()["totals"]["credits"]["upper"] == 2


def test_buying_again_keeps_the_old_price_in_doubt(pipeline, faulty):
    environment = faulty(fault="drop", when="after", times=1)
    file = pipeline.write(ONE)
    words = ("run", file, "--provider", "gptimage", "--stage", "draft")
    pipeline(*words, **environment)
    assert pipeline("resolve", file, "--rebuy").code == 0
    assert pipeline(*words, **environment).code == 0
    money = pipeline.manifest()["totals"]["credits"]
    assert (money["confirmed"], money["in_doubt"]) == (2, 2)


def test_an_offline_campaign_is_not_mistaken_for_done_on_the_real_api(pipeline, served):
    file = pipeline.write(ONE)
    assert pipeline("run", file).code == 0
    server = served("--engine", "none")
    environment = {"GPTIMAGE_BASE_URL": server.url, "GPTIMAGE_API_KEY": server.key}
    ended = pipeline("plan", file, "--provider", "gptimage", "--json", **environment)
    assert len(json.loads(ended.out)["stages"]["draft"]["to_buy"]) == 1


def test_a_budget_ends_a_run_before_it_overspends(pipeline, served):
    server = served("--engine", "none")
    environment = {"GPTIMAGE_BASE_URL": server.url, "GPTIMAGE_API_KEY": server.key}
    words = ("run", pipeline.write(), "--provider", "gptimage", "--max-credits", "5")
    ended = pipeline(*words, "--stage", "draft", **environment)
    assert ended.code == 4, ended.err
    warning = (
        "warning: 5 of 5 credits left for the run, enough for 2 of 4 images; the run stops there"
    )
    assert ended.err.splitlines()[0] == warning
    assert pipeline.manifest()["totals"]["credits"]["confirmed"] == 4
    assert pipeline.manifest()["totals"]["planned"] == 2


def test_a_plan_is_held_to_and_refused_once_a_word_has_changed(pipeline):
    file = pipeline.write()
    plan = json.loads(pipeline("plan", file, "--json").out)["plan"]
    pipeline.write(SODA.replace("BERRY RUSH", "BERRY CRUSH"))
    refused = pipeline("run", file, "--plan", plan)
    assert refused.code == 2
    assert plan in refused.err
    assert not [*pipeline.output.glob("soda/runs/*")]
    pipeline.write(SODA)
    assert pipeline("run", file, "--plan", plan, "--stage", "draft").code == 0


def test_a_plan_says_why_an_image_is_due(pipeline):
    file = pipeline.write(ONE)
    pipeline("run", file, "--stage", "draft")
    pipeline.write(ONE.replace("SUMMER CRUSH", "SUMMER SPLASH"))
    plan = json.loads(pipeline("plan", file, "--json").out)
    [due] = plan["stages"]["draft"]["to_buy"]
    assert due["why"] == "prompt or settings changed"
    assert len(plan["gone"]) == 1


def test_a_lost_ledger_is_rebuilt_from_a_run_manifest_and_nothing_is_bought_again(pipeline):
    file = pipeline.write(ONE)
    pipeline("run", file)
    for place in pipeline.output.glob("ledger.db*"):
        place.unlink()
    manifest = pipeline.output / "soda" / "latest" / "manifest.json"
    assert pipeline("ledger", "import", manifest).code == 0
    again = pipeline("run", file)
    assert again.code == 0, again.err
    assert pipeline.manifest()["totals"]["credits"]["this_run"] == 0


def test_verify_finds_bit_rot(pipeline):
    file = pipeline.write(ONE)
    pipeline("run", file)
    assert pipeline("verify").code == 0
    victim = pipeline.output / pipeline.manifest()["images"][0]["file"]
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)
    found = pipeline("verify", "--json")
    assert found.code == 3
    assert list(json.loads(found.out)["bad"].values()) == ["changed"]
