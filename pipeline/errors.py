"""The errors of this program, with their exit codes and what may have been charged.

PipelineError                   1   a bug unless a subclass says otherwise
├── Refusal                     2   nothing was sent
│   ├── CampaignError               the campaign file, its feeds or its template, with places
│   ├── UsageError                  the command line, a plan id, a cell that does not exist
│   ├── FeedNotFetched              the URL of a feed does not give a table
│   ├── KeyMissing                  the provider's key is not in the environment
│   └── Declined                    a person declined to spend
├── Halted                      3   a run stopped early; images in flight or paid for are kept
│   ├── FailuresReached             more failures than the campaign allows
│   ├── BudgetReached           4   a budget does not allow the next image
│   ├── TimeIsUp                4   the time of --stop-after has passed
│   ├── CircuitOpen             6   several requests in a row ended in doubt
│   ├── UploadStopped           74  the object store refused a file; what is paid for is kept here
│   └── Interrupted             130/143   by a signal
├── ProviderError               3   one request did not give an image
│   ├── NotSent                     not charged; tried again
│   ├── Throttled                   not charged; all requests pause
│   ├── Rejected                    not charged, or `in_doubt`; again only with --retry-failed
│   │   └── PolicyRefused           the provider's content policy refused the prompt
│   ├── ProviderStopped         7   key refused or no credits left: not charged; buying stops
│   └── ReplyUnknown            6   may have been charged
├── ArtifactError               3   an image is paid for, but its file is not on disk
│   ├── DownloadFailed              may be tried again
│   ├── ImageGone                   the image host does not have it any more
│   └── ImageBroken                 the downloaded file is not a valid image
│       └── NotAnImage              it is no image at all; may be tried again
├── AdFileFailed                3   an ad file cannot be made as its placement asks
├── TaskFailed                  3   a task raised an error
│   ├── TaskDied                    a task ended every process it ran in
│   └── WorkerFault                 the machine of a worker failed it; another may not
│       └── FilesNotReached             it does not see the files that a task names
├── LocalFault                  74  disk, file or ledger; buying stops, paid images are kept
│   ├── LedgerUnusable              damaged, foreign, or newer than this program
│   └── StoreFault                  the object store refused, or could not be reached
└── LockHeld                    75  another run of this campaign is alive
    ├── RunHangs                    for longer than any of its runs ever took
    └── LeaseLost                   another one took its place meanwhile; nothing more is bought
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Self


class PipelineError(Exception):
    """Base of all expected errors; the message is for the user."""

    exit_code: ClassVar[int] = 1

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the message and the attributes, so that a worker's error arrives unchanged.

        The inherited method would call the class with the message, which is not its signature.
        """
        return type(self).__new__, (type(self), *self.args), vars(self)


class Refusal(PipelineError):
    """The command or the campaign cannot be carried out as written; nothing was sent."""

    exit_code = 2


class Severity(StrEnum):
    """How bad a finding is; `--strict` makes warnings errors."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One problem and its place: `file:line:column: path: complaint`."""

    complaint: str
    file: str = ""
    line: int = 0
    """From 1; 0 if the finding has no line."""
    column: int = 0
    path: str = ""
    """Dotted path in the document: `matrix.size[2]`."""
    code: str = ""
    """A stable name of the rule, e.g. `unknown-key`, `lint-quote`."""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return ": ".join(part for part in (place, self.path, self.complaint) if part)


class CampaignError(Refusal):
    """The campaign cannot be used as written; `findings` has every mistake."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings


class UsageError(Refusal):
    """The command line asks for something that does not exist or does not fit together."""


class FeedNotFetched(Refusal):
    """The URL of a feed does not give a table."""


class KeyMissing(Refusal):
    """The provider's key is not in the environment."""

    def __init__(self, *, provider: str, variable: str) -> None:
        super().__init__(
            f"provider {provider} needs its key in {variable}; nothing was sent.\n"
            f"Set {variable}, or try the campaign offline with --provider embedded."
        )
        self.provider, self.variable = provider, variable


class Declined(Refusal):
    """A person was asked, and declined."""


class Halted(PipelineError):
    """A run stopped early on purpose; paid images are kept."""

    exit_code = 3


class FailuresReached(Halted):
    """More jobs failed than the campaign allows."""

    def __init__(self, *, failures: int, limit: str) -> None:
        super().__init__(f"{failures} images failed; max_failures is {limit}: nothing more is sent")
        self.failures, self.limit = failures, limit


class TimeIsUp(Halted):
    """`--stop-after` has passed."""

    exit_code = 4

    def __init__(self, *, seconds: float) -> None:
        super().__init__(f"the {seconds:g} s of --stop-after have passed; run again to continue")
        self.seconds = seconds


class CircuitOpen(Halted):
    """Several requests in a row ended in doubt."""

    exit_code = 6

    def __init__(self, *, doubts: int, last: str) -> None:
        super().__init__(
            f"{doubts} requests in a row are in doubt, the last one: {last}; "
            "nothing more is sent, since each may have been charged"
        )
        self.doubts, self.last = doubts, last


class UploadStopped(Halted):
    """The object store refused a file, which is kept on this machine: buying stops.

    It is no `LocalFault`, since images in flight can still be kept.
    """

    exit_code = 74


class Interrupted(Halted):
    """A signal interrupted the run."""

    exit_code = 130

    def __init__(self, *, signal_name: str, exit_code: int) -> None:
        super().__init__(f"interrupted by {signal_name}")
        self.signal_name = signal_name
        self.ends_with = exit_code


class BudgetReached(Halted):
    """The next image would cost more than may still be spent."""

    exit_code = 4

    def __init__(self, *, scope: str, limit: int, spent: int, price: int, words: str = "") -> None:
        """`words` say the amounts, in the unit of the account."""
        super().__init__(words or f"the {scope} budget does not allow the next image")
        self.scope, self.limit, self.spent, self.price = scope, limit, spent, price


class ProviderError(PipelineError):
    """One request did not give an image; the subclass says what that may have cost."""

    exit_code = 3

    def __init__(
        self, message: str, *, http: int | None = None, request_id: str = "", raw: bytes = b""
    ) -> None:
        super().__init__(message)
        self.http = http
        """The HTTP status, if there was a reply."""
        self.request_id = request_id
        self.raw = raw
        """The body of the reply, as far as it was read."""


class NotSent(ProviderError):
    """The request was not sent completely: nothing was charged."""


class Throttled(ProviderError):
    """The provider asked to retry later: nothing was charged."""

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        http: int | None = None,
        request_id: str = "",
        raw: bytes = b"",
    ) -> None:
        super().__init__(message, http=http, request_id=request_id, raw=raw)
        self.retry_after = retry_after
        """Seconds that the provider asked to wait; see `providers.replies`."""


class Rejected(ProviderError):
    """The provider read the request and refused it; the same request will be refused again."""

    in_doubt: int = 0
    """The most that may have been charged all the same, in the account's smallest unit."""

    def may_have_cost(self, at_most: int) -> Self:
        """Return this error with money in doubt: the request was refused after the work."""
        self.in_doubt = at_most
        return self


class PolicyRefused(Rejected):
    """The provider's content policy refused the prompt, or the image that was made of it."""


class ProviderStopped(ProviderError):
    """The key was refused or no credits are left: every further request would fail."""

    exit_code = 7

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        http: int | None = None,
        request_id: str = "",
        raw: bytes = b"",
    ) -> None:
        super().__init__(message, http=http, request_id=request_id, raw=raw)
        self.remedy = remedy
        """What a person has to do before the next run; empty if it may be enough to run later."""


class ReplyUnknown(ProviderError):
    """The request was sent, but no reply shows whether it was charged."""

    exit_code = 6

    def __init__(
        self,
        message: str,
        *,
        images: int = 1,
        credits_said: int = 0,
        http: int | None = None,
        request_id: str = "",
        raw: bytes = b"",
    ) -> None:
        super().__init__(message, http=http, request_id=request_id, raw=raw)
        self.images = max(1, images)
        """Number of images that may have been charged: as many as the reply shows, at least 1."""
        self.credits_said = credits_said
        """The most credits that the reply says were charged; 0 if it names none."""


class ArtifactError(PipelineError):
    """An image was paid for, and its file is not on disk."""

    exit_code = 3


class DownloadFailed(ArtifactError):
    """The download failed; trying again is free."""


class ImageGone(ArtifactError):
    """The image host does not have the image any more."""


class ImageBroken(ArtifactError):
    """The downloaded file is not a complete image of an accepted kind."""


class NotAnImage(ImageBroken):
    """The downloaded file is no image, e.g. the sign-in page of a network.

    It proves nothing about the image; another download may succeed.
    """


class AdFileFailed(PipelineError):
    """An ad file cannot be made from its image for its placement; others may be made."""

    exit_code = 3


class TaskFailed(PipelineError):
    """A task raised an unexpected error, or one that cannot be pickled; this has its message."""

    exit_code = 3


class TaskDied(TaskFailed):
    """A task ended every process it ran in: the decoder crashed, or memory ran out."""


class WorkerFault(TaskFailed):
    """The machine of a worker failed a task, which may succeed on another one."""


class FilesNotReached(WorkerFault):
    """A worker does not see the files that a task names by their paths."""


class LocalFault(PipelineError):
    """A disk, file or memory error on this machine: buying stops, paid images are kept."""

    exit_code = 74


class LedgerUnusable(LocalFault):
    """The ledger is damaged, foreign, or newer than this program; it was not changed."""


class StoreFault(LocalFault):
    """The object store refused a request, or could not be reached."""

    passes: bool = False
    """True if the same request may succeed a little later."""


class LockHeld(PipelineError):
    """Another run of this campaign is alive."""

    exit_code = 75


class LeaseLost(LockHeld):
    """A run was not heard of for so long that another one took its place."""


class RunHangs(LockHeld):
    """The other run has been alive for longer than any run of its campaign ever took."""
