"""Images ordered in batches, as a cron user runs it: one run orders, a later one collects."""

import json
import os

import pytest
from conftest import SODA, wait_until
from openai_account import are_over, batches_of, charged
from postgres_server import empty_ledger

BATCH = SODA.replace("[1:1, 4:3]", "[1:1, '3:2']").replace("review: auto", "review: none")


@pytest.fixture
def shop(pipeline, served):
    """A server that speaks OpenAI's API, with the environment to reach it."""

    def opened(*flags, rules=()):
        faults = pipeline.folder / "faults.json"
        faults.write_text(json.dumps({"rules": list(rules)}))
        more = ("--faults", faults) if rules else ()
        server = served("--wire", "openai", "--engine", "none", *flags, *more)
        pipeline.environment |= {
            "OPENAI_BASE_URL": f"{server.url}/v1",
            "OPENAI_API_KEY": server.key,
        }
        return server

    return opened


def run(pipeline, *more, text=BATCH, batch=("--batch",)):
    file = pipeline.write(text)
    paid = ("--provider", "openai", "--yes", "--max-cost", "100")
    return pipeline("run", file, *paid, *batch, *more)


def all_over(server):
    wait_until(lambda: are_over(server))


def counts(pipeline):
    totals = pipeline.manifest()["totals"]
    told = ("ordered", "stored", "planned", "in_doubt", "failed")
    return {name: totals[name] for name in told if totals[name]}


def money(pipeline):
    return pipeline.manifest()["totals"]["nano_usd"]


def inside(pipeline, server):
    told = money(pipeline)
    assert told["confirmed"] <= charged(server)[0] <= told["upper"]


def test_one_run_orders_and_a_later_one_collects_at_half_the_price(pipeline, shop):
    server = shop()
    ordered = run(pipeline)
    assert ordered.code == 0, ordered.err
    assert counts(pipeline) == {"ordered": 8}
    assert "8 images are being made" in ordered.err
    assert "look again after" in ordered.err
    assert [one["model"] for one in batches_of(server)] == ["gpt-image-2"] * 2
    all_over(server)
    collected = run(pipeline)
    assert collected.code == 0, collected.err
    assert counts(pipeline) == {"stored": 8}
    assert (money(pipeline)["confirmed"], 8) == charged(server)
    assert money(pipeline)["in_doubt"] == 0
    assert not list((pipeline.output / ".replies").iterdir())
    assert not (pipeline.output / ".tickets").exists()
    again = run(pipeline)
    assert (again.code, charged(server)[1]) == (0, 8)


def test_a_ledger_is_copied_with_open_batches_and_shards_leave_them_to_a_whole_run(pipeline, shop):
    """A shard neither orders nor collects, and says which run does."""
    server = shop()
    assert run(pipeline).code == 0
    file, address = pipeline.output / "ledger.db", empty_ledger()
    assert pipeline("ledger", "copy", file, "PIPELINE_LEDGER", PIPELINE_LEDGER=address).code == 0
    for kept in (file, file.with_suffix(".db.mark")):
        kept.unlink()
    pipeline.environment["PIPELINE_LEDGER"] = address
    refused = run(pipeline, "--shard", "1/2")
    assert (refused.code, "--shard does not go with batches" in refused.err) == (2, True)
    all_over(server)
    shard = run(pipeline, "--shard", "1/2", batch=())
    assert (shard.code, counts(pipeline)) == (0, {"ordered": 8}), shard.err
    assert "look again without --shard" in shard.err
    assert "--shard" not in shard.err.rpartition("Next")[2]
    assert run(pipeline).code == 0
    assert (counts(pipeline), charged(server)[1]) == ({"stored": 8}, 8)
    inside(pipeline, server)


def test_the_answers_to_orders_are_lost_and_one_batch_ends_at_half(pipeline, shop):
    """Each order is found by its label; finished lines are charged, the rest is ordered again."""
    end = {"fault": "batch-end", "on": "batch-ends", "end": "expired", "share": 0.5, "times": 1}
    server = shop(rules=[{"fault": "drop", "when": "after", "on": "batches"}, end])
    ended = run(pipeline)
    assert (ended.code, counts(pipeline)) == (0, {"ordered": 8}), ended.err
    assert len(batches_of(server)) == 2
    all_over(server)
    collected = run(pipeline, "--detailed-exitcode")
    assert (collected.code, counts(pipeline)) == (5, {"ordered": 2, "stored": 6}), collected.err
    inside(pipeline, server)
    status = pipeline("status")
    assert "2 images, being made since" in status.out
    ls = pipeline("ls", pipeline.folder / "soda.yaml", "--status", "ordered")
    assert ls.out.count("ordered") == 2, ls.out
    plan = pipeline("plan", pipeline.folder / "soda.yaml", "--provider", "openai", "--batch")
    assert "2 images ordered, collected by a run" in plan.out
    all_over(server)
    direct = run(pipeline, batch=())
    assert (direct.code, counts(pipeline)) == (0, {"stored": 8}), direct.err
    assert (money(pipeline)["confirmed"], 8) == charged(server)
    images = pipeline.manifest()["images"]
    assert all(image["half_price"] and image["tickets"] for image in images)
    assert pipeline.manifest()["tickets"] == []


def test_what_cannot_be_ordered_in_batches_is_refused_with_the_reason(pipeline, shop):
    server = shop()
    newer = BATCH.replace("{quality: low,", "{quality: low, model: gpt-image-2.5-flare,")
    ended = run(pipeline, text=newer + "run: {batch: true}\n", batch=())
    assert ended.code == 2
    assert "soda.yaml:13:14: run.batch: " in ended.err
    assert "gpt-image-2.5-flare of openai takes no batches; batches are taken by" in ended.err
    file = pipeline.write(BATCH)
    other = pipeline("plan", file, "--provider", "gptimage", "--batch")
    assert other.code == 2
    assert "--batch: run.batch: gptimage takes no batches" in other.err
    assert batches_of(server) == []


def test_a_ledger_that_is_lost_with_the_run_that_ordered_comes_back_with_the_order(pipeline, shop):
    """Of a run that was killed after the POST nothing was known, and all was ordered again."""
    server = shop()
    whole = dict(pipeline.environment)
    (pipeline.folder / "sitecustomize.py").write_text(
        "import os, signal\n"
        "from pipeline.purchasing.batches.ordering import Tickets\n"
        "async def opened(*_):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "Tickets.opened = opened\n"
    )
    pipeline.environment["PYTHONPATH"] += f"{os.pathsep}{pipeline.folder}"
    one = BATCH.replace("[1:1, '3:2']", "[1:1]")
    assert run(pipeline, "--stage", "draft", text=one).code == -9
    pipeline.environment = whole
    for file in pipeline.output.glob("ledger.db*"):
        file.unlink()
    imported = pipeline("ledger", "import", pipeline.output / "soda")
    assert imported.code == 0, imported.err
    status = pipeline("status")
    assert "2 images, " in status.out, status.out
    assert "resolve" not in status.out
    all_over(server)
    collected = run(pipeline, "--stage", "draft", text=one, batch=())
    assert collected.code == 0, collected.err
    assert counts(pipeline) == {"stored": 2, "planned": 2}
    assert (money(pipeline)["confirmed"], 2) == charged(server)
    assert money(pipeline)["in_doubt"] == 0
