"""The lines of a batch: reading and validating the input, writing output and errors."""

import base64
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.api.requests.bodies import parse_object
from pipeline.imageserver.openai.batches.batch import DoneLine
from pipeline.imageserver.openai.models import MODELS, TokenUsage
from pipeline.imageserver.openai.replies import PIECE, Part

_MAX_PROBLEMS = 100
_SEPARATORS = (",", ":")


@dataclass(frozen=True, kw_only=True, slots=True)
class InputLine:
    """One request of a batch."""

    number: int
    """From 1; blank lines are not counted as requests but keep their number."""
    custom_id: str
    body: Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Validation:
    """What was found in an input file."""

    problems: tuple[Mapping[str, object], ...]
    total: int
    model: str | None


def input_lines(path: Path) -> Iterator[InputLine]:
    """Yield the requests of a validated file, one at a time; its lines may be large."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                value = parse_object(line)
                body = value["body"]
                if isinstance(body, dict):
                    yield InputLine(number=number, custom_id=str(value["custom_id"]), body=body)


def validate(path: Path, *, endpoint: str, most: int) -> Validation:
    """Check every line of an input file; nothing of a file with a problem is executed."""
    problems: list[Mapping[str, object]] = []
    custom_ids: set[str] = set()
    models: set[str] = set()
    total = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            total += 1
            problem = _problem(line, endpoint=endpoint, custom_ids=custom_ids, models=models)
            if problem is not None and len(problems) < _MAX_PROBLEMS:
                problems.append(problem | {"line": number})
    if not total:
        problems.append(_as_problem("empty_file", "The input file is empty."))
    if total > most:
        problems.append(
            _as_problem("too_many_tasks", f"The input file has {total} lines, the limit is {most}.")
        )
    model = models.pop() if len(models) == 1 else None
    return Validation(problems=tuple(problems), total=total, model=model)


def _problem(
    line: bytes, *, endpoint: str, custom_ids: set[str], models: set[str]
) -> dict[str, object] | None:
    """Return what is wrong with a line, None if nothing is; ids and models are collected."""
    try:
        value = parse_object(line)
    except RefusedError:
        return _as_problem("invalid_json_line", "This line is not parseable as valid JSON.")
    for name in ("custom_id", "method", "url", "body"):
        if name not in value:
            message = f"Missing required parameter: '{name}'."
            return _as_problem("missing_required_parameter", message, param=name)
    custom_id, body = value["custom_id"], value["body"]
    if not isinstance(custom_id, str) or not isinstance(body, dict):
        name, kind = ("body", "an object") if isinstance(custom_id, str) else ("custom_id", "text")
        return _as_problem("invalid_type", f"{name} must be {kind}.", param=name)
    if custom_id in custom_ids:
        message = f"The custom_id '{custom_id[:64]}' was used by another line."
        return _as_problem("duplicate_custom_id", message, param="custom_id")
    custom_ids.add(custom_id)
    if value["method"] != "POST":
        return _as_problem("invalid_method", "The method must be POST.", param="method")
    if value["url"] != endpoint:
        message = f"The url of this line does not match the batch's endpoint {endpoint}."
        return _as_problem("mismatched_url", message, param="url")
    name = str(body.get("model", "gpt-image-2"))
    models.add(name)
    if name in MODELS and not MODELS[name].batch:
        message = f"The model '{name}' is not supported by the Batch API."
        return _as_problem("model_not_supported", message, param="body.model")
    return None


def _as_problem(code: str, message: str, *, param: str | None = None) -> dict[str, object]:
    return {"code": code, "message": message, "param": param, "line": None}


class LineWriter:
    """Writes one of a batch's files; the file is made with its first line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    @property
    def used(self) -> bool:
        """True if a line was written."""
        return self._file is not None

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()

    def bought(self, line: InputLine, done: DoneLine, parts: Sequence[Part]) -> None:
        """Write a line that was bought, with its pictures read from disk in pieces."""
        before = json.dumps(
            {"id": _line_id(), "custom_id": line.custom_id, "response": None},
            separators=_SEPARATORS,
        ).removesuffix("null}")
        response = json.dumps(
            {"status_code": 200, "request_id": done.request_id, "body": None},
            separators=_SEPARATORS,
        ).removesuffix("null}")
        file = self._opened()
        file.write(f"{before}{response}".encode())
        for part in parts:
            if isinstance(part, bytes):
                file.write(part)
            else:
                _copy_as_base64(part, file)
        file.write(b'},"error":null}\n')

    def refused(self, line: InputLine, done: DoneLine) -> None:
        """Write a line that was refused, with the answer that it got."""
        response = {
            "status_code": done.status_code,
            "request_id": done.request_id,
            "body": done.body,
        }
        self._write(line, response=response, error=None)

    def not_run(self, line: InputLine, *, code: str, message: str) -> None:
        """Write a line that was never executed."""
        self._write(line, response=None, error={"code": code, "message": message})

    def _write(self, line: InputLine, *, response: object, error: object) -> None:
        value = {
            "id": _line_id(),
            "custom_id": line.custom_id,
            "response": response,
            "error": error,
        }
        self._opened().write(json.dumps(value, separators=_SEPARATORS).encode() + b"\n")

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self._file = self.path.open("wb")
        return self._file


@dataclass(kw_only=True, slots=True)
class BatchFiles:
    """Both files of a batch while they are written, and the tokens of its lines."""

    output: LineWriter
    errors: LineWriter
    tokens_in: int = 0
    tokens_out: int = 0

    def count(self, usage: TokenUsage) -> None:
        """Count the tokens of a line."""
        self.tokens_in += usage.text_in + usage.image_in
        self.tokens_out += usage.text_out + usage.image_out

    @property
    def usage(self) -> dict[str, object]:
        """The tokens as a batch states them."""
        return {
            "input_tokens": self.tokens_in,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": self.tokens_out,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self.tokens_in + self.tokens_out,
        }


def _copy_as_base64(path: Path, file: BinaryIO) -> None:
    with path.open("rb") as picture:
        while piece := picture.read(PIECE):
            file.write(base64.b64encode(piece))


def _line_id() -> str:
    return f"batch_req_{secrets.token_hex(16)}"
