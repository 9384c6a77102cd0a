"""The bearer keys of a server: stored as digests, added and revoked while it runs."""

import fcntl
import hashlib
import json
import logging
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pipeline.errors import LedgerUnusable, LocalFault, UsageError
from pipeline.imageserver.state_folder import write_private

OWN_KEY = "server"
"""The id of the key that the server was started with."""

_log = logging.getLogger(__name__)
_LONGEST_WAIT = 10.0
"""Seconds to wait for another command that changes the keys."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyRecord:
    """A key that was created; the key itself is shown once and stored nowhere."""

    name: str
    sha256: str
    tail: str
    """The key's last four characters, by which a person tells keys apart."""
    created: float
    revoked: float | None = None


def add_key(state: Path, name: str) -> str:
    """Create a key of this name and return it; it is never shown again. Raises UsageError."""
    if not _NAME.fullmatch(name) or name == OWN_KEY:
        raise UsageError(
            f"a key's name has letters, digits, dots, dashes and underscores only, not {name!r}"
        )
    key = f"sk-{secrets.token_urlsafe(24)}"
    with _locked(state):
        records = list_keys(state)
        if any(record.name == name and record.revoked is None for record in records):
            raise UsageError(f"there is a key named {name} already")
        record = KeyRecord(name=name, sha256=_digest(key), tail=key[-4:], created=time.time())
        _save(state, (*records, record))
    return key


def list_keys(state: Path) -> tuple[KeyRecord, ...]:
    """Return every key that was ever added, oldest first. Raises LedgerUnusable."""
    path = state / "keys.json"
    try:
        return tuple(KeyRecord(**entry) for entry in json.loads(path.read_bytes()))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError) as error:
        raise LedgerUnusable(f"{path}: {error}") from error


def revoke_key(state: Path, name: str) -> None:
    """Revoke a key; a running server refuses it from the next request on. Raises UsageError."""
    with _locked(state):
        records = list_keys(state)
        if not any(record.name == name and record.revoked is None for record in records):
            raise UsageError(f"there is no key named {name}")
        changed = [
            replace(record, revoked=time.time())
            if record.name == name and record.revoked is None
            else record
            for record in records
        ]
        _save(state, changed)


class ServerKeys:
    """The valid keys; the key file is read again whenever it changes."""

    def __init__(self, state: Path, *, own: str) -> None:
        self._state = state
        self._own = {_digest(own): OWN_KEY}
        self._known = dict(self._own)
        self._version: tuple[int, ...] = ()

    def caller(self, authorization: str) -> str | None:
        """Return the id of the key in this header, None if it is not valid."""
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        self._reload_if_changed()
        return self._known.get(_digest(key.strip()))

    def _reload_if_changed(self) -> None:
        try:
            stat = os.stat(self._state / "keys.json")  # noqa: PTH116 - once per request
            version: tuple[int, ...] = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        except FileNotFoundError:
            version = ()
        if version == self._version:
            return
        try:
            live = [record for record in list_keys(self._state) if record.revoked is None]
        except LedgerUnusable as error:
            _log.warning("the key file cannot be read, the keys read before stay valid: %s", error)
        else:
            self._known = {record.sha256: record.name for record in live} | self._own
        self._version = version


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


@contextmanager
def _locked(state: Path) -> Iterator[None]:
    """Hold the lock of the key file, so that two commands cannot overwrite each other's keys."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = os.open(state / "keys.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LocalFault(f"the server's state folder {state}: {error}") from error
    try:
        until = time.monotonic() + _LONGEST_WAIT
        while not _lock(lock):
            if time.monotonic() > until:
                raise LocalFault(
                    f"another program holds {state / 'keys.lock'}: nothing was changed"
                )
            time.sleep(0.02)
        yield
    finally:
        os.close(lock)


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _save(state: Path, records: Iterable[KeyRecord]) -> None:
    write_private(state / "keys.json", json.dumps([asdict(r) for r in records], indent=1))
