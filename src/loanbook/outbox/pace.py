"""How fast letters go at most, all sessions of a sender together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Pace:
    """Hands out moments that lie evenly apart; what was not used is not made up for later.

    Args:
        rate: letters a second; 0: no limit.
        clock: seconds that only grow.
    """

    def __init__(self, rate: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._apart = 1 / rate if rate else 0.0
        self._clock = clock
        self._next = float("-inf")
        self._lock = threading.Lock()

    def wait(self) -> float:
        """Take the next moment: the seconds until then."""
        if not self._apart:
            return 0.0
        with self._lock:
            now = self._clock()
            moment = max(now, self._next)
            self._next = moment + self._apart
        return moment - now
