"""Copies in the making: who makes one holds it locked, so that what a dead maker left is known."""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

ARRIVING = ".arriving-"  # begins the name of a copy that is being made


@contextmanager
def in_the_making(folder: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A new file to be written, locked; gone if that fails. To be renamed while it is open.

    Raises:
        OSError: it cannot be made or written.
    """
    handle, path = _locked(folder)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream, path
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def sweep(folder: Path) -> None:
    """Remove the copies that nobody makes any more; where nothing can be locked they stay."""
    for path in folder.glob(f"{ARRIVING}*"):
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # By its name: a copy that was finished meanwhile bears another.
                path.unlink()
            finally:
                os.close(handle)


def _locked(folder: Path) -> tuple[int, Path]:
    while True:
        handle, name = tempfile.mkstemp(dir=folder, prefix=ARRIVING)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # it is being swept
            os.close(handle)
            continue
        except OSError:  # no locks here: it is not swept either
            return handle, Path(name)
        if os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)
