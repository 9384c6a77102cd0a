"""Rows as they were when the last groups were written: the next group seldom needs others.

An image is bought in three groups: submitted, paid, stored. The reply to a write tells the jobs of
its group as they are then. The next group is applied to these without reading, and its write proves
that they still hold. A job that is not known here is taken for a new one, which is proved as well.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline.ledger.rows import JobState

Clock = Callable[[], float]

_MOST = 2000
"""Most jobs that are remembered."""
_OLDEST = 30.0
"""Seconds after which sums, leases and the time of the server are read again."""
_APART = 1.0
"""Seconds by which two clocks differ if the machine slept, or if one of them was set."""
_CAREFUL = 50
"""Groups with unknown jobs that are read, after a job was taken for a new one and was none."""
_ID, _KEY, _STATE = 0, 2, 10
"""Places of columns of a job."""
_BOOK = ("commits", "last_job", "runs", "leases", "sums")


class RememberedRows:
    """What was told of the ledger and its jobs, in the form of `read_group`."""

    def __init__(self, *, clock: Clock = time.monotonic, wall: Clock = time.time) -> None:
        self._clock, self._wall = clock, wall
        self._jobs: dict[str, tuple[Sequence[Any], list[Any], list[Any]]] = {}
        """Key → a job that is not stored yet, its purchases and its attempts."""
        self._told: Mapping[str, Any] | None = None
        self._asked: Mapping[str, Any] = {}
        self._at = (0.0, 0.0)
        self._careful = 0
        self._has_guessed = False

    def clear(self) -> None:
        """Forget everything: the next group is read."""
        self._told = None
        self._jobs.clear()

    def learn(self, told: Mapping[str, Any], *, asked: Mapping[str, Any]) -> None:
        """Take in what `read_group` returns for what it was asked."""
        self._told, self._asked, self._at = told, asked, (self._clock(), self._wall())
        purchases, attempts = _by_job(told["purchases"]), _by_job(told["attempts"])
        for columns in told["jobs"] or []:
            self._jobs.pop(columns[_KEY], None)
            if columns[_STATE] != JobState.STORED:
                id_ = columns[_ID]
                self._jobs[columns[_KEY]] = columns, purchases.get(id_, []), attempts.get(id_, [])
        while len(self._jobs) > _MOST:
            del self._jobs[next(iter(self._jobs))]

    def was_wrong(self) -> None:
        """Guess less for some time, if the last answer was guessed."""
        if self._has_guessed:
            self._careful = _CAREFUL

    def recall(self, asked: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return what `read_group` would probably return now; `None` if it has to be asked."""
        told, passed = self._told, self._clock() - self._at[0]
        if told is None or passed > _OLDEST:
            return None
        if abs(self._wall() - self._at[1] - passed) > _APART:
            return None
        if any(asked[name] != self._asked[name] for name in ("runs", "scopes")):
            return None
        known = [self._jobs[key] for key in asked["keys"] if key in self._jobs]
        self._has_guessed = any(
            key not in self._jobs and key not in self._asked["keys"] for key in asked["keys"]
        )
        if self._has_guessed and self._careful:
            self._careful -= 1
            return None
        return {
            **{name: told[name] for name in _BOOK},
            "now": told["now"] + int(passed * 1000),
            "number": None,
            "jobs": [job for job, _, _ in known],
            "purchases": [row for _, rows, _ in known for row in rows],
            "attempts": [row for _, _, rows in known for row in rows],
        }


def _by_job(rows: Sequence[Any] | None) -> Mapping[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for columns in rows or ():
        found.setdefault(columns[0], []).append(columns)
    return found
