"""The server's state folder: a lock, and what is saved between two starts."""

import errno
import fcntl
import json
import os
import secrets
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Self

from pipeline.errors import LedgerUnusable, LocalFault, LockHeld, UsageError

_UNSUPPORTED = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.EINVAL, errno.ENOLCK, errno.EBADF})
"""What file systems answer that have no locks, or cannot sync a folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedState:
    """Values saved for the next start, so that image URLs stay valid."""

    secret: str = field(repr=False)
    """The secret that signs image URLs."""
    key: str = field(repr=False)
    """The generated bearer key of a server started without one."""
    port: int = 0
    cdn_port: int = 0
    unit: str = "credits"
    """The unit of the account, see `WireFormat.unit`."""


class StateFolder:
    """The state folder, locked while the server runs."""

    def __init__(self, folder: Path) -> None:
        """Lock the folder and load its state. Raises LockHeld, LocalFault, LedgerUnusable."""
        self.folder = folder.resolve()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise LocalFault(f"the server's state folder {folder}: {error}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise LockHeld(f"another image server is using {folder}") from error
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                os.close(self._lock)
                raise LocalFault(
                    f"cannot lock the server's state folder {folder}: {error}"
                ) from error
        try:
            self.saved = self._load()
        except BaseException:
            self.close()
            raise

    @property
    def credit_account(self) -> Path:
        """The SQLite file of the credit account."""
        return self.folder / "books.db"

    @property
    def images(self) -> Path:
        """The folder of the painted pictures."""
        return self.folder / "images"

    @property
    def keys(self) -> Path:
        """The file of the keys added by command."""
        return self.folder / "keys.json"

    def use_unit(self, unit: str) -> None:
        """Record the account's unit at the first start. Raises UsageError for another unit."""
        if unit == self.saved.unit:
            return
        if self.credit_account.exists():
            raise UsageError(
                f"the account in {self.folder} counts in {self.saved.unit}, and this server counts "
                f"in {unit}: use another folder (--state)"
            )
        self.saved = replace(self.saved, unit=unit)
        self._write()

    def save_ports(self, *, port: int, cdn_port: int) -> None:
        """Save the ports of this start."""
        changed = replace(self.saved, port=port, cdn_port=cdn_port)
        if changed != self.saved:
            self.saved = changed
            self._write()

    def close(self) -> None:
        """Unlock the folder."""
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _load(self) -> SavedState:
        path = self.folder / "server.json"
        try:
            return SavedState(**json.loads(path.read_bytes()))
        except FileNotFoundError:
            saved = SavedState(secret=secrets.token_hex(32), key=f"sk-{secrets.token_urlsafe(24)}")
        except (OSError, ValueError, TypeError) as error:
            raise LedgerUnusable(f"{path}: {error}") from error
        self.saved = saved
        self._write()
        return saved

    def _write(self) -> None:
        write_private(self.folder / "server.json", json.dumps(asdict(self.saved), indent=1))


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the file system can do that at all."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
    finally:
        os.close(descriptor)


def write_private(path: Path, text: str) -> None:
    """Write a file durably and as a whole, readable by this user only. Raises LocalFault."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with os.fdopen(os.open(temporary, flags, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise LocalFault(f"{path}: {error}") from error
