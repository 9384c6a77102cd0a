"""Processes beside this one: replaced when they are killed, gone when their parent is."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from executor_tasks import Process

from pipeline.executors.local import LocalExecutor


async def test_a_worker_that_is_killed_is_replaced():
    async with LocalExecutor(1) as executor:
        first = await executor.run(Process())
        os.kill(first, signal.SIGKILL)
        second = await executor.run(Process())
    assert second not in (first, os.getpid())


PARENT = """
import asyncio, os, sys
from executor_tasks import Process
from pipeline.executors.local import LocalExecutor

async def main():
    async with LocalExecutor(1) as executor:
        print(await executor.run(Process()), flush=True)
        await asyncio.sleep(60)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_a_worker_does_not_outlive_a_killed_parent(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{root}:{root / 'tests'}"},
    ) as parent:
        worker = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 5
    while _alive(worker) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(worker)


def _alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
