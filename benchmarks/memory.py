"""How much memory this process has needed at most."""

from __future__ import annotations

import re
from pathlib import Path


def peak_mb() -> float:
    """Peak of resident memory since this program was started, in MB.

    `ru_maxrss` would not do: it also remembers the process that this one was forked from.
    """
    [peak] = re.findall(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(peak) / 1e3
