"""Many images in batches: a run is killed in every state of a batch, and the server is restarted.

One batch expires at half, one has no output file, and the answer to one order is lost. At every
look the charge lies inside the ledger's interval. At the end every image is stored or in doubt, and
by the server's own store of lines none was made twice.
"""

import contextlib
import json
import socket
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from unittest.mock import patch

import apsw
from crash import audit
from crash.crash_points import CRASHED, CrashPoint, StepWatcher
from crash.image_server import serving
from crash.run_under_test import (
    PAYMENT,
    PRINTED,
    after,
    before,
    replace_slow_parts,
    run_forked,
    run_once,
    watch_everything,
)
from crash.subjects import collect_again, wait_for_batches

from pipeline.ledger.sqlite.ledger import SqliteLedger
from pipeline.providers.openai_api.batch_client import OpenAIBatches
from pipeline.purchasing.batches.order_files import OrderFiles
from pipeline.purchasing.batches.packing import BatchLimits
from pipeline.purchasing.batches.result_lines import ResultLines

CAMPAIGN = """\
campaign: soda
provider: openai
matrix:
  product: [{products}]
  size: [1:1]
prompt: A product photo of {{{{ product }}}} on a wet studio table, soft reflections.
stages:
  final: {{quality: low}}
budget: {{run: $1000}}
run: {{batch: true}}
"""
RULES = [
    {"fault": "batch-end", "on": "batch-ends", "end": "expired", "share": 0.5, "times": 1},
    {"fault": "batch-end", "on": "batch-ends", "end": "no-output-file", "times": 1},
    {"fault": "drop", "when": "after", "on": "batches", "times": 1},
]
FAULTY_LIFE = 4
"""The life of the server in which most batches are ordered."""
STATES = {
    "before it was packed": CrashPoint(nth=1, label=before(SqliteLedger, "order")),
    "packed": CrashPoint(nth=1, label=after(SqliteLedger, "order")),
    "packed, its file written": CrashPoint(nth=1, label=after(OrderFiles, "write")),
    "uploaded, not recorded": CrashPoint(nth=2, label=after(OpenAIBatches, "upload")),
    "creating, not sent": CrashPoint(nth=1, label=before(OpenAIBatches, "open")),
    "creating, sent": CrashPoint(nth=1, label=after(OpenAIBatches, "open")),
    "open": CrashPoint(nth=1, label=after(OpenAIBatches, "look")),
    "closed, a line half written": CrashPoint(nth=20, label=before(ResultLines, "_append")),
    "closed, a line sealed": CrashPoint(nth=5, label=after(ResultLines, "_seal")),
    "closed, a line paid": CrashPoint(nth=9, label=after(SqliteLedger, "paid")),
    "closed, every line settled": CrashPoint(nth=1, label=before(SqliteLedger, "close_ticket")),
    "collected, its file there": CrashPoint(nth=1, label=after(SqliteLedger, "close_ticket")),
}
"""Where runs are killed, one after the other, on one campaign."""
KEY = "sk-test"


@dataclass
class Report:
    """What one soak found."""

    images: int
    kills: list = field(default_factory=list)
    restarts: int = 0
    batches: int = 0
    made: int = 0
    statuses: dict = field(default_factory=dict)
    interval: tuple = (0, 0)
    charged: int = 0
    files_left: int = 0
    """Files at the provider: of orders whose upload was never recorded."""
    violations: list = field(default_factory=list)

    def __str__(self):
        low, high = self.interval
        return (
            f"{self.images} images, {len(self.kills)} kills, {self.restarts} restarts of the "
            f"server, {self.batches} batches, {self.made} lines made, {self.statuses}, charged "
            f"{self.charged} of {low} to {high}, "
            f"{self.files_left} files left at the server, {len(self.violations)} violations"
        )


def batch_soak(folder, *, images, lines):
    """Kill a run in each state, with orders of so many lines; return the report."""
    replace_slow_parts()
    BatchLimits.__init__.__kwdefaults__["images"] = lines
    products = ", ".join(f"soda-{number}" for number in range(images))
    soak = _Soak(folder, CAMPAIGN.format(products=products), Report(images=images))
    with ExitStack() as whole, ExitStack() as stack:
        whole.enter_context(soak.keep_what_is_deleted())
        soak.start(stack)
        for number, state in enumerate(STATES):
            soak.kill(state)
            if number % 3 == 2:
                soak.restart(stack)
        soak.finish()
    return soak.report


class _Soak:
    def __init__(self, folder, campaign, report):
        self.folder, self.campaign, self.report = folder / "work", campaign, report
        self.state, self.orders = folder / "server", folder / "orders"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.server = None

    def start(self, stack):
        more = ("--wire", "openai", "--port", str(self.port), "--key", KEY)
        faults = {"rules": RULES} if self.report.restarts == FAULTY_LIFE else None
        opened = serving(self.state, honours_keys=False, faults=faults, more=more)
        self.server = stack.enter_context(opened)
        self.server.key = KEY

    def restart(self, stack):
        """End the server as it stands; batches that are being made go on in the next one."""
        stack.close()
        self.report.restarts += 1
        self.start(stack)

    def kill(self, state):
        """Run until a state of a batch, and end there; a run that never comes to it is told."""
        code = self._forked(lambda: run_once(self.folder), STATES[state])
        if code == CRASHED:
            self.report.kills.append(state)
        elif code not in {0, 6}:
            self.report.violations.append(f"{state}: a run ended with {code}: {self._printed()}")
        self._forked(wait_for_batches)
        self._audit(state)

    def finish(self):
        """Run until everything is collected, and hold all accounts against each other."""
        code = self._forked(lambda: 1 if collect_again(self.folder) else 0)
        again = self._forked(lambda: run_once(self.folder))
        if code or again not in {0, 6}:
            self.report.violations.append(f"the last runs ended with {code}, {again}")
        self._audit("the end")
        facts = json.loads((self.output / "soda" / "latest" / "manifest.json").read_text())
        statuses = Counter(image["status"] for image in facts["images"])
        self.report.statuses = dict(statuses)
        if statuses.keys() - {"stored", "in_doubt"} or statuses.total() != self.report.images:
            self.report.violations.append(f"images are {dict(statuses)}")
        made = Counter(self._made())
        self.report.made = made.total()
        self.report.violations += [
            f"{times} times: {name}" for name, times in made.items() if times > 1
        ]
        self.report.violations += [
            f"left behind: {file}" for file in (self.output / ".tickets").rglob("*")
        ]
        self.report.files_left = len([*(self.state / "files").glob("file-*")])

    @property
    def output(self):
        return self.folder / "output"

    def _forked(self, act, point=None):
        def task():
            if point is None:
                return act() or 0
            watcher = StepWatcher(point, str(self.folder / "report"), payment=PAYMENT)
            file_system = watch_everything(watcher)
            code = act()
            del file_system
            return code

        return run_forked(self.folder, self.server, task, campaign=self.campaign)

    def keep_what_is_deleted(self):
        """Let every run keep the server's copy of a file before it deletes it, for the audit."""
        self.orders.mkdir(parents=True)
        delete = OpenAIBatches.delete

        async def kept(batches, file):
            with contextlib.suppress(FileExistsError, FileNotFoundError):
                (self.orders / file).hardlink_to(self.state / "files" / file)
            await delete(batches, file)

        return patch.object(OpenAIBatches, "delete", kept)

    def _audit(self, when):
        charges = self.server.charges()
        self.report.charged = sum(price for _, price in charges)
        bounds = audit.bounds(self.output)
        self.report.interval = (bounds["confirmed"], bounds["upper"])
        self.report.violations += audit.money_complaints(bounds, charges, when=when)

    def _made(self):
        """Yield the prompt of every line that the server made and charged, by its own store."""
        store = apsw.Connection(str(self.state / "batches.db"), apsw.SQLITE_OPEN_READONLY)
        for (value,) in store.execute("select value from batch").fetchall():
            self.report.batches += 1
            batch = json.loads(value)
            places = (self.orders, self.state / "files")
            (file, *_) = (
                (place / batch["input_file"]).read_bytes().splitlines()
                for place in places
                if (place / batch["input_file"]).exists()
            )
            lines = store.execute("select value from line where batch = ?", (batch["id"],))
            for done in map(json.loads, (line for (line,) in lines.fetchall())):
                if done["purchase"] is not None:
                    yield json.loads(file[done["number"] - 1])["body"]["prompt"]
        store.close()

    def _printed(self):
        return (self.folder / PRINTED).read_text()[-2000:]
