"""Painted pictures on disk, by their SHA-256: equal bytes are stored once."""

import hashlib
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import LocalFault
from pipeline.imageserver.painting.painter import PaintedPicture
from pipeline.imageserver.state_folder import sync_folder


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredPicture:
    """A picture that is completely on disk."""

    sha256: str
    size: int


class ImageFiles:
    """A folder of PNG files named by their SHA-256; called from threads, never from the loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def store(self, picture: PaintedPicture) -> StoredPicture:
        """Write the picture to disk durably. Raises LocalFault."""
        sha256 = hashlib.sha256(picture.png).hexdigest()
        path = self.path(sha256)
        try:
            if not path.exists():
                _write(path, picture.png)
        except OSError as error:
            raise LocalFault(f"a painted picture could not be stored: {error}") from error
        return StoredPicture(sha256=sha256, size=len(picture.png))

    def path(self, sha256: str) -> Path:
        """Return the path of a picture with this digest."""
        return self._folder / sha256[:2] / f"{sha256}.png"

    def delete_stale(self, expired: Iterable[str]) -> None:
        """Delete unfinished files of a killed server, and the pictures that have expired."""
        for unfinished in self._folder.glob("??/*.part"):
            unfinished.unlink(missing_ok=True)
        for sha256 in expired:
            self.path(sha256).unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    """Write to a temporary file, fsync, rename, and fsync the folder."""
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
