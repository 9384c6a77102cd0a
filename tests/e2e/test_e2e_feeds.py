"""Campaigns whose products come from a URL, as a user runs them."""

import hashlib
import json
import subprocess
import sys

import pytest
from feed_server import feed_server

ROWS = 'id,name\ncitrus,"Citrus Soda"\nberry,"Berry Soda"\n'
FILE = """\
campaign: demo
feed_hosts: [127.0.0.1]
data:
  products: {{source: "{url}"}}
matrix:
  product: {{from: products}}
  size: ['1:1']
prompt: a photo of {{{{ product.name }}}} on a wet studio table, soft reflections
stages: {{draft: {{quality: low, takes: 1, review: auto}}}}
"""


@pytest.fixture
def feeds():
    with feed_server() as server:
        server.give("/products.csv", ROWS, etag=True)
        yield server


@pytest.fixture
def file(pipeline, feeds):
    return pipeline.write(FILE.format(url=f"{feeds.url}/products.csv"), "demo.yaml")


def snapshot(output, rows):
    return output / "demo" / "feeds" / f"{hashlib.sha256(rows.encode()).hexdigest()}.csv"


def test_check_plan_and_run_send_an_unchanged_feed_once(pipeline, feeds, file):
    """The nightly run still takes its short cut, and the run manifest names the snapshot."""
    for words in (["check"], ["plan"], ["run"], ["run"], ["run"]):
        ended = pipeline(*words, file)
        assert ended.code == 0, ended.err
    # `check` came before there was an output folder, and kept nothing
    assert (feeds.sent, len(feeds.asked)) == (2 * len(ROWS), 5)
    assert "nothing has changed" in ended.err
    manifest = pipeline.manifest("demo")
    digest = hashlib.sha256(ROWS.encode()).hexdigest()
    assert manifest["run"]["feeds"] == {f"{feeds.url}/products.csv": digest}
    assert snapshot(pipeline.output, ROWS).read_text() == ROWS


def test_a_plan_is_applied_to_its_snapshot_exactly(pipeline, feeds, file):
    plan = json.loads(pipeline("plan", file, "--json").out)
    feeds.give("/products.csv", ROWS + "lime,Lime Soda\n", etag=True)
    asked = len(feeds.asked)
    ended = pipeline("run", file, "--plan", plan["plan"])
    assert ended.code == 0, ended.err
    assert [row["cell"] for row in pipeline.manifest("demo")["images"]] == [
        "citrus/1x1",
        "berry/1x1",
    ]
    assert len(feeds.asked) == asked
    ended = pipeline("run", file)
    assert ended.code == 0, ended.err
    assert pipeline.manifest("demo")["totals"]["jobs"] == 3


def test_kept_feeds_need_no_network(pipeline, feeds, file):
    assert pipeline("plan", file).code == 0
    feeds.give("/products.csv", status=403)
    ended = pipeline("plan", file)
    assert ended.code == 2
    assert "is not public (HTTP 403)" in ended.err
    assert "--feeds kept uses the snapshot of" in ended.err
    asked = len(feeds.asked)
    for command in ("check", "plan", "run"):
        ended = pipeline(command, file, "--feeds", "kept")
        assert ended.code == 0, ended.err
    assert len(feeds.asked) == asked
    assert pipeline.manifest("demo")["totals"]["stored"] == 2


def test_verdicts_are_given_on_the_feed_that_was_rendered(pipeline, feeds, file):
    assert pipeline("run", file).code == 0
    feeds.give("/products.csv", status=500)
    ended = pipeline("approve", file, "citrus/*")
    assert ended.code == 0, ended.err


def test_a_campaign_without_urls_loads_no_http_client(pipeline, tmp_path):
    file = pipeline.write(
        "campaign: demo\nmatrix:\n  product: [{id: a, name: A}]\n  size: ['1:1']\nprompt: a photo\n"
    )
    program = (
        "import sys; from pathlib import Path; from pipeline.app.campaign import load; "
        "from pipeline.app.options import CampaignOptions; from pipeline.settings import Settings; "
        f"load(CampaignOptions(campaign=Path({str(file)!r})), Settings()); "
        "print('aiohttp' in sys.modules, 'pipeline.app.feeds' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=pipeline.environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False", "False"]
