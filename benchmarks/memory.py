"""A module of its own, since importing more would be measured."""

import resource
import sys


def peak() -> float:
    """The most memory, in MB, that this process has had."""
    try:
        with open("/proc/self/status") as status:  # unlike getrusage, without what the parent had at the fork
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << (20 if sys.platform == "darwin" else 10))
