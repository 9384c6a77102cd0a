"""The process between a coordinator and a Ray cluster: python -m pipeline.executors.ray.driver FD.

Ray ends the process of its driver when the cluster is gone, from C++ and without warning. So its
driver is a process of its own, which buys nothing, and which the coordinator may start again. It
is started with an environment that has no keys (see `executor.py`).
"""

import asyncio
import logging
import os
import pickle
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import ray
from ray.exceptions import (
    NodeDiedError,
    OutOfMemoryError,
    RayError,
    RayTaskError,
    WorkerCrashedError,
)
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

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
    ToDriver,
    WorkerFacts,
    packed,
)
from pipeline.executors.ray.worker import installed, run_payload, worker_facts

A_CORE = 2
"""Tasks in flight for each core of the cluster: one runs, one is already there."""
LONGEST_PROBE = 60.0
"""Seconds that a node may take to answer the first question."""
NAMED = 3
LOOK_AGAIN = 5.0
"""Seconds between two looks at the size of the cluster."""

T = TypeVar("T")


class ClusterRefused(Exception):
    """The cluster cannot be used as it is."""


@dataclass(kw_only=True)
class Driver:
    """Gives tasks to the cluster, at most two for each of its cores at a time."""

    send: Callable[[FromDriver], None]
    cores: int
    code: str
    """The digest of the coordinator's program."""
    in_flight: int = 0
    waiting: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    """Tasks that were not given to the cluster yet."""
    turn: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        """Repeating is left to the coordinator, which counts and tells."""
        self._run = ray.remote(num_cpus=1, max_retries=0)(run_payload)
        self._all: set[asyncio.Task[None]] = set()

    def submit(self, message: Submit) -> None:
        """Run a task as soon as there is room for it."""
        task = asyncio.get_running_loop().create_task(self._one(message))
        self.waiting[message.number] = task
        self._all.add(task)
        task.add_done_callback(self._all.discard)

    def drop(self, message: Drop) -> None:
        """Forget a task that was not given to the cluster; others run to their end."""
        task = self.waiting.pop(message.number, None)
        if task is not None:
            task.cancel()

    async def _one(self, message: Submit) -> None:
        async with self.turn:
            await self.turn.wait_for(lambda: self.in_flight < A_CORE * self.cores)
            self.in_flight += 1
        self.waiting.pop(message.number, None)
        try:
            answer = await self._run.remote(message.task, self.code)
        except (RayError, RuntimeError, OSError) as error:
            crashed = isinstance(error, WorkerCrashedError | OutOfMemoryError)
            reason = _reason(error)
            self.send(Lost(number=message.number, reason=reason, crashed=crashed))
        else:
            self.send(Answered(number=message.number, answer=answer))
        finally:
            async with self.turn:
                self.in_flight -= 1
                self.turn.notify_all()

    async def watch_size(self) -> None:
        """Follow the size of a cluster that grows and shrinks."""
        while True:
            await asyncio.sleep(LOOK_AGAIN)
            cores = await asyncio.to_thread(_cores)
            if cores != self.cores:
                self.cores = cores
                self.send(Resized(cores=cores))
                async with self.turn:
                    self.turn.notify_all()


def _reason(error: Exception) -> str:
    if isinstance(error, OutOfMemoryError):
        return "the memory of its machine ran out"
    if isinstance(error, WorkerCrashedError):
        return "its process ended"
    if isinstance(error, NodeDiedError):
        return "its machine was lost"
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__


def _cores() -> int:
    return max(1, int(ray.cluster_resources().get("CPU", 0)))


def connect(message: Connect) -> Connected:
    """Connect to the cluster, and ask each of its nodes whether it can be used; blocks."""
    try:
        ray.init(
            address=message.address,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise ClusterRefused(_said(error)) from error
    nodes = [one for one in ray.nodes() if one["Alive"] and one["Resources"].get("CPU", 0) > 0]
    facts, silent = _ask(nodes, message.probe)
    _hold_to_this_machine(facts, code=message.code)
    warnings = [
        f"{', '.join(one.keys)} is set in the environment of Ray worker {one.host}, which needs no "
        "key: start Ray without it"
        for one in facts[:NAMED]
        if one.keys
    ]
    if silent:
        warnings.append(f"no answer from Ray nodes, which may be gone: {', '.join(silent)}")
    if not nodes:
        warnings.append("the Ray cluster has no worker with a core yet; tasks wait for one")
    return Connected(
        nodes=len(nodes),
        cores=_cores(),
        away=tuple(sorted({one.host for one in facts if not one.reaches})),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _ask(nodes: Sequence[dict[str, object]], probe: bytes) -> tuple[list[WorkerFacts], list[str]]:
    """Return what each node says of itself, and the names of those that do not answer."""
    ask = ray.remote(num_cpus=0, max_retries=1)(worker_facts)
    asked = {}
    for node in nodes:
        there = NodeAffinitySchedulingStrategy(str(node["NodeID"]), soft=False)
        asked[ask.options(scheduling_strategy=there).remote(probe)] = node
    ready, late = (
        ray.wait([*asked], num_returns=len(asked), timeout=LONGEST_PROBE) if asked else ([], [])
    )
    facts, silent = [], [str(asked[one]["NodeManagerHostname"]) for one in late]
    for one in ready:
        name = str(asked[one]["NodeManagerHostname"])
        try:
            facts.append(pickle.loads(ray.get(one)))  # noqa: S301 - from our own worker
        except RayTaskError as error:
            raise ClusterRefused(
                f"Ray worker {name} cannot run the pipeline: {_said(error)}\nInstall the same "
                "campaign-pipeline there, with the same extras, for the Python that runs Ray."
            ) from error
        except RayError:  # it has gone since the list was made
            silent.append(name)
    return facts, silent


def _hold_to_this_machine(facts: Sequence[WorkerFacts], *, code: str) -> None:
    """Refuse workers that would make other files of the same recipe."""
    here, wrong = {**installed(), "campaign-pipeline": code}, []
    for one in facts:
        differs = [
            f"{name} {one.installed.get(name) or 'is missing'} (here {mine or 'not installed'})"
            for name, mine in here.items()
            if one.installed.get(name, "") != mine
        ]
        if differs:
            wrong.append(f"  {one.host}: {', '.join(differs)}")
    if wrong:
        told = "\n".join(dict.fromkeys(wrong[:NAMED]))
        raise ClusterRefused(
            "Ray workers have other packages than this machine, and would make other files:\n"
            f"{told}\nInstall the same ones there, with `pip freeze` of this machine."
        )


def _said(error: Exception) -> str:
    """Return the words of an error of Ray that a person can use, without its traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if "Could not find any running Ray instance" in str(error):
        return (
            "no Ray cluster runs on this machine: `ray start --head` starts one; "
            "--ray-address HOST:PORT names another"
        )
    if "Failed to connect to Ray cluster" in str(error):
        return f"{lines[-1]}; if it asks for a token, set RAY_AUTH_MODE=token"
    if any("Version mismatch" in line for line in lines):
        return " ".join(lines).replace(" :", ":")[:500]
    told = [line for line in lines if "Error:" in line] or lines or [type(error).__name__]
    return told[-1][:300]


async def _serve(connected: Connected, at: socket.socket, *, code: str) -> None:
    reader, writer = await asyncio.open_connection(sock=at, limit=2**22)
    driver = Driver(
        send=lambda message: writer.write(packed(message)), cores=connected.cores, code=code
    )
    driver.send(connected)
    watching = asyncio.get_running_loop().create_task(driver.watch_size())
    try:
        while True:
            (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
            message: ToDriver = pickle.loads(await reader.readexactly(length))  # noqa: S301 - from our parent
            match message:
                case Submit():
                    driver.submit(message)
                case Drop():
                    driver.drop(message)
                case Connect():
                    raise RuntimeError("connected twice")
    except (asyncio.IncompleteReadError, OSError):
        return  # the coordinator has ended, or does not need the cluster any more
    finally:
        watching.cancel()


def _read(at: socket.socket) -> ToDriver:
    (length,) = LENGTH.unpack(at.recv(LENGTH.size, socket.MSG_WAITALL))
    message: ToDriver = pickle.loads(at.recv(length, socket.MSG_WAITALL))  # noqa: S301 - from our parent
    return message


def main(descriptor: int) -> None:
    """Serve one coordinator until it closes the socket."""
    at = socket.socket(fileno=descriptor)
    message = _read(at)
    if not isinstance(message, Connect):
        raise TypeError(f"{type(message).__name__} before Connect")
    try:
        connected = connect(message)
    except ClusterRefused as reason:
        at.sendall(packed(Refused(reason=str(reason))))
        return
    asyncio.run(_serve(connected, at, code=message.code))
    os._exit(0)  # Ray ends this job's processes; tasks of it that still run are free to repeat


if __name__ == "__main__":
    main(int(sys.argv[1]))
