"""File locks that the kernel drops with the process, however that process ends."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from loanbook.database.privileges import hand_over

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock that nobody else holds; waits for it."""
    lock = _open(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def shared(path: Path) -> int:
    """Take a lock that many may hold; it lasts until the returned descriptor is closed."""
    return _take(path, fcntl.LOCK_SH)


def exclusive_now(path: Path) -> int | None:
    """Take a lock that nobody else holds, or None when somebody does."""
    try:
        return _take(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None


def holders(path: Path) -> list[int]:
    """Processes that hold a lock on the file, as far as the kernel tells (Linux does)."""
    try:
        table = Path("/proc/locks").read_text("ascii")
    except OSError:
        return []
    inode = str(path.stat().st_ino)
    rows = [line.split() for line in table.splitlines()]
    # 1: FLOCK ADVISORY READ <pid> <major>:<minor>:<inode> 0 EOF; "->" marks one who waits
    return sorted(
        {int(row[4]) for row in rows if row[1] == "FLOCK" and row[5].endswith(f":{inode}")}
    )


def _take(path: Path, kind: int) -> int:
    lock = _open(path)
    try:
        fcntl.flock(lock, kind)
    except BaseException:
        os.close(lock)
        raise
    return lock


def _open(path: Path) -> int:
    # Never inherited by a program that is started, and never deleted: a lock on a deleted file
    # would keep nobody out.
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    hand_over(path, like=path.parent)
    return lock
