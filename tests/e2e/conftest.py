"""`python -m pipeline` as a user runs it, against the server that ships inside."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from forked_pipeline import ForkedPipeline, is_ordinary

ROOT = Path(__file__).resolve().parents[2]

SODA = """\
campaign: soda
matrix:
  product:
    - {id: citrus, name: Citrus Soda, look: an amber glass bottle, headline: SUMMER CRUSH}
    - {id: berry,  name: Berry Soda,  look: a slim pink can,       headline: BERRY RUSH}
  size: [1:1, 4:3]
prompt: |
  A photorealistic product photo of {{ product.look }} of {{ product.name }} on a wet studio table,
  soft reflections, premium lighting, poster layout with the headline "{{ product.headline }}".
stages:
  draft: {quality: low, takes: 1, review: auto}
  final: {quality: medium}
"""


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


class Cli:
    """Runs commands in a folder of its own; `afresh`: each starts Python anew."""

    afresh = False

    def __init__(self, folder):
        self.folder = folder
        self.output = folder / "output"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "NO_COLOR": "1",
        }

    def write(self, text=SODA, name="soda.yaml"):
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place

    def start(self, *words, **environment):
        environment = self.environment | environment
        if not self.afresh and is_ordinary(environment):
            return ForkedPipeline(words, folder=self.folder, environment=environment)
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline", *map(str, words)],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words, **environment):
        with self.start(*words, **environment) as process:
            out, err = process.communicate(timeout=100)
        return Ended(process.returncode, out, err)

    def manifest(self, campaign="soda"):
        return json.loads((self.output / campaign / "latest" / "manifest.json").read_text())


@pytest.fixture
def pipeline(tmp_path):
    return Cli(tmp_path)


SHOP = """\
campaign: shop
matrix:
  product:
    - {id: citrus, name: Citrus Soda, look: an amber glass bottle, headline: SUMMER CRUSH}
    - {id: berry,  name: Berry Soda,  look: a slim pink can,       headline: BERRY RUSH}
  size: [medium-rectangle, half-page, {id: hero, px: 600x200, format: webp, max_kb: 40}]
prompt: |
  A photorealistic product photo of {{ product.look }} of {{ product.name }} on a wet studio table,
  soft reflections, premium lighting, poster layout with the headline "{{ product.headline }}".
stages: {draft: {quality: low, review: auto}, final: {quality: low}}
adfiles: {formats: {half-page: [jpg, png]}}
provenance: {credit: Sunburst GmbH}
"""
AD_FILES = 2 * (1 + 2 + 1)


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    """A campaign that was rendered once, for tests to copy."""
    pipeline = Cli(tmp_path_factory.mktemp("shop"))
    ended = pipeline("run", pipeline.write(SHOP, "shop.yaml"))
    assert ended.code == 0, ended.err
    return pipeline.folder, ended


@pytest.fixture
def shop(rendered, tmp_path):
    shutil.copytree(rendered[0], tmp_path / "shop", symlinks=True)
    return Cli(tmp_path / "shop")


@dataclass
class Served:
    url: str
    key: str
    state: Path


@pytest.fixture
def served(pipeline):
    """`pipeline serve` on ports of its own; stopped with a signal at the end."""
    processes = []

    def start(*flags):
        state = pipeline.folder / f"serve-{len(processes)}"
        process = pipeline.start(
            "serve", "--port", "0", "--cdn-port", "0", "--state", state, *flags
        )
        processes.append(process)
        ready = json.loads(process.stdout.readline())
        return Served(url=ready["url"], key=ready["key"], state=state)

    yield start
    for process in processes:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def wait_until(true, *, seconds=60.0):
    """Wait for something that another process does."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
