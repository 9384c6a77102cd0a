"""`python -m tests.crash`: end a run at chosen instants and see what is lost; nothing may be."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from crash.negative_controls import CONTROLS
from crash.soak import soak
from crash.sweep import all_points, points_of, sweep
from crash.tripwire import Point

MODES = {"honoured": True, "ignored": False}
SHOWS_AT = ("after Wire.post", "after gptimage.read_receipt", "before Downloads._get")
"""Where a broken promise of the negative controls shows."""


RESUMED = {
    "with a job in doubt": (Point(nth=2, label="after Wire.post"),),
    "with an image paid and not stored": (Point(nth=1, label="before Part.settle"),),
    "with nothing left to do": (Point(), Point()),
}
"""Where earlier lives ended, for sweeps of the life that resumes them."""


def main(words):
    """Exit 0 where no life lost anything and every negative control was caught."""
    arguments = _read(words)
    if arguments.soak:
        return soak_and_tell(arguments)
    whole = True
    for place, (name, honours) in enumerate(MODES.items()):
        if arguments.keys in {"both", name}:
            choose = _chooser(arguments, place)
            whole &= sweep_and_tell(f"keys {name}", choose, honours_keys=honours)
            whole &= resumed_and_told(arguments, name, choose, place=place)
    points = [Point(nth=nth, label=label) for label in SHOWS_AT for nth in (1, 2)]
    for name, control in CONTROLS.items():
        whole &= control_and_tell(name, control, points[:: 2 if arguments.quick else 1])
    return 0 if whole else 1


def _read(words):
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="half of the kinds of steps per mode")
    parser.add_argument("--thorough", action="store_true", help="every step, torn writes too")
    parser.add_argument("--every", type=int, default=25, metavar="N", help="each N-th step (25)")
    parser.add_argument("--keys", choices=["both", *MODES], default="both")
    parser.add_argument("--soak", action="store_true", help="one long campaign, killed and hurt")
    parser.add_argument("--jobs", type=int, default=500, help="of the soak (500)")
    parser.add_argument("--kills", type=int, default=10, help="of the soak (10)")
    parser.add_argument("--seed", type=int, default=1, help="of the soak (1)")
    return parser.parse_args(words)


def soak_and_tell(arguments):
    """Exit 0 where every look was inside the bounds and every job is accounted for."""
    whole = True
    for name, honours in MODES.items():
        if arguments.keys in {"both", name}:
            with tempfile.TemporaryDirectory(prefix="soak-") as folder:
                story = soak(
                    Path(folder),
                    jobs=arguments.jobs,
                    kills=arguments.kills,
                    honours_keys=honours,
                    seed=arguments.seed,
                )
            print(f"soak, keys {name}: {story}", *story.violations, sep="\n  ", flush=True)
            whole &= not story.violations
    return 0 if whole else 1


def _chooser(arguments, place):
    if arguments.thorough:
        return all_points
    if arguments.quick:
        return lambda steps: points_of(steps, every=0)[place::2]
    return lambda steps: points_of(steps, every=arguments.every)


def resumed_and_told(arguments, name, choose, *, place):
    """Deaths of a life that resumes another; a quick look tries half of the kinds a mode."""
    kinds = list(RESUMED.items())
    whole = True
    for kind, after in kinds[place::2] if arguments.quick else kinds:
        told = f"keys {name}, resumed {kind}"
        few = (lambda steps: choose(steps)[::4]) if arguments.quick else choose
        whole &= sweep_and_tell(told, few, honours_keys=MODES[name], after=after)
    return whole


def sweep_and_tell(name, choose, **how):
    """One kind of life against one kind of server."""
    began = time.monotonic()
    found, steps = sweep(choose=choose, tell=print, **how)
    print(
        f"{name}: {found.points} points of {steps} steps, {len(found.labels)} kinds, "
        f"{len(found.violations)} violations, {found.in_doubt} in doubt, "
        f"{time.monotonic() - began:.0f} s",
        flush=True,
    )
    return found.points > 0 and not found.violations


def control_and_tell(name, control, points):
    """A renderer that breaks a promise must be caught, or this harness proves nothing."""
    found, _ = sweep(honours_keys=False, choose=lambda _steps: points, control=control)
    verdict = "caught" if found.violations else "NOT CAUGHT: this harness does not bite"
    print(
        f"negative control, {name}: {found.points} points, "
        f"{len(found.violations)} violations ({verdict})",
        flush=True,
    )
    return bool(found.violations)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
