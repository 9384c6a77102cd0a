"""The client of OpenAI's Files and Batch APIs.

A file of JSON lines is uploaded, and one POST orders them all, at half the price and within 24
hours. The API knows no idempotency there either; but the list of batches shows their metadata, so
that a batch is found by its label if the answer to its creation was lost.
"""
# ruff: noqa: D102 - BatchProvider documents each method

import asyncio
import json
import os
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from pipeline.errors import Rejected, ReplyUnknown
from pipeline.model.providers.profile import Profile
from pipeline.model.providers.request import Reference, RenderRequest
from pipeline.model.ticket import TicketId
from pipeline.network.api_client import ApiClient
from pipeline.network.reply import Reply, ReplySink, plain
from pipeline.providers.batches import BatchPhase, ProviderBatch
from pipeline.providers.envelope import parse
from pipeline.providers.multipart import kind_of, read_verified
from pipeline.providers.openai_api.dialects import OPENAI_DIALECT
from pipeline.providers.openai_api.fields import request_fields
from pipeline.providers.replies import refusal

GENERATIONS, EDITS = "/v1/images/generations", "/v1/images/edits"
"""The endpoints as batches name them, whatever the base URL."""
WINDOW = "24h"
LABEL = "label"
"""The name under which the metadata of a batch has its label."""
LARGEST_RESULTS = 64 * 1024**3
"""Bytes of a file of results: more than 500 replies of the largest size."""
_PIECE = 1024 * 1024
_PAGE, _MOST_PAGES = 100, 200
_CLOCKS = timedelta(days=1)
"""How far the clocks of this machine and of the provider may be apart."""

_PHASES: Mapping[str, BatchPhase] = {
    "completed": BatchPhase.COMPLETED,
    "failed": BatchPhase.REFUSED,
    "expired": BatchPhase.EXPIRED,
    "cancelled": BatchPhase.CANCELLED,
}


class OpenAIBatches:
    """Batches of one account, over the connection of its client."""

    def __init__(self, api: ApiClient, profile: Profile) -> None:
        self._api, self._profile = api, profile

    def line(self, request: RenderRequest, *, name: str) -> bytes:
        body: dict[str, object] = {**request_fields(request, OPENAI_DIALECT), "n": 1}
        if request.references:
            body["images"] = [{"image_url": _data_url(one)} for one in request.references]
        if request.mask is not None:
            body["mask"] = {"image_url": _data_url(request.mask)}
        url = EDITS if request.references else GENERATIONS
        line = {"custom_id": name, "method": "POST", "url": url, "body": body}
        return json.dumps(line, separators=(",", ":")).encode() + b"\n"

    async def upload(self, ticket: TicketId, file: int, *, size: int) -> str:
        boundary = f"form-{ticket}"
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
            f'filename="{ticket}.jsonl"\r\nContent-Type: application/jsonl\r\n\r\n'
        ).encode()
        end = f"\r\n--{boundary}--\r\n".encode()
        reply = await self._api.post(
            "/files",
            body=_form(head, file, end),
            headers={
                "Content-Type": f"multipart/form-data; boundary={boundary}",
                "Content-Length": str(len(head) + size + len(end)),
            },
            patient=True,
        )
        return _id_in(self._document(reply), reply)

    async def open(self, file: str, *, label: TicketId, edits: bool) -> ProviderBatch:
        order = {
            "input_file_id": file,
            "endpoint": EDITS if edits else GENERATIONS,
            "completion_window": WINDOW,
            "metadata": {LABEL: label},
        }
        reply = await self._api.post(
            "/batches",
            body=json.dumps(order).encode(),
            headers={"Content-Type": "application/json"},
        )
        return _batch_in(self._document(reply), reply)

    async def find(self, label: TicketId, *, since: str) -> ProviderBatch | None:
        earliest = (datetime.fromisoformat(since) - _CLOCKS).timestamp()
        query: dict[str, str | int] = {"limit": _PAGE}
        for _ in range(_MOST_PAGES):
            reply = await self._api.get(f"/batches?{urlencode(query)}")
            page = self._document(reply)
            batches = page.get("data")
            if not isinstance(batches, list):
                raise _not_as_documented("the list of batches", reply)
            for one in batches:
                if isinstance(one, dict) and _label_of(one) == label:
                    return _batch_in(one, reply)
            oldest = batches[-1] if batches else None
            if not isinstance(oldest, dict) or page.get("has_more") is not True:
                return None
            created = oldest.get("created_at")
            if isinstance(created, int) and created < earliest:
                return None
            query["after"] = _id_in(oldest, reply)
        raise ReplyUnknown(f"batch {label} is not among the newest {_PAGE * _MOST_PAGES}")

    async def look(self, batch: str) -> ProviderBatch:
        reply = await self._api.get(f"/batches/{quote(batch, safe='')}")
        return _batch_in(self._document(reply), reply)

    async def lines(self, file: str, into: ReplySink) -> None:
        path = f"/files/{quote(file, safe='')}/content"
        reply = await self._api.get(path, into=_OnlyOk(into), limit=LARGEST_RESULTS)
        if reply.status != 200 or reply.trouble:  # noqa: PLR2004 - HTTP's OK
            why = reply.trouble or f"HTTP {reply.status}"
            raise ReplyUnknown(
                f"the file {plain(file, 64)} of a batch did not come whole ({why})",
                http=reply.status,
                request_id=reply.request_id,
            )

    async def delete(self, file: str) -> None:
        try:
            self._document(await self._api.delete(f"/files/{quote(file, safe='')}"))
        except Rejected as error:
            if error.http != 404:  # noqa: PLR2004 - HTTP's Not Found
                raise

    async def cancel(self, batch: str) -> ProviderBatch:
        reply = await self._api.post(
            f"/batches/{quote(batch, safe='')}/cancel",
            body=b"",
            headers={"Content-Type": "application/json"},
        )
        return _batch_in(self._document(reply), reply)

    def _document(self, reply: Reply) -> Mapping[str, object]:
        """Return the JSON object of a good answer; raise what any other one means."""
        document = parse(reply)
        good = reply.status == 200 and not reply.trouble  # noqa: PLR2004 - HTTP's OK
        if good and isinstance(document, dict) and not document.get("error"):
            return document
        raise refusal(reply, self._profile)


class _OnlyOk:
    """Passes on the answer of a download, unless it is an error."""

    def __init__(self, into: ReplySink) -> None:
        self._into = into
        self._good = False

    async def begin(self, head: Reply) -> None:
        self._good = head.status == 200  # noqa: PLR2004 - HTTP's OK
        if self._good:
            await self._into.begin(head)

    async def write(self, piece: bytes) -> None:
        if self._good:
            await self._into.write(piece)

    async def end(self) -> None:
        if self._good:
            await self._into.end()

    async def discard(self) -> None:
        if self._good:
            await self._into.discard()


async def _form(head: bytes, file: int, end: bytes) -> AsyncIterator[bytes]:
    yield head
    at = 0
    while piece := await asyncio.to_thread(os.pread, file, _PIECE, at):
        at += len(piece)
        yield piece
    yield end


def _data_url(reference: Reference) -> str:
    content = read_verified(reference)
    return f"data:{kind_of(content)};base64,{b64encode(content).decode()}"


def _batch_in(document: Mapping[str, object], reply: Reply) -> ProviderBatch:
    counts = document.get("request_counts")
    counts = counts if isinstance(counts, dict) else {}
    status = plain(str(document.get("status") or ""), 40)
    expires = _number(document.get("expires_at"))
    return ProviderBatch(
        id=_id_in(document, reply),
        label=_label_of(document),
        phase=_PHASES.get(status, BatchPhase.WORKING),
        status=status,
        expires=_iso(expires) if expires else "",
        total=_number(counts.get("total")),
        made=_number(counts.get("completed")),
        failed=_number(counts.get("failed")),
        output=_text(document.get("output_file_id")),
        errors=_text(document.get("error_file_id")),
        reason=_reason_in(document),
        wrong=_wrong_in(document),
    )


def _id_in(document: Mapping[str, object], reply: Reply) -> str:
    found = _text(document.get("id"))
    if not found:
        raise _not_as_documented("the answer", reply)
    return found


def _not_as_documented(what: str, reply: Reply) -> ReplyUnknown:
    return ReplyUnknown(
        f"{what} is not as OpenAI documents it (HTTP {reply.status})",
        http=reply.status,
        request_id=reply.request_id,
        raw=reply.body,
    )


def _label_of(document: Mapping[str, object]) -> str:
    metadata = document.get("metadata")
    return _text(metadata.get(LABEL)) if isinstance(metadata, dict) else ""


def _reason_in(document: Mapping[str, object]) -> str:
    """Return the first errors of a batch: `line 3: invalid_type: size must be text`."""
    told = []
    for one in _errors_in(document)[:3]:
        line = f"line {one['line']}" if isinstance(one.get("line"), int) else ""
        told.append(": ".join(word for word in (line, _error_words(one)) if word))
    return plain("; ".join(told))


def _wrong_in(document: Mapping[str, object]) -> Mapping[int, str]:
    numbered = [(_number(one.get("line")), _error_words(one)) for one in _errors_in(document)]
    return {number: words for number, words in numbered if number}


def _errors_in(document: Mapping[str, object]) -> list[dict[str, object]]:
    errors = document.get("errors")
    listed = errors.get("data") if isinstance(errors, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _error_words(error: Mapping[str, object]) -> str:
    words = (_text(error.get("code")), _text(error.get("message")))
    return ": ".join(word for word in words if word)


def _text(value: object) -> str:
    return plain(value, 200) if isinstance(value, str) else ""


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _iso(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    except (ValueError, OverflowError, OSError):
        return ""
