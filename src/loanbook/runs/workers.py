"""The workers and their queue, as they stand in the database; no worker need be here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from loanbook import sql

if TYPE_CHECKING:
    from loanbook.database.connection import Database

_QUERIES = sql.queries("jobs")


@dataclass(frozen=True, slots=True)
class Job:
    """A day that a worker is to do.

    Attributes:
        job_id: its number in the queue.
        day: the business date.
        state: todo, doing or failed (given up after all retries); the library knows others.
        attempts: how often it was begun and did not end well.
        not_before: when it may be tried next.
        is_settled: that day or a later one is done, whoever did it.
    """

    job_id: int
    day: date
    state: str
    attempts: int
    not_before: datetime | None
    is_settled: bool


@dataclass(frozen=True, slots=True)
class Workers:
    """Who works, and on what.

    Attributes:
        alive: how many workers gave a sign of life lately.
        last_seen: the latest sign of life; None if the last worker said goodbye.
        jobs: days that wait, are being done or were given up.
    """

    alive: int
    last_seen: datetime | None
    jobs: tuple[Job, ...]

    @property
    def given_up(self) -> list[Job]:
        """Days that need a person: all retries are used up, and nobody has done them since."""
        return [job for job in self.jobs if job.state == "failed" and not job.is_settled]


def look(book: Database, stalled_after: int) -> Workers | None:
    """The workers of a book, or None if none was ever started.

    Args:
        book: the book.
        stalled_after: seconds after which a worker that gives no sign of life counts as dead.
    """
    if not book.value(_QUERIES["has_queue"]):
        return None
    seen = book.row(_QUERIES["workers"], stalled_after=stalled_after) or {}
    jobs = tuple(Job(**row) for row in book.rows(_QUERIES["jobs"]))
    return Workers(seen["alive"], seen["last_seen"], jobs)


def is_asked_for(book: Database, day: date) -> bool:
    """Whether a day waits in the queue, is being done, or was given up."""
    return bool(book.value(_QUERIES["is_asked_for"], day=day.isoformat()))
