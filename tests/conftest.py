"""Walls: no test reads this machine's home or its keys, and none waits for a real clock."""

import os
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from ray_cluster import SharedRayExecutor, shared_cluster

from pipeline.executors.ray.executor import RayExecutor


def _restore_signals_of_children():
    """Let children start with default signals, also where this process was told to ignore some.

    A background job of a script is started with SIGINT ignored, `nohup` ignores SIGHUP, and both
    survive fork and exec. A handler does not survive an exec: this one does nothing, so that the
    suite itself goes on ignoring the signal, while its children get the default.
    """
    for which in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(which) is signal.SIG_IGN:
            signal.signal(which, lambda *_: None)
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:  # exit codes would be lost
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def pytest_collection_modifyitems(items):
    """Begin with the sweeps: idle workers would wait for the longest tests at the end."""
    items.sort(key=lambda item: "crash" not in item.path.parts)


def _share_bytecode():
    """Let the processes of the suite keep compiled modules beside their sources, as Python does.

    Where PYTHONDONTWRITEBYTECODE is set, as in many container images, every worker, template
    process, painter and command that a test starts would compile the whole pipeline anew.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


_restore_signals_of_children()
_share_bytecode()


@pytest.fixture(autouse=True)
def _walls(monkeypatch, tmp_path_factory):
    for name in (
        "GPTIMAGE_API_KEY",
        "GPTIMAGE_BASE_URL",
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "PIPELINE_OUTPUT",
        "PIPELINE_LEDGER",
        "PIPELINE_SERVE_KEY",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "http_proxy",
        "https_proxy",
        "NO_PROXY",
        "no_proxy",
        "PIPELINE_EXECUTOR",
        "PIPELINE_RAY_ADDRESS",
        "PIPELINE_TRUST_ENV",
        "RAY_ADDRESS",
        "RAY_AUTH_MODE",
        "PIPELINE_CA_FILE",
        "FORCE_COLOR",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture(scope="session")
def ray_cluster():
    """The address of a Ray cluster with two cores, and the folder of its logs."""
    with shared_cluster() as found:
        yield found


@pytest.fixture(scope="session")
def ray_executor(ray_cluster):
    """A Ray executor for all tests that do not need one of their own."""
    executor = SharedRayExecutor(RayExecutor(ray_cluster[0]))
    yield executor
    executor.close()
