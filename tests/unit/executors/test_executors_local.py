"""Processes beside this one: replaced when they are killed, gone when their parent is."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from executor_tasks import Process, Square

from pipeline.errors import LocalFault, TaskDied
from pipeline.executors import local
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


async def test_a_task_that_hangs_is_killed_and_others_are_done(monkeypatch):
    monkeypatch.setattr(local, "LONGEST_TASK", 1.5)
    began = time.monotonic()
    async with LocalExecutor(1) as executor:
        hanging = asyncio.create_task(executor.run(Square(number=1, seconds=60.0)))
        await asyncio.sleep(0.1)
        other = asyncio.create_task(executor.run(Square(number=2)))
        with pytest.raises(TaskDied):
            await hanging
        assert await other == (2, 4)
        assert await executor.run(Square(number=3)) == (3, 9)
    assert time.monotonic() - began < 30


async def test_many_short_tasks_may_together_take_longer_than_one(monkeypatch):
    monkeypatch.setattr(local, "LONGEST_TASK", 1.0)
    async with LocalExecutor(1) as executor:
        await executor.run(Square(number=0))
        tasks = [executor.run(Square(number=number, seconds=0.3)) for number in range(8)]
        assert len(await asyncio.gather(*tasks)) == 8


async def test_an_executor_is_left_even_if_a_task_hangs(monkeypatch):
    monkeypatch.setattr(local, "LONGEST_ENDING", 0.3)
    began = time.monotonic()
    async with LocalExecutor(1) as executor:
        hanging = asyncio.create_task(executor.run(Square(number=1, seconds=60.0)))
        await asyncio.sleep(1.0)
        hanging.cancel()
    assert time.monotonic() - began < 20


async def test_a_machine_without_a_further_thread_is_a_local_fault(monkeypatch):
    def none_left(_thread):
        raise RuntimeError("can't start new thread")

    async with LocalExecutor(1) as executor:
        with monkeypatch.context() as broken:
            broken.setattr(threading.Thread, "start", none_left)
            with pytest.raises(LocalFault, match="cannot start a child process"):
                await executor.run(Square(number=1))
