"""The record of settled doubts in the campaign's folder: when, by whom, how and why."""

import json
from pathlib import Path

from pipeline.files.confined import ConfinedPath, append
from pipeline.model.entry import Entry
from pipeline.model.money import Amount
from pipeline.system_errors import not_written


def note_resolution(
    output: Path,
    entry: Entry,
    *,
    at: str,
    by: str,
    answer: str,
    ground: str,
    url: str = "",
    charged: Amount | None = None,
) -> None:
    """Append to `<campaign>/resolutions.jsonl`; `LocalFault` if the disk fails."""
    place = ConfinedPath(folders=(entry.at.campaign,), name="resolutions.jsonl")
    fields = {
        "at": at,
        "by": by,
        "job": entry.key,
        "cell": entry.at.cell,
        "stage": entry.at.stage,
        "round": entry.at.round,
        "take": entry.at.take,
        "credits": entry.spent.upper,
        "answer": answer,
        "ground": ground,
        **({"url": url} if url else {}),
        **({} if charged is None else {"charged": charged}),
    }
    line = json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n"
    try:
        append(output, place, line.encode("utf-8", "surrogatepass"), durable=True)
    except OSError as error:
        raise not_written(place, error) from error
