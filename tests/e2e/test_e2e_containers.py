"""A machine whose disk ends with the run: images and sealed replies lie in an object store.

The ledger is kept apart, as a volume or a database would keep it; everything else is lost.
"""

import os
import shutil
import signal

import apsw
import pytest
from conftest import SODA, wait_until
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
    file = pipeline.write(CAMPAIGN)
    return pipeline("run", file, "--yes", "--max-cost", "1000", *words)


def begin_anew(pipeline):
    """Lose everything of the output folder but the ledger."""
    for place in [*pipeline.output.iterdir()]:
        if place.name.startswith("ledger.db"):
            continue
        shutil.rmtree(place) if place.is_dir() else place.unlink()


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
    (pipeline.folder / "sitecustomize.py").write_text(
        "import os, signal\n"
        "from pipeline.purchasing.sealed_replies import OpenSeal\n"
        "OpenSeal.read = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    mended = dict(pipeline.environment)
    pipeline.environment["PYTHONPATH"] += f"{os.pathsep}{pipeline.folder}"
    draft = ("--stage", "draft", "--only", "citrus/*")
    assert run(pipeline, *draft).code == -signal.SIGKILL
    wait_until(lambda: bought(api) == 1)
    assert len([key for key in objects(server) if key.startswith("box/.replies/")]) == 1
    begin_anew(pipeline)
    pipeline.environment = mended
    ended = run(pipeline, *draft)
    assert ended.code == 0, ended.err
    assert (bought(api), len(in_store(server))) == (1, 1)
    run(pipeline, *draft)  # a run forgets the replies to what was stored before it
    assert [key for key in objects(server) if key.startswith("box/.replies/")] == []


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
