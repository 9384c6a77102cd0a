"""`python -m pipeline` in a folder of its own, as a user runs it, and ways to hurt it."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from crash import inquest

ROOT = Path(__file__).resolve().parents[2]

DRIVEN = Path(__file__).with_name("driven.py")
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


class House:
    """An output folder, a campaign file, and the account that a shop keeps of it."""

    def __init__(self, folder, shop, text):
        self.folder = Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.shop = shop
        self.output = self.folder / "output"
        self.file = self.folder / "soda.yaml"
        self.file.write_text(text)
        self.since = shop.mark()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT),
            "NO_COLOR": "1",
            "GPTIMAGE_BASE_URL": shop.url,
            "GPTIMAGE_API_KEY": shop.key,
        }

    def start(self, *words, program=PROGRAM):
        """Start a run."""
        return subprocess.Popen(
            [*program, str(self.file), "--output", str(self.output), "--yes", *map(str, words)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words, **how):
        """One run to its end."""
        began = time.monotonic()
        with self.start(*words, **how) as process:
            return ended(process, began)

    def images(self):
        """Image files that are there now."""
        return sorted((self.output / "soda").glob("drafts/**/*.png"))

    def manifest(self):
        return json.loads((self.output / "soda" / "latest" / "manifest.json").read_text())

    def charges(self, *, settled=True):
        return self.shop.charges(self.since, settled=settled)

    def charged(self):
        return sum(price for _, price in self.charges())

    def complaints(self):
        """Everything that does not hold, while no run is alive."""
        return inquest.final_complaints(
            self.output, inquest.look(self.output), self.charges(), rendered=()
        )

    def in_bounds(self):
        """Whether the charge lies inside what the ledger says at this very moment."""
        return not inquest.money_complaints(inquest.look(self.output), self.charges(), when="now")


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
    """kill -9, and no trace of it."""
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)


def through(*knobs):
    """The program with knobs that no user has: see `driven`."""
    return (sys.executable, str(DRIVEN), *map(str, knobs), "--", "run")


def limited(ulimit):
    """The program under a limit, such as `-n 64`."""
    return ("/bin/sh", "-c", f'ulimit {ulimit} && exec "$0" "$@"', *PROGRAM)
