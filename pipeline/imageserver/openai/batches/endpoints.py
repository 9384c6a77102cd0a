"""The endpoints `/v1/files` and `/v1/batches`."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from aiohttp import BodyPartReader, web

from pipeline.imageserver.api import answers
from pipeline.imageserver.api.requests.bodies import UNREADABLE, read_object
from pipeline.imageserver.api.services import ApiServices
from pipeline.imageserver.openai.batches.batch import (
    OVER,
    PURPOSES,
    Batch,
    BatchStatus,
    UploadedFile,
)
from pipeline.imageserver.openai.batches.runner import BatchRunner
from pipeline.imageserver.openai.batches.store import BatchStore
from pipeline.imageserver.openai.errors import OpenAiError
from pipeline.imageserver.openai.field_errors import (
    invalid_value,
    missing,
    too_long,
    unlisted,
    wrong_type,
)
from pipeline.imageserver.openai.models import EDITS, GENERATIONS

_BATCH_FIELDS = frozenset(
    {"input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after"}
)
_MAX_PAIRS, _MAX_KEY, _MAX_VALUE = 16, 64, 512
_UPLOAD_SECONDS = 600.0
_BUFFER = 1024 * 1024
_MAX_TEXT = 1024
_MAX_BATCHES, _DEFAULT_BATCHES, _MAX_FILES = 100, 20, 10_000


class BatchEndpoints:
    """Files and batches; every key of a server sees all of them."""

    def __init__(self, services: ApiServices, store: BatchStore, runner: BatchRunner) -> None:
        self._services = services
        self._store = store
        self._runner = runner

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_post("/v1/files", self._upload)
        router.add_get("/v1/files", self._files)
        router.add_get("/v1/files/{id}", self._file)
        router.add_delete("/v1/files/{id}", self._delete)
        router.add_get("/v1/files/{id}/content", self._content)
        router.add_post("/v1/batches", self._create)
        router.add_get("/v1/batches", self._batches)
        router.add_get("/v1/batches/{id}", self._batch)
        router.add_post("/v1/batches/{id}/cancel", self._cancel)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        caller = self._services.caller(request)
        fault = self._services.fault_on(request, "files", {"caller": caller})
        instead = await fault.before(request)
        if instead is not None:
            return instead
        temporary = self._store.temporary()
        try:
            async with asyncio.timeout(_UPLOAD_SECONDS):
                file = await self._receive(request, temporary)
            await self._store.add_file(temporary, file)
        except TimeoutError as error:
            raise OpenAiError(408, "The file did not arrive in time.") from error
        except (*UNREADABLE, LookupError, AssertionError, RuntimeError) as error:
            raise OpenAiError(400, "The body is not a valid multipart form.") from error
        finally:
            temporary.unlink(missing_ok=True)
        return await fault.after(request, answers.as_json(file.document()))

    async def _receive(self, request: web.Request, temporary: Path) -> UploadedFile:
        """Write the form's file to disk while it arrives, and return what it is."""
        if request.content_type != "multipart/form-data":
            raise OpenAiError(400, "Expected a multipart/form-data body with the field 'file'.")
        name, size, text = "", -1, dict[str, str]()
        reader = await request.multipart()
        with temporary.open("wb") as content:
            while (part := await reader.next()) is not None:
                if not isinstance(part, BodyPartReader) or not part.name:
                    raise OpenAiError(400, "Every part of the form must have a name.")
                if part.name == "file":
                    name = part.filename or "upload"
                    size = await _copy(part, content, self._services.settings.limits.file_bytes)
                else:
                    text[part.name] = bytes(await part.read_chunk(_MAX_TEXT)).decode()
        if size < 0:
            raise missing("file")
        purpose = text.get("purpose")
        if purpose is None:
            raise missing("purpose")
        if purpose not in PURPOSES:
            raise unlisted("purpose", purpose, PURPOSES)
        return UploadedFile(
            id=f"file-{secrets.token_hex(12)}",
            name=name,
            purpose=purpose,
            size=size,
            created_at=int(time.time()),
        )

    async def _files(self, request: web.Request) -> web.StreamResponse:
        self._services.caller(request)
        files = self._store.files()
        if request.query.get("order") == "asc":
            files.reverse()
        purpose = request.query.get("purpose")
        shown = [file for file in files if purpose in (None, file.purpose)]
        return _page(
            request,
            [file.id for file in shown],
            lambda number: shown[number].document(),
            most=_MAX_FILES,
            default=_MAX_FILES,
        )

    async def _file(self, request: web.Request) -> web.StreamResponse:
        self._services.caller(request)
        return answers.as_json(self._found_file(request).document())

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        self._services.caller(request)
        file = self._found_file(request)
        # A batch reads its input until its files are written, and what it bought is in them.
        for batch in self._store.batches():
            if batch.input_file == file.id and batch.status not in OVER:
                raise OpenAiError(
                    409, f"The file is the input of the batch {batch.id}.", code="file_in_use"
                )
        await self._store.delete_file(file)
        return answers.as_json({"id": file.id, "object": "file", "deleted": True})

    async def _content(self, request: web.Request) -> web.StreamResponse:
        caller = self._services.caller(request)
        file = self._found_file(request)
        fault = self._services.fault_on(request, "files", {"caller": caller})
        instead = await fault.before(request)
        if instead is not None:
            return instead
        headers = {"Content-Type": "application/octet-stream"}
        if fault.needs_answer:
            body = await asyncio.to_thread(self._store.path(file).read_bytes)
            return await fault.after(request, web.Response(body=body, headers=headers))
        return web.FileResponse(self._store.path(file), headers=headers)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        caller = self._services.caller(request)
        fault = self._services.fault_on(request, "batches", {"caller": caller})
        instead = await fault.before(request)
        if instead is not None:
            return instead
        body = await read_object(request, limit=self._services.settings.limits.json_bytes)
        batch = self._batch_from(body, caller)
        await self._store.add_batch(batch)
        self._runner.start(batch)
        return await fault.after(request, answers.as_json(self._document(batch)))

    def _batch_from(self, body: Mapping[str, object], caller: str) -> Batch:
        """Return the batch that a body describes. Raises OpenAiError."""
        for name in sorted(set(body) - _BATCH_FIELDS):
            raise OpenAiError(
                400, f"Unknown parameter: {name!r}.", code="unknown_parameter", param=name
            )
        for name in ("input_file_id", "endpoint", "completion_window"):
            if body.get(name) is None:
                raise missing(name)
        endpoint, file_id = body["endpoint"], str(body["input_file_id"])
        if endpoint not in (GENERATIONS, EDITS):
            raise unlisted("endpoint", endpoint, (GENERATIONS, EDITS))
        if body["completion_window"] != "24h":
            raise unlisted("completion_window", body["completion_window"], ("24h",))
        file = self._store.file(file_id)
        if file is None or file.purpose != "batch":
            raise invalid_value(
                "input_file_id", f"There is no file {file_id[:64]!r} with the purpose 'batch'."
            )
        now = int(time.time())
        rule = self._services.fault_injection.pick("batch-ends", {"caller": caller})
        return Batch(
            id=f"batch_{secrets.token_hex(16)}",
            owner=caller,
            endpoint=str(endpoint),
            input_file=file.id,
            created_at=now,
            expires_at=now + int(self._services.settings.batch_window),
            metadata=_metadata(body.get("metadata")),
            end=None if rule is None else rule.end,
            share=0.5 if rule is None else rule.share,
        )

    async def _batches(self, request: web.Request) -> web.StreamResponse:
        self._services.caller(request)
        batches = self._store.batches()
        return _page(
            request,
            [batch.id for batch in batches],
            lambda number: self._document(batches[number]),
            most=_MAX_BATCHES,
            default=_DEFAULT_BATCHES,
        )

    async def _batch(self, request: web.Request) -> web.StreamResponse:
        self._services.caller(request)
        return answers.as_json(self._document(self._found_batch(request)))

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        self._services.caller(request)
        batch = self._found_batch(request)
        if batch.status in OVER | {BatchStatus.FINALIZING}:
            raise OpenAiError(
                409, f"Cannot cancel a batch with status '{batch.status}'.", code="invalid_status"
            )
        return answers.as_json(self._document(await self._runner.cancel(batch)))

    def _found_file(self, request: web.Request) -> UploadedFile:
        file_id = request.match_info["id"]
        file = self._store.file(file_id)
        if file is None:
            raise OpenAiError(404, f"No such File object: {file_id[:64]}", param="id")
        return file

    def _found_batch(self, request: web.Request) -> Batch:
        batch_id = request.match_info["id"]
        batch = self._store.batch(batch_id)
        if batch is None:
            raise OpenAiError(404, f"No batch found with id '{batch_id[:64]}'.")
        return batch

    def _document(self, batch: Batch) -> dict[str, object]:
        completed, failed = self._store.counts(batch)
        return batch.document(completed=completed, failed=failed)


def _metadata(value: object) -> Mapping[str, str] | None:
    """Return a batch's metadata. Raises OpenAiError."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise wrong_type("metadata", "an object", value)
    if len(value) > _MAX_PAIRS:
        raise invalid_value("metadata", f"At most {_MAX_PAIRS} pairs are allowed.")
    for key, text in value.items():
        if not isinstance(text, str):
            raise wrong_type(f"metadata.{key[:_MAX_KEY]}", "a string", text)
        if len(key) > _MAX_KEY:
            raise too_long("metadata", len(key), _MAX_KEY)
        if len(text) > _MAX_VALUE:
            raise too_long(f"metadata.{key}", len(text), _MAX_VALUE)
    return value


async def _copy(part: BodyPartReader, content: BinaryIO, limit: int) -> int:
    """Copy a part to disk and return its size. Raises OpenAiError 413."""
    size, buffer = 0, bytearray()
    while chunk := await part.read_chunk():
        buffer += chunk
        size += len(chunk)
        if size > limit:
            raise OpenAiError(
                413,
                f"File is too large: the limit is {limit} bytes.",
                code="file_too_large",
                param="file",
            )
        if len(buffer) >= _BUFFER:
            await asyncio.to_thread(content.write, bytes(buffer))
            buffer.clear()
    await asyncio.to_thread(content.write, bytes(buffer))
    return size


def _page(
    request: web.Request,
    ids: Sequence[str],
    show: Callable[[int], dict[str, object]],
    *,
    most: int,
    default: int,
) -> web.Response:
    """Return the objects after the one that the request names. Raises OpenAiError."""
    limit = request.query.get("limit", str(default))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= most):
        raise invalid_value("limit", f"Expected a number from 1 to {most}.")
    after = request.query.get("after")
    if after is not None and after not in ids:
        raise invalid_value("after", f"There is no object {after[:64]!r}.")
    first = 0 if after is None else ids.index(after) + 1
    page = range(first, min(first + int(limit), len(ids)))
    return answers.as_json(
        {
            "object": "list",
            "data": [show(number) for number in page],
            "first_id": ids[page[0]] if page else None,
            "last_id": ids[page[-1]] if page else None,
            "has_more": first + len(page) < len(ids),
        }
    )
