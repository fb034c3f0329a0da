"""Whether all is well with the book, on one screen, and what to do where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from loanbook import mart, sql
from loanbook.mart import findings
from loanbook.mart.figures import Figures, figures
from loanbook.mart.findings import Count
from loanbook.runs import journal, workers
from loanbook.runs.journal import Run, StepTaken
from loanbook.runs.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loanbook.database.connection import Database

_QUERIES = sql.queries("status")


@dataclass(frozen=True, slots=True)
class Bucket:
    """Open loans that are equally late.

    Attributes:
        bucket: current, 1-30, 31-60, 61-90 or 90+ days past due.
        loans: how many.
        balance: still to be paid on them, in the book's currency.
    """

    bucket: str
    loans: int
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Status:
    """How the book stands.

    Attributes:
        well: nothing has to be done before the next run.
        todo: what has to be done, most urgent first.
        worth_a_look: what waits for a person, but for no run.
        business_date: of the book.
        run: the latest run, if there was one.
        steps: the steps of its latest attempt.
        waiting: batches that are staged and not promoted.
        figures: what the mart holds.
        findings: open findings by rule.
        buckets: open loans by lateness, as recorded last.
        recorded_for: the day of that record.
        server: version of PostgreSQL.
        workers: who does the days and which ones wait; None if there never was a worker.
    """

    well: bool
    todo: tuple[str, ...]
    worth_a_look: tuple[str, ...]
    business_date: date | None
    run: Run | None
    steps: tuple[StepTaken, ...]
    waiting: int
    figures: Figures
    findings: tuple[Count, ...]
    buckets: tuple[Bucket, ...]
    recorded_for: date | None
    server: str
    workers: Workers | None


def status(book: Database, today: date, stalled_after: int = 60) -> Status:
    """How the book stands.

    Args:
        book: the book.
        today: the day that it should have come to.
        stalled_after: seconds after which a worker that gives no sign of life counts as dead.
    """
    stands = journal.stands_at(book)
    latest = next(iter(journal.listed(book, most=1)), None)
    taken = journal.steps(book, latest.run_id) if latest else []
    waiting = len(mart.waiting(book))
    held = figures(book)
    found = tuple(findings.counts(book))
    rows = book.rows(_QUERIES["buckets"])
    working = workers.look(book, stalled_after)
    todo = (*_todo(stands, latest, waiting, today), *_of_workers(working))
    return Status(
        well=not todo,
        todo=todo,
        worth_a_look=tuple(_worth_a_look(held, found)),
        business_date=stands,
        run=latest,
        steps=tuple(step for step in taken if latest and step.attempt == latest.attempt),
        waiting=waiting,
        figures=held,
        findings=found,
        buckets=tuple(Bucket(row["bucket"], row["loans"], row["balance"]) for row in rows),
        recorded_for=rows[0]["as_of"] if rows else None,
        server=book.value(_QUERIES["server"]),
        workers=working,
    )


def _todo(stands: date | None, run: Run | None, waiting: int, today: date) -> list[str]:
    found = []
    if run and run.state == "failed":
        found.append(
            f"The run of {run.business_date} failed: {run.error}. `loanbook runs show` tells more;"
            " mend it, then `loanbook runs resume`."
        )
    if run and run.state == "died":
        found.append(f"The run of {run.business_date} died: `loanbook runs resume` goes on.")
    if stands is None and not found:
        found.append("There is no book yet: put files into input_data, then `loanbook run`.")
    if stands is not None and (behind := (today - stands).days) > 0:
        days = "1 day" if behind == 1 else f"{behind} days"
        found.append(f"The book stands at {stands}, {days} behind: `loanbook run` catches up.")
    if waiting and not (run and run.state == "running"):
        found.append(f"Staged and not promoted: {waiting}. `loanbook promote` loads them.")
    return found


def _of_workers(found: Workers | None) -> Iterator[str]:
    if found is None:
        return
    for job in found.given_up:
        tries = f"{job.attempts} attempts"
        yield f"The workers gave {job.day} up after {tries}: mend it, then `loanbook runs resume`."
    if found.last_seen and not found.alive:
        yield "No worker gives a sign of life, and the last one did not say goodbye: start one."


def _worth_a_look(held: Figures, found: tuple[Count, ...]) -> list[str]:
    told = []
    if held.quarantine:
        told.append(f"{held.quarantine:,} refused lines: `loanbook quarantine list`.")
    if found:
        told.append(f"{sum(c.count for c in found):,} open findings: `loanbook findings list`.")
    return told
