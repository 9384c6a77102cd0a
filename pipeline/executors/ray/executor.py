"""An executor that runs tasks on a Ray cluster."""

import asyncio
import itertools
import os
import pickle
import re
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import Self, TypeVar, cast

from pipeline.errors import (
    FilesNotReached,
    LocalFault,
    TaskDied,
    TaskFailed,
    UsageError,
    WorkerFault,
)
from pipeline.executors.base import FileTransfer, Task
from pipeline.executors.ray.messages import (
    LENGTH,
    Answered,
    Connect,
    Connected,
    Drop,
    FromDriver,
    Lost,
    Refused,
    Resized,
    Submit,
    TaskAnswer,
    packed,
)
from pipeline.executors.ray.worker import code_digest

Result = TypeVar("Result")

AUTO = "auto"
"""The address of the cluster that runs on this machine, or that RAY_ADDRESS names."""
TRIES = 4
"""Times that a task is run if its worker is lost: once, and three times more."""
LONGEST_WAIT = 600.0
"""Seconds without a finished task after which those that wait are given up."""
LONGEST_CONNECTING = 150.0
LONGEST_ENDING = 10.0
LONGEST_ABSENCE = 60.0
"""Seconds that a cluster may be gone before its tasks are given up."""
_PATIENCE = 5.0
"""Seconds to wait for a connection to the head of the cluster."""
_PAUSE = 1.0
_BUFFER = 2**22
_HINT = "pip install 'campaign-pipeline[ray]'"

_ENVIRONMENT = re.compile(
    r"PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|LD_LIBRARY_PATH|VIRTUAL_ENV"
    r"|PYTHON(PATH|HOME|MALLOC|HASHSEED|UTF8)|RAY_\w+|SSL_CERT_(FILE|DIR)"
)
"""The variables that the process which speaks to Ray may have: none has a key of an API."""


class RayExecutor:
    """Runs tasks on a Ray cluster, which must be running.

    A process of its own speaks to the cluster (`driver.py`), since Ray ends that process when its
    cluster is lost. Nothing but tasks goes there: no environment, no keys. Files are named by
    their paths until a worker does not see them; from then on their bytes travel with the tasks.
    """

    def __init__(
        self,
        address: str = AUTO,
        *,
        transfer: FileTransfer | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Use the cluster at `HOST:PORT`, or `auto`; `tell` is told what a person should know."""
        self._address, self._transfer, self._tell = address, transfer, tell
        self._connection: _Connection | None = None
        self._connecting = asyncio.Lock()
        self._gone = ""
        """Why the cluster is given up."""
        self._by_path = True
        self._cores = 1
        self._ended = 0.0
        """When a task last ended."""

    @property
    def at_once(self) -> int:
        """See `Executor.at_once`."""
        return max(2, 2 * self._cores)

    async def __aenter__(self) -> Self:
        if find_spec("ray") is None:
            raise UsageError(f"--executor ray needs Ray: {_HINT}; nothing was sent")
        if self._transfer is not None:
            await asyncio.to_thread(self._transfer.begin)
        try:
            connected = await self._connect()
        except BaseException:
            await self.__aexit__()
            raise
        cores = f"{connected.cores} core{'s' if connected.cores > 1 else ''}"
        nodes = f"{connected.nodes} node{'s' if connected.nodes != 1 else ''}"
        self._tell(f"ray  {nodes}, {cores}")
        for words in connected.warnings:
            self._tell(f"ray  {words}")
        if self._transfer is not None and not self._transfer.has_paths:
            self._send_bytes("the object store is reached from here only")
        elif connected.away:
            self._send_bytes(f"{connected.away[0]} does not reach the output folder")
        return self

    async def __aexit__(self, *_: object) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
        if self._transfer is not None:
            await asyncio.to_thread(self._transfer.end)

    async def run(self, task: Task[Result]) -> Result:
        """See `Executor.run`."""
        transfer = self._transfer
        if transfer is None:
            return cast("Result", await self._run(task, name=type(task).__name__))
        name = type(task).__name__
        if self._by_path:
            try:
                return cast("Result", await self._run(transfer.by_path(task), name=name))
            except FilesNotReached as error:
                self._send_bytes(f"{error} does not reach the output folder")
        carrying = await asyncio.to_thread(transfer.with_files, task)
        result = await self._run(carrying, name=name)
        return cast("Result", await asyncio.to_thread(transfer.received, result))

    def _send_bytes(self, reason: str) -> None:
        if self._by_path:
            self._by_path = False
            self._tell(f"ray  {reason}: images are sent to the workers")

    async def _run(self, task: Task[object], *, name: str) -> object:
        """Run a task, again if its worker is lost; raise what it raises."""
        payload, reasons = pickle.dumps(task), list[str]()
        crashed, fault = True, None
        while len(reasons) < TRIES:
            connection = await self._alive()
            outcome = await self._outcome(connection, payload, name=name)
            if isinstance(outcome, Lost):
                reasons.append(outcome.reason)
                crashed &= outcome.crashed
                continue
            answer = _answer_of(outcome, name=name)
            if answer.error is None:
                return answer.result
            if not isinstance(answer.error, WorkerFault) or isinstance(
                answer.error, FilesNotReached
            ):
                raise answer.error
            fault = answer.error
            reasons.append(str(fault))
        if fault is not None:
            raise fault
        if crashed:
            raise TaskDied(f"{name} ended every process it ran in")
        raise TaskDied(
            f"{name} was lost {TRIES} times with its worker, the last time: {reasons[-1]}"
        )

    async def _outcome(
        self, connection: "_Connection", payload: bytes, *, name: str
    ) -> Answered | Lost:
        loop = asyncio.get_running_loop()
        with connection.submitted(payload) as waiting:
            while not waiting.done():
                since = loop.time()
                await asyncio.wait([waiting], timeout=LONGEST_WAIT)
                if not waiting.done() and self._ended < since:
                    raise TaskDied(f"no Ray worker has finished {name} in {LONGEST_WAIT:.0f} s")
            self._ended = loop.time()
            return waiting.result()

    async def _alive(self) -> "_Connection":
        """Return the connection; if the cluster was lost, wait a while for it to come back."""
        connection = self._connection
        if connection is not None and connection.alive:
            return connection
        async with self._connecting:
            loop = asyncio.get_running_loop()
            deadline = loop.time() + LONGEST_ABSENCE
            while self._connection is None or not self._connection.alive:
                if self._gone:
                    raise TaskDied(self._gone)
                try:
                    await self._connect()
                except (UsageError, LocalFault) as error:
                    if loop.time() > deadline:
                        reason = str(error).partition("\n")[0]
                        self._gone = f"the Ray cluster was lost, and did not come back: {reason}"
                        self._tell(f"ray  {self._gone}")
                    await asyncio.sleep(_PAUSE)
            return self._connection

    async def _connect(self) -> Connected:
        if self._connection is not None:
            await self._connection.close()
        await _require_address(self._address)
        self._connection = connection = await _Connection.open(self._resized)
        transfer, probe = self._transfer, b""
        if transfer is not None and transfer.has_paths:
            probe = pickle.dumps(transfer.probe())
        connected = await connection.connect(self._address, probe)
        self._resized(connected.cores)
        return connected

    def _resized(self, cores: int) -> None:
        self._cores = cores


def _answer_of(outcome: Answered, *, name: str) -> TaskAnswer:
    """Return the answer; `TaskFailed` if a worker with another program gave it."""
    try:
        answer: TaskAnswer = pickle.loads(outcome.answer)  # noqa: S301 - from our own workers
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise TaskFailed(
            f"what a Ray worker answered to {name} cannot be read: {reason}"
        ) from error
    return answer


class _Connection:
    """A driver, and the tasks that were given to it."""

    def __init__(
        self,
        driver: Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        resized: Callable[[int], None],
    ) -> None:
        self.alive = True
        self._driver, self._reader, self._writer = driver, reader, writer
        self._resized = resized
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Answered | Lost]] = {}
        self._listening: asyncio.Task[None] | None = None
        self._said = asyncio.ensure_future(_last_words(driver))

    @classmethod
    async def open(cls, resized: Callable[[int], None]) -> Self:
        """Start a driver; `resized` is called with the number of cores when it changes."""
        here, there = socket.socketpair()
        try:
            for end in (here, there):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
            driver = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "pipeline.executors.ray.driver", str(there.fileno())),
                stdin=DEVNULL,
                stdout=DEVNULL,
                stderr=PIPE,
                env=driver_environment(os.environ),
                pass_fds=[there.fileno()],
                start_new_session=True,  # a signal from the terminal is for the coordinator
            )
        except OSError as error:
            here.close()
            raise LocalFault(f"cannot start a child process: {error}") from error
        finally:
            there.close()
        reader, writer = await asyncio.open_connection(sock=here, limit=_BUFFER)
        return cls(driver, reader, writer, resized)

    async def connect(self, address: str, probe: bytes) -> Connected:
        """Connect to the cluster; raise `UsageError` if it cannot be used."""
        message = Connect(address=address, code=code_digest(), probe=probe)
        self._writer.write(packed(message))
        try:
            async with asyncio.timeout(LONGEST_CONNECTING):
                first = await self._message()
        except TimeoutError:
            raise _unusable(address, f"no answer in {LONGEST_CONNECTING:.0f} s") from None
        except (asyncio.IncompleteReadError, OSError):
            raise _unusable(address, await self._said or "its driver ended") from None
        if isinstance(first, Refused):
            raise _unusable(address, first.reason)
        if not isinstance(first, Connected):
            raise TypeError(f"{type(first).__name__} before Connected")
        self._listening = asyncio.ensure_future(self._listen())
        return first

    @contextmanager
    def submitted(self, payload: bytes) -> Iterator["asyncio.Future[Answered | Lost]"]:
        """Give a task to the driver, and yield what becomes of it; drop it on leaving."""
        number = next(self._numbers)
        waiting = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        self._writer.write(packed(Submit(number=number, task=payload)))
        try:
            yield waiting
        finally:
            if self._waiting.pop(number, None) is not None and self.alive:
                self._writer.write(packed(Drop(number=number)))

    async def _message(self) -> FromDriver:
        (length,) = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))
        message: FromDriver = pickle.loads(await self._reader.readexactly(length))  # noqa: S301 - from our own child
        return message

    async def _listen(self) -> None:
        """Pass on what the driver says until it ends; then all its tasks are lost."""
        try:
            while True:
                message = await self._message()
                match message:
                    case Answered() | Lost():
                        waiting = self._waiting.pop(message.number, None)
                        if waiting is not None and not waiting.done():
                            waiting.set_result(message)
                    case Resized():
                        self._resized(message.cores)
                    case Connected() | Refused():
                        raise TypeError(f"{type(message).__name__} after Connected")
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self.alive = False
            for number, waiting in self._waiting.items():
                if not waiting.done():
                    reason = "the connection to the cluster was lost"
                    waiting.set_result(Lost(number=number, reason=reason, crashed=False))
            self._waiting.clear()

    async def close(self) -> None:
        """End the driver, and with it all of its processes on the cluster."""
        self.alive = False
        self._writer.close()
        try:
            async with asyncio.timeout(LONGEST_ENDING):
                await self._driver.wait()
        except TimeoutError:
            self._driver.kill()
            await self._driver.wait()
        for task in (self._listening, self._said):
            if task is not None:
                await asyncio.wait([task])


def _unusable(address: str, reason: str) -> UsageError:
    where = "" if address == AUTO else f" at {address}"
    return UsageError(f"the Ray cluster{where} cannot be used: {reason}\nNothing was sent.")


def driver_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that Ray needs, without those that may have a key of an API."""
    kept = {name: value for name, value in environment.items() if _ENVIRONMENT.fullmatch(name)}
    return {**kept, "RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}


async def _require_address(address: str) -> None:
    """Raise `UsageError` unless something listens there; Ray would try for two minutes."""
    if address == AUTO:
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        raise UsageError(
            f"--ray-address {address}: give HOST:PORT, as `ray start` prints it, or auto"
        )
    try:
        async with asyncio.timeout(_PATIENCE):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
        writer.close()
    except (OSError, TimeoutError, OverflowError) as error:
        reason = str(error) or f"no answer in {_PATIENCE:.0f} s"
        raise _unusable(
            address, f"{reason}; is that the address that `ray start --head` printed?"
        ) from error


async def _last_words(driver: Process) -> str:
    """Read what Ray prints about its own troubles, and return the last line of it."""
    last = b""
    if driver.stderr is not None:
        with suppress(ValueError):
            async for line in driver.stderr:
                last = line.strip() or last
    return last.decode(errors="replace")[-300:]
