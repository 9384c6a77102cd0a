"""The commands besides run: the state that they start from, and how to go on after them.

A command is ended at chosen steps here, and its system calls fail in `syscalls`.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

from crash import audit
from crash.crash_points import CRASHED, CrashPoint, StepWatcher
from crash.image_server import serving
from crash.run_under_test import (
    CAMPAIGN,
    PAYMENT,
    PRINTED,
    fork_task,
    honour_keys,
    replace_slow_parts,
    run_once,
    watch_everything,
)
from crash.subjects import AFTER_POST
from crash.sweep import Findings, points_of

from pipeline.app.open import late
from pipeline.cli import main, registry

COMMANDS = ("run", "resolve", "approve", "import")
APPROVING = CAMPAIGN.replace("review: auto", "review: human")
FINISHED = {0, 3, 6}
"""A run that finishes; 3 for what was settled as charged, and whose image never came."""
EXPECTED = {
    "resolve": "was charged and is paid_lost",
    "import": "that the ledger does not know",  # what is imported has keys of its own
}
"""What the audit complains of after a command, and should."""


class Prepared:
    """A command, the state that it starts from, and how to go on after it."""

    def __init__(self, name, folder, server):
        self.name, self.folder, self.server = name, folder, server
        self.campaign = APPROVING if name == "approve" else CAMPAIGN
        self.mark = server.mark()

    def make(self):
        """Bring the folder into the state from which the command starts."""
        self.folder.mkdir()
        self.file.write_text(self.campaign)
        if self.name == "resolve":
            code = self._crashed(CrashPoint(nth=2, label=AFTER_POST))
            assert code == CRASHED, printed(self.folder)
        elif self.name in {"approve", "import"}:
            assert self.call(self.run) == 0, printed(self.folder)
        if self.name == "import":
            for part in self.output.glob("ledger.db*"):
                part.unlink()

    @property
    def output(self):
        return self.folder / "output"

    @property
    def file(self):
        return self.folder / "soda.yaml"

    def run(self):
        """Call `pipeline run`."""
        return run_once(self.folder)

    def command(self):
        """Call the command that is swept."""
        output = ["--output", str(self.output)]
        manifest = self.output / "soda" / "latest" / "manifest.json"
        words = {
            "run": None,
            "resolve": ["resolve", str(self.file), "*", "--charged", *output],
            "approve": ["approve", str(self.file), "*", "--take", "1", *output],
            "import": ["ledger", "import", str(manifest), *output],
        }[self.name]
        return self.run() if words is None else main.main(words)

    def finish(self):
        """Return what is wrong after the command, now that nothing fails any more."""
        complaints = self._in_bounds("after the fault")
        codes = []

        def task():
            if self.name == "import":  # until it is whole, a run refuses; again is harmless
                codes.append(main.main(["ledger", "import", *self._import_words()]))
            codes.extend((self.run(), self.run()))
            return 0 if set(codes) <= FINISHED else 99

        if self.call(task):
            return [*complaints, f"it cannot be finished: {printed(self.folder)}"]
        charges = self.server.charges(self.mark)
        found = audit.final_complaints(self.output, self._facts(), charges, acknowledged=())
        expected = EXPECTED.get(self.name, "nothing else")
        return complaints + [text for text in found if expected not in text]

    def _import_words(self):
        manifests = sorted((self.output / "soda" / "runs").glob("*/manifest.json"))
        return [str(manifests[-1]), "--output", str(self.output)]

    def _in_bounds(self, when):
        if not (self.output / "ledger.db").exists() or self.name == "import":
            return []
        charges = self.server.charges(self.mark)
        return audit.money_complaints(self._facts(), charges, when=when)

    def _facts(self):
        place = self.folder / "facts.json"

        def task():
            place.write_text(json.dumps(audit.read_facts(self.output)))
            return 0

        assert self.call(task) == 0, printed(self.folder)
        return json.loads(place.read_text())

    def call(self, task):
        """Call a task in a child; return its exit code."""
        return os.waitstatus_to_exitcode(
            os.waitpid(fork_task(self.folder, self.server, task), 0)[1]
        )

    def _crashed(self, point):
        def task():
            watcher = StepWatcher(point, str(self.folder / "report"), payment=PAYMENT)
            file_system = watch_everything(watcher)
            code = self.run()
            del file_system
            return code

        return self.call(task)


def printed(folder):
    """Return the end of what the children of a folder have printed."""
    file = folder / PRINTED
    return file.read_text(errors="replace")[-3000:] if file.exists() else "nothing"


def preload():
    """Import what the commands import late: a fault is to hit the program, not its start."""
    replace_slow_parts()
    honour_keys(False)  # noqa: FBT003 - as elsewhere
    for name in ("run", "resolve", "approve", "ledger"):
        registry.find(name).load()
    for name in ("problems", "run_console"):
        registry.load_part(name)
    for name in ("app.campaign", "app.run.rendering", "app.run.session", "campaign.naming"):
        late(name)
    late("providers.registry").profiles()


def end_command(prepared, point):
    """Run a prepared command, and end it at a point; return its exit code and its steps."""
    report = prepared.folder / "steps.json"

    def task():
        watcher = StepWatcher(point, str(report), payment=PAYMENT)
        file_system = watch_everything(watcher)
        code = prepared.command()
        watcher.write_report()
        del file_system
        return code

    code = prepared.call(task)
    steps = json.loads(report.read_text())["steps"] if report.exists() else []
    return code, steps


def sweep_command(name, *, every, share=1, report=print):
    """End a command at every kind of step, and each `every`-th one, and finish it after each.

    `share`: of so many points, one is tried.
    """
    preload()
    found = Findings()
    with tempfile.TemporaryDirectory(prefix="commands-") as scratch:
        place = Path(scratch)
        with serving(place / "server", honours_keys=False) as server:
            whole = Prepared(name, place / "whole", server)
            whole.make()
            code, steps = end_command(whole, CrashPoint())
            assert code in FINISHED, printed(whole.folder)
            for number, point in enumerate(points_of(steps, every=every)[::share]):
                prepared = Prepared(name, place / f"run-{number}", server)
                prepared.make()
                code, taken = end_command(prepared, point)
                if code != CRASHED:
                    continue
                found.points += 1
                found.labels[taken[-1]] += 1
                complaints = prepared.finish()
                found.violations += [f"{name}, {point}: {text}" for text in complaints]
                for text in found.violations[-len(complaints) :] if complaints else ():
                    report(text)
                if not complaints:
                    shutil.rmtree(prepared.folder)
    return found, len(steps)
