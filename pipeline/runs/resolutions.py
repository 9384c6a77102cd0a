"""Who settled a doubt, when, and on what ground: one line each, beside the campaign's images."""

import json
import os
from pathlib import Path

from pipeline.errors import LocalFault
from pipeline.ledger.base import Entry


def note_resolution(
    output: Path, entry: Entry, *, at: str, answer: str, ground: str, url: str = ""
) -> None:
    """Append to `<campaign>/resolutions.jsonl`; `LocalFault` where the disk fails."""
    place = output / entry.at.campaign / "resolutions.jsonl"
    said = {
        "at": at,
        "job": entry.key,
        "cell": entry.at.cell,
        "stage": entry.at.stage,
        "round": entry.at.round,
        "take": entry.at.take,
        "credits": entry.spent.upper,
        "answer": answer,
        "ground": ground,
        **({"url": url} if url else {}),
    }
    line = json.dumps(said, ensure_ascii=False, separators=(",", ":")) + "\n"
    try:
        file = os.open(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        with os.fdopen(file, "w", encoding="utf-8") as stream:
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise LocalFault(f"cannot write {place}: {error.strerror}") from error
