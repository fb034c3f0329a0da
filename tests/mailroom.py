"""A desk from which letters go: its days made sound, its rules and its senders."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from tests.cast import Client, Contact, Loan, lent

from loanbook.outbox import queue
from loanbook.outbox.letter import Fate, Letter
from loanbook.reminders import plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.desk import Desk

    from loanbook.database.connection import Database, Row
    from loanbook.reminders.plan import Counts, Due
    from loanbook.settings import Settings

CHECKS = {
    "letters_follow_events", "letters_once_a_day", "steps_told_once", "told_steps_have_letters",
}  # fmt: skip
STEPS = ("stage", "promote", "classify", "check", "accept")
ZONE = "America/Sao_Paulo"


def sound(book: Database, day: date) -> None:
    """The book was brought to a day, and soundly."""
    with book.transaction():
        book.value("select api.claim_runs()")
        run = book.value("select run_id from api.begin_run(%(day)s, 'here', 1)", day=day)
        for place, step in enumerate(STEPS, 1):
            values: dict[str, object] = {"run": run, "step": step}
            book.row("select api.begin_step(%(run)s, %(step)s, %(at)s)", **values, at=place)
            book.row("select api.end_step(%(run)s, %(step)s, 'done')", **values)
        book.value("select api.advance_book(%(day)s)", day=day)
        book.row("select api.end_run(%(run)s)", run=run)
        book.value("select api.release_runs()")


def borrower(user_id: int, **known: object) -> tuple[Client, Contact]:
    """A client with a contact."""
    told = {"name": f"Client {user_id}", "email": f"client{user_id}@example.com"} | known
    return Client(user_id), Contact(user_id, **told)  # type: ignore[arg-type]


def due_on(loan_id: int, client: Client, day: date, amount: int = 1_000, **more: str) -> Loan:
    """A loan that is due on a day."""
    issued = (day - timedelta(days=90)).isoformat()
    return lent(loan_id, client, issued, amount, **more)


class Mailroom:
    """Letters of a desk.

    Attributes:
        desk: the desk.
        settings: of the workspace, with reminders as a test wants them.
        sender_id: the sender of the desk's own connection, once it entered.
    """

    def __init__(self, desk: Desk, **reminders: object) -> None:
        self.desk = desk
        letters = desk.settings.letters
        wanted = replace(letters.reminders, **reminders)  # type: ignore[arg-type]
        self.settings: Settings = replace(desk.settings, letters=replace(letters, reminders=wanted))
        self._sender_id: int | None = None

    @property
    def sender_id(self) -> int:
        """The sender of the desk's own connection."""
        if self._sender_id is None:
            self._sender_id = queue.enter(self.desk.app)
        return self._sender_id

    def stock(self, people: Iterable[tuple[Client, Contact]], loans: Iterable[Loan]) -> None:
        """Clients, contacts and loans, by file."""
        known = list(people)
        self.desk.load(
            clients=[client for client, _ in known],
            contacts=[contact for _, contact in known],
            loans=list(loans),
        )

    def at(self, day: date, hour: int = 10, minute: int = 0) -> datetime:
        """An instant by the lender's clock."""
        return datetime.combine(day, time(hour, minute), tzinfo=self.settings.zone)

    def sound(self, day: date) -> None:
        """The book was brought to a day."""
        sound(self.desk.app, day)

    def due(self, day: date, now: datetime | None = None) -> dict[int, Due]:
        """What each client is told, by number."""
        found = plan.due(self.desk.app, day, now or self.at(day), self.settings)
        return {one.user_id: one for one in found}

    def outcome(self, day: date, user_id: int = 1, now: datetime | None = None) -> str:
        """Whether a client is told, or why not."""
        return self.due(day, now)[user_id].outcome

    def plan(self, day: date, now: datetime | None = None, user_id: int | None = None) -> Counts:
        """Put the day's letters into the outbox."""
        return plan.queue(self.desk.app, day, now or self.at(day), self.settings, user_id)

    def claim(self, now: datetime, most: int = 20) -> list[Letter]:
        """Letters for the desk's own sender."""
        return self.claim_as(self.desk.app, self.sender_id, now, most)

    def claim_as(
        self, book: Database, sender_id: int, now: datetime, most: int = 20
    ) -> list[Letter]:
        """Letters for a sender."""
        return queue.claim(book, sender_id, now, most, plan.rules(self.settings, now))

    def mark(
        self, letters: Iterable[Letter], now: datetime, state: str = "sent", reason: str = "so"
    ) -> int:
        """Say what became of letters."""
        fates = [
            Fate(
                one.letter_id, state, f"<{one.letter_id}@here>", None if state == "sent" else reason
            )
            for one in letters
        ]
        mail = self.settings.letters.mail
        return queue.mark(self.desk.app, self.sender_id, fates, now, mail)

    def post(self, now: datetime) -> list[Letter]:
        """Claim and send all that is due."""
        sent: list[Letter] = []
        while letters := self.claim(now):
            assert self.mark(letters, now) == len(letters)
            sent += letters
        return sent

    def work(self, day: date, now: datetime | None = None) -> list[Letter]:
        """A day: sound, planned and sent."""
        self.sound(day)
        self.plan(day, now)
        return self.post(now or self.at(day))

    def ailments(self) -> list[Row]:
        """What the checks of letters find."""
        return [row for row in self.desk.ailments() if row["check"] in CHECKS]

    def letters(self) -> list[Row]:
        """All letters, the oldest first."""
        return self.desk.app.rows("select * from api.letters order by letter_id")

    def states(self) -> list[tuple[str, str | None]]:
        """State and reason of all letters, the oldest first."""
        return [(row["state"], row["reason"]) for row in self.letters()]

    def steps(self, loan_id: int, *states: str) -> dict[int | None, str]:
        """State of a loan's steps, those of letters that did not go out left out."""
        rows = self.desk.app.rows(
            "select step, state from api.letter_loans"
            " where loan_id = %(loan)s and state <> 'cancelled' order by step",
            loan=loan_id,
        )
        return {row["step"]: row["state"] for row in rows if not states or row["state"] in states}


def utc(text: str) -> datetime:
    """An instant of UTC in ISO form."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
