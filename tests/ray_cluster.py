"""A small Ray cluster, started once for a test session and shared by all of its processes."""

import asyncio
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NEEDS_RAY = pytest.mark.skipif(find_spec("ray") is None, reason="needs the extra ray")
STARTED = "Ray runtime started"
PATIENCE = 90.0


class Cluster:
    """A head node with a few cores; each further node is another machine to Ray."""

    def __init__(self, folder, *, cores=2):
        self.folder = Path(folder)
        self.port = _free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._nodes = [self._start("--head", "--port", self.port, "--num-cpus", cores)]

    def _start(self, *words):
        log = self.folder / f"node-{time.monotonic_ns()}.log"
        with log.open("wb") as out:
            node = subprocess.Popen(
                [
                    *(sys.executable, "-m", "ray.scripts.scripts", "start", "--block"),
                    *map(str, words),
                    *("--object-store-memory", "100000000", "--disable-usage-stats"),
                    *(("--include-dashboard=false",) if "--head" in words else ()),
                    *(("--temp-dir", str(self.folder)) if "--head" in words else ()),
                ],
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(self.folder),
                    "PYTHONPATH": str(HERE),
                    "RAY_AUTH_MODE": "disabled",
                },
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + PATIENCE
        while STARTED not in log.read_text():
            if node.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text())
            time.sleep(0.05)
        return node

    def add(self, *, cores=1):
        """Start another node; return what `kill` takes."""
        node = self._start("--address", self.address, "--num-cpus", cores)
        self._nodes.append(node)
        return node

    def kill(self, node):
        """Kill a node with all its processes, as a machine that loses its power."""
        _kill(node)
        self._nodes.remove(node)

    def kill_head(self):
        """Kill the node that the others and their drivers need."""
        self.kill(self._nodes[0])

    def close(self):
        """Kill every process; nothing of a test cluster has to end in order."""
        for node in self._nodes:
            _kill(node)


def _kill(node):
    """Kill a node and its descendants, some of which lead sessions of their own."""
    doomed = [node.pid, *descendants(node.pid)]
    for pid in doomed:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    node.wait()


def descendants(pid):
    """Return the processes below one, by /proc."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(status.parent.name))
    found = list(parents.get(pid, ()))
    for one in found:
        found += parents.get(one, ())
    return found


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def shared_cluster():
    """Yield the address of the session's cluster; the process that started it waits for others."""
    session = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"{os.getpid()}")
    place = Path(tempfile.gettempdir(), f"ray-tests-{session[:12]}")
    place.mkdir(exist_ok=True)
    with (place / "users").open("w") as users, (place / "start").open("w") as start:
        fcntl.flock(users, fcntl.LOCK_SH)
        fcntl.flock(start, fcntl.LOCK_EX)
        known, mine = place / "address", None
        if not known.exists():
            # sockets of Ray lie in its folder, and may have 107 characters
            mine = Supervised(tempfile.mkdtemp(prefix="r", dir="/tmp"))
            known.write_text(f"{mine.address} {mine.folder}")
        fcntl.flock(start, fcntl.LOCK_UN)
        address, _, folder = known.read_text().partition(" ")
        try:
            yield address, Path(folder)
        finally:
            fcntl.flock(users, fcntl.LOCK_UN)
            if mine is not None:
                fcntl.flock(users, fcntl.LOCK_EX)
                mine.close()
                shutil.rmtree(place, ignore_errors=True)


class Supervised:
    """A cluster in the hands of a process that ends it when this one is gone, even by SIGKILL."""

    def __init__(self, folder):
        self.folder = folder
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__)), folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.address = self._process.stdout.readline().strip()
        if not self.address:
            raise RuntimeError("the Ray cluster of the tests did not start")

    def close(self):
        self._process.stdin.close()
        self._process.wait(timeout=PATIENCE)
        self._process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class SharedRayExecutor:
    """The Ray executor of a whole session: each one that is opened costs some CPU seconds.

    It lives in an event loop of its own, since each test has another.
    """

    def __init__(self, executor):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="asyncio-ray")
        self._thread.start()
        self._executor = executor
        self._call(executor.__aenter__())

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    @property
    def at_once(self):
        return self._executor.at_once

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass

    async def run(self, task):
        running = asyncio.run_coroutine_threadsafe(self._executor.run(task), self._loop)
        return await asyncio.wrap_future(running)

    def close(self):
        self._call(self._executor.__aexit__())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _supervise(folder):
    cluster = Cluster(folder)
    print(cluster.address, flush=True)
    sys.stdin.read()
    cluster.close()


if __name__ == "__main__":
    _supervise(sys.argv[1])
