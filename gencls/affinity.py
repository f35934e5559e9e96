"""The cores that this process may use: fewer than the machine has in a container or under taskset."""

import os
import sys


def cores() -> int:
    """How many."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
