"""Rules that make the server fail on purpose, read from a file or from `/_faults`.

A rule says what goes wrong, where, and how often. It cannot match a prompt's text, so that
no prompt changes how the server behaves.

    {"seed": 1, "rules": [
      {"fault": "status", "status": 503, "retry_after": 2, "times": 3},
      {"fault": "drop", "when": "after", "skip": 5, "every": 10},
      {"fault": "truncated", "on": "cdn", "chance": 0.1, "match": {"quality": "high"}}]}
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from pipeline.errors import UsageError
from pipeline.imageserver.api.refusal import RefusedError, field_name, invalid
from pipeline.imageserver.openai.batches.batch import BatchEnd
from pipeline.imageserver.openai.errors import NamedError


class Fault(StrEnum):
    """The kinds of faults; `guide` explains each."""

    STATUS = "status"
    HTML = "html"
    FAILURE = "failure"
    DELAY = "delay"
    HANG = "hang"
    DROP = "drop"
    DROP_BODY = "drop-body"
    DRIP = "drip"
    EMPTY_BODY = "empty-body"
    EMPTY_IMAGES = "empty-images"
    EMPTY_DATA = "empty-data"
    FEWER_IMAGES = "fewer-images"
    BAD_JSON = "bad-json"
    WRONG_SIZE = "wrong-size"
    NO_ALPHA = "no-alpha"
    GZIP_BOMB = "gzip-bomb"
    TRUNCATED = "truncated"
    OPENAI_ERROR = "openai-error"
    NO_USAGE = "no-usage"
    EXTRA_IMAGE = "extra-image"
    CUT_BASE64 = "cut-base64"
    ESCAPED_BASE64 = "escaped-base64"
    SLOW_HEADERS = "slow-headers"
    BATCH_END = "batch-end"


class FaultTiming(StrEnum):
    """The time of a fault: before or after the charge."""

    BEFORE = "before"
    AFTER = "after"


ROUTES = frozenset({"generate", "edits", "generations", "jobs"})

_ONLY_API = frozenset(
    {
        Fault.FAILURE,
        Fault.EMPTY_BODY,
        Fault.EMPTY_IMAGES,
        Fault.EMPTY_DATA,
        Fault.FEWER_IMAGES,
        Fault.BAD_JSON,
        Fault.WRONG_SIZE,
        Fault.NO_ALPHA,
        Fault.OPENAI_ERROR,
        Fault.NO_USAGE,
        Fault.EXTRA_IMAGE,
        Fault.CUT_BASE64,
        Fault.ESCAPED_BASE64,
    }
)
_IN_ANSWER = frozenset(
    {Fault.DROP_BODY, Fault.DRIP, Fault.GZIP_BOMB, Fault.TRUNCATED, Fault.SLOW_HEADERS}
)
_ALWAYS_AFTER = _ONLY_API - {Fault.FAILURE, Fault.OPENAI_ERROR} | _IN_ANSWER

_IN_LINES = frozenset({Fault.STATUS, Fault.OPENAI_ERROR, Fault.DELAY})

_Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f\u2028\u2029]*$")]
_HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
_Whole = Annotated[int, Field(ge=0, lt=1_000_000)]
_Seconds = Annotated[float, Field(ge=0, lt=1_000_000)]


_COMPLAINTS = {
    "extra_forbidden": "is not a field of fault rules",
    "missing": "is missing",
    "model_type": "must be an object",
    "string_pattern_mismatch": "has characters that are not allowed in it",
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class RequestMatch(_Strict):
    """Values that a request must have; one that no request can have is refused as a typo."""

    model: _Line | None = None
    quality: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    background: Literal["opaque", "transparent"] | None = None
    n: _Whole | None = None
    size: _Line | None = None
    caller: _Line | None = None
    idempotency_key: _Line | None = None


class FaultRule(_Strict):
    """One fault, and which requests it hits."""

    fault: Annotated[Fault, Field(strict=False)]
    on: Literal[
        "api",
        "batch-ends",
        "batch-lines",
        "batches",
        "cdn",
        "edits",
        "files",
        "generate",
        "generations",
        "jobs",
    ] = "api"
    """`api` is every endpoint that sells; `cdn` is the image host.

    `files` and `batches` are OpenAI's endpoints, `batch-lines` the requests of a batch, and
    `batch-ends` how a batch ends.
    """
    when: Annotated[FaultTiming, Field(strict=False)] = FaultTiming.BEFORE
    status: Annotated[int, Field(gt=100, lt=600)] | None = None
    """HTTP status; None for the fault's default."""
    error: Annotated[NamedError | None, Field(strict=False)] = None
    """The error of `openai-error`."""
    message: _Line = "set by a fault rule"
    retry_after: _Seconds | None = None
    headers: Mapping[_HeaderName, _Line] = {}
    seconds: _Seconds = 0.0
    megabytes: Annotated[int, Field(ge=0, le=1024)] = 64
    skip: _Whole = 0
    """Number of matching requests that pass first."""
    every: Annotated[int, Field(ge=1)] = 1
    """Of the following matching requests, every n-th is hit."""
    times: _Whole | None = None
    """Greatest number of hits; None for no limit."""
    end: Annotated[BatchEnd | None, Field(strict=False)] = None
    """The end of `batch-end`."""
    share: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of a batch's lines that are executed before `batch-end`."""
    chance: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Probability of a hit, from a seeded random source."""
    match: RequestMatch = RequestMatch()

    @model_validator(mode="after")
    def _whole_rule(self) -> Self:
        """Check what can only be seen in the whole rule."""
        cdn = self.on == "cdn"
        if self.fault in _ONLY_API if cdn else self.fault is Fault.TRUNCATED:
            raise _wrong("on", f"{self.fault} is not possible on {self.on}")
        for name in ("match", "when"):
            if cdn and name in self.model_fields_set:
                raise _wrong(name, "has no meaning on the cdn")
        if self.fault is Fault.STATUS and self.status is None:
            raise _wrong("status", "is missing")
        if (self.fault is Fault.OPENAI_ERROR) != (self.error is not None):
            raise _wrong("error", "is missing" if self.error is None else "needs openai-error")
        if (self.fault is Fault.BATCH_END) != (self.end is not None):
            raise _wrong("end", "is missing" if self.end is None else "needs batch-end")
        if (self.fault is Fault.BATCH_END) != (self.on == "batch-ends"):
            raise _wrong("on", "batch-ends and the fault batch-end belong together")
        if self.on == "batch-lines" and self.fault not in _IN_LINES:
            raise _wrong("fault", f"must be one of {', '.join(sorted(_IN_LINES))} on batch-lines")
        stated = FaultTiming.BEFORE if "when" in self.model_fields_set else None
        if self.when is stated and self.fault in _ALWAYS_AFTER:
            raise _wrong("when", f"{self.fault} happens after the charge")
        return self

    def matches(self, place: str, values: Mapping[str, object]) -> bool:
        """Return whether the rule applies to a request on this route with these values."""
        here = self.on == place or (self.on == "api" and place in ROUTES)
        expected = self.match
        return here and all(
            values.get(name) == getattr(expected, name) for name in expected.model_fields_set
        )

    @property
    def after(self) -> bool:
        """True if the request is charged before it goes wrong."""
        return self.when is FaultTiming.AFTER or self.fault in _ALWAYS_AFTER


class _Document(_Strict):
    rules: tuple[FaultRule, ...] = Field((), strict=False)
    seed: int = 0


def rules_from(document: object) -> tuple[tuple[FaultRule, ...], int]:
    """Return the rules and their seed. Raises RefusedError naming the wrong field."""
    try:
        read = _Document.model_validate(
            {"rules": document} if isinstance(document, list) else document
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ""
        for part in (*first["loc"], *first.get("ctx", {}).get("part", ())):
            place += f"[{part}]" if isinstance(part, int) else f".{field_name(str(part))}"
        complaint = _COMPLAINTS.get(first["type"], first["msg"].replace("Input should", "must"))
        raise invalid(place.removeprefix(".").removesuffix(".[key]"), complaint) from error
    return read.rules, read.seed


def rules_from_file(path: Path) -> tuple[tuple[FaultRule, ...], int]:
    """Return the rules of a file. Raises UsageError."""
    try:
        return rules_from(json.loads(path.read_bytes()))
    except RecursionError as error:
        raise UsageError(f"the fault rules in {path} are nested too deeply") from error
    except (OSError, ValueError, RefusedError) as error:
        raise UsageError(f"the fault rules in {path}: {error}") from error


def _wrong(part: str, complaint: str) -> PydanticCustomError:
    """Return the error to raise about one field of a rule that is well formed."""
    return PydanticCustomError("rule", complaint, {"part": (part,)})
