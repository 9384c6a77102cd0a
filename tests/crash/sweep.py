"""The sweep: one run for every point at which it could end, and an audit after each."""

import json
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from crash import audit
from crash.crash_points import CRASHED, CrashPoint, StepWatcher, step_name
from crash.image_server import serving
from crash.run_under_test import (
    JOBS,
    PAYMENT,
    PRINTED,
    STEPS_OF_EVERY_RUN,
    honour_keys,
    replace_slow_parts,
    run_forked,
    run_once,
    watch_everything,
)
from crash.subjects import Subject

from pipeline.ledger.sqlite.ledger import SqliteLedger

RUN = Subject()
EXPECTED = {0, 6}
"""All images are stored, or some are reported as in doubt."""


@dataclass
class Findings:
    """What one sweep found."""

    points: int = 0
    violations: list = field(default_factory=list)
    in_doubt: int = 0
    labels: Counter = field(default_factory=Counter)

    def add(self, other):
        self.points += other.points
        self.violations += other.violations
        self.in_doubt += other.in_doubt
        self.labels += other.labels


class Sweep:
    """One command, against a server that honours keys or ignores them, with a control or not."""

    def __init__(self, server, folder, *, control=None, subject=RUN):
        self.server = server
        self.folder = folder
        self.control = control
        self.subject = subject

    def record_steps(self):
        """The steps of a run that is not ended, after which nothing may be wrong either."""
        folder = self.folder / "recording"
        mark = self.server.mark()
        code, report = self._run_all(folder, CrashPoint())
        wrong = [] if code in self.subject.expected else [f"ended with {code}: {_printed(folder)}"]
        wrong = wrong or self._audit_and_finish(folder, mark, report, Findings())
        if self.subject is RUN and not self.control:
            wrong += _unwatched(report)
        if wrong:
            raise AssertionError(f"a run that was not ended went wrong: {wrong}")
        shutil.rmtree(folder)
        return report["steps"]

    def try_point(self, point, *, name):
        """End a run there and audit it; run to the end and audit again."""
        found = Findings()
        folder = self.folder / name
        mark = self.server.mark()
        code, report = self._run_all(folder, point)
        if code == CRASHED:
            found.points = 1
            found.labels[report["last"]] += 1
            complaints = self._audit_and_finish(folder, mark, report, found)
            found.violations = [f"{point} ({report['last']}): {text}" for text in complaints]
        elif code not in self.subject.expected:
            found.violations = [f"{point}: ended with {code}: {_printed(folder)}"]
        if not found.violations:
            shutil.rmtree(folder, ignore_errors=True)
        return found

    def _run_all(self, folder, point):
        """Run the earlier runs, and the command; the report is of all of them."""
        acknowledged = []
        for earlier in self.subject.earlier:
            code, report = self._run(folder, earlier, run_once)
            if earlier.nth and code != CRASHED:
                raise AssertionError(f"no run was ended {earlier}: {code}, {_printed(folder)}")
            if code not in EXPECTED | {CRASHED}:
                return code, report
            acknowledged += report["acknowledged"]
        self.subject.prepare(folder)
        code, report = self._run(folder, point, self.subject.act)
        return code, report | {"acknowledged": acknowledged + report.get("acknowledged", [])}

    def _run(self, folder, point, act):
        report_file = self.folder / f"{folder.name}.report"

        def task():
            if self.control is not None:
                self.control()
            watcher = StepWatcher(point, str(report_file), payment=PAYMENT)
            file_system = watch_everything(watcher)
            code = act(folder)
            watcher.write_report()
            del file_system
            return code

        code = run_forked(folder, self.server, task, campaign=self.subject.campaign)
        report = json.loads(report_file.read_text()) if report_file.exists() else {}
        report_file.unlink(missing_ok=True)
        return code, report

    def _audit_and_finish(self, folder, mark, report, found):
        """Audit, do what a person does, run three times more, and audit after each, in a child."""
        notes = folder / "notes.json"
        output = folder / "output"

        def task():
            if self.control is not None:
                self.control()
            facts = [audit.read_facts(output)] if output.exists() else [None]
            codes, complaints = [], self.subject.again(folder)
            for _ in range(3):
                codes.append(run_once(folder))
                facts.append(audit.read_facts(output) | {"mark": self._mark()})
            notes.write_text(json.dumps({"facts": facts, "codes": codes, "wrong": complaints}))
            return 0

        charged_before = self.server.charges(mark)
        sealed = audit.sealed(output)
        code = run_forked(folder, self.server, task, campaign=self.subject.campaign)
        if code:
            return [f"the rerun broke: {_printed(folder)}"]
        rerun = json.loads(notes.read_text())
        first, second, *_, last = rerun["facts"]
        charges = self.server.charges(mark)
        expected = EXPECTED | ({3} if "paid_lost" in self.subject.statuses else set())
        complaints = [f"a rerun ended with {code}" for code in set(rerun["codes"]) - expected]
        complaints += rerun["wrong"]
        if not self.subject.in_bounds:
            pass  # what was lost before the command is mended by the one that follows
        elif first is not None:
            complaints += audit.money_complaints(first, charged_before, when="after the crash")
        elif charged_before:
            complaints.append(f"{len(charged_before)} charges and no output folder")
        complaints += audit.final_complaints(
            output,
            last,
            charges,
            acknowledged=report["acknowledged"],
            statuses=self.subject.statuses,
            keys_known=self.subject.keys_known,
            sealed=sealed,
        )
        if last["mark"] != second["mark"]:
            complaints.append("a rerun of a finished campaign bought something")
        if last["manifest"] is not None:
            found.in_doubt += last["manifest"]["totals"]["in_doubt"]
        return complaints

    def _mark(self):
        self.server.wait_until_settled()
        return self.server.mark()


def _printed(folder):
    file = folder / PRINTED
    return file.read_text()[-2000:] if file.exists() else "nothing"


def _unwatched(report):
    """What the first run of a campaign should have shown the watcher, and did not.

    A step that still exists and is called in another way would be swept no more, unseen.
    """
    taken = set(report["steps"])
    names = [step_name(*step) for step in STEPS_OF_EVERY_RUN]
    yield from (
        f"the run never took the step {one}" for one in names if f"after {one}" not in taken
    )
    if len(report["acknowledged"]) != JOBS:
        yield f"{len(report['acknowledged'])} of {JOBS} payments were seen"


def points_of(steps, *, every):
    """Every kind of step once, and each `every`-th of all of them, whole and torn by turns."""
    kinds = [CrashPoint(nth=1, label=label) for label in dict.fromkeys(steps)]
    ranks = range(1, len(steps) + 1, every) if every else ()
    return kinds + [CrashPoint(nth=rank, torn=bool(n % 2)) for n, rank in enumerate(ranks)]


def all_points(steps):
    """Every step, and for each that writes the case of a torn write."""
    whole = [CrashPoint(nth=rank) for rank in range(1, len(steps) + 1)]
    torn = [
        CrashPoint(nth=rank, torn=True)
        for rank, label in enumerate(steps, start=1)
        if label in {"os.write", "os.pwrite", "socket.send"} or label.startswith("sqlite.write")
    ]
    return whole + torn


def closing_points(steps):
    """Every step after the ledger has the end of the run: its journal goes into the file."""
    end = step_name(SqliteLedger, "end")
    first = max(rank for rank, label in enumerate(steps, start=1) if label == f"after {end}")
    ranks = range(first + 1, len(steps) + 1)
    return [CrashPoint(nth=rank, torn=torn) for rank in ranks for torn in (False, True)]


def sweep(*, honours_keys, choose, control=None, subject=RUN, report=lambda _text: None):
    """Try the points that `choose(steps)` names; return the findings and the number of steps."""
    replace_slow_parts()
    honour_keys(honours_keys)
    found = Findings()
    with tempfile.TemporaryDirectory(prefix="crash-") as scratch:
        folder = Path(scratch)
        more = ("--wire", subject.wire)
        with serving(folder / "server", honours_keys=honours_keys, more=more) as server:
            runs = Sweep(server, folder, control=control, subject=subject)
            steps = runs.record_steps()
            for number, point in enumerate(choose(steps)):
                one = runs.try_point(point, name=f"run-{number}")
                found.add(one)
                for text in one.violations:
                    report(text)
    return found, len(steps)
