"""Open files that a run needs and this machine allows: settled before anything is sent."""

import resource

from pipeline.errors import LocalFault
from pipeline.purchasing.renderer import WORKERS_PER_REQUEST

AT_REST = 64
"""Ledger, journal, lock, event loop, kept folders, processes beside it; measured as 49 at most."""
PER_DOWNLOAD = 3
"""A connection, the file and its folder."""
MOST_DOWNLOADS = 128


def allowed_concurrency(wanted: int) -> int:
    """As many requests in flight as there are descriptors for; raises the soft limit on the way.

    `LocalFault` where not even one would fit.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = descriptors_for(wanted)
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    fitting = [count for count in range(1, wanted) if descriptors_for(count) <= soft]
    if not fitting:
        raise LocalFault(
            f"a process may open {soft} files here, and a run needs {descriptors_for(1)}; "
            f"nothing was sent. Allow more: ulimit -n {needed}"
        )
    return fitting[-1]


def descriptors_for(concurrency: int) -> int:
    """Most files that are open at one time with so many requests in flight."""
    downloads = min(MOST_DOWNLOADS, WORKERS_PER_REQUEST * concurrency)
    return AT_REST + concurrency + PER_DOWNLOAD * downloads
