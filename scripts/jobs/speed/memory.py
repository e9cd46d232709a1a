"""Memory of a process on the host and on an accelerator, in bytes."""

import contextlib
import resource
import sys
from pathlib import Path

PAGE_BYTES = resource.getpagesize()


def resident_bytes(pid: int | None = None) -> int | None:
    """Resident set of a process (None: this one), in bytes; None where the system has no /proc."""
    statm = Path(f"/proc/{'self' if pid is None else pid}/statm")
    try:
        return int(statm.read_text().split()[1]) * PAGE_BYTES
    except (OSError, IndexError, ValueError):
        return None


def peak_resident_bytes() -> int:
    """Largest resident set this process had so far, in bytes.

    Linux' `ru_maxrss` is inherited over fork and exec, so that a small child of a large parent
    reports the parent's peak; `VmHWM` belongs to the program's own address space.
    """
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except (OSError, IndexError, ValueError):
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def available_bytes() -> int | None:
    """Memory that new processes can still take without swapping, in bytes; None if unknown."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, IndexError, ValueError):
        pass
    return None


def prefer_as_victim() -> None:
    """Ask Linux to end this process first when memory runs out, so that no other one suffers."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
