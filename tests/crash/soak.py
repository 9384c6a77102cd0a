"""The soak: many jobs, a server that misbehaves all the time, and kills at random instants.

The circuit is told to stay closed, so that doubts go on piling up. At every look, also while a
run is alive, the charge lies inside what the ledger says; at the end every job is stored or said
to be in doubt, and none was charged twice.
"""

import random
import time
from dataclasses import dataclass, field

from crash import inquest
from crash.household import House, campaign, ended, kill, through
from crash.image_server import serving
from crash.inquest import final_complaints, look

PATIENCE = 300.0
"""Seconds without a single new charge, after which a run is said to hang."""

FAULTS = [
    {"fault": "status", "status": 429, "retry_after": 0.2, "chance": 0.20},
    {"fault": "drop", "when": "after", "chance": 0.05 / 0.80},
    {"fault": "status", "status": 500, "when": "after", "chance": 0.025 / 0.75},
    {"fault": "status", "status": 500, "when": "before", "chance": 0.025 / 0.725},
    {"fault": "delay", "seconds": 0.05},
]
"""Each request meets the first that hits, so later chances are of what is left: 20, 5 and 5 %."""


@dataclass
class Story:
    """What became of a soak."""

    jobs: int
    kills: int = 0
    looks: int = 0
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
            f"{self.jobs} jobs, {self.runs} runs, {self.kills} kills, {self.looks} looks: "
            f"{len(self.violations)} violations; {self.stored} stored, {self.in_doubt} in doubt, "
            f"{self.charges} charges, charged {self.charged} in "
            f"[{self.confirmed}, {self.upper}], {self.seconds:.0f} s"
        )


class Soak:
    """One campaign on its way through all that."""

    def __init__(self, house, story, *, honours_keys, seed):
        self.house, self.story = house, story
        self.program = through("--doubts", 0, *(["--keys-honoured"] if honours_keys else []))
        self.chance = random.Random(seed)  # noqa: S311 - repeatable on purpose, no secret

    def endure(self, kills):
        """Kill it so often, then let it finish, and look at everything."""
        story = self.story
        every = story.jobs // (kills + 1)
        for _ in range(kills):
            self._live_until(len(self.house.charges()) + self.chance.randint(1, 2 * every))
        self._finish()
        facts, charges = look(self.house.output), self.house.charges()
        totals = facts["manifest"]["totals"]
        story.violations += final_complaints(self.house.output, facts, charges, rendered=())
        story.stored, story.in_doubt = totals["stored"], totals["in_doubt"]
        story.confirmed, story.upper = facts["confirmed"], facts["upper"]
        story.charges, story.charged = len(charges), sum(price for _, price in charges)
        if story.stored + story.in_doubt != story.jobs:
            story.violations.append(f"only {story.stored} + {story.in_doubt} are accounted for")

    def _start(self):
        self.story.runs += 1
        return self.house.start("-q", "--max-credits", "100000", program=self.program)

    def _live_until(self, charges):
        """Run until so many charges are made, and a moment longer; then kill."""
        process = self._start()
        self._watch(process, lambda: len(self.house.charges(settled=False)) >= charges)
        time.sleep(self.chance.random() * 0.2)
        if process.poll() is None:
            self.story.kills += 1
        kill(process)
        self._look()

    def _finish(self):
        """Runs until one ends with nothing left to do."""
        before = -1
        while before != (now := self.house.shop.mark()):
            before = now
            process = self._start()
            self._watch(process, lambda: False)
            end = ended(process)
            if end.code not in {0, 6}:
                self.story.violations.append(f"a run ended with {end.code}: {end.err[-500:]}")

    def _watch(self, process, enough):
        """Look at a living run again and again."""
        seen, since = -1, time.monotonic()
        while process.poll() is None and not enough():
            if (self.house.output / "ledger.db").exists():
                self._look_alive()
            mark = self.house.shop.mark()
            if mark != seen:
                seen, since = mark, time.monotonic()
            if time.monotonic() - since > PATIENCE:
                self.story.violations.append("a run hangs")
                kill(process)
            time.sleep(0.1)

    def _look(self):
        self.story.looks += 1
        facts = inquest.bounds(self.house.output)
        self.story.violations += inquest.money_complaints(
            facts, self.house.charges(), when="after a kill"
        )

    def _look_alive(self):
        """The lower bound is read before the charge and the upper one after it: both only grow."""
        self.story.looks += 1
        lower = inquest.bounds(self.house.output)["confirmed"]
        charges = self.house.charges(settled=False)
        upper = inquest.bounds(self.house.output)["upper"]
        self.story.violations += inquest.money_complaints(
            {"confirmed": lower, "upper": upper}, charges, when="alive"
        )


def soak(folder, *, jobs, kills, honours_keys=False, seed=1):
    """Go through all of it in a folder; returns the story."""
    began = time.monotonic()
    story = Story(jobs=jobs)
    rules = {"seed": seed, "rules": FAULTS}
    with serving(folder / "server", honours_keys=honours_keys, faults=rules) as shop:
        house = House(folder / "house", shop, campaign(jobs))
        Soak(house, story, honours_keys=honours_keys, seed=seed).endure(kills)
    story.seconds = time.monotonic() - began
    return story
