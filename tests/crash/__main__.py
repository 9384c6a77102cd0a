"""`python -m tests.crash`: end a command at chosen instants and check that nothing is lost."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from crash.batch_soak import batch_soak
from crash.crash_points import CrashPoint
from crash.fleet_soak import ROUNDS, fleet_soak
from crash.negative_controls import CONTROLS, CONTROLS_OF
from crash.prepared import COMMANDS, sweep_command
from crash.run_under_test import after, before
from crash.soak import soak
from crash.subjects import AFTER_POST, IN_DOUBT, SUBJECTS, Subject
from crash.sweep import RUN, all_points, closing_points, points_of, sweep
from crash.syscalls import cannot_trace, sweep_calls

from pipeline.images.local.part_file import PartFile
from pipeline.ledger.sqlite.ledger import SqliteLedger
from pipeline.network.guarded_session import GuardedSession
from pipeline.providers import gptimage
from pipeline.providers.openai_api.batch_client import OpenAIBatches
from pipeline.purchasing.batches.result_lines import ResultLines
from pipeline.purchasing.sealed_replies import OpenSeal, SealedReplies

MODES = {"honoured": True, "ignored": False}
CONTROL_STEPS = (AFTER_POST, after(gptimage, "read_receipt"), before(GuardedSession, "_get"))
"""Where the broken promises of the negative controls show."""

RESUMED = {
    "with a job in doubt": (IN_DOUBT,),
    "with an image paid and not stored": (CrashPoint(nth=1, label=before(PartFile, "complete")),),
    "with nothing left to do": (CrashPoint(), CrashPoint()),
}
"""Where earlier runs are ended, for sweeps of the run that resumes them."""


def main(words):
    """Exit 0 if no run lost anything and every negative control was caught."""
    arguments = _read(words)
    if arguments.soak:
        return run_soak(arguments)
    if arguments.batches:
        return run_batches(arguments)
    if arguments.fleet:
        return run_fleet(arguments)
    if arguments.syscalls:
        return run_syscalls(arguments)
    if arguments.kind:
        return run_kind(arguments)
    whole = True if arguments.controls == "only" else run_sweeps(arguments)
    if arguments.controls != "no":
        whole &= run_controls(arguments)
    return 0 if whole else 1


def run_sweeps(arguments):
    """Sweep runs of every kind, and the other commands."""
    whole = True
    for place, (name, honours) in enumerate(MODES.items()):
        if arguments.keys in {"both", name}:
            choose = _chooser(arguments, place)
            whole &= run_sweep(f"keys {name}", choose, honours_keys=honours)
            whole &= run_resumed(arguments, name, choose, place=place)
            whole &= run_others(arguments, name, choose, place=place)
    if arguments.keys in {"both", "ignored"}:
        whole &= run_commands(arguments)
    return whole


def run_controls(arguments):
    """Sweep pipelines that break a promise, each of which has to be caught."""
    whole = True
    points = [CrashPoint(nth=nth, label=label) for label in CONTROL_STEPS for nth in (1, 2)]
    for name, control in CONTROLS.items():
        some = points[:: 2 if arguments.quick else 1]
        whole &= run_control(name, control, lambda _steps, some=some: some)
    for kind, (name, control) in CONTROLS_OF.items():
        some = few_points(kind, most=2 if arguments.quick else 9)
        whole &= run_control(name, control, some, subject=SUBJECTS.get(kind, RUN))
    return whole


def _read(words):
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="half of the kinds of steps per mode")
    parser.add_argument("--thorough", action="store_true", help="every step, torn writes too")
    parser.add_argument("--every", type=int, default=25, metavar="N", help="each N-th step (25)")
    parser.add_argument("--keys", choices=["both", *MODES], default="both")
    parser.add_argument("--controls", choices=["also", "no", "only"], default="also")
    kinds = sorted(SUBJECTS)
    parser.add_argument("--kind", choices=kinds, help="sweep this kind of command, and its control")
    parser.add_argument("--syscalls", action="store_true", help="let system calls fail")
    parser.add_argument("--most", type=int, default=400, help="faults of --syscalls (400)")
    parser.add_argument("--soak", action="store_true", help="one long campaign, killed often")
    parser.add_argument("--batches", type=int, metavar="N", help="kill runs that order N images")
    parser.add_argument("--fleet", type=int, metavar="N", help="4 shards of N images, harmed")
    parser.add_argument("--rounds", type=int, default=len(ROUNDS), help="of --fleet (%(default)s)")
    parser.add_argument("--wire", choices=["gptimage", "openai"], default="gptimage")
    parser.add_argument("--jobs", type=int, default=500, help="of the soak (500)")
    parser.add_argument("--kills", type=int, default=10, help="of the soak (10)")
    parser.add_argument("--seed", type=int, default=1, help="of the soak (1)")
    return parser.parse_args(words)


def run_syscalls(arguments):
    """Exit 0 if no system call that failed ended a command with 1, hung it, or lost money."""
    if why := cannot_trace():
        print(f"skipped: {why}")
        return 0
    began = time.monotonic()
    found = sweep_calls(most=arguments.most)
    print(f"system calls: {found}, {time.monotonic() - began:.0f} s", flush=True)
    return 0 if found.points and not found.violations else 1


def run_kind(arguments):
    """Exit 0 if one kind of command lost nothing, and its negative control was caught."""
    kind, subject = arguments.kind, SUBJECTS[arguments.kind]
    honours = subject.wire == "gptimage" and arguments.keys != "ignored"
    choose = _chooser(arguments, 0)
    whole = run_sweep(kind, choose, honours_keys=honours, subject=subject)
    if kind in CONTROLS_OF:
        name, control = CONTROLS_OF[kind]
        whole &= run_control(name, control, few_points(kind, most=9), subject=subject)
    return 0 if whole else 1


def run_batches(arguments):
    """Exit 0 if no line of a batch was made twice, and every image is stored or in doubt."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="batches-") as folder:
        report = batch_soak(Path(folder), images=arguments.batches, lines=60)
    seconds = time.monotonic() - began
    print(f"batches: {report}, {seconds:.0f} s", *report.violations, sep="\n  ", flush=True)
    print("killed:", *report.kills, sep="\n  ", flush=True)
    return 1 if report.violations else 0


def run_fleet(arguments):
    """Exit 0 if several coordinators on one ledger paid for nothing twice and lost nothing."""
    whole = True
    for number in range(arguments.rounds):
        faults, seed = ROUNDS[number % len(ROUNDS)], arguments.seed + number
        with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
            report = fleet_soak(Path(folder), jobs=arguments.fleet, faults=faults, seed=seed)
        print(f"fleet, {faults}: {report}", *report.violations[:20], sep="\n  ", flush=True)
        whole &= not report.violations
    return 0 if whole else 1


def run_soak(arguments):
    """Exit 0 if every audit was inside the bounds and every job is accounted for."""
    whole = True
    for name, honours in MODES.items():
        if honours and arguments.wire == "openai":  # that API has no keys to honour
            continue
        if arguments.keys in {"both", name}:
            with tempfile.TemporaryDirectory(prefix="soak-") as folder:
                report = soak(
                    Path(folder),
                    jobs=arguments.jobs,
                    kills=arguments.kills,
                    honours_keys=honours,
                    seed=arguments.seed,
                    wire=arguments.wire,
                )
            print(f"soak, keys {name}: {report}", *report.violations, sep="\n  ", flush=True)
            whole &= not report.violations
    return 0 if whole else 1


def _chooser(arguments, place):
    if arguments.thorough:
        return all_points
    if arguments.quick:
        return lambda steps: points_of(steps, every=0)[place::2]
    return lambda steps: points_of(steps, every=arguments.every)


def run_resumed(arguments, name, choose, *, place):
    """Sweep runs that resume another; `--quick` tries half of the kinds in each mode."""
    kinds = list(RESUMED.items())
    whole = True
    for kind, earlier in kinds[place::2] if arguments.quick else kinds:
        title = f"keys {name}, resumed {kind}"
        few = (lambda steps: choose(steps)[::4]) if arguments.quick else choose
        subject = Subject(earlier=earlier)
        whole &= run_sweep(title, few, honours_keys=MODES[name], subject=subject)
    return whole


def run_commands(arguments):
    """Sweep what else writes to the ledger."""
    whole = True
    for name in COMMANDS[1:]:
        began = time.monotonic()
        every = 1 if arguments.thorough else 0 if arguments.quick else arguments.every
        found, steps = sweep_command(name, every=every, share=4 if arguments.quick else 1)
        print(
            f"command {name}: {found.points} points of {steps} steps, {len(found.labels)} kinds, "
            f"{len(found.violations)} violations, {time.monotonic() - began:.0f} s",
            flush=True,
        )
        whole &= found.points > 0 and not found.violations
    return whole


def run_others(arguments, name, choose, *, place):
    """Sweep the closing of the ledger, and commands as a person goes on after each of them.

    `--quick` tries the closing, sealed replies, batches, and the import after a replay, which needs
    honoured keys: `run_commands` has a share of the others.
    """
    sweeps = {kind: (subject, choose) for kind, subject in SUBJECTS.items()}
    sweeps["closing"] = (RUN, closing_points)
    whole = True
    for kind in [("import",), ("closing", "sealed", "batch")][place] if arguments.quick else sweeps:
        subject, points = sweeps[kind]
        if MODES[name] and subject.wire != "gptimage":  # OpenAI's API has no keys to honour
            continue
        some = few_points(kind) if arguments.quick else points
        whole &= run_sweep(f"keys {name}, {kind}", some, honours_keys=MODES[name], subject=subject)
    return whole


def few_points(kind, *, most=3):
    """Return a choice of a few points at which most can go wrong."""
    if kind == "closing":
        return lambda steps: closing_points(steps)[4::3][: 2 * most]
    if kind == "sealed":
        labels = [
            *(after(OpenSeal, step) for step in ("_create", "_append", "_seal")),
            *(before(OpenSeal, "_seal"), before(OpenSeal, "read")),
            *(before(SealedReplies, "forget"), after(SealedReplies, "forget")),
        ]
        return lambda _steps: [CrashPoint(nth=1, label=label) for label in labels[: 2 * most + 1]]
    if kind == "batch":
        labels = [
            *(after(OpenAIBatches, "open"), before(OpenAIBatches, "open")),
            *(after(OpenAIBatches, "upload"), after(SqliteLedger, "order")),
            *(after(ResultLines, "_seal"), before(ResultLines, "_seal")),
            *(after(SqliteLedger, "paid"), before(SqliteLedger, "close_ticket")),
        ]
        return lambda _steps: [CrashPoint(nth=1, label=label) for label in labels[: 2 * most + 2]]
    step = {"import": "SqliteLedger.restore", "approve": "SqliteLedger.decide"}.get(
        kind, "SqliteLedger.resolve"
    )

    def choose(steps):
        first = steps.index(f"before {step}")
        written = [
            label for label in dict.fromkeys(steps[first:]) if label.startswith(("sqlite", "os."))
        ]
        nth = [(label, steps[:first].count(label) + 1) for label in written]
        points = [CrashPoint(nth=count, label=label) for label, count in nth]
        return [*points[::2], CrashPoint(nth=1, label=f"after {step}")][:most]

    return choose


def run_sweep(name, choose, **how):
    """Sweep one kind of run against one kind of server."""
    began = time.monotonic()
    found, steps = sweep(choose=choose, report=print, **how)
    print(
        f"{name}: {found.points} points of {steps} steps, {len(found.labels)} kinds, "
        f"{len(found.violations)} violations, {found.in_doubt} in doubt, "
        f"{time.monotonic() - began:.0f} s",
        flush=True,
    )
    return found.points > 0 and not found.violations


def run_control(name, control, choose, *, subject=RUN):
    """Sweep a pipeline that breaks a promise: if it is not caught, this harness proves nothing."""
    found, _ = sweep(honours_keys=False, choose=choose, control=control, subject=subject)
    verdict = "caught" if found.violations else "NOT CAUGHT: this harness proves nothing"
    print(
        f"negative control, {name}: {found.points} points, "
        f"{len(found.violations)} violations ({verdict})",
        flush=True,
    )
    return bool(found.violations)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
