"""What delivers letters between the days: a thread with connections of its own.

Any number of workers may do so at once, and a day may deliver meanwhile: the queue hands each
letter to one of them. Whatever stands in the way is told once and tried again at the next look.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from loanbook.errors import LoanbookError
from loanbook.runs import letters
from loanbook.worker.told import Delivered, Trouble

if TYPE_CHECKING:
    from datetime import datetime

    from loanbook.outbox.deliver import Counts
    from loanbook.settings import Settings
    from loanbook.worker.place import Place
    from loanbook.worker.told import Teller


class Postman:
    """Looks now and then for letters that are due, until it is asked to stop."""

    def __init__(self, place: Place, tell: Teller, stopping: threading.Event) -> None:
        self._place = place
        self._tell = tell
        self._stopping = stopping
        self._troubles = ""
        self._thread = threading.Thread(target=self._serve, name="letters")

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def join(self) -> None:
        """Wait until what is being sent has come to its end; the event has been set before."""
        self._thread.join()

    def look(self) -> Counts | None:
        """Deliver what is due now; None if nothing is.

        Raises:
            LoanbookError: letters cannot travel, or not be written, or the database is gone.
        """
        given = self._place.load()
        with self._place.open_book(given) as book:
            if not letters.is_due(book, self._now(given), given):
                return None
        return letters.carry(
            lambda: self._place.open_book(given),
            given,
            lambda: self._now(given),
            self._stopping.is_set,
        )

    def _now(self, given: Settings) -> datetime:
        """Real time, but where loanbook.toml holds the calendar at a day the now of that day."""
        now = self._place.clock()
        if given.as_of is None:
            return now
        return letters.instant(given, given.as_of, now)

    def _serve(self) -> None:
        while not self._stopping.is_set():
            pause = 1
            try:
                pause = self._place.load().worker.look_every
                self._report(self.look())
                self._troubles = ""
            except Exception as error:  # noqa: BLE001 -- the next look may do better
                self._trouble(error)
            self._stopping.wait(pause)

    def _report(self, counts: Counts | None) -> None:
        if counts and (counts.sent or counts.failed or counts.suppressed or counts.unknown):
            told = Delivered(counts.sent, counts.failed, counts.suppressed, counts.unknown)
            self._tell(told)

    def _trouble(self, error: Exception) -> None:
        """Told once, not at every look; an error that nobody foresaw may hold personal data."""
        unknown = f"letters were not delivered ({type(error).__name__})"
        problem = str(error) if isinstance(error, LoanbookError) else unknown
        if problem != self._troubles:
            self._troubles = problem
            self._tell(Trouble(problem))
