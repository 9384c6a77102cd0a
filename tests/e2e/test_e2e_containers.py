"""A machine whose disk ends with the run: images and sealed replies lie in an object store.

The ledger is kept apart, on a volume or in Postgres; everything else is lost.
"""

import os
import shutil
import signal

import apsw
import pytest
from conftest import SODA, wait_until
from openai_account import are_over
from postgres_server import SCHEMA, empty_ledger, execute
from ray_cluster import NEEDS_RAY
from s3_server import Fault, make_bucket, no_fault, objects, proxy_to, s3_server

CAMPAIGN = "provider: openai\n" + SODA.replace("[1:1, 4:3]", "[medium-rectangle]").replace(
    "review: auto", "review: none"
)
IMAGES, AD_FILES = 4, 2
STORE = "s3://ads/box"


@pytest.fixture(scope="module")
def server():
    with s3_server() as url:
        yield url


@pytest.fixture
def proxy(server, pipeline):
    make_bucket(server)
    with proxy_to(server) as proxy:
        pipeline.environment |= proxy.environment() | {"PIPELINE_IMAGES": STORE}
        yield proxy


@pytest.fixture
def api(pipeline, served):
    """A server that speaks OpenAI's API: an answer is the picture itself."""
    server = served("--wire", "openai", "--engine", "none")
    pipeline.environment |= {"OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_API_KEY": server.key}
    return server


def bought(api):
    """The pictures that the server charged, by its own books."""
    books = apsw.Connection(str(api.state / "books.db"), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        return next(books.execute("select count(*) from entry where kind = 'capture'"))[0]
    finally:
        books.close()


def run(pipeline, *words):
    file = pipeline.folder / "soda.yaml"
    if not file.exists():
        pipeline.write(CAMPAIGN)
    return pipeline("run", file, "--yes", "--max-cost", "1000", *words)


def begin_anew(pipeline):
    """Lose everything of the output folder but the ledger."""
    for place in [*pipeline.output.iterdir()]:
        if place.name.startswith("ledger.db"):
            continue
        shutil.rmtree(place) if place.is_dir() else place.unlink()


def killed_run(pipeline, *words, step, nth=1):
    """Run, and kill it when this step, `module:class.method`, begins for the n-th time."""
    module, _, place = step.partition(":")
    owner, _, method = place.partition(".")
    (pipeline.folder / "sitecustomize.py").write_text(
        "import os, signal\n"
        f"from {module} import {owner}\n"
        f"original, left = {owner}.{method}, {nth}\n"
        "def step(*arguments):\n"
        "    global left\n"
        "    left -= 1\n"
        "    if not left:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return original(*arguments)\n"
        f"{owner}.{method} = step\n"
    )
    mended = dict(pipeline.environment)
    pipeline.environment["PYTHONPATH"] += f"{os.pathsep}{pipeline.folder}"
    ended = run(pipeline, *words)
    pipeline.environment = mended
    assert ended.code == -signal.SIGKILL, ended.err


def lose_container(pipeline):
    """Lose the whole output folder, and let the lease of a killed run lapse."""
    shutil.rmtree(pipeline.output, ignore_errors=True)
    execute(pipeline.environment["PIPELINE_LEDGER"], f"update {SCHEMA}.lease set seconds = -1e6")


def counts(pipeline):
    totals = pipeline.manifest()["totals"]
    return {name: totals[name] for name in ("stored", "ordered", "paid_lost") if totals[name]}


def in_store(server, suffixes=(".png", ".jpg")):
    found = {key.removeprefix("box/"): content for key, content in objects(server).items()}
    return {key: content for key, content in found.items() if key.endswith(suffixes)}


def test_a_new_container_renders_on_with_no_request_for_what_is_paid(pipeline, proxy, server, api):
    ended = run(pipeline, "--stage", "draft")
    assert ended.code == 0, ended.err
    assert [*pipeline.output.glob("soda/*/**/*.png")] == []
    assert bought(api) == 2
    begin_anew(pipeline)
    ended = run(pipeline)
    assert ended.code == 0, ended.err
    assert bought(api) == IMAGES
    images = pipeline.manifest()["images"]
    assert {one["stored_at"] for one in images} == {f"{STORE}/{one['file']}" for one in images}
    kept = in_store(server)
    assert len(kept) == IMAGES + AD_FILES
    begin_anew(pipeline)
    proxy.requests.clear()
    ended = run(pipeline)
    assert ended.code == 0, ended.err
    assert (bought(api), in_store(server)) == (IMAGES, kept)
    assert [key for key in proxy.puts() if "/drafts/" in key or "/finals/" in key] == []
    assert [key for key in proxy.puts() if key.endswith(".jpg")] == []
    assert pipeline("approve", "soda.yaml", "*@medium-rectangle").code == 0
    begin_anew(pipeline)
    for command in (("status",), ("verify",), ("export", "soda.yaml", "--to", "out")):
        ended = pipeline(*command)
        assert ended.code == 0, ended.err
    assert len([*(pipeline.folder / "out").rglob("*.jpg")]) == AD_FILES


def test_an_answer_of_a_killed_container_is_read_by_the_next(pipeline, proxy, server, api):
    """Killed after the seal and before anything was stored: the picture is not bought again."""
    draft = ("--stage", "draft", "--only", "citrus/*")
    killed_run(pipeline, *draft, step="pipeline.purchasing.sealed_replies:OpenSeal.read")
    wait_until(lambda: bought(api) == 1)
    assert len([key for key in objects(server) if key.startswith("box/.replies/")]) == 1
    begin_anew(pipeline)
    ended = run(pipeline, *draft)
    assert ended.code == 0, ended.err
    assert (bought(api), len(in_store(server))) == (1, 1)
    run(pipeline, *draft)  # a run forgets the replies to what was stored before it
    assert [key for key in objects(server) if key.startswith("box/.replies/")] == []


def test_a_batch_that_a_killed_container_collected_is_stored_by_the_next(pipeline, proxy, api):
    """The first line was settled and lay on the container's disk alone: its image was lost."""
    pipeline.environment["PIPELINE_LEDGER"] = empty_ledger()
    assert run(pipeline, "--batch").code == 0
    assert counts(pipeline) == {"ordered": IMAGES}
    lose_container(pipeline)
    wait_until(lambda: are_over(api))
    step = "pipeline.purchasing.batches.result_lines:ResultLines._seal"
    killed_run(pipeline, "--batch", step=step, nth=2)
    lose_container(pipeline)
    ended = run(pipeline, "--batch")
    assert ended.code == 0, ended.err
    assert (counts(pipeline), bought(api)) == ({"stored": IMAGES}, IMAGES)


@pytest.fixture(params=["local", pytest.param("ray", marks=NEEDS_RAY)])
def executor(request):
    """The options of each executor."""
    words = ("--executor", request.param)
    if request.param == "local":
        return words
    return (*words, "--ray-address", request.getfixturevalue("ray_cluster")[0])


@pytest.mark.thorough
@pytest.mark.usefixtures("proxy")
def test_a_container_that_is_killed_at_each_stage_refines_the_draft_in_the_store(
    pipeline, api, executor
):
    pipeline.environment["PIPELINE_LEDGER"] = empty_ledger()
    text = CAMPAIGN.replace("review: none", "review: human")
    pipeline.write(text.replace("{quality: medium}", "{quality: medium, mode: refine}"))
    step = "pipeline.purchasing.sealed_replies:OpenSeal.read"
    for sent in (2, IMAGES):
        killed_run(pipeline, *executor, step=step, nth=2)
        wait_until(lambda sent=sent: bought(api) == sent)
        lose_container(pipeline)
        ended = run(pipeline, *executor)
        assert ended.code == 0, ended.err
        assert (counts(pipeline), bought(api)) == ({"stored": sent}, sent)
        lose_container(pipeline)
        assert pipeline("approve", "soda.yaml", "*").code == 0
        lose_container(pipeline)
    ended = run(pipeline, *executor)
    assert (ended.code, bought(api)) == (0, IMAGES)


def test_a_store_that_refuses_ends_a_container_before_anything_is_sent(pipeline, proxy, api):
    proxy.answer = lambda request: (
        Fault(403, "AccessDenied", "Access Denied") if request.method == "PUT" else None
    )
    ended = run(pipeline)
    assert (ended.code, bought(api)) == (74, 0), ended.err
    assert "nothing was sent to the provider" in " ".join(ended.err.split())
    proxy.answer = no_fault
    ended = pipeline("run", "soda.yaml", PIPELINE_IMAGES="s3://Bad_Bucket/x")
    assert (ended.code, "is no name of a bucket" in ended.err) == (2, True)


def test_a_store_that_fails_later_stops_buying_and_nothing_is_bought_twice(pipeline, proxy, api):
    """The first image is refused after it was paid for: the next container stores it."""
    proxy.answer = lambda request: (
        Fault(403, "AccessDenied")
        if request.method == "PUT" and "/drafts/" in request.key
        else None
    )
    ended = run(pipeline, "--concurrency", "1")
    assert ended.code == 74, ended.err
    paid = bought(api)
    assert 1 <= paid < IMAGES
    proxy.answer = no_fault
    begin_anew(pipeline)
    ended = run(pipeline)
    assert ended.code == 0, ended.err
    assert bought(api) == IMAGES
    assert all(one["stored_at"] for one in pipeline.manifest()["images"])
