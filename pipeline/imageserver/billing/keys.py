"""The bearer keys of a server: known by their digests only, added and revoked while it runs."""

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
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyRecord:
    """One key that was handed out; the key itself is shown once and kept nowhere."""

    name: str
    sha256: str
    tail: str
    """Its last four characters, for a person to tell keys apart."""
    created: float
    revoked: float | None = None


def add_key(state: Path, name: str) -> str:
    """A new key under this name; the only time it is shown. Raises UsageError."""
    if not _NAME.fullmatch(name) or name == OWN_KEY:
        raise UsageError(f"a key's name is letters, digits, dot, dash, underscore, not {name!r}")
    key = f"sk-{secrets.token_urlsafe(24)}"
    with _alone(state):
        records = list_keys(state)
        if any(record.name == name and record.revoked is None for record in records):
            raise UsageError(f"there is a key named {name} already")
        record = KeyRecord(name=name, sha256=_digest(key), tail=key[-4:], created=time.time())
        _save(state, (*records, record))
    return key


def list_keys(state: Path) -> tuple[KeyRecord, ...]:
    """Every key that was ever added, oldest first. Raises LedgerUnusable."""
    path = state / "keys.json"
    try:
        return tuple(KeyRecord(**entry) for entry in json.loads(path.read_bytes()))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError) as error:
        raise LedgerUnusable(f"{path}: {error}") from error


def revoke_key(state: Path, name: str) -> None:
    """End a key now; a running server refuses it with its next request. Raises UsageError."""
    with _alone(state):
        records = list_keys(state)
        if not any(record.name == name and record.revoked is None for record in records):
            raise UsageError(f"there is no key named {name}")
        ended = [
            replace(record, revoked=time.time())
            if record.name == name and record.revoked is None
            else record
            for record in records
        ]
        _save(state, ended)


class ServerKeys:
    """Who a bearer is; follows the key file while the server runs."""

    def __init__(self, state: Path, *, own: str) -> None:
        self._state = state
        self._own = {_digest(own): OWN_KEY}
        self._known = dict(self._own)
        self._seen: tuple[int, ...] = ()

    def caller(self, authorization: str) -> str | None:
        """The id of the key in this header, None where it is none of ours."""
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        self._follow()
        return self._known.get(_digest(key.strip()))

    def _follow(self) -> None:
        try:
            stat = os.stat(self._state / "keys.json")  # noqa: PTH116 - once per request
            seen: tuple[int, ...] = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        except FileNotFoundError:
            seen = ()
        if seen == self._seen:
            return
        try:
            live = [record for record in list_keys(self._state) if record.revoked is None]
        except LedgerUnusable as error:
            _log.warning("the keys known so far stay good: %s", error)
        else:
            self._known = {record.sha256: record.name for record in live} | self._own
        self._seen = seen


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """One command changes the file at a time: none undoes what another has just written."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = os.open(state / "keys.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LocalFault(f"the server's state folder {state}: {error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _save(state: Path, records: Iterable[KeyRecord]) -> None:
    write_private(state / "keys.json", json.dumps([asdict(r) for r in records], indent=1))
