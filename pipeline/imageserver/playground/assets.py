"""The page's own files, held in memory: names are looked up, never joined to a path."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaygroundFile:
    """One file of the page."""

    body: bytes
    content_type: str
    tag: str
    """Changes with the content: a browser asks whether it still has the newest."""


@cache
def assets() -> dict[str, PlaygroundFile]:
    """Every file that may be asked for, by its name below `static/`."""
    static = Path(str(files("pipeline.imageserver.playground"))) / "static"
    found = {
        path.relative_to(static).as_posix(): _asset(path, _TYPES[path.suffix])
        for path in sorted(static.rglob("*"))
        if path.suffix in _TYPES
    }
    inter = Path(str(files("fontpkg_inter"))) / "files" / "Inter[opsz,wght].ttf"
    return found | {"inter.ttf": _asset(inter, "font/ttf")}


def _asset(path: Path, content_type: str) -> PlaygroundFile:
    body = path.read_bytes()
    return PlaygroundFile(
        body=body, content_type=content_type, tag=hashlib.sha256(body).hexdigest()[:16]
    )
