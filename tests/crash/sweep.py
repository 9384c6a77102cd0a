"""The sweep: one life for every instant at which it could end, and an inquest after each."""

import json
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from crash import inquest
from crash.image_server import serving
from crash.subject import forked, honour_keys, make_light, run_once, watch_everything
from crash.tripwire import DEAD, Point, Tripwire

WELL = {0, 6}
"""All is there, or something is in doubt and said to be."""


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
    """Lives of one kind: a server that honours keys or ignores them, a renderer whole or not.

    `after` says where earlier lives ended: the ones that are swept resume them.
    """

    def __init__(self, shop, folder, *, control=None, after=()):
        self.shop = shop
        self.folder = folder
        self.control = control
        self.after = after

    def rehearse(self):
        """The steps of a life that is not cut short, after which nothing may be wrong either."""
        home = self.folder / "rehearsal"
        before = self.shop.mark()
        code, told = self._live(home, Point())
        wrong = [] if code in WELL else [f"ended with {code}: {_said(home)}"]
        wrong = wrong or self._look_and_finish(home, before, told, Findings())
        if wrong:
            raise AssertionError(f"a whole life went wrong: {wrong}")
        shutil.rmtree(home)
        return told["steps"]

    def try_point(self, point, *, name):
        """Die there, look, live on to the end, look again."""
        found = Findings()
        home = self.folder / name
        before = self.shop.mark()
        code, told = self._live(home, point)
        if code == DEAD:
            found.points = 1
            found.labels[told["last"]] += 1
            complaints = self._look_and_finish(home, before, told, found)
            found.violations = [f"{point} ({told['last']}): {text}" for text in complaints]
        elif code not in WELL:
            found.violations = [f"{point}: ended with {code}: {_said(home)}"]
        if not found.violations:
            shutil.rmtree(home, ignore_errors=True)
        return found

    def _live(self, home, point):
        """The earlier lives, and this one; what is told is of all of them."""
        rendered = []
        for earlier in self.after:
            code, told = self._one_life(home, earlier)
            if code not in WELL | {DEAD}:
                return code, told
            rendered += told["rendered"]
        code, told = self._one_life(home, point)
        return code, told | {"rendered": rendered + told.get("rendered", [])}

    def _one_life(self, home, point):
        report = self.folder / f"{home.name}.report"

        def live():
            if self.control is not None:
                self.control()
            tripwire = Tripwire(point, str(report))
            kept = watch_everything(tripwire)
            code = run_once(home)
            tripwire.tell()
            del kept
            return code

        code = forked(home, self.shop, live)
        told = json.loads(report.read_text()) if report.exists() else {}
        report.unlink(missing_ok=True)
        return code, told

    def _look_and_finish(self, home, before, told, found):
        """The rest of the story, in one more child: looks and three runs."""
        notes = home / "notes.json"
        output = home / "output"

        def live():
            if self.control is not None:
                self.control()
            seen = [inquest.look(output)] if output.exists() else [None]
            codes = []
            for _ in range(3):
                codes.append(run_once(home))
                seen.append(inquest.look(output) | {"mark": self._mark()})
            notes.write_text(json.dumps({"seen": seen, "codes": codes}))
            return 0

        at_death = self.shop.charges(before)
        code = forked(home, self.shop, live)
        if code:
            return [f"the rerun broke: {_said(home)}"]
        told_after = json.loads(notes.read_text())
        first, second, *_, last = told_after["seen"]
        charges = self.shop.charges(before)
        complaints = [f"a rerun ended with {code}" for code in set(told_after["codes"]) - WELL]
        if first is not None:
            complaints += inquest.money_complaints(first, at_death, when="after the death")
        elif at_death:
            complaints.append(f"{len(at_death)} charges and no output folder")
        complaints += inquest.final_complaints(output, last, charges, rendered=told["rendered"])
        if last["mark"] != second["mark"]:
            complaints.append("a rerun of a finished campaign bought something")
        if last["manifest"] is not None:
            found.in_doubt += last["manifest"]["totals"]["in_doubt"]
        return complaints

    def _mark(self):
        self.shop.settle()
        return self.shop.mark()


def _said(home):
    place = home / "said.txt"
    return place.read_text()[-2000:] if place.exists() else "nothing"


def points_of(steps, *, every):
    """Every kind of step once, and each `every`-th of all of them, whole and torn by turns."""
    kinds = [Point(nth=1, label=label) for label in dict.fromkeys(steps)]
    ranks = range(1, len(steps) + 1, every) if every else ()
    return kinds + [Point(nth=rank, torn=bool(n % 2)) for n, rank in enumerate(ranks)]


def all_points(steps):
    """Every step, and for each that writes the case of a torn write."""
    whole = [Point(nth=rank) for rank in range(1, len(steps) + 1)]
    torn = [
        Point(nth=rank, torn=True)
        for rank, label in enumerate(steps, start=1)
        if label in {"os.write", "os.pwrite", "socket.send"} or label.startswith("sqlite.write")
    ]
    return whole + torn


def sweep(*, honours_keys, choose, control=None, after=(), tell=lambda _text: None):
    """Try the points that `choose(steps)` names; returns what was found and how many steps are."""
    make_light()
    honour_keys(honours_keys)
    found = Findings()
    with tempfile.TemporaryDirectory(prefix="crash-") as scratch:
        folder = Path(scratch)
        with serving(folder / "server", honours_keys=honours_keys) as shop:
            lives = Sweep(shop, folder, control=control, after=after)
            steps = lives.rehearse()
            for number, point in enumerate(choose(steps)):
                one = lives.try_point(point, name=f"life-{number}")
                found.add(one)
                for text in one.violations:
                    tell(text)
    return found, len(steps)
