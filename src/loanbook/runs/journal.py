"""The journal: which day was worked on, by whom, step by step, and how it ended."""

from __future__ import annotations

import json
import os
import socket
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loanbook import sql
from loanbook.errors import ConnectionLost, NoSuchRun, RunClaimed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime
    from decimal import Decimal

    from loanbook.database.connection import Database

_QUERIES = sql.queries("runs")


@dataclass(frozen=True, slots=True)
class Placed:
    """A step in its place.

    Attributes:
        run_id: the run.
        name: its name.
        place: in the order of the day, from 1.
        needs: steps without which it is skipped.
    """

    run_id: int
    name: str
    place: int
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A step of one attempt.

    Attributes:
        attempt: of its run.
        step: its name.
        needs: steps without which it is skipped.
        state: running, done, flawed (done, but something was refused), failed, kept (done by an
            earlier attempt, and nothing changed since), skipped or died.
        inputs: what it was begun with.
        counts: what it did, in numbers.
        begun_at: when it began.
        ended_at: when it ended.
        seconds: how long it took.
        error: what went wrong.
    """

    attempt: int
    step: str
    needs: tuple[str, ...]
    state: str
    inputs: Mapping[str, Any]
    counts: Mapping[str, Any]
    begun_at: datetime
    ended_at: datetime | None
    seconds: Decimal | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """The work on one business date.

    Attributes:
        run_id: its number.
        business_date: the day.
        attempt: how often it was begun.
        state: running, done, failed or died.
        actor: who began the latest attempt.
        host: machine of that attempt.
        pid: process of that attempt.
        begun_at: when the first attempt began.
        resumed_at: when the latest attempt began.
        ended_at: when the latest attempt ended.
        error: what is missing.
    """

    run_id: int
    business_date: date
    attempt: int
    state: str
    actor: str
    host: str
    pid: int
    begun_at: datetime
    resumed_at: datetime
    ended_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether the book was brought to a day, and soundly.

    Attributes:
        sound: it was.
        reason: if not, what is missing.
    """

    sound: bool
    reason: str | None


@contextmanager
def claimed(book: Database, *, wait: bool = False) -> Iterator[None]:
    """Be the only one who runs; the server ends the claim with the connection at the latest.

    Args:
        book: the book.
        wait: for whoever runs now, instead of refusing.

    Raises:
        RunClaimed: somebody else runs.
    """
    book.row(_QUERIES["notice_death"])
    if not book.value(_QUERIES["claim"], wait=wait):
        running = listed(book, states=("running",))
        who = f"{running[0].actor} ({running[0].host}, process {running[0].pid})" if running else ""
        day = f" of {running[0].business_date}" if running else ""
        raise RunClaimed(who=who or "Another process", day=day)
    try:
        yield
    finally:
        with suppress(ConnectionLost):
            book.value(_QUERIES["release"])


def begin(book: Database, business_date: date) -> tuple[int, int]:
    """Begin the run of a day: its number and attempt.

    Raises:
        Refused: the book stands at a later day, or the day lies in the future.
    """
    with book.transaction():
        row = book.row(
            _QUERIES["begin_run"],
            business_date=business_date,
            host=socket.gethostname(),
            pid=os.getpid(),
        )
    return (row or {})["run_id"], (row or {})["attempt"]


def end(book: Database, run_id: int, error: str | None = None) -> tuple[str, str | None]:
    """End a run: how it ended, and what is missing."""
    with book.transaction():
        row = book.row(_QUERIES["end_run"], run_id=run_id, error=error) or {}
    return row["state"], row["error"]


def begin_step(
    book: Database, step: Placed, inputs: Mapping[str, object], *, may_keep: bool
) -> tuple[str, Mapping[str, Any]]:
    """Begin a step, or keep what an earlier attempt did: its state and counts."""
    with book.transaction():
        row = book.row(
            _QUERIES["begin_step"],
            **_given(step),
            inputs=json.dumps(inputs, default=str),
            may_keep=may_keep,
        )
    return (row or {})["state"], (row or {})["counts"]


def end_step(
    book: Database, step: Placed, state: str, counts: Mapping[str, object], error: str | None
) -> Decimal:
    """End a step: how many seconds it took."""
    with book.transaction():
        seconds: Decimal = book.value(
            _QUERIES["end_step"],
            **_given(step),
            state=state,
            counts=json.dumps(counts, default=str),
            error=error,
        )
    return seconds


def skip_step(book: Database, step: Placed, error: str) -> None:
    """A step is not begun, because of another."""
    with book.transaction():
        book.value(_QUERIES["skip_step"], **_given(step), error=error)


def _given(step: Placed) -> dict[str, object]:
    return {
        "run_id": step.run_id,
        "step": step.name,
        "place": step.place,
        "needs": list(step.needs),
    }


def record(book: Database, run_id: int, as_of: date) -> tuple[int, bool]:
    """Record the book of a day in sums: its loans, and whether there was anything new to record."""
    with book.transaction():
        row = book.row(_QUERIES["record_day"], run_id=run_id, as_of=as_of) or {}
    return row["loans"], row["recorded"]


def limit(book: Database, seconds: int) -> None:
    """The server gives up a statement that takes longer; 0: it never does."""
    book.value(_QUERIES["limit_statements"], milliseconds=str(seconds * 1000))


def stands_at(book: Database) -> date | None:
    """The book's business date."""
    found: date | None = book.value(_QUERIES["business_date"])
    return found


def gate(book: Database, as_of: date) -> Gate:
    """Whether the book was brought to a day, and soundly."""
    return Gate(**(book.row(_QUERIES["gate"], as_of=as_of) or {}))


def listed(
    book: Database,
    *,
    business_date: date | None = None,
    states: Sequence[str] | None = None,
    most: int | None = None,
) -> list[Run]:
    """Runs, the latest day first.

    Args:
        book: the book.
        business_date: only of this day.
        states: only in one of these states.
        most: at most so many.
    """
    wanted = list(states) if states else None
    rows = book.rows(_QUERIES["runs"], business_date=business_date, states=wanted, most=most)
    return [Run(**row) for row in rows]


def of_day(book: Database, business_date: date | None = None) -> Run:
    """The run of a day, by default of the latest.

    Raises:
        NoSuchRun: there was none.
    """
    found = listed(book, business_date=business_date, most=1)
    if not found:
        raise NoSuchRun(day=f" of {business_date}" if business_date else " yet")
    return found[0]


def steps(book: Database, run_id: int) -> list[StepTaken]:
    """All steps of a run, attempt by attempt, in order."""
    rows = book.rows(_QUERIES["run_steps"], run_id=run_id)
    return [StepTaken(**(row | {"needs": tuple(row["needs"])})) for row in rows]
