"""The check results of each image, kept because decoding an image again is expensive."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.errors import LocalFault
from pipeline.files.confined import ConfinedPath, append
from pipeline.files.unreadable import read_lines
from pipeline.images.kept_records import fetch_record
from pipeline.model.packed.containers import HashIndex, PackedSequence, Row, RowFormat
from pipeline.system_errors import not_written

ChecksRecord = Mapping[str, object]


def read_kept_checks(output: Path, campaign: str) -> "KeptChecks":
    """Return the checks that earlier runs of a campaign kept."""
    kept = KeptChecks(output, campaign)
    kept.load()
    return kept


class KeptChecks:
    """sha256 of an image → its checks; one line each in `<campaign>/checks.jsonl`.

    An image whose line was cut off by a crash is checked again. A line is `complete` if the check
    included missing pixels, which older versions did not look for.
    """

    def __init__(self, output: Path, campaign: str) -> None:
        self._output, self._place = output, ConfinedPath(folders=(campaign,), name="checks.jsonl")
        self._known = _PackedChecks()
        self._unproven: set[str] = set()

    def load(self) -> None:
        """Read the checks of earlier runs; `LocalFault` if the file cannot be read."""
        fetch_record(self._output, self._place)
        try:
            for line in read_lines(self._output / str(self._place)):
                self._take(line)
        except FileNotFoundError:
            return
        except OSError as error:
            raise LocalFault(f"cannot read {self._place}: {error.strerror}") from error

    def _take(self, line: bytes) -> None:
        try:
            row = json.loads(line.decode("utf-8", "replace"))
            self._known.put(row["sha256"], row["checks"])
            if row.get("complete") is True:
                self._unproven.discard(row["sha256"])
            else:
                self._unproven.add(row["sha256"])
        except (ValueError, KeyError, TypeError):
            return

    @property
    def known(self) -> Mapping[str, ChecksRecord]:
        """The checks of all images so far."""
        return self._known

    def proven(self, sha256: str) -> ChecksRecord | None:
        """Return the checks of an image; `None` if it was never checked for missing pixels."""
        return None if sha256 in self._unproven else self._known.get(sha256)

    def keep(self, sha256: str, measured: ChecksRecord) -> None:
        """Append one image's checks; `LocalFault` if the disk fails."""
        if self.proven(sha256) is not None:
            return
        self._known.put(sha256, measured)
        self._unproven.discard(sha256)
        row = {"sha256": sha256, "complete": True, "checks": measured}
        line = json.dumps(row, separators=(",", ":")) + "\n"
        try:
            append(self._output, self._place, line.encode())
        except OSError as error:
            raise not_written(self._place, error) from error


class _PackedChecks(Mapping[str, ChecksRecord]):
    """The newest checks of each image, compressed: as objects they take a kilobyte each."""

    def __init__(self) -> None:
        self._index = HashIndex()
        self._rows = PackedSequence[tuple[str, str]]((), RowFormat(row_of=tuple, value_of=_pair))
        self._length = 0

    def put(self, sha256: str, checks: ChecksRecord) -> None:
        """Keep the checks of an image in place of older ones."""
        self._length += self._place(sha256) is None
        self._index.add(hash(sha256))
        self._rows.append((sha256, json.dumps(checks, separators=(",", ":"))))

    def _place(self, sha256: str) -> int | None:
        places = self._index.places(hash(sha256))
        return max((at for at in places if self._rows[at][0] == sha256), default=None)

    def __getitem__(self, sha256: str) -> ChecksRecord:
        place = self._place(sha256)
        if place is None:
            raise KeyError(sha256)
        checks: ChecksRecord = json.loads(self._rows[place][1])
        return checks

    def __iter__(self) -> Iterator[str]:
        named = enumerate(sha256 for sha256, _ in self._rows)
        return (sha256 for place, sha256 in named if self._place(sha256) == place)

    def __len__(self) -> int:
        return self._length


def _pair(row: Row) -> tuple[str, str]:
    sha256, checks = row
    return sha256, checks


def is_whole(checks: ChecksRecord) -> bool:
    """Return whether these checks say that an image could be decoded completely."""
    whole = checks.get("whole")
    return not isinstance(whole, dict) or bool(whole.get("passed"))
