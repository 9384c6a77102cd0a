"""What the log of a run that was killed tells beyond the manifest that it wrote last."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.files.unreadable import read_file
from pipeline.model.money import Unit

_FREE = frozenset({"refused", "retry"})
"""Events after which nothing that was sent for a job can have been charged."""

_OF_ORDER = ("model", "images", "file", "batch", "ordered", "expires")
"""What a log tells of an order, under the names that a run manifest has."""

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
    _add_orders(manifest, run, log)

    def told() -> Iterator[object]:
        for image in images:
            if isinstance(image, dict) and image.get("job") in sent:
                _add(image, sent[image["job"]])
            yield image

    return told()


def _add_orders(manifest: Any, run: Mapping[str, object], log: Path) -> None:  # noqa: ANN401 - parsed JSON
    """Add the orders that a run opened after it wrote its manifest."""
    listed = manifest.get("tickets") or []
    known = {one.get("id") for one in listed if isinstance(one, dict)}
    opened: dict[object, dict[str, object]] = {}
    for line in _events(log):
        if line.get("event") == "ticket" and line.get("ticket") not in known:
            told = opened.setdefault(line.get("ticket"), {})
            told |= {name: line[name] for name in _OF_ORDER if name in line}
    of_run = {"account": run.get("account"), "run": run.get("id")}
    manifest["tickets"] = [*listed, *({"id": name, **of_run, **opened[name]} for name in opened)]


def _add(image: dict[str, Any], sent: Mapping[str, Any]) -> None:
    """Add a request to an image of the manifest, unless the manifest has it."""
    number = sent["attempt"]
    attempts = image.get("attempts") or []
    if isinstance(attempts, list) and len(attempts) < number:
        image["attempts"] = [*attempts, {"n": number, "started": None, "outcome": "submitted"}]
        purchases = image.get("purchases")
        if isinstance(purchases, list) and len(purchases) == len(attempts):
            # what is in doubt is sent again under its key alone: the purchase is the same
            again = image.get("status") in {"in_doubt", "rendering"}
            image["purchases"] = [*purchases, len({*purchases}) + (not again)]
        tickets = image.get("tickets")
        if isinstance(tickets, list) and len(tickets) == len(attempts):
            image["tickets"] = [*tickets, sent.get("ticket")]
        if image.get("status") not in {"stored", "pending_download", "paid_lost"}:
            image["status"] = "ordered" if sent.get("ticket") else "in_doubt"
            image["line"] = sent.get("line")


def _sent(log: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return the last request for each job that may have been charged, as the log tells it."""
    sent: dict[str, Mapping[str, Any]] = {}
    for line in _events(log):
        job, attempt, event = line.get("job"), line.get("attempt"), line.get("event")
        if event == "ticket" and line.get("state") == "collected":
            # its own run ends an order only if nothing of it was accepted
            given_up = line.get("ticket")
            sent = {job: one for job, one in sent.items() if one.get("ticket") != given_up}
        if not isinstance(job, str):
            continue
        if event == "submit" and isinstance(attempt, int):
            sent[job] = line
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
