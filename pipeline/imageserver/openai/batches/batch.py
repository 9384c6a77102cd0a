"""A batch and an uploaded file as they are stored, and as the API shows them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

PURPOSES = ("batch", "vision", "user_data", "assistants", "evals", "fine-tune")
"""What files are uploaded for; only the first two are used here."""


class BatchStatus(StrEnum):
    """Where a batch stands."""

    VALIDATING = "validating"
    FAILED = "failed"
    IN_PROGRESS = "in_progress"
    FINALIZING = "finalizing"
    COMPLETED = "completed"
    EXPIRED = "expired"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"


class BatchEnd(StrEnum):
    """How a fault rule ends a batch."""

    FAILED = "failed"
    """Refused at validation, although its lines are valid."""
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    NO_OUTPUT_FILE = "no-output-file"
    """Completed and charged, without the id of an output file."""
    LINE_MISSING = "line-missing"
    """Completed and charged; the last finished line is in neither file."""


OVER = frozenset(
    {BatchStatus.FAILED, BatchStatus.COMPLETED, BatchStatus.EXPIRED, BatchStatus.CANCELLED}
)
"""The statuses that a batch never leaves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """One batch; every change is stored as a whole."""

    id: str
    owner: str
    """The id of the key that pays."""
    endpoint: str
    input_file: str
    created_at: int
    expires_at: int
    metadata: Mapping[str, str] | None = None
    status: BatchStatus = BatchStatus.VALIDATING
    outcome: BatchStatus = BatchStatus.COMPLETED
    """The status that it has once its files are written."""
    times: Mapping[str, int] = field(default_factory=dict)
    """When each status began, e.g. `in_progress_at`."""
    errors: tuple[Mapping[str, object], ...] = ()
    total: int = 0
    model: str | None = None
    output_file: str | None = None
    error_file: str | None = None
    usage: Mapping[str, object] | None = None
    end: BatchEnd | None = None
    """The end that a fault rule gives it."""
    share: float = 0.5
    """The share of its lines that are made before that end."""

    def document(self, *, completed: int, failed: int) -> dict[str, object]:
        """Return the batch as the API shows it, with its counts of lines."""
        errors = {"object": "list", "data": list(self.errors)} if self.errors else None
        times = {
            f"{status}_at": self.times.get(f"{status}_at")
            for status in BatchStatus
            if status is not BatchStatus.VALIDATING
        }
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": self.endpoint,
            "model": self.model,
            "errors": errors,
            "input_file_id": self.input_file,
            "completion_window": "24h",
            "status": self.status,
            "output_file_id": self.output_file,
            "error_file_id": self.error_file,
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            **times,
            "request_counts": {"total": self.total, "completed": completed, "failed": failed},
            "metadata": self.metadata,
            "usage": self.usage,
        }

    def value(self) -> dict[str, object]:
        """Return the batch as it is stored."""
        return asdict(self)


def batch_from(value: Mapping[str, object]) -> Batch:
    """Return a batch that was stored."""
    fields: dict[str, object] = dict(value)
    fields["status"] = BatchStatus(str(fields["status"]))
    fields["outcome"] = BatchStatus(str(fields["outcome"]))
    fields["end"] = None if fields["end"] is None else BatchEnd(str(fields["end"]))
    return Batch(**fields)  # type: ignore[arg-type] # a stored batch has the fields' types


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadedFile:
    """A file that was uploaded, or the output of a batch."""

    id: str
    name: str
    purpose: str
    size: int
    created_at: int

    def document(self) -> dict[str, object]:
        """Return the file as the API shows it."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": self.size,
            "created_at": self.created_at,
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed",
            "status_details": None,
            "expires_at": None,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class DoneLine:
    """A line of a batch that is over: bought, or refused with a response."""

    number: int
    """From 1, as in the input file."""
    request_id: str
    purchase: int | None = None
    status_code: int = 200
    body: Mapping[str, object] | None = None
    """The error object of a refused line."""
