"""Stops a statement of another database that takes too long, whatever its driver."""

from __future__ import annotations

import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

WAYS = ("cancel_safe", "cancel", "interrupt", "close")  # of drivers, the kindest first


class Watchdog:
    """Watches one connection from a thread of its own.

    Attributes:
        has_bitten: a statement was stopped.
    """

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 -- of any driver
        """Watch.

        Args:
            connection: the driver's own.
        """
        self._connection = connection
        self._changed = threading.Condition()
        self._left: float | None = None
        self._round = 0
        self._ends = False
        self.has_bitten = False
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._ends = True
            self._changed.notify()
        self._thread.join()

    def allow(self, seconds: float | None) -> None:
        """From now on a statement may take so long; None: nothing is being done."""
        with self._changed:
            self._left = seconds
            self._round += 1
            self._changed.notify()

    def _watch(self) -> None:
        while True:
            with self._changed:
                before = self._round
                if self._ends:
                    return
                woken = self._changed.wait_for(
                    lambda: self._ends or self._round != before,  # noqa: B023 -- used at once
                    self._left,
                )
                if woken:
                    continue
                self._left = None
                self.has_bitten = True
            self._bite()

    def _bite(self) -> None:
        way = next(name for name in WAYS if hasattr(self._connection, name))
        with suppress(Exception):  # it may be over just now
            getattr(self._connection, way)()
