"""A folder with a campaign, where `python -m pipeline` runs as a user runs it and is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from crash import audit
from forked_pipeline import ForkedPipeline, is_ordinary

ROOT = Path(__file__).resolve().parents[2]

PATCHED_PIPELINE = Path(__file__).with_name("patched_pipeline.py")
PROGRAM = (sys.executable, "-m", "pipeline", "run")

CAMPAIGN = """\
campaign: soda
provider: gptimage
matrix:
  product: [{products}]
  size: [1:1]
prompt: A product photo of {{{{ product }}}} on a wet studio table, soft reflections.
stages:
  draft: {{quality: {quality}, takes: 1, review: none}}
"""


def campaign(count, *, quality="low", more=""):
    """A campaign of so many drafts and nothing else."""
    products = ", ".join(f"soda-{number}" for number in range(count))
    return CAMPAIGN.format(products=products, quality=quality) + more


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str
    seconds: float


class Workspace:
    """A campaign file, an output folder, and what a server has charged for them.

    `afresh`: each command starts Python anew, and is not forked.
    """

    afresh = False

    def __init__(self, folder, server, text):
        self.folder = Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.server = server
        self.output = self.folder / "output"
        self.file = self.folder / "soda.yaml"
        self.file.write_text(text)
        self.since = server.mark()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT),
            "NO_COLOR": "1",
            "GPTIMAGE_BASE_URL": server.url,
            "GPTIMAGE_API_KEY": server.key,
            "OPENAI_BASE_URL": f"{server.url}/v1",
            "OPENAI_API_KEY": server.key,
        }

    def start(self, *words, program=PROGRAM):
        """Start a run."""
        words = (self.file, "--output", self.output, "--yes", *words)
        if program == PROGRAM:
            return self._begin("run", *words)
        return self._started([*program, *map(str, words)], self.folder)

    def run(self, *words, **how):
        """Run to the end."""
        began = time.monotonic()
        with self.start(*words, **how) as process:
            return ended(process, began)

    def command(self, *words, cwd=None):
        """Run any command of the program to its end."""
        began = time.monotonic()
        with self._begin(*words, cwd=cwd) as process:
            return ended(process, began)

    def _begin(self, *words, cwd=None):
        folder = cwd or self.folder
        if not self.afresh and is_ordinary(self.environment):
            return ForkedPipeline(words, folder=folder, environment=self.environment)
        return self._started([*PROGRAM[:-1], *map(str, words)], folder)

    def _started(self, words, folder):
        return subprocess.Popen(
            words,
            cwd=folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def images(self):
        """Image files that are there now."""
        return sorted((self.output / "soda").glob("drafts/**/*.png"))

    def manifest(self):
        return json.loads((self.output / "soda" / "latest" / "manifest.json").read_text())

    def charges(self, *, settled=True):
        return self.server.charges(self.since, settled=settled)

    def charged(self):
        return sum(price for _, price in self.charges())

    def complaints(self):
        """Return everything that does not hold; no run may be alive."""
        return audit.final_complaints(
            self.output, audit.read_facts(self.output), self.charges(), acknowledged=()
        )

    def in_bounds(self):
        """Return whether the charge lies inside the interval that the ledger states now."""
        return not audit.money_complaints(audit.read_facts(self.output), self.charges(), when="now")


def ended(process, began=0.0, *, seconds=90):
    """Wait for the end of a process."""
    out, err = process.communicate(timeout=seconds)
    return Ended(process.returncode, out, err, time.monotonic() - began)


def wait_until(true, *, seconds=60.0):
    """Wait for something that another process does."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def kill(process):
    """Send SIGKILL, and wait for the end."""
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)


def patched(*options):
    """Return the command of a program with faults and test options: see `patched_pipeline`."""
    return (sys.executable, str(PATCHED_PIPELINE), *map(str, options), "--", "run")


def ignoring(signals):
    """Return the command of the program with these signals ignored from its start: `INT TERM`."""
    return ("/bin/sh", "-c", f'trap "" {signals} && exec "$0" "$@"', *PROGRAM)


def limited(ulimit):
    """Return the command of the program under a limit, such as `-n 64`."""
    return ("/bin/sh", "-c", f'ulimit {ulimit} && exec "$0" "$@"', *PROGRAM)
