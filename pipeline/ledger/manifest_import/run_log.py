"""What the log of a run that was killed tells beyond the manifest that it wrote last."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.files.unreadable import read_file
from pipeline.model.money import Unit

_FREE = frozenset({"refused", "retry"})
"""Events after which nothing that was sent for a job can have been charged."""

_PAID = frozenset(unit.field for unit in Unit)
"""Fields of an event with an amount that was paid."""


def with_log(manifest: object, log: Path) -> object:
    """Return a parsed run manifest with the requests that its run sent after writing it.

    Such a request has no time, and its answer is unknown: the log may lack the last events. A
    manifest that was written at the end of its run, and anything that is none, stays as it is.
    """
    if isinstance(manifest, dict) and isinstance(manifest.get("images"), list):
        manifest["images"] = [*images_with_log(manifest, manifest["images"], log)]
    return manifest


def images_with_log(manifest: object, images: Iterable[object], log: Path) -> Iterable[object]:
    """Return the images of a run manifest as `with_log` does; the log is read at once."""
    run = manifest.get("run") if isinstance(manifest, dict) else None
    if not isinstance(run, dict) or run.get("finished") is not None:
        return images
    sent = _sent(log)

    def told() -> Iterator[object]:
        for image in images:
            if isinstance(image, dict) and image.get("job") in sent:
                _add(image, sent[image["job"]])
            yield image

    return told()


def _add(image: dict[str, Any], number: int) -> None:
    """Add a request to an image of the manifest, unless the manifest has it."""
    attempts = image.get("attempts") or []
    if isinstance(attempts, list) and len(attempts) < number:
        image["attempts"] = [*attempts, {"n": number, "started": None, "outcome": "submitted"}]
        purchases = image.get("purchases")
        if isinstance(purchases, list) and len(purchases) == len(attempts):
            # what is in doubt is sent again under its key alone: the purchase is the same
            again = image.get("status") in {"in_doubt", "rendering"}
            image["purchases"] = [*purchases, len({*purchases}) + (not again)]
        if image.get("status") not in {"stored", "pending_download", "paid_lost"}:
            image["status"] = "in_doubt"


def _sent(log: Path) -> Mapping[str, int]:
    """Return the number of the last attempt of each job that may have been charged."""
    sent: dict[str, int] = {}
    for line in _events(log):
        job, attempt = line.get("job"), line.get("attempt")
        if not isinstance(job, str):
            continue
        event = line.get("event")
        if event == "submit" and isinstance(attempt, int):
            sent[job] = attempt
        elif line.get("in_doubt"):
            continue
        elif event in _FREE or (event == "failed" and not _PAID & line.keys()):
            sent.pop(job, None)
    return sent


def _events(log: Path) -> Iterator[Mapping[str, object]]:
    try:
        lines = read_file(log).splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return
    for text in lines:
        try:
            line = json.loads(text)
        except ValueError:  # torn by the death of the run
            continue
        if isinstance(line, dict):
            yield line
