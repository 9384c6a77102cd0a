"""What the operating system refuses, as errors of this program."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import LocalFault, PipelineError

_KEPT = "what is paid for is in the ledger"
_REMEDIES: dict[int, str] = {
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "Make room on that disk, then run it again."
    ),
    **dict.fromkeys(
        (errno.EMFILE, errno.ENFILE), "Allow more open files (ulimit -n), then run it again."
    ),
    **dict.fromkeys(
        (errno.ECONNREFUSED, errno.ECONNRESET, errno.ENETUNREACH, errno.EHOSTUNREACH),
        "Check the network, then run it again.",
    ),
    **dict.fromkeys(
        (errno.ENOMEM, errno.EAGAIN), "Free some memory or processes, then run it again."
    ),
}
_MEND = "Repair the disk or the folder, then run it again."
_NO_THREAD = "can't start new thread"
"""The words of the RuntimeError that Python raises for it."""


def not_written(place: object, error: OSError) -> LocalFault:
    """Return the error for a file that cannot be written, with what helps."""
    remedy = _REMEDIES.get(error.errno or 0, _MEND)
    return LocalFault(f"cannot write {place}: {error.strerror or error}. {remedy}")


def expected_error(error: BaseException) -> PipelineError | None:
    """Return the error of this program that an exception stands for; `None` for a bug.

    Whatever the operating system refuses is a `LocalFault`: the disk, a descriptor, a thread or
    memory. A group stands for its gravest member.
    """
    match error:
        case PipelineError():
            return error
        case BaseExceptionGroup():
            known = [expected_error(one) for one in error.exceptions]
            if None in known:
                return None
            return next((one for one in known if isinstance(one, LocalFault)), known[0])
        case MemoryError():
            return LocalFault(f"out of memory; {_KEPT}. {_REMEDIES[errno.ENOMEM]}")
        case RuntimeError() if str(error) == _NO_THREAD:
            remedy = _REMEDIES[errno.EAGAIN]
            return LocalFault(f"no further thread can be started; {_KEPT}. {remedy}")
        case OSError(errno=int(number)):
            place = f"{error.filename}: " if error.filename else ""
            remedy = _REMEDIES.get(number, _MEND)
            return LocalFault(f"{place}{error.strerror or error}; {_KEPT}. {remedy}")
        case _:
            return None


@contextmanager
def expected_errors() -> Iterator[None]:
    """Raise errors of the system as `LocalFault`, and of a group of tasks only the gravest.

    A bug is raised as it is.
    """
    try:
        yield
    except PipelineError:
        raise
    except (Exception, BaseExceptionGroup) as error:
        expected = expected_error(error)
        if expected is not None:
            raise expected from error
        bug: BaseException = error
        while isinstance(bug, BaseExceptionGroup):
            bug = bug.exceptions[0]
        raise bug from error.__cause__
