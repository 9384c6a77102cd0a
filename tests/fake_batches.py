"""Batches without a network: they end as a test says, and count what they charged."""

import base64
import json
import os
from dataclasses import dataclass, field, replace

from fake_provider import png

from pipeline.errors import Rejected, ReplyUnknown
from pipeline.network.reply import Reply
from pipeline.providers.batches import BatchPhase, ProviderBatch

EXPIRES = "2026-12-01T06:00:00.000Z"
USAGE = {
    "input_tokens": 25,
    "input_tokens_details": {"text_tokens": 25, "image_tokens": 0},
    "output_tokens": 196,
    "output_tokens_details": {"text_tokens": 0, "image_tokens": 196},
}
HALF = 25 * 2_500 + 196 * 15_000
"""Nano-dollars of one picture in a batch."""


def made(name, *, number=1, status=200, body=None):
    """A line of results with a picture, or with another reply."""
    picture = base64.b64encode(png(64, 64, shade=number)).decode()
    body = body or {"data": [{"b64_json": picture}], "usage": USAGE}
    response = {"status_code": status, "request_id": f"req_{number}", "body": body}
    return {"id": "r", "custom_id": name, "response": response, "error": None}


def not_made(name, code="batch_expired"):
    error = {"code": code, "message": "not executed"}
    return {"id": "r", "custom_id": name, "response": None, "error": error}


@dataclass
class FakeBatches:
    """Takes orders; a test ends them with `end`."""

    batches: dict[str, ProviderBatch] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    orders: dict[str, list[str]] = field(default_factory=dict)
    """The names of the lines of each batch."""
    faults: dict[str, list[Exception]] = field(default_factory=dict)
    """What the next calls of a method raise; `open` orders all the same if that is unknown."""
    deleted: list[str] = field(default_factory=list)
    """The files that were asked to be deleted."""
    posts: int = 0
    hidden: bool = False
    """The list shows no batch."""
    cut: int | None = None
    """Bytes after which a file of results breaks off."""
    charged: dict[str, int] = field(default_factory=dict)
    """How often each line was charged."""

    def _fault(self, method):
        waiting = self.faults.get(method)
        return waiting.pop(0) if waiting else None

    def _raise(self, method):
        fault = self._fault(method)
        if fault is not None:
            raise fault

    def line(self, request, *, name):
        if any(not one.path for one in request.references):
            raise Rejected("the image has changed since it was planned")
        return json.dumps({"custom_id": name}, separators=(",", ":")).encode() + b"\n"

    async def upload(self, ticket, file, *, size):
        self._raise("upload")
        name = f"file-{len(self.files)}"
        self.files[name] = os.pread(file, size, 0)
        assert len(self.files[name]) == size
        return name

    async def open(self, file, *, label, edits):
        self.posts += 1
        fault = self._fault("open")
        if fault is not None and not isinstance(fault, ReplyUnknown):
            raise fault
        batch = ProviderBatch(
            id=f"batch_{len(self.batches)}",
            label=label,
            phase=BatchPhase.WORKING,
            status="validating",
            expires=EXPIRES,
        )
        self.batches[batch.id] = batch
        self.orders[batch.id] = [
            json.loads(line)["custom_id"] for line in self.files[file].splitlines()
        ]
        if fault is not None:
            raise fault
        return batch

    async def find(self, label, *, since):
        self._raise("find")
        shown = [] if self.hidden else self.batches.values()
        return next((one for one in shown if one.label == label), None)

    async def look(self, batch):
        self._raise("look")
        if batch not in self.batches:
            raise Rejected(f"No batch found with id {batch}", http=404)
        return self.batches[batch]

    async def lines(self, file, into):
        self._raise("lines")
        if file not in self.files:
            raise ReplyUnknown(f"the file {file} did not come whole (HTTP 404)", http=404)
        content = self.files[file]
        await into.begin(Reply(status=200))
        whole = content if self.cut is None else content[: self.cut]
        for start in range(0, len(whole), 1000):
            await into.write(whole[start : start + 1000])
        if len(whole) < len(content):
            await into.discard()
            raise ReplyUnknown("the file did not come whole")
        await into.end()

    async def delete(self, file):
        self._raise("delete")
        self.files.pop(file, None)
        self.deleted.append(file)

    async def cancel(self, batch):
        self.batches[batch] = replace(self.batches[batch], status="cancelling")
        return self.batches[batch]

    def end(self, phase, *, output=(), errors=(), charged=None, wrong=None, reason="", batch=""):
        """End the newest batch; `output` and `errors` are lines, `None` for no such file."""
        id_ = batch or list(self.batches)[-1]
        paid = [one["custom_id"] for one in output or ()] if charged is None else charged
        for name in paid:
            self.charged[name] = self.charged.get(name, 0) + 1
        self.batches[id_] = replace(
            self.batches[id_],
            phase=phase,
            status={BatchPhase.REFUSED: "failed"}.get(phase, str(phase)),
            made=len(paid),
            failed=len(errors or ()),
            output=self._kept(f"{id_}-output", output),
            errors=self._kept(f"{id_}-errors", errors),
            wrong=wrong or {},
            reason=reason,
        )

    def _kept(self, name, lines):
        if not lines:
            return ""
        self.files[name] = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        return name
