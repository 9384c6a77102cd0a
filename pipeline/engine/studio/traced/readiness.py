"""Whether this process can trace: packages, the system's libatomic, an LLVM that is new enough.

Nothing heavy is imported before every cheap question is answered. Dr.Jit aborts the whole process
with an LLVM older than 19, so which one it loads is decided here, before its first import.
"""

import ctypes
import functools
import importlib
import importlib.metadata
import importlib.util
import os
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import cast

PACKAGES = ("numpy", "drjit", "mitsuba", "mitsuba_oidn")
"""What the extra `studio` installs."""
ATOMIC = "libatomic.so.1"
"""A library of the system that all three native packages are linked with."""
OLDEST_LLVM = (19, 0, 0)
VARIANT = "llvm_ad_rgb"
_LLVM_PACKAGE = "karellen-llvm-core"
_CACHE = "DRJIT_CACHE_DIR"
_LLVM = "DRJIT_LIBLLVM_PATH"


@functools.cache
def obstacle() -> str:
    """Why this process cannot trace; empty where it can. Prepares what tracing needs."""
    return without_packages(PACKAGES) or without_library(ATOMIC) or _without_llvm()


def without_packages(names: Sequence[str]) -> str:
    """Which of these packages is not installed, in words; nothing is imported."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    return f"the extra studio is not installed ({', '.join(missing)})" if missing else ""


def without_library(name: str) -> str:
    """Whether the system lacks a library, in words."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return f"the system's {name} is missing"
    return ""


def too_old(version: tuple[int, ...]) -> str:
    """Whether an LLVM of this version would crash the tracer, in words."""
    if version >= OLDEST_LLVM:
        return ""
    return f"LLVM {'.'.join(map(str, version))} is too old, {OLDEST_LLVM[0]} is needed"


def llvm_library() -> Path | None:
    """Where the extra put its LLVM."""
    try:
        files = importlib.metadata.files(_LLVM_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    # the file itself has the longest name, the others are links to it
    found = [path for file in files if file.name.startswith("libLLVM.so") if (path := _at(file))]
    return max(found, key=lambda path: len(path.name), default=None)


def _at(file: importlib.metadata.PackagePath) -> Path | None:
    path = Path(str(file.locate())).resolve()
    return path if path.is_file() else None


def _without_llvm() -> str:
    library = llvm_library()
    if library is not None:
        os.environ[_LLVM] = str(library)
    elif _LLVM not in os.environ:
        return f"the extra studio is not installed ({_LLVM_PACKAGE})"
    if not os.environ.get(_CACHE):
        os.environ[_CACHE] = str(cache_folder())
    try:
        importlib.import_module("mitsuba").set_variant(VARIANT)
        drjit = importlib.import_module("drjit")
        version = cast("tuple[int, ...]", tuple(drjit.detail.llvm_version()))
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        return f"the tracer cannot be loaded ({str(error).splitlines()[0]})"
    return too_old(version)


def cache_folder() -> Path:
    """A folder of this user's own for compiled kernels: what lies there is executed."""
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = home / "campaign-pipeline" / "kernels"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_own(folder):
            return folder
    except (OSError, RuntimeError):
        pass  # no home, as under cron, or none that can be written
    return Path(tempfile.mkdtemp(prefix="campaign-pipeline-kernels-"))


def _is_own(folder: Path) -> bool:
    found = folder.stat()
    others = stat.S_IWGRP | stat.S_IWOTH
    return found.st_uid == os.getuid() and not found.st_mode & others and os.access(folder, os.W_OK)
