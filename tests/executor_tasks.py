"""Tasks for tests of executors; a module of its own, which other processes can import."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import BudgetReached, CampaignError, Finding, KeyMissing, Throttled


@dataclass(frozen=True, kw_only=True)
class Square:
    number: int
    seconds: float = 0.0

    def run(self):
        time.sleep(self.seconds)
        return (self.number, self.number**2)


class Process:
    """Tells which process it ran in."""

    def run(self):
        return os.getpid()


class Foreign(Exception):
    """Pickles, and cannot be rebuilt: its constructor wants what no pickle has."""

    def __init__(self, *, reason):
        super().__init__(f"foreign: {reason}")


ERRORS = {
    "throttled": lambda: Throttled("later", retry_after=3.5, http=429, request_id="r", raw=b"{}"),
    "campaign": lambda: CampaignError((Finding(complaint="no such key", file="a.yaml", line=3),)),
    "key": lambda: KeyMissing(provider="gptimage", variable="GPTIMAGE_API_KEY"),
    "budget": lambda: BudgetReached(scope="run", limit=10, spent=9, price=2),
    "value": lambda: ValueError("wrong", 3),
    "foreign": lambda: Foreign(reason="of no house"),
}


@dataclass(frozen=True, kw_only=True)
class Fail:
    error: str

    def run(self):
        error = ERRORS[self.error]()
        raise error


@dataclass(frozen=True, kw_only=True)
class Die:
    """Kills its process, always or only where `once` does not exist yet."""

    once: str = ""

    def run(self):
        if self.once:
            try:
                Path(self.once).touch(exist_ok=False)
            except FileExistsError:
                return "alive"
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)
        return "never"


@dataclass(frozen=True, kw_only=True)
class Note:
    """Writes a file after a while, so that a test can see whether it ran."""

    path: str
    seconds: float = 0.0

    def run(self):
        time.sleep(self.seconds)
        Path(self.path).write_text("ran")


class Environment:
    """Tells what a process was started with, and what its driver says of itself."""

    def run(self):
        return dict(os.environ)


@dataclass(frozen=True, kw_only=True)
class FillMemory:
    """Runs out of memory, always or only where `once` does not exist yet."""

    once: str

    def run(self):
        with Path(self.once).open("a") as runs:
            runs.write("x")
        raise MemoryError
