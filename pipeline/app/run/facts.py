"""Facts about a run for its records: time, person, arguments, versions, commit."""

import getpass
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pipeline


def utc_stamp() -> str:
    """Return the current time as ISO 8601 with seconds and `Z`."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def reviewer_name() -> str:
    """Return the reviewer's name: PIPELINE_REVIEWER, else the login name."""
    try:
        return os.environ.get("PIPELINE_REVIEWER") or getpass.getuser()
    except (OSError, KeyError):
        return "shell"


def redacted(arguments: Sequence[str]) -> list[str]:
    """Return a command line without the value of `--key`."""
    safe: list[str] = []
    for word in arguments:
        if safe and safe[-1] == "--key":
            safe.append("…")
        else:
            safe.append("--key=…" if word.startswith("--key=") else word)
    return safe


@cache  # the manifest is written often, and package metadata is read from the disk
def versions() -> dict[str, str]:
    """Return the versions that a run used, to explain why a later one differs."""
    packages = ("aiohttp", "apsw", "pillow", "resvg-py", "uharfbuzz")
    return {
        "campaign-pipeline": pipeline.__version__,
        "python": platform.python_version(),
        "platform": sys.platform,
        **{name: version(name) for name in packages},
    }


def git_commit(folder: Path) -> str:
    """Return the commit of a repository, with `+` if it has changes; empty if there is none."""
    try:
        result = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty=+"],  # noqa: S607 - the user's git
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""
