"""The check results of each image, kept because decoding an image again is expensive."""

import json
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import LocalFault
from pipeline.files.confined import ConfinedPath, append
from pipeline.files.unreadable import read_file
from pipeline.images.kept_records import fetch_record

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
        self._known: dict[str, ChecksRecord] = {}
        self._unproven: set[str] = set()

    def load(self) -> None:
        """Read the checks of earlier runs; `LocalFault` if the file cannot be read."""
        fetch_record(self._output, self._place)
        try:
            text = read_file(self._output / str(self._place)).decode("utf-8", "replace")
        except FileNotFoundError:
            return
        except OSError as error:
            raise LocalFault(f"cannot read {self._place}: {error.strerror}") from error
        for line in text.splitlines():
            try:
                row = json.loads(line)
                self._known[row["sha256"]] = row["checks"]
                if row.get("complete") is True:
                    self._unproven.discard(row["sha256"])
                else:
                    self._unproven.add(row["sha256"])
            except (ValueError, KeyError, TypeError):
                continue

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
        self._known[sha256] = measured
        self._unproven.discard(sha256)
        row = {"sha256": sha256, "complete": True, "checks": measured}
        line = json.dumps(row, separators=(",", ":")) + "\n"
        try:
            append(self._output, self._place, line.encode())
        except OSError as error:
            raise LocalFault(f"cannot write {self._place}: {error.strerror}") from error


def is_whole(checks: ChecksRecord) -> bool:
    """Return whether these checks say that an image could be decoded completely."""
    whole = checks.get("whole")
    return not isinstance(whole, dict) or bool(whole.get("passed"))
