"""Re-rolls: a new take of an image that misses a check, priced, budgeted and never repeated."""

import json
import subprocess
import sys

import pytest
from account import audit
from conftest import ROOT
from rewriting_proxy import gateway_to

ONE = """\
campaign: soda
matrix:
  product: [{id: berry, name: Berry Soda, look: a slim pink can, headline: BERRY RUSH}]
  size: [medium-rectangle]
prompt: |
  A photorealistic product photo of {{ product.look }} of {{ product.name }} on a wet studio table,
  soft reflections, premium lighting, poster layout with the headline "{{ product.headline }}".
stages: {draft: {quality: low, review: none}, final: {quality: medium}}
checks: {text: {reroll: 1}}
"""
TYPOS = f"""
import pathlib, sys
sys.path.insert(0, {str(ROOT / "tests")!r})
from pipeline.adfiles.contents import locate
from pipeline.app.run import examining, session
from pipeline.cli.main import main
from pipeline.executors.inline import InlineExecutor
from pipeline.inspection.readers import TextLine
from pipeline.lettering.box import Box

seen = pathlib.Path("read.txt")

class Reader:
    '''Reads a typo in the first pictures, and the headline in the others.'''

    def read(self, image):
        count = len(seen.read_text()) if seen.exists() else 0
        seen.write_text("." * (count + 1))
        word = "BERY" if count < int(sys.argv[1]) else "BERRY"
        return tuple(
            TextLine(text=one, sure=0.9, box=Box(10, y, 80, 20))
            for one, y in ((word, 10), ("RUSH", 40))
        )

locate.open_text_reader = Reader
examining.is_installed = lambda *_: True
session.executor_for = lambda *_, **__: InlineExecutor()
sys.exit(main(sys.argv[2:]))
"""
"""Runs a command with a reader that misreads; `read.txt` counts the pictures that it read."""


@pytest.fixture
def misread(pipeline):
    def run(typos, *words):
        return subprocess.run(
            [sys.executable, "-c", TYPOS, str(typos), *map(str, words), "--output", "output"],
            cwd=pipeline.folder,
            env=pipeline.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return run


def takes(pipeline, stage):
    images = pipeline.manifest()["images"]
    return [
        (one["take"], one["status"], one["credits"], one["checks"]["text"]["result"])
        for one in images
        if one["stage"] == stage
    ]


def spent(pipeline):
    money = pipeline.manifest()["totals"]["credits"]
    return money["this_run"], money["confirmed"]


def entries(pipeline):
    file = pipeline.output / "soda" / "adfiles.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_new_take_mends_a_typo_and_the_accounts_agree(pipeline, misread):
    """A draft costs 2 credits, a final 6. The first draft has a typo; its new take has none."""
    file = pipeline.write(ONE)
    ended = misread(1, "run", file)
    assert ended.returncode == 0, ended.stderr
    assert takes(pipeline, "draft") == [(1, "stored", 2, "flag"), (2, "stored", 2, "pass")]
    assert takes(pipeline, "final") == [(1, "stored", 6, "pass")]
    assert spent(pipeline) == (10, 10)
    assert audit(pipeline.output) == (["soda"], 10, [])


def test_a_rerun_repeats_no_new_take_and_reads_nothing_twice(pipeline, misread):
    """Also if the only new take has a typo as well: then it is flagged, and nothing is bought."""
    file = pipeline.write(ONE)
    assert misread(2, "run", file).returncode == 0
    assert takes(pipeline, "draft") == [(1, "stored", 2, "flag"), (2, "stored", 2, "flag")]
    read = (pipeline.folder / "read.txt").read_text()
    assert len(read) == 3
    ended = misread(0, "run", file)
    assert ended.returncode == 0, ended.stderr
    assert spent(pipeline) == (0, 10)
    assert takes(pipeline, "draft") == [(1, "stored", 2, "flag"), (2, "stored", 2, "flag")]
    assert (pipeline.folder / "read.txt").read_text() == read
    assert pipeline("plan", file).out.count("to buy") == 0


@pytest.fixture
def paid(pipeline, served, misread):
    """Runs the drafts of a campaign whose reader misreads all, for credits of a served account."""
    server = served("--engine", "none", "--credits", "100")
    with gateway_to(server.url, server.key) as gateway:
        pipeline.environment |= gateway.environment()
        file = pipeline.write(ONE.replace("text: {reroll: 1}", "text: {reroll: 2}"))

        def run(*more):
            words = ("run", file, "--provider", "gptimage", "--stage", "draft", "--yes", *more)
            return misread(9, *words).returncode

        run.charged = lambda: gateway.charged(of=100)
        yield run


def test_the_budget_reserves_new_takes_one_at_a_time(pipeline, paid):
    """The run stops at the budget with exit 4, and the next one buys exactly what is missing."""
    assert paid("--max-credits", "4") == 4
    assert (spent(pipeline), paid.charged()) == ((4, 4), 4)
    assert paid() == 0
    assert (spent(pipeline), paid.charged()) == ((2, 6), 6)
    assert [take for take, *_ in takes(pipeline, "draft")] == [1, 2, 3]
    assert paid() == 0
    assert (spent(pipeline), paid.charged()) == ((0, 6), 6)


def test_an_ad_file_shows_the_take_that_passes_under_the_same_name(pipeline, misread):
    """The first read is the draft's; the final has a typo, and its new take replaces it."""
    file = pipeline.write(ONE.replace("draft: {quality: low, review: none}, ", ""))
    ended = misread(1, "run", file)
    assert ended.returncode == 0, ended.stderr
    images = pipeline.manifest()["images"]
    assert [image["take"] for image in images] == [1, 2]
    (ad_file,) = [one for image in images for one in image["adfiles"]]
    assert images[1]["adfiles"] == [ad_file]
    assert ad_file["name"] == "soda_berry_medium-rectangle_300x250.jpg"
    assert [one["result"] for one in ad_file["checks"]] == ["pass"]


def test_a_check_that_forbids_keeps_the_file_and_ends_with_3(pipeline, misread):
    file = pipeline.write(ONE.replace("{reroll: 1}", "fail"))
    ended = misread(2, "run", file)
    assert ended.returncode == 3
    text = " ".join(ended.stderr.split())
    assert "berry/medium-rectangle@medium-rectangle text: BERRY not found, BERY instead" in text
    assert "pipeline redo FILE berry/medium-rectangle --stage final" in text
    listed = pipeline("ls", file)
    assert "berry/medium-rectangle final take 1 text: BERRY not found" in " ".join(
        listed.err.split()
    )
    assert "soda: 2 images missed a check" in pipeline("status", file).err
    exported = misread(0, "export", file, "--to", "out")
    assert exported.returncode == 3
    assert "failed a check: text: BERRY not found" in " ".join(exported.stderr.split())
    assert not [*(pipeline.folder / "out").glob("medium-rectangle/*")]
    assert misread(0, "run", file).returncode == 3  # nothing was bought, and it is still so
    assert spent(pipeline) == (0, 8)


def test_a_plan_says_what_new_takes_can_cost(pipeline):
    file = pipeline.write(ONE.replace("reroll: 1", "reroll: 3"))
    ended = pipeline("plan", file)
    assert ended.code == 0
    text = " ".join((ended.out + ended.err).split())
    assert "24 credits more at most, for new takes of what misses a check" in text
    planned = json.loads(pipeline("plan", file, "--json").out)
    assert planned["rerolls_at_most"] == 24


def test_a_final_without_ad_files_that_fails_a_check_ends_with_3(pipeline, misread):
    text = ONE.replace("[medium-rectangle]", "[1:1]").replace("{reroll: 1}", "fail")
    ended = misread(2, "run", pipeline.write(text))
    assert ended.returncode == 3
    told = " ".join(ended.stderr.split())
    assert "failed a check: berry/1x1 final take 1 text: BERRY not found" in told
