"""The end of a process with that of its parent."""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1  # as in linux/prctl.h


def end_with_parent() -> None:
    """Has the kernel interrupt this process when its parent is gone, also where that was killed; only Linux can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
