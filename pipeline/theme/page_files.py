"""A page's own static files, held in memory under versioned addresses."""

import gzip
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

THEME = Path(str(files("pipeline.theme"))) / "static"
"""The folder of what every page shares."""

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
_SHARED_SHEETS = ("palette.css", "type.css")
_FOREVER = "private, max-age=31536000, immutable"
_WORTH_PACKING = 0.9
"""Share of its size below which a gzipped file is kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PageFile:
    """One file as it is served."""

    body: bytes
    packed: bytes
    """The body gzipped; empty if that saves less than a tenth."""
    content_type: str

    def response(self, accept_encoding: str) -> tuple[bytes, dict[str, str]]:
        """Return the body and the headers for a browser that accepts these encodings."""
        headers = {
            "Content-Type": self.content_type,
            "Cache-Control": _FOREVER,
            "Vary": "Accept-Encoding",
        }
        if self.packed and "gzip" in accept_encoding:
            return self.packed, headers | {"Content-Encoding": "gzip"}
        return self.body, headers


class PageFiles:
    """All files of one page, its own and the theme's.

    A request's name is looked up in memory and never joined to a path, so nothing else can be read.
    """

    def __init__(self, folder: Path, *, sheets: Mapping[str, Sequence[str]]) -> None:
        """Read every file below `folder`, and the theme's.

        `sheets` maps the name of a style sheet that pages link to the files that are joined in it,
        after the theme's; those files are not served one by one.
        """
        own = _read(folder)
        shared = _read(THEME)
        start = b"".join(shared.pop(name) for name in _SHARED_SHEETS)
        joined = {
            name: start + b"".join(own[part] for part in parts) for name, parts in sheets.items()
        }
        parts = {part for some in sheets.values() for part in some}
        rest = {name: body for name, body in own.items() if name not in parts}
        self._files = {
            name: _page_file(name, body) for name, body in (shared | rest | joined).items()
        }
        digest = hashlib.sha256()
        for name, file in self._files.items():
            digest.update(hashlib.sha256(name.encode() + b"\0" + file.body).digest())
        self.version = digest.hexdigest()[:12]
        """A part of every address that changes with any file, so that browsers may cache files."""

    @property
    def scripts(self) -> tuple[str, ...]:
        """Names of the JavaScript modules, sorted."""
        return tuple(sorted(name for name in self._files if name.endswith(".js")))

    def get(self, name: str) -> PageFile | None:
        """Return the file of this name, or None if the page has none."""
        return self._files.get(name)


@cache
def logo() -> str:
    """Return the logo as markup that follows the page's colours."""
    return (THEME / "logo.svg").read_text("utf-8").strip()


@cache
def palette() -> str:
    """Return the colours as CSS, for a page that must be one file."""
    return (THEME / "palette.css").read_text("utf-8")


def _read(folder: Path) -> dict[str, bytes]:
    """Return the content of every servable file by its path below the folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in _TYPES
    }


def _page_file(name: str, body: bytes) -> PageFile:
    packed = gzip.compress(body, mtime=0)
    smaller = len(packed) < len(body) * _WORTH_PACKING
    return PageFile(
        body=body,
        packed=packed if smaller else b"",
        content_type=_TYPES[Path(name).suffix],
    )
