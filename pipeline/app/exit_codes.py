"""Which exit code a run ends with: the first in a fixed order wins."""

from collections.abc import Mapping

from pipeline.errors import Interrupted, PipelineError
from pipeline.model.outcome import Status

PRECEDENCE = (1, 130, 143, 74, 7, 6, 4, 3, 5, 0)
"""Where several exit codes apply, the first of these wins."""

UNFINISHED = (Status.FAILED, Status.REFUSED, Status.PAID_LOST, Status.PENDING_DOWNLOAD)


def exit_code(
    counts: Mapping[Status, int], *, reason: PipelineError | None, waiting: bool = False
) -> int:
    """The ending of a run with these statuses, which stopped early for `reason` or not at all.

    `waiting` says that drafts wait for a person and that the caller wants to hear of it.
    """
    applies = {0}
    if isinstance(reason, Interrupted):
        applies.add(reason.ends_with)
    elif reason is not None:
        applies.add(reason.exit_code)
    if counts.get(Status.IN_DOUBT):
        applies.add(6)
    if any(counts.get(status) for status in UNFINISHED):
        applies.add(3)
    if waiting:
        applies.add(5)
    return min(applies, key=PRECEDENCE.index)
