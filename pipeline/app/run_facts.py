"""Facts about a run that its manifest tells: when, with what words, on which versions."""

import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pipeline


def utc_stamp() -> str:
    """Now, as every file of ours writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def redacted(arguments: Sequence[str]) -> list[str]:
    """The command line without what follows `--key`."""
    safe: list[str] = []
    for word in arguments:
        if safe and safe[-1] == "--key":
            safe.append("…")
        else:
            safe.append("--key=…" if word.startswith("--key=") else word)
    return safe


def versions() -> dict[str, str]:
    """What ran: for whoever wants to know why a later run differs."""
    packages = ("aiohttp", "apsw", "pillow", "resvg-py", "uharfbuzz")
    return {
        "campaign-pipeline": pipeline.__version__,
        "python": platform.python_version(),
        "platform": sys.platform,
        **{name: version(name) for name in packages},
    }


def git_commit(folder: Path) -> str:
    """The commit of the campaign's repository, with `+` where it has changes; empty without."""
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty=+"],  # noqa: S607 - the user's git
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""
