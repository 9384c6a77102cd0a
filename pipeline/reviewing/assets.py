"""The page's own files, held in memory: names are looked up, never joined to a path."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

STATIC = Path(str(files("pipeline.reviewing"))) / "static"

_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """One file of the page."""

    body: bytes
    content_type: str
    tag: str
    """Changes with the content: a browser asks whether it still has the newest."""


@cache
def assets() -> dict[str, Asset]:
    """Every file that may be asked for, by its name below `static/`."""
    found: dict[str, Asset] = {}
    for path in sorted(STATIC.rglob("*")):
        kind = _TYPES.get(path.suffix)
        if path.is_file() and kind is not None:
            body = path.read_bytes()
            tag = hashlib.sha256(body).hexdigest()[:16]
            name = path.relative_to(STATIC).as_posix()
            found[name] = Asset(body=body, content_type=kind, tag=tag)
    return found
