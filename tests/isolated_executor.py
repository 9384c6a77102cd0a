"""An executor that hides nothing: each task has a new process, another folder, no environment.

What works here works on another machine that reaches the same images: a task and its result are
pickled, nothing of the parent process is there, and no relative path leads anywhere.
"""

import asyncio
import pickle
import sys
import tempfile
from contextlib import suppress

from pipeline.errors import TaskDied

RUN = """
import pickle, sys
sys.path[:] = pickle.load(sys.stdin.buffer)
from pipeline.executors.base import run_for_another_process
task = pickle.load(sys.stdin.buffer)
try:
    answer = (True, run_for_another_process(task))
except Exception as error:
    answer = (False, error)
sys.stdout.buffer.write(pickle.dumps(answer))
"""
MOST = 2
"""Processes at one time."""


class IsolatedExecutor:
    """Slow, and as far away as this machine allows."""

    at_once = MOST

    async def __aenter__(self):
        self._folder = tempfile.TemporaryDirectory()
        self._turn = asyncio.Semaphore(MOST)
        return self

    async def __aexit__(self, *_error):
        self._folder.cleanup()

    async def run(self, task):
        sent = pickle.dumps(sys.path) + pickle.dumps(task)
        for _ in range(2):
            async with self._turn:
                code, told = await self._one_process(sent)
            if code == 0:
                done, answer = pickle.loads(told)  # noqa: S301 - our own child's
                if done:
                    return answer
                raise answer
        raise TaskDied(f"{type(task).__name__} ended every process it ran in")

    async def _one_process(self, sent):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            RUN,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=self._folder.name,
            env={},
        )
        try:
            told, _ = await process.communicate(sent)
        except BaseException:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise
        return process.returncode, told
