"""Files that are being made beside where they are to lie; those of the killed are swept away.

Whoever makes one holds a lock on it, which the kernel drops with the process, however that ends. So
a file that nobody holds is half made and nobody's. Where the file system has no such locks nothing
is known of anybody: there such files stay until `purge`.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from loanbook.durable import flush_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedRandom

ARRIVING = ".arriving-"  # begins the name of a copy of a file that comes in
ERASING = ".erasing-"  # begins the name of a file out of which somebody is taken
# Names that are given here, and no others: no file of a stranger's is taken for one of these.
_HALF_MADE = re.compile(rf"(?:{re.escape(ARRIVING)}|{re.escape(ERASING)})[a-z0-9_]+")


class Unfinished:
    """A file that is being made.

    Attributes:
        file: what is in it so far, to be written and read.
        path: where it lies meanwhile.
    """

    def __init__(self, file: BufferedRandom, path: Path) -> None:
        self.file = file
        self.path = path
        self._is_done = False

    def becomes(self, path: Path) -> None:
        """It is whole: flushed to the disk it gets its name, in place of what bore it, for good.

        Raises:
            OSError: that cannot be done.
        """
        self.file.flush()
        os.fsync(self.file.fileno())
        self.path.replace(path)
        self._is_done = True
        flush_names(path.parent)

    def discard(self) -> None:
        """It goes, unless it became something."""
        if not self._is_done:
            self.path.unlink(missing_ok=True)


@contextmanager
def unfinished(folder: Path, prefix: str) -> Iterator[Unfinished]:
    """A new file for its owner only, held until it gets its name; without one nothing of it stays.

    Args:
        folder: where it is made.
        prefix: `ARRIVING` or `ERASING`.

    Raises:
        OSError: it cannot be made.
    """
    handle, path = _held(folder, prefix)
    # Named, or gone, before the lock is: a sweep never sees it without.
    with os.fdopen(handle, "w+b") as file:
        made = Unfinished(file, path)
        try:
            yield made
        finally:
            made.discard()


def sweep(folder: Path) -> None:
    """Remove what killed processes left half made in a folder, never what somebody is making.

    What cannot be judged or removed stays: a link or folder of such a name, a file of somebody
    else's, all of them where the file system has no locks.
    """
    with suppress(OSError):  # no such folder, or none that may be read
        for path in folder.iterdir():
            if _HALF_MADE.fullmatch(path.name):
                _sweep_one(path)


def _held(folder: Path, prefix: str) -> tuple[int, Path]:
    while True:
        handle, name = tempfile.mkstemp(dir=folder, prefix=prefix)
        # Between its making and the lock a sweep may have taken it for one that nobody holds.
        if _lock(handle) is not False and os.path.lexists(name):
            return handle, Path(name)
        os.close(handle)
        Path(name).unlink(missing_ok=True)


def _sweep_one(path: Path) -> None:
    with suppress(OSError):
        # To be written, since a lock over NFS wants that; without following or waiting.
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            # It may have got its name meanwhile. If it still bears this one nobody else can be at
            # it: its maker would hold it.
            if (
                stat.S_ISREG(os.fstat(handle).st_mode)
                and _lock(handle)
                and os.path.samestat(os.fstat(handle), path.lstat())
            ):
                path.unlink()
        finally:
            os.close(handle)


def _lock(handle: int) -> bool | None:
    """Hold a file at once: whether that is so; None where the file system has no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
