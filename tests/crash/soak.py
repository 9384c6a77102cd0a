"""The soak: many jobs, a server that misbehaves all the time, and kills at random instants.

Beside it, nobody reads the run's JSON log, and the server has 400 connections that ask for nothing
while it may open 256 files.

The circuit breaker is off, so that doubts accumulate. At every audit, also while a run is alive,
the charge lies inside the ledger's interval; at the end every job is stored or reported as in
doubt, and none was charged twice.
"""

import contextlib
import fcntl
import random
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from crash import audit
from crash.audit import final_complaints, read_facts
from crash.image_server import serving
from crash.workspace import Workspace, campaign, ended, kill, patched

FILES, IDLE = 256, 400
HANGS_AFTER = 300.0
"""Seconds without a single new charge, after which a run counts as hanging."""

FAULTS = [
    {"fault": "status", "status": 429, "retry_after": 0.2, "chance": 0.20},
    {"fault": "drop", "when": "after", "chance": 0.05 / 0.80},
    {"fault": "status", "status": 500, "when": "after", "chance": 0.025 / 0.75},
    {"fault": "status", "status": 500, "when": "before", "chance": 0.025 / 0.725},
    {"fault": "delay", "seconds": 0.05},
]
"""The first that applies is used, so later chances are of what is left: 20, 5 and 5 %."""


class IdleConnections:
    """Connections to a server that ask for nothing; `open` opens those anew that it closed."""

    def __init__(self, url):
        self.address = ("127.0.0.1", urlsplit(url).port)
        self.sockets = []

    def open(self):
        """Let there be as many as there should be."""
        self.close()
        for _ in range(IDLE):
            with contextlib.suppress(OSError):
                self.sockets.append(socket.create_connection(self.address, timeout=1))

    def close(self):
        while self.sockets:
            self.sockets.pop().close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@dataclass
class SoakReport:
    """How a soak ended."""

    jobs: int
    kills: int = 0
    audits: int = 0
    runs: int = 0
    stored: int = 0
    in_doubt: int = 0
    charges: int = 0
    confirmed: int = 0
    upper: int = 0
    charged: int = 0
    seconds: float = 0.0
    violations: list = field(default_factory=list)

    def __str__(self):
        return (
            f"{self.jobs} jobs, {self.runs} runs, {self.kills} kills, {self.audits} audits: "
            f"{len(self.violations)} violations; {self.stored} stored, {self.in_doubt} in doubt, "
            f"{self.charges} charges, charged {self.charged} in "
            f"[{self.confirmed}, {self.upper}], {self.seconds:.0f} s"
        )


class Soak:
    """One campaign, run and killed again and again."""

    def __init__(self, workspace, report, *, idle, honours_keys, seed):
        self.workspace, self.report, self.idle = workspace, report, idle
        self.program = patched("--doubts", 0, *(["--keys-honoured"] if honours_keys else []))
        self.chance = random.Random(seed)  # noqa: S311 - repeatable on purpose, no secret
        self.knows_keys = True
        """False for an API without idempotency: its charges name no purchase."""

    @property
    def budget(self):
        return ("--max-credits", "100000") if self.knows_keys else ("--max-cost", "1000")

    def run(self, kills):
        """Kill it so often, then let it finish, and audit everything."""
        report = self.report
        every = report.jobs // (kills + 1)
        for _ in range(kills):
            self._run_until_killed(
                len(self.workspace.charges()) + self.chance.randint(1, 2 * every)
            )
        self._finish()
        facts, charges = read_facts(self.workspace.output), self.workspace.charges()
        totals = facts["manifest"]["totals"]
        report.violations += final_complaints(
            self.workspace.output,
            facts,
            charges,
            acknowledged=(),
            keys_known=self.knows_keys,
        )
        report.stored, report.in_doubt = totals["stored"], totals["in_doubt"]
        report.confirmed, report.upper = facts["confirmed"], facts["upper"]
        report.charges, report.charged = len(charges), sum(price for _, price in charges)
        if report.stored + report.in_doubt != report.jobs:
            report.violations.append(f"only {report.stored} + {report.in_doubt} are accounted for")

    def _start(self):
        self.report.runs += 1
        self.idle.open()
        process = self.workspace.start("--log", "json", *self.budget, program=self.program)
        if hasattr(fcntl, "F_SETPIPE_SZ"):  # it is read only once the run has ended
            fcntl.fcntl(process.stderr, fcntl.F_SETPIPE_SZ, 4096)
        return process

    def _run_until_killed(self, charges):
        """Run until there are so many charges, and a moment longer; then kill."""
        process = self._start()
        self._watch(process, lambda: len(self.workspace.charges(settled=False)) >= charges)
        time.sleep(self.chance.random() * 0.2)
        if process.poll() is None:
            self.report.kills += 1
        kill(process)
        self._audit()

    def _finish(self):
        """Run until a run finds nothing left to do."""
        before = -1
        while before != (now := self.workspace.server.mark()):
            before = now
            process = self._start()
            self._watch(process, lambda: False)
            end = ended(process)
            if end.code not in {0, 6}:
                self.report.violations.append(f"a run ended with {end.code}: {end.err[-500:]}")

    def _watch(self, process, enough):
        """Audit a running process until it ends or there is enough."""
        last, since = -1, time.monotonic()
        while process.poll() is None and not enough():
            if (self.workspace.output / "ledger.db").exists():
                self._audit_running()
            mark = self.workspace.server.mark()
            if mark != last:
                last, since = mark, time.monotonic()
            if time.monotonic() - since > HANGS_AFTER:
                self.report.violations.append("a run hangs")
                kill(process)
            time.sleep(0.1)

    def _audit(self):
        self.report.audits += 1
        facts = audit.bounds(self.workspace.output)
        self.report.violations += audit.money_complaints(
            facts, self.workspace.charges(), when="after a kill"
        )

    def _audit_running(self):
        """The lower bound is read before the charge and the upper one after it: both only grow."""
        self.report.audits += 1
        lower = audit.bounds(self.workspace.output)["confirmed"]
        charges = self.workspace.charges(settled=False)
        upper = audit.bounds(self.workspace.output)["upper"]
        self.report.violations += audit.money_complaints(
            {"confirmed": lower, "upper": upper}, charges, when="during a run"
        )


def soak(folder, *, jobs, kills, honours_keys=False, seed=1, wire="gptimage"):
    """Run a whole soak in a folder; return its report."""
    began = time.monotonic()
    report = SoakReport(jobs=jobs)
    rules = {"seed": seed, "rules": FAULTS}
    how = {"honours_keys": honours_keys, "faults": rules, "files": FILES}
    how["more"] = ("--wire", wire)
    text = campaign(jobs).replace("provider: gptimage", f"provider: {wire}")
    with serving(folder / "server", **how) as server, IdleConnections(server.url) as idle:
        workspace = Workspace(folder / "workspace", server, text)
        whole = Soak(workspace, report, idle=idle, honours_keys=honours_keys, seed=seed)
        whole.knows_keys = wire != "openai"
        whole.run(kills)
    report.seconds = time.monotonic() - began
    return report
