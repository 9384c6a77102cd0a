"""Keeping the memory of this process, which contains a key, out of core files.

`__main__` imports this module only if the environment has a key: it takes 3 ms.
"""

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4


def keep_memory_private() -> None:
    """Disable core files of this process and its children.

    Linux may be configured to pass a crashed process to a program in spite of the limit. It does
    not do so with a process that is not dumpable, whose memory no other process of the user can
    read either.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
