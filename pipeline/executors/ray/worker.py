"""What runs in the processes of a Ray cluster; importing it does not import Ray."""

import hashlib
import os
import pickle
import platform
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline.errors import LocalFault, TaskFailed, WorkerFault
from pipeline.executors.base import run_for_another_process
from pipeline.executors.ray.messages import TaskAnswer, WorkerFacts

LONGEST_TASK = 120.0
"""Seconds after which a task that has not ended is ended with its process."""
PACKAGES = (
    "pillow",
    "resvg-py",
    "uharfbuzz",
    "numpy",
    "coloraide",
    "rapidocr",
    "onnxruntime",
    "noto-cjk-sans-jp-bold",
)
"""What results depend on, besides the pipeline itself; some of it belongs to extras."""
_KEY = re.compile(r"(API_?KEY|SECRET|TOKEN|PASSWORD)", re.ASCII)
_RAYS_OWN = "RAY_"


def run_payload(payload: bytes, code: str) -> bytes:
    """Run a pickled task and return its pickled `TaskAnswer`.

    `code` is the digest of the coordinator's program. A machine that joins later may have another
    one, and is found out here.
    """
    if code != code_digest():
        reason = f"worker {socket.gethostname()} has another version of campaign-pipeline"
        return pickle.dumps(TaskAnswer(error=TaskFailed(reason)))
    try:
        with _at_most(LONGEST_TASK):
            answer = TaskAnswer(result=run_for_another_process(pickle.loads(payload)))  # noqa: S301 - from our own driver
    except Exception as error:  # noqa: BLE001 - passed on to the caller, whatever it is
        answer = TaskAnswer(error=_fault(error))
    return pickle.dumps(answer)


def _fault(error: Exception) -> Exception:
    """Return the error; memory that runs out here says nothing of the coordinator's machine."""
    if isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError):
        return WorkerFault(f"{error!s:.200} (worker {socket.gethostname()})")
    return error


def worker_facts(probe: bytes) -> bytes:
    """Return the pickled facts of this worker."""
    reaches = not probe
    if probe:
        try:
            reaches = bool(pickle.loads(probe).run())  # noqa: S301 - from our own driver
        except (OSError, LocalFault):
            reaches = False
    facts = WorkerFacts(
        host=socket.gethostname(),
        installed=installed(),
        reaches=reaches,
        keys=tuple(sorted(_key_names(os.environ))),
    )
    return pickle.dumps(facts)


def _key_names(environment: Mapping[str, str]) -> Iterator[str]:
    for name, value in environment.items():
        if value and _KEY.search(name) and not name.startswith(_RAYS_OWN):
            yield name


def installed() -> Mapping[str, str]:
    """Return the versions that must be the same here and on every worker."""
    found = {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "campaign-pipeline": code_digest(),
    }
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Return a digest of the program's own files, which tells two copies of one version apart."""
    root, digest = Path(__file__).parents[2], hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(root).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:12]


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """End this process if the block takes longer."""
    timer = threading.Timer(seconds, os._exit, (1,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
