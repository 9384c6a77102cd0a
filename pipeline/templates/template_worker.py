"""The template process: `python -m pipeline.templates.template_worker`.

It reads messages with templates and values from standard input and answers on standard output. It
uses no files, keys or network. Limits on its time and memory stop endless loops and huge results.
It exits when its parent has ended.
"""

import contextlib
import mmap
import os
import resource
import select
import signal
import sys
from typing import IO

from pipeline.templates.messages import BEGIN, FrameBroken, receive, send
from pipeline.templates.writer import TemplateWriter

CPU_SECONDS = 2
"""Seconds of CPU time that one message may take."""
MEMORY = 512 * 1024 * 1024
"""Most address space of this process, in bytes."""
_PARENT_CHECK = 5.0
"""Seconds between two checks that the parent is alive."""


def main() -> None:
    """Answer messages until there are no more."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    parent = int(sys.argv[1])
    progress = mmap.mmap(int(sys.argv[2]), mmap.PAGESIZE)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_AS, MEMORY)
    writer = TemplateWriter(progress)
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while _wait_for_message(requests, parent):
        try:
            message = receive(requests)
        except FrameBroken:
            return
        if message is None:
            return
        if message == BEGIN:  # another user: nothing is left of the one before
            writer = TemplateWriter(progress)
            send(answers, {})
            continue
        # A limit in absolute seconds would count by the scheduler's ticks, which drift by seconds
        # from any clock that can be read; this timer starts from where the ticks are now.
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        answer = writer.answer(message)
        signal.setitimer(signal.ITIMER_PROF, 0)
        send(answers, answer)


def _wait_for_message(requests: IO[bytes], parent: int) -> bool:
    """Wait for the next message; return false if the parent is gone."""
    while True:
        ready, _, _ = select.select([requests], [], [], _PARENT_CHECK)
        if ready:
            return True
        if os.getppid() != parent:
            return False


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    bounded = value if hard == resource.RLIM_INFINITY else min(value, hard)
    # macOS has RLIMIT_AS but refuses to set it; the limit on processor time still holds
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (bounded, bounded))


if __name__ == "__main__":
    main()
