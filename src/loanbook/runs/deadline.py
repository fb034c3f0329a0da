"""A step that hangs outside the database is given up, too."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from loanbook.errors import TookTooLong

if TYPE_CHECKING:
    from collections.abc import Iterator

GRACE = 5  # seconds by which the database, which gives up a single statement, is let go first


@contextmanager
def deadline(seconds: int) -> Iterator[None]:
    """Raise in whatever is done inside, when it takes too long; 0: never.

    Only the main thread of a process can be interrupted so; in another one the database alone
    keeps time.

    Raises:
        TookTooLong: it took longer.
    """
    if not seconds or threading.current_thread() is not threading.main_thread():
        yield
        return

    def give_up(_: int, __: object) -> None:
        raise TookTooLong(problem=f"more than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds + GRACE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
