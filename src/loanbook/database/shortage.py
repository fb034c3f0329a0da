"""A server that fails: whether its disk is full, or something else is wrong.

Told by words, because there are no codes: they come from the server's log, from its programs, or
from libpq.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from loanbook.errors import DatabaseError, DiskFull, ServerFailed

if TYPE_CHECKING:
    from pathlib import Path

# A quota and the largest size of a file have no code of their own; PostgreSQL 16 gives no reason
# when it cannot write the file that each first session makes.
NO_ROOM = re.compile(
    "No space left on device|Disk quota exceeded|File too large|could not write init file"
)
NEXT_TO_NOTHING = 1 << 16  # bytes; with less even the server's log may lack its last lines


def failure(place: Path, action: str, problem: str) -> DatabaseError:
    """The error that says why an embedded server could not do what it was asked.

    Args:
        place: the folder of the server.
        action: what it could not: start, stop, be created.
        problem: its own words, or those of the system.
    """
    if NO_ROOM.search(problem):
        return DiskFull(problem=problem)
    return ServerFailed(place=place, action=action, problem=problem)


def no_start(place: Path, problem: str) -> DatabaseError:
    """The error that says why an embedded server did not start, or ended while it did.

    Args:
        place: the folder of the server.
        problem: the last word of its log, which a full disk may have cut short.
    """
    if not NO_ROOM.search(problem) and shutil.disk_usage(place).free < NEXT_TO_NOTHING:
        problem = f"{place}: No space left on device"
    return failure(place, "start", problem)
