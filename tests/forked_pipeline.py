"""`python -m pipeline` in processes that are forked from one that has imported it already.

Importing takes most of a short command's time, and the end-to-end suite runs a thousand commands.
Each is still a process of its own, with its own id, environment, folder and streams, and can be
killed: only the import is shared. What decides how Python itself starts is left to real starts.
The painters and inspectors that a command spawns share it too: see `_Workers`.

As a program, this is the process that commands are forked from. Each test process starts one.
"""

import atexit
import contextlib
import ctypes
import fcntl
import functools
import gc
import hashlib
import importlib
import json
import multiprocessing.util
import os
import pickle
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

import pipeline
from pipeline.imageserver.painting import painter_process

ROOT = Path(__file__).resolve().parents[1]
LARGEST = 1024 * 1024
"""Bytes of a request: the words, the folder and the environment of a command."""


class ForkedPipeline:
    """A command of the pipeline; what tests use of `subprocess.Popen`."""

    def __init__(self, words, *, folder, environment):
        self.args = ["pipeline", *map(str, words)]
        self.returncode = None
        self._texts = {}
        self._ended = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._ended.connect(_address())
        out, theirs_out = os.pipe()
        err, theirs_err = os.pipe()
        self.stdout, self.stderr = (
            os.fdopen(out, encoding="utf-8"),
            os.fdopen(err, encoding="utf-8"),
        )
        request = {"words": self.args[1:], "folder": str(folder), "environment": environment}
        socket.send_fds(
            self._ended, [json.dumps(request).encode() + b"\n"], [theirs_out, theirs_err]
        )
        os.close(theirs_out)
        os.close(theirs_err)
        self._told = b""
        self.pid = self._number()

    def wait(self, timeout=None):
        """Wait for the end, and return the exit code."""
        if self.returncode is None:
            self._ended.settimeout(timeout)
            try:
                self.returncode = self._number()
            except TimeoutError:
                raise subprocess.TimeoutExpired(self.args, timeout) from None
            self._ended.close()
        return self.returncode

    def _number(self):
        """Return the next number that is told: the process id, then the exit code."""
        while b"\n" not in self._told:
            piece = self._ended.recv(64)
            assert piece, "the process that commands are forked from is gone"
            self._told += piece
        line, _, self._told = self._told.partition(b"\n")
        return int(line)

    def poll(self):
        """Return the exit code, or `None` while the command runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0.001)
        return self.returncode

    def communicate(self, timeout=None):
        """Read both streams to their ends, and wait for that of the process."""
        readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (self.stdout, self.stderr)
            if not stream.closed
        ]
        deadline = None if timeout is None else time.monotonic() + timeout
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(None if deadline is None else deadline - time.monotonic())
            if reader.is_alive():
                raise subprocess.TimeoutExpired(self.args, timeout)
        self.wait(None if deadline is None else max(0.001, deadline - time.monotonic()))
        self._close()
        return self._texts.get(self.stdout, ""), self._texts.get(self.stderr, "")

    def _read(self, stream):
        self._texts[stream] = stream.read()

    def send_signal(self, which):
        """Send a signal if the command still runs."""
        if self.poll() is None:
            os.kill(self.pid, which)

    def kill(self):
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _close(self):
        self.stdout.close()
        self.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._close()
        self.wait()


_ORIGINS = {}
"""The process that commands are forked from, and the folder of its socket, by test process."""


def _address():
    if os.getpid() not in _ORIGINS:
        folder = tempfile.TemporaryDirectory(prefix="forked-pipeline-")
        origin = subprocess.Popen(
            [sys.executable, __file__, folder.name],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,  # it ends when this process does
            stdout=subprocess.PIPE,
        )
        assert origin.stdout.readline() == b"ready\n"
        _ORIGINS[os.getpid()] = folder, origin
    return f"{_ORIGINS[os.getpid()][0].name}/socket"


def is_ordinary(environment):
    """Return whether Python starts in this environment as it does without any variable."""
    decisive = (name for name in environment if name.startswith(("PYTHON", "LC_", "LANG")))
    return {*decisive} == {"PYTHONPATH"} and environment["PYTHONPATH"] == str(ROOT)


def serve(folder):
    """Wait for requests; return one in each process that is forked for it, here `None`."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(f"{folder}/socket")
    listening.listen(64)
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([listening, sys.stdin], [], [])
        _reap()
        if sys.stdin in ready:  # nobody can ask any more
            return None
        connection, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            return _forked(connection)
        connection.close()


def _reap():
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _forked(connection):
    """Fork a command, tell its process id and its exit code, and end; return in the command."""
    request, streams = b"", []
    while not request.endswith(b"\n"):
        piece, handles, _, _ = socket.recv_fds(connection, LARGEST, 2)
        request += piece
        streams += handles
    command = os.fork()
    if command == 0:
        connection.close()
        return json.loads(request), streams
    for handle in streams:
        os.close(handle)
    connection.sendall(f"{command}\n".encode())
    _, status = os.waitpid(command, 0)
    with contextlib.suppress(OSError):  # nobody waits for it any more
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


class _Workers:
    """Forks what a command spawns from a process that has imported the pipeline already.

    That process is forked from the command before it has threads, and ends with it. A worker is
    the child of a child that has ended, which makes it a child of the command: of its nearest
    ancestor that asked for orphans.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._pid = os.fork()
        if self._pid == 0:
            self._ours.close()
            code, words = _worker_of(theirs)
            _end(lambda: _execute(code, words))
        theirs.close()
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def spawn(self, _executable, words, numbers):
        """Start a worker with these open files; in place of `multiprocessing.util`'s function."""
        words = [os.fsdecode(word) for word in words]
        request = {
            "words": words[words.index("-c") + 1 :],
            "numbers": [*map(int, numbers)],
            "folder": str(Path.cwd()),
            "environment": dict(os.environ),
        }
        with self._lock:
            socket.send_fds(self._ours, [json.dumps(request).encode()], request["numbers"])
            return int(self._ours.recv(64))

    def close(self):
        """End the process that workers are forked from; the workers live on."""
        self._ours.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)


_PR_SET_CHILD_SUBREAPER = 36
_FREE = 500
"""No process of a test has so many open files."""


def _worker_of(asked):
    """Fork workers as they are asked for; return, in each, its code and words."""
    while True:
        request, handles, _, _ = socket.recv_fds(asked, LARGEST, 64)
        if not request:
            os._exit(0)
        told, tell = os.pipe()
        between = os.fork()
        if between == 0:
            worker = os.fork()
            if worker == 0:
                request = json.loads(request)
                _keep_only(dict(zip(request["numbers"], handles, strict=True)))
                os.chdir(request["folder"])
                os.environ.clear()
                os.environ.update(request["environment"])
                code, *words = request["words"]
                return code, words
            os.write(tell, f"{worker}".encode())
            os._exit(0)
        os.waitpid(between, 0)
        asked.send(os.read(told, 64))
        for handle in (told, tell, *handles):
            os.close(handle)


def _keep_only(files):
    """Give open files their numbers, and close all others but the standard streams."""
    away = {number: fcntl.fcntl(handle, fcntl.F_DUPFD, _FREE) for number, handle in files.items()}
    os.closerange(3, _FREE)
    for number, handle in away.items():
        os.dup2(handle, number)
        os.set_inheritable(number, False)  # noqa: FBT003 - it has no name
    os.closerange(_FREE, 2 * _FREE)


def _execute(code, words):
    sys.argv = ["-c", *words]
    exec(code, {"__name__": "__main__"})  # noqa: S102 - what `python -c` would run


def run(request, streams):
    """Run `python -m pipeline` in this process."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, handle in enumerate((nothing, *streams)):
        os.dup2(handle, number)
        os.close(handle)
    os.chdir(request["folder"])
    coerced = {name: os.environ[name] for name in ("LC_CTYPE",) if name in os.environ}
    os.environ.clear()
    os.environ.update(coerced | request["environment"])
    if sys.platform == "linux":
        workers = _Workers()
        multiprocessing.util.spawnv_passfds = workers.spawn
        atexit.register(workers.close)
    sys.path[0] = request["folder"]
    sys.argv = ["pipeline", *request["words"]]
    _end(lambda: runpy.run_module("pipeline", run_name="__main__", alter_sys=True))


def _end(program):
    """Run a program, and end this process as Python would."""
    code = 0
    try:
        program()
    except SystemExit as ended:
        code = ended.code
    except BaseException:  # noqa: BLE001 - as Python itself would
        traceback.print_exc()
        code = 1
    # What Python does at its end, but for the taking apart of every module: that takes longer than
    # many a command.
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code or 0)


def paint_once(folder):
    """Paint equal orders once for all commands; the same order always gives the same bytes."""
    original = painter_process.paint

    @functools.wraps(original)
    def paint(task):
        order = repr((task.painter, task.order, task.exact)).encode()
        place = Path(folder, hashlib.sha256(order).hexdigest())
        with contextlib.suppress(FileNotFoundError):
            return pickle.loads(place.read_bytes())  # noqa: S301 - written below
        picture = original(task)
        part = place.with_name(f"{place.name}.{os.getpid()}")
        part.write_bytes(pickle.dumps(picture))
        part.rename(place)
        return picture

    painter_process.paint = paint


def preload():
    """Import every module of the pipeline that this installation can."""
    for module in pkgutil.walk_packages(pipeline.__path__, "pipeline."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):
                importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    preload()
    paint_once(sys.argv[1])
    if found := serve(sys.argv[1]):
        run(*found)
