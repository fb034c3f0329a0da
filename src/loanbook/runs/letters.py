"""The letters of a day: clients are reminded, the team is told, what waits is delivered.

Letters of a past day are only written as files: whoever catches up must not send what was true
days ago. So of several days that are brought forward the last alone reminds, and where letters
really travel it must be today, or the day that loanbook.toml names.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING

from loanbook import sql
from loanbook.errors import CarrierUnavailable
from loanbook.outbox import bounces, carriers, queue
from loanbook.outbox import deliver as delivering
from loanbook.outbox.files import Files
from loanbook.portfolio.weeks import Week
from loanbook.reminders import notices, plan, render, summary
from loanbook.reminders.notices import DAY_FAILED, GATE_CLOSED, Failure
from loanbook.runs import journal

if TYPE_CHECKING:
    from loanbook.database.connection import Database
    from loanbook.outbox.deliver import Counts
    from loanbook.runs.day import Day
    from loanbook.settings import Settings

OpenBook = Callable[[], AbstractContextManager["Database"]]
Told = Mapping[str, object]

_QUERIES = sql.queries("runs")
_PART = 0.8  # of the time that a step may take; the rest is for what is being sent


def instant(settings: Settings, as_of: date, real: datetime | None) -> datetime:
    """The now of the letters of a day.

    Args:
        settings: of the workspace.
        as_of: the business date.
        real: real time; None: it does not matter which it is.

    Returns:
        Real time if the day is today. Of another day ten in the morning of it, if letters become
        files or loanbook.toml names that day; else real time again, so that nothing of it goes out.
    """
    may_be_past = settings.letters.mail.carrier == Files.name or settings.as_of == as_of
    if real is None:
        return datetime.combine(as_of, plan.MORNING, tzinfo=settings.zone)
    return plan.instant(as_of, settings.zone, real) if may_be_past else real


def remind(day: Day) -> Told:
    """Plan the letters to clients; operators are told if the gate keeps them back."""
    if day.as_of != day.undated:
        return {"left_out": f"clients are reminded by the book of {day.undated}"}
    now = _now(day)
    if now.astimezone(day.settings.zone).date() != day.as_of:
        return {"left_out": "letters of another day than today are not sent"}
    reason = plan.gate(day.book, day.as_of, now, day.settings)
    if reason is not None:
        _tell(day, GATE_CLOSED, ["gate"], [reason])
        return {"left_out": reason}
    counts = plan.queue(day.book, day.as_of, now, day.settings)
    told = {"planned": counts.planned, "cancelled": counts.cancelled, "missed": counts.missed}
    return told | dict(counts.left)


def summarise(day: Day) -> Told:
    """Put the summary of the week that closed before the day into the outbox, once for each."""
    recipients = day.settings.letters.team.summary
    if day.as_of != day.undated:
        return {"left_out": f"the summary is that of {day.undated}"}
    if not recipients:
        return {"left_out": "nobody is named as team.summary in loanbook.toml"}
    week = Week.closed_before(day.as_of)
    today = _now(day).astimezone(day.settings.zone).date()
    return {"week": str(week), "queued": summary.queue(day.book, week, recipients, today)}


def deliver(day: Day) -> tuple[Told, str | None]:
    """Tell operators of what failed, and deliver all that is due.

    Returns:
        What was done; and why no more could be, if letters cannot travel now.
    """
    told = 0
    if day.failures:
        parts = [f"{step} {state}" for step, (state, _) in day.failures.items()]
        reasons = [f"{step} {state}: {flaw}" for step, (state, flaw) in day.failures.items()]
        told = _tell(day, DAY_FAILED, parts, reasons)
    elif day.as_of != day.undated:
        return {"left_out": f"letters go out with the book of {day.undated}"}, None
    until = time.monotonic() + _PART * (day.settings.runs.step_timeout or float("inf"))

    def is_over() -> bool:
        return day.stop() or time.monotonic() > until

    try:
        counts = carry(day.book.beside, day.settings, lambda: _now(day), is_over)
    except CarrierUnavailable as error:
        return {"notices": told}, str(error)
    return {"notices": told} | asdict(counts), None


def carry(
    open_book: OpenBook, settings: Settings, now: Callable[[], datetime], stop: Callable[[], bool]
) -> Counts:
    """Note what bounced, and deliver all that is due now.

    Args:
        open_book: opens a connection of its own.
        settings: of the workspace.
        now: tells the instant.
        stop: tells whether to stop.

    Raises:
        BadSetting: there is no such carrier, or letters cannot be written as the payee is set.
        CarrierUnavailable: letters cannot travel now, or the maildir cannot be read.
        MissingExtra: a library for letters is not installed.
        DatabaseError: the database cannot be reached any more.
    """
    mail = settings.letters.mail
    if mail.bounces:
        with open_book() as book:
            bounces.collect(book, settings.home / mail.bounces)
    return delivering.deliver(
        open_book,
        carriers.carrier(settings),
        render.renderer(settings, now, open_book),
        mail,
        partial(plan.rules, settings),
        now,
        stop,
    )


def is_due(book: Database, now: datetime, settings: Settings) -> bool:
    """Whether there is anything to do for who delivers; what dead senders held becomes unknown.

    Args:
        book: the book.
        now: the instant.
        settings: of the workspace.
    """
    queue.forsake(book)
    return bool(settings.letters.mail.bounces or book.value(_QUERIES["letters_wait"], now=now))


def _now(day: Day) -> datetime:
    return instant(day.settings, day.as_of, day.clock() if day.clock else None)


def _tell(day: Day, what: str, parts: list[str], reasons: list[str]) -> int:
    since = journal.of_day(day.book, day.as_of).resumed_at
    failure = Failure(what, day.as_of, parts, reasons, since)
    today = _now(day).astimezone(day.settings.zone).date()
    return notices.tell(day.book, failure, day.settings.letters.team.operators, today)
