"""The check results of each image, kept because decoding an image again is expensive."""

import json
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import LocalFault
from pipeline.files.confined import ConfinedPath, append

ChecksRecord = Mapping[str, object]


def read_kept_checks(output: Path, campaign: str) -> "KeptChecks":
    """Return the checks that earlier runs of a campaign kept."""
    kept = KeptChecks(output, campaign)
    kept.load()
    return kept


class KeptChecks:
    """sha256 of an image → its checks; one line each in `<campaign>/checks.jsonl`.

    An image whose line was cut off by a crash is checked again.
    """

    def __init__(self, output: Path, campaign: str) -> None:
        self._output, self._place = output, ConfinedPath(folders=(campaign,), name="checks.jsonl")
        self._known: dict[str, ChecksRecord] = {}

    def load(self) -> None:
        """Read the checks of earlier runs; `LocalFault` if the file cannot be read."""
        try:
            place = self._output / str(self._place)
            text = place.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return
        except OSError as error:
            raise LocalFault(f"cannot read {self._place}: {error.strerror}") from error
        for line in text.splitlines():
            try:
                row = json.loads(line)
                self._known[row["sha256"]] = row["checks"]
            except (ValueError, KeyError, TypeError):
                continue

    @property
    def known(self) -> Mapping[str, ChecksRecord]:
        """The checks of all images so far."""
        return self._known

    def keep(self, sha256: str, measured: ChecksRecord) -> None:
        """Append one image's checks; `LocalFault` if the disk fails."""
        if sha256 in self._known:
            return
        self._known[sha256] = measured
        line = json.dumps({"sha256": sha256, "checks": measured}, separators=(",", ":")) + "\n"
        try:
            append(self._output, self._place, line.encode())
        except OSError as error:
            raise LocalFault(f"cannot write {self._place}: {error.strerror}") from error
