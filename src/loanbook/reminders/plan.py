"""Who is reminded today, who is not and why; and the letters of the day put into the outbox."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from loanbook import sql
from loanbook.outbox.letter import OpenLoan
from loanbook.outbox.queue import Rules, open_loan
from loanbook.reminders import window

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from loanbook.database.connection import Database
    from loanbook.settings import Settings

_QUERIES = sql.queries("reminders")
MORNING = time(10)  # of a day that is not today
DUE = "due"
OUTCOMES = (
    DUE,
    "no_step",
    "already_told",
    "cap_reached",
    "no_contact",
    "opted_out",
    "suppressed",
    "below_minimum",
    "disputed",
    "outside_window",
    "gate_closed",
)


@dataclass(frozen=True, slots=True)
class Due:
    """What a client is to be told today, or why nothing.

    Attributes:
        user_id: the client.
        local_date: the day, in the lender's zone.
        kind: "reminder" or "paid_off".
        outcome: "due", or why nothing goes out: one of OUTCOMES.
        optional: whether the client may opt out of it.
        balance: all that the client owes, in the book's currency.
        days_left: to the earliest due date; past due: negative; None if nothing is open.
        step: of the cadence, in days after the due date; None if there is none.
        loans: all open loans, and those of a pay-off, the most urgent first.
    """

    user_id: int
    local_date: date
    kind: str
    outcome: str
    optional: bool
    balance: Decimal
    days_left: int | None
    step: int | None
    loans: tuple[OpenLoan, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """What planning did.

    Attributes:
        planned: letters that wait in the outbox now and did not before.
        cancelled: plans of other days that did not go out.
        missed: steps that will not be told any more.
        left: clients who get nothing today, by reason.
    """

    planned: int = 0
    cancelled: int = 0
    missed: int = 0
    left: Mapping[str, int] = field(default_factory=dict)


def instant(as_of: date, zone: ZoneInfo, now: datetime) -> datetime:
    """The now of a business date: real time if it is today, else ten in the morning of it.

    Args:
        as_of: the business date.
        zone: the lender's.
        now: real time.
    """
    if now.astimezone(zone).date() == as_of:
        return now
    return datetime.combine(as_of, MORNING, tzinfo=zone)


def rules(settings: Settings, now: datetime) -> Rules:
    """What the book needs to know of the settings to judge letters at an instant.

    Raises:
        UsageError: holidays are to be kept of a country that nobody knows.
        MissingExtra: what knows the holidays is not installed.
    """
    reminders = settings.letters.reminders
    opens = window.opening(reminders, settings.zone, now)
    return {
        "steps": list(reminders.steps),
        "reach": reminders.reach,
        "minimum": reminders.minimum,
        "most_in_7_days": reminders.most_in_7_days,
        "forgiven": reminders.forgiven,
        "most_quarantined": reminders.most_quarantined,
        "opens_at": None if opens is None else opens.isoformat(),
    }


def gate(book: Database, as_of: date, now: datetime, settings: Settings) -> str | None:
    """Why nothing goes out to clients, in a sentence; None if the gate is open."""
    told = json.dumps(rules(settings, now))
    reason: str | None = book.value(_QUERIES["gate"], as_of=as_of, now=now, rules=told)
    return reason


def due(book: Database, as_of: date, now: datetime, settings: Settings) -> list[Due]:
    """One row per client that has anything open, or was not thanked yet, by their numbers.

    Args:
        book: the book.
        as_of: the business date, which must be that of now for the gate to be open.
        now: the instant, see `instant`.
        settings: of the workspace.
    """
    told = json.dumps(rules(settings, now))
    rows = book.rows(_QUERIES["due"], as_of=as_of, now=now, rules=told)
    return [Due(**{**row, "loans": tuple(map(open_loan, row["loans"]))}) for row in rows]


def queue(
    book: Database,
    as_of: date,
    now: datetime,
    settings: Settings,
    user_id: int | None = None,
) -> Counts:
    """Put the day's letters to clients into the outbox; a second time there are no more.

    Args:
        book: the book.
        as_of: the business date.
        now: the instant.
        settings: of the workspace.
        user_id: only to this client, by hand: whether it has a step today or not.
    """
    told = json.dumps(rules(settings, now))
    with book.transaction():
        rows = book.rows(_QUERIES["queue"], as_of=as_of, now=now, rules=told, user_id=user_id)
    found = {row["outcome"]: row["clients"] for row in rows}
    return Counts(
        planned=found.pop(DUE, 0),
        cancelled=found.pop("cancelled_plans", 0),
        missed=found.pop("missed_steps", 0),
        left=found,
    )


def opt_out(book: Database, user_id: int, reason: str) -> None:
    """Let a client get no optional letters any more.

    Raises:
        NotFound: there is no such client, or nothing is known of how it is reached.
        Refused: the client was anonymised, or the reason is missing.
    """
    with book.transaction():
        book.value(_QUERIES["opt_out"], user_id=user_id, reason=reason)
