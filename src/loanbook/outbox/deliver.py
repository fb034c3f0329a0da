"""Deliver what is due: claim a few letters, send them by several sessions, mark what they came to.

Claims and marks are transactions of their own, and nothing is sent inside one. However many
sessions there are, a sender never holds more letters than `mail.claim`; so a kill leaves at most
these.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from loanbook.database.connection import Database
from loanbook.errors import DatabaseError
from loanbook.outbox import queue
from loanbook.outbox.crew import Crew
from loanbook.outbox.letter import Carrier, Fate, Letter, Render
from loanbook.outbox.pace import Pace
from loanbook.settings.letters import Mail

LOOK = 0.25  # seconds between two questions whether to stop
PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)  # seconds before each attempt to reach a lost database

OpenBook = Callable[[], AbstractContextManager[Database]]
Clock = Callable[[], datetime]
RulesOf = Callable[[datetime], queue.Rules]


@dataclass(slots=True)
class Counts:
    """How many letters came to what.

    Attributes:
        sent: taken by the carrier.
        failed: to be tried again later.
        suppressed: their recipients are refused for good.
        unknown: perhaps sent; a person decides.
        planned: claimed but not tried, so that they wait as before.
    """

    sent: int = 0
    failed: int = 0
    suppressed: int = 0
    unknown: int = 0
    planned: int = 0

    def add(self, fates: list[Fate]) -> None:
        """Count these too."""
        for fate in fates:
            setattr(self, fate.state, getattr(self, fate.state) + 1)


def deliver(
    open_book: OpenBook,
    carrier: Carrier,
    render: Render,
    mail: Mail,
    rules: RulesOf,
    now: Clock,
    stop: Callable[[], bool],
) -> Counts:
    """Deliver all that is due, and return.

    Args:
        open_book: opens a connection of its own for this sender.
        carrier: the way that letters travel.
        render: makes a letter's message, in several threads at once.
        mail: how many sessions, how many letters a claim, how fast, and how often again.
        rules: tells for an instant which letters may go then, for the claim.
        now: tells the instant.
        stop: tells whether to stop; what is being sent comes to its end.

    Raises:
        CarrierUnavailable: the carrier cannot send now; what was not sent waits as before.
        DatabaseError: the database cannot be reached any more; what was sent was marked if it came
            back within a quarter of a minute, else those letters become unknown.
    """
    with open_book() as book:
        queue.forsake(book)
        sender = _Sender(book, queue.enter(book), mail, rules, now)
        crew = Crew(carrier, render, mail.sessions, Pace(mail.rate))
        try:
            sender.work(crew, stop)
        except BaseException as error:
            sender.rescue(crew.end(), open_book if isinstance(error, DatabaseError) else None)
            raise
        crew.end()
        queue.leave(book, sender.sender_id)
    if crew.trouble is not None:
        raise crew.trouble
    return sender.counts


class _Sender:
    """What one sender holds.

    Attributes:
        sender_id: its number.
        counts: what became of its letters so far.
    """

    def __init__(
        self, book: Database, sender_id: int, mail: Mail, rules: RulesOf, now: Clock
    ) -> None:
        self.counts = Counts()
        self._book = book
        self.sender_id = sender_id
        self._mail = mail
        self._rules = rules
        self._now = now
        self._held = 0
        # Each transaction has its price; but no session is to stand idle for want of letters.
        self._batch = max(1, min(mail.claim - mail.sessions, mail.claim // 2))
        self._unmarked: list[Fate] = []

    def work(self, crew: Crew, stop: Callable[[], bool]) -> None:
        """Claim, send and mark until nothing is due, or it is time to stop."""
        more = True
        while True:
            if stop() or crew.trouble is not None:
                crew.halt()
                more = False
            room = self._mail.claim - self._held + len(self._unmarked)
            if more and room:
                letters = self._turn(room)
                more = bool(letters)
                crew.give(letters)
            else:
                self._mark()
            if not self._held:
                return
            self._unmarked += crew.take(min(self._batch, self._held), LOOK)

    def rescue(self, fates: list[Fate], open_book: OpenBook | None) -> None:
        """Mark what became of the letters, on a new connection if the old one is lost."""
        self._unmarked += fates
        if not self._unmarked:
            return
        if open_book is None:
            self._mark()
            return
        for pause in PAUSES:
            threading.Event().wait(pause)
            try:
                with open_book() as self._book:
                    self._mark()
            except DatabaseError:
                continue
            return

    def _turn(self, most: int) -> list[Letter]:
        """Mark what is known, and claim so many."""
        now, fates = self._now(), self._unmarked
        rules = self._rules(now)
        letters = queue.turn(self._book, self.sender_id, fates, now, self._mail, most, rules)
        self._note_marked()
        self._held += len(letters)
        return letters

    def _mark(self) -> None:
        if self._unmarked:
            queue.mark(self._book, self.sender_id, self._unmarked, self._now(), self._mail)
            self._note_marked()

    def _note_marked(self) -> None:
        self._held -= len(self._unmarked)
        self.counts.add(self._unmarked)
        self._unmarked = []
