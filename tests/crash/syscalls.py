"""The system call sweep: the Nth call of a kind fails, in a command that strace traces.

The commands are run, resolve, approve and ledger import. Whatever fails: none ends with exit code
1, or with 2 as if the campaign were wrong, and none hangs; the charge stays inside the ledger's
interval, and without the fault everything can be finished.
"""

import contextlib
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from crash.image_server import serving
from crash.prepared import COMMANDS, FINISHED, Prepared, preload, printed
from crash.run_under_test import fork_task

HANGS_AFTER = 60.0
FAULTS = {
    "openat": ("EMFILE", "ENOSPC", "EIO"),
    "write": ("ENOSPC", "EIO", "EAGAIN"),
    "pwrite64": ("ENOSPC", "EIO"),
    "read": ("EIO",),
    "sendto": ("EAGAIN", "EIO"),
    "recvfrom": ("EAGAIN", "EIO"),
    "pread64": ("EIO",),
    "fsync": ("EIO", "ENOSPC"),
    "fdatasync": ("EIO",),
    "rename": ("ENOSPC", "EIO"),
    "mkdir": ("ENOSPC",),
    "socket": ("EMFILE",),
    "clone": ("EAGAIN",),
}
"""Kind of call → errors. A kind is all calls that a C library may make for it."""
KINDS = {
    "openat": "openat,open",
    "rename": "/^rename",
    "mkdir": "/^mkdir",
    "clone": "clone,clone3",
}
"""How strace is asked for a kind, if not by its name."""
LASTING = {"ENOSPC", "EMFILE"}
"""Errors that stay once they have come, in every second point: a full disk stays full."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """The call that fails, counted in each thread."""

    command: str
    kind: str
    error: str
    nth: int
    lasting: bool = False

    def __str__(self):
        return f"{self.command}: {self.kind} {self.nth}{'+' if self.lasting else ''} {self.error}"

    @property
    def strace(self):
        """The words of strace that inject it."""
        kind = KINDS.get(self.kind, self.kind)
        when = f"{self.nth}{'+' if self.lasting else ''}"
        return f"inject={kind}:error={self.error}:when={when}"


@dataclass
class Findings:
    points: int = 0
    codes: Counter = field(default_factory=Counter)
    slowest: float = 0.0
    violations: list = field(default_factory=list)

    def __str__(self):
        codes = ", ".join(f"{count} × {code}" for code, count in sorted(self.codes.items()))
        return (
            f"{self.points} points, {len(self.violations)} violations; "
            f"exit codes {codes}; slowest {self.slowest:.1f} s"
        )


def cannot_trace():
    """Return why no process can be traced here; empty if it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    words = ["strace", "-qq", "-o", "/dev/null", "true"]
    tried = subprocess.run(words, capture_output=True, text=True, check=False)
    return f"nothing may be traced here: {tried.stderr.strip()}" if tried.returncode else ""


def traced(prepared, words, *, log="/dev/null"):
    """Run the command under strace; return its exit code (None: it hung) and its seconds."""

    def task():
        _let_anyone_trace()
        os.kill(os.getpid(), signal.SIGSTOP)
        return prepared.command()

    child = fork_task(prepared.folder, prepared.server, task)
    os.waitpid(child, os.WUNTRACED)
    strace = ["strace", "-f", "-qq", "-o", str(log), "-p", str(child), *words]
    with subprocess.Popen(strace, stderr=subprocess.PIPE, text=True) as tracer:
        _wait_until_traced(child)
        began = time.monotonic()
        os.kill(child, signal.SIGCONT)
        code = None
        while time.monotonic() - began < HANGS_AFTER:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                break
            time.sleep(0.01)
        else:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        seconds = time.monotonic() - began
        with contextlib.suppress(subprocess.TimeoutExpired):
            tracer.wait(5)
        tracer.kill()
    return code, seconds


def _let_anyone_trace():
    """Let strace, which is no parent of this process, attach to it (PR_SET_PTRACER)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1))


def _wait_until_traced(child):
    status = Path(f"/proc/{child}/status")
    for _ in range(500):
        if "TracerPid:\t0\n" not in status.read_text():
            return
        time.sleep(0.01)
    raise AssertionError("strace did not attach")


def counted(prepared):
    """Return the calls of each kind that a thread of the command makes at most."""
    log = prepared.folder / "trace.txt"
    kinds = ",".join(KINDS.get(kind, kind) for kind in FAULTS if kind not in {"rename", "mkdir"})
    words = ["-e", f"trace={kinds},/^rename,/^mkdir"]
    code, _ = traced(prepared, words, log=log)
    assert code in FINISHED, printed(prepared.folder)
    by_thread = Counter()
    for line in log.read_text().splitlines():
        if found := re.match(r"(\d+) +([a-z0-9]+)\(", line):
            by_thread[found[1], _kind_of(found[2])] += 1
    most = Counter()
    for (_, kind), count in by_thread.items():
        most[kind] = max(most[kind], count)
    return most


def _kind_of(name):
    if name in FAULTS:
        return name
    return next((kind for kind in FAULTS if name.startswith(kind)), "openat")


def points(command, counts, *, most):
    """Return faults spread over the calls of a command, of every kind and error."""
    pairs = [(kind, error) for kind, errors in FAULTS.items() for error in errors if counts[kind]]
    share = max(1, most // len(pairs))
    found = []
    for number, (kind, error) in enumerate(pairs):
        few = min(share, counts[kind])
        for step in range(few):
            nth = (
                1 + (counts[kind] - 1) * step // max(1, few - 1)
                if few > 1
                else 1 + number % counts[kind]
            )
            lasting = error in LASTING and bool(step % 2)
            found.append(Fault(command=command, kind=kind, error=error, nth=nth, lasting=lasting))
    return found[:: max(1, len(found) // most)][:most]


def try_fault(fault, folder, server):
    """Run a command with a fault, then without one; return its exit code, seconds, complaints."""
    prepared = Prepared(fault.command, folder, server)
    prepared.make()
    code, seconds = traced(
        prepared, ["-e", f"trace={KINDS.get(fault.kind, fault.kind)}", "-e", fault.strace]
    )
    said = printed(folder)
    if code is None:
        return code, seconds, [f"{fault}: it hung: {said}"]
    complaints = []
    if code in {1, 2, 99} or code < 0 or "Traceback" in said:
        complaints.append(f"ended with {code}: {said}")
    complaints += prepared.finish()
    if not complaints:
        shutil.rmtree(folder)
    return code, seconds, [f"{fault}: {text}" for text in complaints]


def sweep_calls(*, most, report=print, commands=COMMANDS):
    """Try so many faults in all; return what was found."""
    preload()
    found = Findings()
    with tempfile.TemporaryDirectory(prefix="syscalls-") as scratch:
        place = Path(scratch)
        with serving(place / "server", honours_keys=False) as server:
            for command in commands:
                prepared = Prepared(command, place / f"count-{command}", server)
                prepared.make()
                counts = counted(prepared)
                for number, fault in enumerate(points(command, counts, most=most // len(commands))):
                    code, seconds, complaints = try_fault(
                        fault, place / f"{command}-{number}", server
                    )
                    found.points += 1
                    found.codes["hung" if code is None else str(code)] += 1
                    found.slowest = max(found.slowest, seconds)
                    found.violations += complaints
                    for text in complaints:
                        report(text)
    return found
