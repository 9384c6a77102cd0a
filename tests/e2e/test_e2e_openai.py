"""The whole cycle on OpenAI's wire, held against what the server itself charged."""

import json
import os
import signal

import pytest
from conftest import SODA, wait_until
from openai_account import charged

OPENAI = SODA.replace("[1:1, 4:3]", "[1:1, '3:2']").replace("review: auto", "review: none")
ENOUGH = ("--max-cost", "1000")
"""In dollars."""


@pytest.fixture
def shop(pipeline, served):
    """A server that speaks OpenAI's API, with the environment to reach it."""

    def opened(*flags):
        server = served("--wire", "openai", "--engine", "none", *flags)
        pipeline.environment |= {
            "OPENAI_BASE_URL": f"{server.url}/v1",
            "OPENAI_API_KEY": server.key,
        }
        return server

    return opened


def run(pipeline, *more, text=OPENAI):
    file = pipeline.write(text)
    return pipeline("run", file, "--provider", "openai", "--yes", *ENOUGH, *more)


def replies(pipeline):
    return list((pipeline.output / ".replies").iterdir())


def money_of(pipeline):
    return pipeline.manifest()["totals"]["nano_usd"]


def test_the_cycle_costs_what_the_server_charged_to_the_nano_dollar(pipeline, shop):
    server = shop()
    ended = run(pipeline)
    assert ended.code == 0, ended.err
    told = pipeline.manifest()
    assert told["totals"]["stored"] == 8
    assert {image["size"] for image in told["images"]} == {"1024x1024", "1536x1024"}
    assert (money_of(pipeline)["confirmed"], 8) == charged(server)
    assert money_of(pipeline)["in_doubt"] == 0
    assert replies(pipeline) == []
    assert run(pipeline).code == 0
    assert charged(server)[1] == 8


def test_drafts_and_finals_may_come_from_different_models(pipeline, shop):
    server = shop()
    text = OPENAI.replace("{quality: low,", "{quality: low, model: gpt-image-1-mini,")
    text = text.replace("final: {quality: medium}", "final: {quality: high, model: gpt-image-1.5}")
    ended = run(pipeline, text=text)
    assert ended.code == 0, ended.err
    models = {(image["stage"], image["model"]) for image in pipeline.manifest()["images"]}
    assert models == {("draft", "gpt-image-1-mini"), ("final", "gpt-image-1.5")}
    assert (money_of(pipeline)["confirmed"], 8) == charged(server)


@pytest.mark.parametrize(
    ("moment", "status"), [("before the seal", "in_doubt"), ("after it", "stored")]
)
def test_a_run_that_is_killed_around_the_seal(pipeline, shop, moment, status):
    """Before the seal nobody knows; after it, the reply is read by the next run, and not bought."""
    server = shop()
    step = "end" if moment == "before the seal" else "read"
    (pipeline.folder / "sitecustomize.py").write_text(
        "import os, signal\n"
        "from pipeline.purchasing.sealed_replies import OpenSeal\n"
        f"OpenSeal.{step} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    one = OPENAI.replace("[1:1, '3:2']", "[1:1]")
    mended = dict(pipeline.environment)
    pipeline.environment["PYTHONPATH"] += f"{os.pathsep}{pipeline.folder}"
    assert run(pipeline, "--stage", "draft", "--only", "citrus/*", text=one).code == -signal.SIGKILL
    wait_until(lambda: charged(server)[1] == 1)
    pipeline.environment = mended
    ended = run(pipeline, "--stage", "draft", "--only", "citrus/*", text=one)
    images = pipeline.manifest()["images"]
    image = next((one for one in images if one["status"] == status), None)
    assert image is not None, (images, ended.err)
    assert image["axes"]["product"] == "citrus"
    assert charged(server)[1] == 1
    assert ended.code == (6 if status == "in_doubt" else 0)
    told = money_of(pipeline)
    assert told["confirmed"] <= charged(server)[0] <= told["upper"]


def test_a_lost_answer_is_held_and_charged_within_the_bounds(pipeline, shop, tmp_path):
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps({"rules": [{"fault": "drop", "when": "after", "times": 1}]}))
    server = shop("--faults", faults)
    ended = run(pipeline, "--stage", "draft")
    assert ended.code == 6, ended.err
    told, (amount, pictures) = money_of(pipeline), charged(server)
    assert pictures == 4
    assert told["confirmed"] < amount <= told["upper"]


def test_a_reply_with_two_pictures_is_looked_at_and_one_of_them_is_taken(pipeline, shop, tmp_path):
    """It stayed in doubt for ever: no command took a picture out of the kept reply."""
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps({"rules": [{"fault": "extra-image", "times": 1}]}))
    server = shop("--faults", faults)
    ended = run(pipeline, "--stage", "draft", "--only", "citrus/1x1")
    assert ended.code == 6, ended.err
    file = pipeline.write(OPENAI)
    [row] = json.loads(pipeline("resolve", file, "--json").out)
    assert [source.partition("#")[2] for source in row["shown"]] == ["1", "2"]
    looked = pipeline("resolve", file, "citrus/*", "--extract", tmp_path / "look")
    written = sorted((tmp_path / "look").iterdir())
    assert looked.code == 6, looked.err
    assert [one.name for one in written] == [
        f"citrus_1x1-draft-take-1-picture-{number}.png" for number in (1, 2)
    ]
    assert str(written[0]) in looked.out
    amount, _ = charged(server)
    second = ("resolve", file, "citrus/1x1", "--found", row["shown"][1])
    assert "add --cost N" in pipeline(*second).err
    other = pipeline(*second[:-1], "reply:abc-1#1", "--cost", "0.01")
    assert (other.code, "there are reply:" in other.err) == (2, True)
    assert pipeline(*second, "--cost", f"{amount / 1e9:.9f}").code == 0
    assert run(pipeline, "--stage", "draft", "--only", "citrus/1x1").code == 0
    [image] = [one for one in pipeline.manifest()["images"] if one["status"] == "stored"]
    stored = (pipeline.output / image["file"]).read_bytes()
    assert stored == written[1].read_bytes()
    assert money_of(pipeline)["confirmed"] == money_of(pipeline)["upper"] == amount
    assert charged(server)[1] == 1


def test_a_ratio_that_a_model_cannot_make_is_refused_with_the_nearest(pipeline, shop):
    shop()
    text = SODA.replace(
        "final: {quality: medium}", "final: {quality: medium, model: gpt-image-1.5}"
    )
    ended = run(pipeline, text=text)
    assert ended.code == 2
    assert "4:3" in ended.err
    assert "1:1, 3:2 and 2:3, not 4:3; the nearest is 3:2" in ended.err


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("gpt-image-1", "switched off on 2026-10-23; use gpt-image-1.5"),
        ("dall-e-3", "switched off on 2026-05-12; use gpt-image-2"),
        ("gpt-image-3", "openai has no model gpt-image-3 (did you mean"),
    ],
)
def test_a_model_that_is_gone_or_unknown_is_refused_by_name(pipeline, shop, model, words):
    shop()
    text = OPENAI.replace("{quality: low,", f"{{quality: low, model: {model},")
    ended = run(pipeline, text=text)
    assert ended.code == 2
    assert words in ended.err
    assert "soda.yaml:11:" in ended.err
