"""The suite gives the same answer however it was started: in the background, by cron, by hand."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
IGNORED = """
import signal
which = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGCHLD)
print([one.name for one in which if signal.getsignal(one) is signal.SIG_IGN])
print(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
"""


def test_a_child_starts_with_default_signals():
    started = subprocess.run(
        [sys.executable, "-c", IGNORED], capture_output=True, text=True, check=True
    )
    assert started.stdout == "[]\nset()\n"


def test_signals_that_the_suite_ignores_do_not_reach_its_children():
    """The suite failed in the background of a script, whose shell has SIGINT ignored.

    Two tests of test_crash_signals.py sent SIGINT to a run that had inherited the ignored signal.
    The test above is run here once more, in a suite that is started with every signal ignored.
    """
    this = f"{Path(__file__).relative_to(ROOT)}::test_a_child_starts_with_default_signals"
    ended = subprocess.run(
        [
            *("sh", "-c", 'trap "" HUP INT QUIT TERM CHLD && exec "$0" "$@"'),
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", this),
        ],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
