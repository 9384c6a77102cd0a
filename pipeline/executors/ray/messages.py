"""What a coordinator and the driver of a Ray cluster say to each other over a socket."""

import pickle
import struct
from collections.abc import Mapping
from dataclasses import dataclass

LENGTH = struct.Struct(">Q")


@dataclass(frozen=True, kw_only=True, slots=True)
class Connect:
    """To the driver, first: the cluster to connect to, and a task that tries out the workers."""

    address: str
    code: str
    """The digest of the coordinator's program, which workers must have as well."""
    probe: bytes
    """A pickled task that tells whether a worker reaches the files; empty without files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Connected:
    """From the driver, once its cluster can be used."""

    nodes: int
    cores: int
    away: tuple[str, ...]
    """Nodes that do not reach the files by their paths."""
    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """From the driver, which then ends: why the cluster cannot be used."""

    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Submit:
    """To the driver: run a pickled task."""

    number: int
    task: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Drop:
    """To the driver: nobody waits for a task any more."""

    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """From the driver: the pickled `TaskAnswer` of a task."""

    number: int
    answer: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """From the driver: a task ended with its process, or with its node."""

    number: int
    reason: str
    crashed: bool
    """True if its process ended, False if all of its node did."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Resized:
    """From the driver: the cluster has another number of cores."""

    cores: int


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerFacts:
    """What a worker says of itself before it gets a task."""

    host: str
    installed: Mapping[str, str]
    """Versions of everything that the bytes of an ad file depend on; empty: not there."""
    reaches: bool
    keys: tuple[str, ...]
    """Names of environment variables that look like keys."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskAnswer:
    """The result of a task, or the error that it raised."""

    result: object = None
    error: Exception | None = None


ToDriver = Connect | Submit | Drop
FromDriver = Connected | Refused | Answered | Lost | Resized


def packed(message: ToDriver | FromDriver) -> bytes:
    """Return a message with its length in front."""
    content = pickle.dumps(message)
    return LENGTH.pack(len(content)) + content
