"""The page's own files, held in memory: names are looked up, never joined to a path."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

STATIC = Path(str(files("pipeline.review.page"))) / "static"

STYLE = "css/page.css"
"""All style sheets as one, in their order: a visitor asks once."""

_SHEETS = ("css/base.css", "css/bars.css", "css/grid.css", "css/loupe.css", "css/dialogs.css")

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
    packed: bytes
    """Gzipped; empty where that makes it no smaller."""
    content_type: str


@cache
def assets() -> dict[str, Asset]:
    """Every file that may be asked for, by its name below `static/`."""
    found: dict[str, Asset] = {}
    for path in sorted(STATIC.rglob("*")):
        kind = _TYPES.get(path.suffix)
        if path.is_file() and kind is not None:
            found[path.relative_to(STATIC).as_posix()] = _asset(path.read_bytes(), kind)
    joined = b"".join(found.pop(name).body for name in _SHEETS)
    return {**found, STYLE: _asset(joined, _TYPES[".css"])}


@cache
def version() -> str:
    """Part of every address, and new with every change: a browser may keep the files for ever."""
    told = hashlib.sha256()
    for name, asset in assets().items():
        told.update(hashlib.sha256(name.encode() + b"\0" + asset.body).digest())
    return told.hexdigest()[:12]


def _asset(body: bytes, content_type: str) -> Asset:
    packed = gzip.compress(body, mtime=0)
    smaller = len(packed) < len(body) * 0.9
    return Asset(body=body, packed=packed if smaller else b"", content_type=content_type)
