"""Several coordinators of one campaign, killed, stopped and cut off, on one ledger in Postgres.

Each is a process of `pipeline run --shard K/N` in an output folder of its own. At every look the
charge lies inside the ledger's interval. At the end every image is stored or in doubt, and by the
server's own account none was charged twice.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Lock, Thread

from crash.image_server import serving
from crash.workspace import PATCHED_PIPELINE, ROOT, campaign
from cut_line import CutLine
from postgres_server import new_database, restart_at_once

from pipeline.ledger.registry import open_ledger
from pipeline.model.names import Slug
from pipeline.model.outcome import InDoubt, Stored

DAY = 86_400
SLOW = [{"fault": "drop", "when": "after", "chance": 0.005}, {"fault": "delay", "seconds": 0.2}]
CONCURRENCY = 8
UNREACHED = 15.0
"""Seconds after which a kernel gives a silent connection up; see `tcp_user_timeout`."""


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What happens to the coordinators of one round."""

    kills: int = 1
    """Of each shard; every second one goes on in another output folder."""
    stops: int = 0
    """Of each shard: SIGSTOP until others have taken its place, and then SIGCONT."""
    restarts: int = 0
    """Of the database server, without a goodbye."""
    partitions: int = 0
    """Of all coordinators from the database, for longer than their patience."""
    lost: float = 0.0
    """Share of the replies to a commit that are lost with their connection."""
    lease: float = 3.0
    patience: float = 20.0
    """In seconds."""
    shifted: bool = False
    """Every second coordinator has a clock that is a day late, every other one a day early."""
    beside: bool = True
    """The same shard and the whole campaign are started beside a living shard."""
    options: tuple[str, ...] = ()
    """More options of `patched_pipeline`."""


@dataclass
class FleetReport:
    """How a round ended."""

    jobs: int
    faults: Counter = field(default_factory=Counter)
    codes: Counter = field(default_factory=Counter)
    outcomes: Counter = field(default_factory=Counter)
    looks: int = 0
    charges: int = 0
    charged: int = 0
    interval: tuple[int, int] = (0, 0)
    refused: int = 0
    """Runs beside a living one of the same shard, or of all shards, that were refused."""
    lost_replies: int = 0
    seconds: float = 0.0
    violations: list = field(default_factory=list)

    def __str__(self):
        low, high = self.interval
        return (
            f"{self.jobs} jobs, {dict(self.faults)}, {self.lost_replies} replies lost, "
            f"{self.refused} second runs refused, exit codes {dict(self.codes)}, {self.looks} "
            f"looks, {dict(self.outcomes)}, {self.charges} charges, charged {self.charged} in "
            f"[{low}, {high}], {len(self.violations)} violations, {self.seconds:.0f} s"
        )


class Fleet:
    """The coordinators of all shards, the server, and the line to their ledger."""

    def __init__(self, folder, server, report, *, shards, faults, seed):
        self.folder, self.server, self.report = folder, server, report
        self.shards, self.faults = shards, faults
        self.chance = random.Random(seed)  # noqa: S311 - faults are no secrets
        self.ledger = new_database()
        self.line = CutLine(self.ledger)
        self.line.lose = lambda: self.chance.random() < faults.lost
        self.over = Event()
        self._lock, self._started = Lock(), 0

    def run(self):
        """Live through all faults, and audit what is left."""
        shards = [Thread(target=self._shard, args=(number + 1,)) for number in range(self.shards)]
        others = [Thread(target=self._look), Thread(target=self._harm_the_database)]
        for thread in (*shards, *others):
            thread.start()
        for thread in shards:
            thread.join()
        self.over.set()
        for thread in others:
            thread.join()
        self.line.close()
        self.report.lost_replies = self.line.lost_replies
        self.report.violations += asyncio.run(self._audit())

    # Coordinators

    def _start(self, words, folder):
        with self._lock:
            self._started += 1
            day = DAY if self._started % 2 else -DAY
        folder.mkdir(exist_ok=True)
        (folder / "soda.yaml").write_text(campaign(self.report.jobs))
        options = ["--doubts", 0, "--lease", self.faults.lease, "--patience", self.faults.patience]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "NO_COLOR": "1",
            "PIPELINE_LEDGER": self.line.address,
            "GPTIMAGE_BASE_URL": self.server.url,
            "GPTIMAGE_API_KEY": self.server.key,
        }
        if self.faults.shifted:
            options += ["--clock", day]
        paid = ["run", "soda.yaml", "--yes", "--max-credits", 10**6]
        words = [*options, *self.faults.options, "--", *paid, *words]
        with (folder / "told").open("ab") as told:
            return subprocess.Popen(
                [sys.executable, str(PATCHED_PIPELINE), *map(str, words)],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=told,
            )

    def _shard(self, number):
        """Run one shard to its end, with a new coordinator after each fault."""
        words = ("--shard", f"{number}/{self.shards}", "--concurrency", str(CONCURRENCY))
        due = [signal.SIGKILL] * self.faults.kills + [signal.SIGSTOP] * self.faults.stops
        self.chance.shuffle(due)
        stopped, machine, folder = [], 1, self.folder / f"machine-{number}-1"
        while True:
            process = self._start(words, folder)
            fault = self._wait_for_fault(process, due, words, number)
            if fault is signal.SIGSTOP:
                stopped.append(process)
            elif process.wait() in {0, 6} and fault is None:
                self.report.codes[process.returncode] += 1
                break
            else:
                self.report.codes[process.returncode] += 1
                if process.returncode not in {-signal.SIGKILL, 74, 75}:
                    told = (folder / "told").read_text()[-600:]
                    self.report.violations.append(f"exit code {process.returncode}: {told}")
                    break
            if fault is signal.SIGSTOP or (fault is not None and self.chance.random() < 0.5):
                machine += 1
                folder = self.folder / f"machine-{number}-{machine}"
            time.sleep(0.5)
        for process in stopped:  # others have taken its place
            process.send_signal(signal.SIGCONT)
            self.report.codes[process.wait()] += 1

    def _wait_for_fault(self, process, due, words, number):
        """Wait until the run has ended, or send it a signal in its midst; return the signal."""
        if not due:
            return None
        enough = self.server.purchases() + self.chance.randint(5, max(6, self.report.jobs // 8))
        while self.server.purchases() < enough:
            if process.poll() is not None:
                return None
            time.sleep(0.02)
        if number == 1 and self.faults.beside and not self.report.refused:
            self._start_beside(process, words)
        if process.poll() is not None:
            return None
        process.send_signal(due[-1])
        self.report.faults[due[-1].name] += 1
        return due.pop()

    def _start_beside(self, living, words):
        """Start the same shard and the whole campaign; both have to be refused."""
        for name, more in (("same", words), ("whole", ())):
            folder = self.folder / f"second-{name}"
            code = self._start(more, folder).wait()
            if code == 75:
                self.report.refused += 1
            elif code != 74 and living.poll() is None:
                self.report.violations.append(f"a second run ended with {code}")

    # The database

    def _harm_the_database(self):
        due = ["restart"] * self.faults.restarts + ["partition"] * self.faults.partitions
        self.chance.shuffle(due)
        for fault in due:
            enough = self.server.purchases() + self.report.jobs // (len(due) + 2)
            while self.server.purchases() < enough:
                if self.over.wait(0.05):
                    return
            self.report.faults[fault] += 1
            if fault == "restart":
                restart_at_once()
            else:
                self.line.silent = True
                self.over.wait(UNREACHED)
                self.line.cut()  # kernels give up, and every further try is as silent
                self.over.wait(self.faults.patience * 1.3)
                self.line.silent = False
                self.line.cut()

    # What holds

    def _look(self):
        while not self.over.wait(1.0):
            lower = asyncio.run(self._spent()).confirmed
            charged = sum(price for _, price in self.server.charges(settled=False))
            upper = asyncio.run(self._spent()).upper
            self.report.looks += 1
            if not lower <= charged <= upper:
                self.report.violations.append(f"charged {charged}, told {lower} to {upper}")

    async def _spent(self):
        ledger = await open_ledger(self.folder, address=self.ledger, read_only=True)
        try:
            return await ledger.spent()
        finally:
            await ledger.close()

    async def _audit(self):
        """Hold the ledger against the server's account and the files of all machines."""
        report = self.report
        ledger = await open_ledger(self.folder, address=self.ledger, read_only=True)
        entries = await ledger.campaign_entries(Slug("soda"))
        attempts = await ledger.attempts([entry.key for entry in entries])
        spent = await ledger.spent()
        await ledger.close()
        charges = self.server.charges()
        report.outcomes = Counter(type(entry.outcome).__name__ for entry in entries)
        report.charges, report.charged = len(charges), sum(price for _, price in charges)
        report.interval = (spent.confirmed, spent.upper)
        job_of = {one.purchase: job for job, tried in attempts.items() for one in tried}
        bought = Counter(job_of.get(key, key) for key, _ in charges)
        wrong = [f"{job} was charged {times} times" for job, times in bought.items() if times > 1]
        wrong += [f"a charge of {key}, which is unknown" for key, _ in charges if key not in job_of]
        ended = {entry.key for entry in entries if isinstance(entry.outcome, Stored | InDoubt)}
        wrong += [f"{report.jobs - len(ended)} images are missing"] * (len(ended) != report.jobs)
        wrong += [f"{job} was charged and is not told" for job in bought if job not in ended]
        if not spent.confirmed <= report.charged <= spent.upper:
            wrong.append(f"charged {report.charged}, told {report.interval}")
        files = {one.name for one in self.folder.glob("machine-*/output/soda/drafts/**/*.png")}
        stored = [one.outcome.artifact.path for one in entries if isinstance(one.outcome, Stored)]
        wrong += [f"{path} is nowhere" for path in stored if Path(path).name not in files]
        return wrong


def fleet_soak(folder, *, jobs, shards=4, faults, seed=1):
    """Run one round in a folder; return its report."""
    began, report = time.monotonic(), FleetReport(jobs=jobs)
    rules = {"seed": seed, "rules": SLOW}
    with serving(folder / "server", honours_keys=False, faults=rules) as server:
        Fleet(folder, server, report, shards=shards, faults=faults, seed=seed).run()
    report.seconds = time.monotonic() - began
    return report


EVERYTHING = Faults(kills=2, stops=1, restarts=2, lost=0.05)
ROUNDS = (
    EVERYTHING,
    replace(EVERYTHING, shifted=True),
    replace(EVERYTHING, restarts=0, partitions=1),
    replace(EVERYTHING, kills=1, lost=0.3),
    replace(EVERYTHING, kills=4, stops=0),
    replace(EVERYTHING, kills=1, stops=2, lease=20.0, patience=120.0, shifted=True),
)
"""The rounds of `python -m tests.crash --fleet`, one after the other."""
