"""The memory of this process, as the operating system counts it."""

import sys
from pathlib import Path


def peak_mib() -> float:
    """The most memory this process ever had resident, in MiB; POSIX.

    On Linux it is that of the program that runs: what getrusage says counts the process that started it too, until it
    became this program, and a small program that a large one started would seem large.
    """
    import resource

    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / (1 << 10)
    scale = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale
