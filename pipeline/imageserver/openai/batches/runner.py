"""Runs batches in the background, from the state that is stored, so that a restart goes on."""

import asyncio
import json
import logging
import math
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from pipeline.errors import LocalFault
from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.api.services import ApiServices
from pipeline.imageserver.billing.billing import Buyer
from pipeline.imageserver.billing.purchases import Sold
from pipeline.imageserver.fault_injection.rules import Fault, FaultRule
from pipeline.imageserver.openai.batches.batch import (
    OVER,
    Batch,
    BatchEnd,
    BatchStatus,
    DoneLine,
    UploadedFile,
)
from pipeline.imageserver.openai.batches.lines import (
    BatchFiles,
    InputLine,
    LineWriter,
    input_lines,
    validate,
)
from pipeline.imageserver.openai.batches.store import BatchStore
from pipeline.imageserver.openai.errors import OpenAiError, OpenAiWireErrors, named_error
from pipeline.imageserver.openai.image_requests import (
    OpenAiImageRequest,
    edit_from_json,
    generation_from,
)
from pipeline.imageserver.openai.models import GENERATIONS
from pipeline.imageserver.openai.replies import reply_of
from pipeline.imageserver.painting.image_files import ImageFiles

_AT_ONCE = 4
"""Lines of a batch that are executed at the same time."""
_ROWS = 200
"""Rows that are read before other requests get their turn."""
_RETRY_SECONDS = 1.0
_LIMIT_REACHED = (
    "Enqueued token limit reached for this model. Please try again once some in-progress batches "
    "have been completed."
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _NotRun:
    """Why the remaining lines of a batch were never executed, in OpenAI's words."""

    code: str
    message: str


_NOT_RUN = {
    BatchStatus.EXPIRED: _NotRun(
        code="batch_expired",
        message="This request could not be executed before the completion window expired.",
    ),
    BatchStatus.CANCELLED: _NotRun(
        code="batch_cancelled", message="This request was not executed: the batch was cancelled."
    ),
}


class BatchRunner:
    """One task for each batch that is not over; each step is stored before the next begins."""

    def __init__(self, services: ApiServices, image_files: ImageFiles, store: BatchStore) -> None:
        self._services = services
        self._image_files = image_files
        self._store = store
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._changing = asyncio.Lock()

    def resume(self) -> None:
        """Go on with every batch that is not over."""
        for batch in self._store.batches():
            if batch.status not in OVER:
                self.start(batch)

    def start(self, batch: Batch) -> None:
        """Run a batch in the background."""
        self._tasks[batch.id] = asyncio.create_task(self._run(batch.id))

    async def cancel(self, batch: Batch) -> Batch:
        """Let a batch end after the lines that are being executed; return it as it is now."""
        cancelled = replace(batch, outcome=BatchStatus.CANCELLED)
        return await self._step(cancelled, BatchStatus.CANCELLING)

    async def close(self) -> None:
        """Stop all batches; the next start goes on with them."""
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    async def _run(self, batch_id: str) -> None:
        while True:
            batch = self._store.batch(batch_id)
            if batch is None or batch.status in OVER:
                del self._tasks[batch_id]
                return
            try:
                await asyncio.sleep(self._services.settings.batch_delay)
                await self._next(batch)
            except (LocalFault, OSError) as error:
                _log.warning("batch %s waits: %s", batch_id, error)
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception:  # noqa: BLE001 - a bug must not leave a batch open for ever
                _log.exception("a bug in the image server ended batch %s", batch_id)
                await self._fail(batch, _found("server_error", "The server had an error."))

    async def _next(self, batch: Batch) -> None:
        """Take a batch to its next status."""
        match batch.status:
            case BatchStatus.VALIDATING:
                await self._validate(batch)
            case BatchStatus.IN_PROGRESS:
                await self._execute(batch)
            case BatchStatus.FINALIZING | BatchStatus.CANCELLING:
                await self._finalize(batch)
            case (
                BatchStatus.FAILED
                | BatchStatus.COMPLETED
                | BatchStatus.EXPIRED
                | BatchStatus.CANCELLED
            ):
                return
            case _:
                assert_never(batch.status)

    async def _step(self, changed: Batch, status: BatchStatus) -> Batch:
        """Store a batch in its next status and return it; one that is cancelled stays so."""
        async with self._changing:
            current = self._store.batch(changed.id) or changed
            if current.status in OVER:
                return current
            if current.status is BatchStatus.CANCELLING and status not in OVER:
                status = current.status
                changed = replace(changed, outcome=BatchStatus.CANCELLED)
            times = {f"{status}_at": int(time.time())} | dict(current.times)
            stored = replace(changed, status=status, times=times)
            await self._store.update_batch(stored)
            return stored

    async def _validate(self, batch: Batch) -> None:
        file = self._store.file(batch.input_file)
        if file is None:
            problem = _found("invalid_file", "The input file was deleted.")
            await self._fail(batch, problem)
            return
        most = self._services.settings.limits.batch_lines
        found = await asyncio.to_thread(
            validate, self._store.path(file), endpoint=batch.endpoint, most=most
        )
        problems = found.problems
        if batch.end is BatchEnd.FAILED and not problems:
            problems = (_found("token_limit_exceeded", _LIMIT_REACHED),)
        if problems:
            await self._fail(replace(batch, model=found.model), *problems)
            return
        valid = replace(batch, total=found.total, model=found.model)
        await self._step(valid, BatchStatus.IN_PROGRESS)

    async def _fail(self, batch: Batch, *problems: Mapping[str, object]) -> None:
        await self._step(replace(batch, errors=problems), BatchStatus.FAILED)

    async def _execute(self, batch: Batch) -> None:
        """Execute the lines that are not over, until the batch expires or a rule ends it."""
        done = set(self._store.lines(batch))
        outcome, most = BatchStatus.COMPLETED, batch.total
        if batch.end in {BatchEnd.EXPIRED, BatchEnd.CANCELLED}:
            most = math.ceil(batch.share * batch.total)
        running: set[asyncio.Task[None]] = set()
        begun = len(done)
        try:
            async for line in _in_thread(self._inputs(batch)):
                if line.number in done:
                    continue
                if time.time() >= batch.expires_at:
                    outcome = BatchStatus.EXPIRED
                    break
                if self._is_cancelled(batch):
                    break
                if begun >= most:
                    outcome = BatchStatus(str(batch.end))
                    break
                begun += 1
                running.add(asyncio.create_task(self._execute_line(batch, line)))
                running = await _wait_for_room(running)
            for task in running:
                await task
        finally:
            for task in running:
                task.cancel()
        cancelled = outcome is BatchStatus.CANCELLED
        status = BatchStatus.CANCELLING if cancelled else BatchStatus.FINALIZING
        await self._step(replace(batch, outcome=outcome), status)

    def _is_cancelled(self, batch: Batch) -> bool:
        current = self._store.batch(batch.id)
        return current is not None and current.status is BatchStatus.CANCELLING

    def _inputs(self, batch: Batch) -> Iterator[InputLine]:
        file = self._store.file(batch.input_file)
        return iter(()) if file is None else input_lines(self._store.path(file))

    async def _execute_line(self, batch: Batch, line: InputLine) -> None:
        """Buy the pictures of one line at half price, or store why they were refused."""
        request_id = f"req_{secrets.token_hex(8)}"
        try:
            sold = await self._buy(batch, line, request_id)
        except RefusedError as error:
            response = OpenAiWireErrors().failure(error)
            body: Mapping[str, object] = json.loads(response.text or "{}")
            refused = DoneLine(
                number=line.number,
                request_id=request_id,
                status_code=response.status,
                body=body,
            )
            await self._store.add_line(batch, refused)
            return
        bought = DoneLine(number=line.number, request_id=request_id, purchase=sold.purchase)
        await self._store.add_line(batch, bought)

    async def _buy(self, batch: Batch, line: InputLine, request_id: str) -> Sold:
        """Buy the pictures; a line that was bought before a kill is not charged again."""
        openai_request = await asyncio.to_thread(self._image_request_in, batch, line)
        image_request = openai_request.image_request
        facts = {
            "model": image_request.model,
            "quality": image_request.stated_quality,
            "size": image_request.size,
            "background": image_request.background,
            "n": image_request.n,
            "caller": batch.owner,
        }
        rule = self._services.fault_injection.pick("batch-lines", facts)
        if rule is not None and not rule.after:
            await _apply(rule)
        permitted = self._services.permitted(image_request)
        buyer = Buyer(
            caller=batch.owner,
            route="batch-lines",
            idempotency_key=_key(batch, line),
            request_id=request_id,
            replays=True,
        )
        sold = await self._services.billing.buy(image_request, buyer, painted_request=permitted)
        if rule is not None and rule.after:
            await _apply(rule)
        return sold

    def _image_request_in(self, batch: Batch, line: InputLine) -> OpenAiImageRequest:
        if batch.endpoint == GENERATIONS:
            return generation_from(line.body).in_batch()
        return edit_from_json(line.body, read_file=self.read_file).in_batch()

    def read_file(self, file_id: str) -> bytes:
        """Return the content of an uploaded picture. Raises OpenAiError."""
        file = self._store.file(file_id)
        if file is None:
            raise OpenAiError(404, f"No such File object: {file_id[:64]}", param="file_id")
        return self._store.path(file).read_bytes()

    async def _finalize(self, batch: Batch) -> None:
        """Write the files of a batch that has executed all lines that it will."""
        await self._recover_lines(batch)
        sold = await self._sold(batch)
        written = await asyncio.to_thread(self._write_files, batch, sold, self._inputs(batch))
        output = await self._kept(batch, "output", written.output)
        errors = await self._kept(batch, "error", written.errors)
        if batch.end is BatchEnd.NO_OUTPUT_FILE:
            output = None
        finished = replace(batch, output_file=output, error_file=errors, usage=written.usage)
        await self._step(finished, batch.outcome)

    async def _recover_lines(self, batch: Batch) -> None:
        """Store the lines that were bought, but not stored before a kill."""
        done = set(self._store.lines(batch))
        async for line in _in_thread(self._inputs(batch)):
            if line.number in done:
                continue
            sold = self._services.credit_account.sold_under(_key(batch, line), caller=batch.owner)
            if sold is not None:
                request_id = f"req_{secrets.token_hex(8)}"
                found = DoneLine(number=line.number, request_id=request_id, purchase=sold.purchase)
                await self._store.add_line(batch, found)

    async def _kept(self, batch: Batch, name: str, writer: LineWriter) -> str | None:
        """Take a written file into the store; None if it has no lines."""
        if not writer.used:
            return None
        file = UploadedFile(
            id=f"file-{secrets.token_hex(12)}",
            name=f"{batch.id}_{name}.jsonl",
            purpose="batch_output",
            size=writer.path.stat().st_size,
            created_at=int(time.time()),
        )
        await self._store.add_file(writer.path, file)
        return file.id

    async def _sold(self, batch: Batch) -> dict[int, Sold]:
        """Return what each line bought, by its number."""
        sold: dict[int, Sold] = {}
        for number, line in self._store.lines(batch).items():
            if number % _ROWS == 0:
                await asyncio.sleep(0)
            if line.purchase is not None:
                account = self._services.credit_account
                outcome = account.outcome(line.purchase, caller=batch.owner)
                if isinstance(outcome, Sold):
                    sold[number] = outcome
        return sold

    def _write_files(
        self, batch: Batch, sold: Mapping[int, Sold], inputs: Iterator[InputLine]
    ) -> BatchFiles:
        """Write output and errors, in the order of the input; called from a thread."""
        done = self._store.lines(batch)
        left_out = max(sold, default=0) if batch.end is BatchEnd.LINE_MISSING else 0
        files = BatchFiles(
            output=LineWriter(self._store.temporary()), errors=LineWriter(self._store.temporary())
        )
        reason = _NOT_RUN.get(batch.outcome, _NOT_RUN[BatchStatus.EXPIRED])
        try:
            for line in inputs:
                if line.number == left_out:
                    continue
                if line.number in sold:
                    openai_request = self._image_request_in(batch, line)
                    parts = reply_of(openai_request, sold[line.number], self._image_files)
                    files.output.bought(line, done[line.number], parts)
                    files.count(openai_request.usage)
                elif line.number in done:
                    files.errors.refused(line, done[line.number])
                else:
                    files.errors.not_run(line, code=reason.code, message=reason.message)
        finally:
            files.output.close()
            files.errors.close()
        return files


def _key(batch: Batch, line: InputLine) -> str:
    """Return the key under which a line is bought, so that it is never charged twice."""
    return f"{batch.id}/{line.number}"


def _found(code: str, message: str) -> dict[str, object]:
    """Return an error of a whole batch."""
    return {"code": code, "message": message, "param": None, "line": None}


async def _apply(rule: FaultRule) -> None:
    """Apply a fault rule to a line: wait, or raise its error. Raises RefusedError."""
    match rule.fault:
        case Fault.DELAY:
            await asyncio.sleep(rule.seconds)
        case Fault.OPENAI_ERROR if rule.error is not None:
            raise named_error(rule.error, status=rule.status)
        case Fault.STATUS:
            raise OpenAiError(rule.status or 500, rule.message, code="server_error")
        case _:
            return


async def _wait_for_room(running: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    """Wait until another line may be executed, and return the lines that still are."""
    if len(running) < _AT_ONCE:
        return running
    done, pending = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        await task
    return pending


async def _in_thread(lines: Iterator[InputLine]) -> AsyncIterator[InputLine]:
    """Yield lines that a thread reads, one at a time."""
    while (line := await asyncio.to_thread(next, lines, None)) is not None:
        yield line
