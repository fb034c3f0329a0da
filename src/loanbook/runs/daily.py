"""The run of a day: days that were missed are brought forward, then the asked one is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from loanbook.errors import NothingToResume
from loanbook.mart.figures import Figures
from loanbook.portfolio import report
from loanbook.runs import journal
from loanbook.runs.collecting import order_of
from loanbook.runs.day import Day, never
from loanbook.runs.watching import FileRead, Planned, Watcher, nobody
from loanbook.runs.work import Work
from loanbook.staging.arrivals import dated
from loanbook.staging.inbox import find

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from loanbook.database.connection import Database
    from loanbook.mart import Promoted
    from loanbook.mart.checks import Check
    from loanbook.mart.figures import Month
    from loanbook.mart.findings import Count
    from loanbook.runs.journal import Run, StepTaken
    from loanbook.settings import Settings
    from loanbook.staging.batches import Staged


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did and what the book holds now.

    Attributes:
        as_of: the business date; an earlier one than asked, if that could not be brought forward.
        ok: every step of each day did all it should, so the book stands at as_of.
        files: what became of each file.
        batches: what became of each batch, with its totals.
        clients: clients in the mart.
        loans: loans in the mart.
        contacts: contacts in the mart.
        payments: movements of money in the mart.
        quarantine: lines of quarantine that are open.
        findings: open findings by rule.
        checks: what each check found.
        months: loans and principal by month of issue, in the book's currency.
        run: the run of as_of in the journal.
        steps: the steps of its latest attempt.
        report: the page of the report, if it is that of as_of.
        caught_up: runs of days that had been missed or left undone, and were brought forward
            first.
    """

    as_of: date
    ok: bool
    files: tuple[Staged, ...]
    batches: tuple[Promoted, ...]
    clients: int
    loans: int
    contacts: int
    payments: int
    quarantine: int
    findings: tuple[Count, ...]
    checks: tuple[Check, ...]
    months: tuple[Month, ...]
    run: Run
    steps: tuple[StepTaken, ...]
    report: Path | None
    caught_up: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """How a run is wanted.

    Attributes:
        as_of: the business date.
        allow_deletions: accept a full file even if more than 1 % of the clients vanish with it.
        anew: do every step, also where an earlier attempt did it and nothing changed since.
        wait: for a run that goes on, instead of refusing.
        stop: asked before each step and while letters are sent, whether to stop there.
        clock: tells real time; None: letters are those of ten in the morning of the day.
    """

    as_of: date
    allow_deletions: bool = False
    anew: bool = False
    wait: bool = False
    stop: Callable[[], bool] = never
    clock: Callable[[], datetime] | None = None


def run(
    book: Database,
    settings: Settings,
    wish: Wish,
    watcher: Watcher = nobody,
) -> Summary:
    """Do a day's work with the files in the workspace's input_data; doing it again changes nothing.

    Files and batches that tell of a later day are left for that day. Days between that of the book
    and the asked one are brought forward first, each with the files of its day; where one of them
    cannot be accepted, the later ones wait.

    Args:
        book: the book.
        settings: of the workspace.
        wish: which day, and how.
        watcher: told of each step, and of each file how far it is staged.

    Raises:
        Refused: the book stands at a later day, or the day lies in the future.
        RunClaimed: somebody else runs.
        DayStopped: it was asked to stop, and did so before a step.
    """

    def progress(file: str, read: int, total: int) -> None:
        watcher(FileRead(file, read, total))

    with journal.claimed(book, wait=wish.wait):
        days = plan(book, settings, wish.as_of)
        order = order_of(settings)
        watcher(Planned(tuple(days), tuple((step.name, step.about) for step in order)))
        before: list[Run] = []
        for place, as_of in enumerate(days):
            among = partial(_paths, undated=wish.as_of, before=days[:place], as_of=as_of)
            day, attempt = _begun(book, settings, wish, as_of, among(settings.input_data))
            day.progress, day.among, day.collects = progress, among, place == 0
            anew = wish.anew and as_of == wish.as_of
            work = Work(day, anew=anew, watcher=watcher, order=order, stop=wish.stop)
            work.do(attempt)
            if as_of == wish.as_of or not work.is_accepted:
                break
            before.append(journal.of_day(book, as_of))
        return _summary(day, before)


def plan(book: Database, settings: Settings, as_of: date) -> list[date]:
    """The days to work on: the book's own if its run is not done, missed ones, the asked one."""
    stands = journal.stands_at(book)
    left = [] if stands is None or stands >= as_of else journal.listed(book, business_date=stands)
    own = [run.business_date for run in left if run.state != "done"]
    return [*own, *missed(stands, as_of, settings.runs.catch_up), as_of]


def missed(stands: date | None, as_of: date, most: int) -> list[date]:
    """The days between that of the book and the asked one, the latest so many of them."""
    if stands is None:
        return []
    between = (as_of - stands).days - 1
    return [as_of - timedelta(days=back) for back in range(min(between, most), 0, -1)]


def unfinished(book: Database) -> date:
    """The latest day that was begun and not done.

    Raises:
        NothingToResume: the latest day that was begun is done.
    """
    latest = journal.listed(book, most=1)
    if not latest or latest[0].state == "done":
        raise NothingToResume
    return latest[0].business_date


def _paths(folder: Path, undated: date, before: Sequence[date], as_of: date) -> list[Path]:
    """Files to look at: of the first day all, of the later ones those of no day before.

    A day that is brought forward sees only what is dated so; the rest belongs to the asked one.
    """
    if not folder.is_dir():
        return []
    found = [(path, dated(path) or undated) for path in find([folder])]
    if as_of < undated:
        found = [(path, day) for path, day in found if day <= as_of]
    return [path for path, day in found if not before or day > before[-1]]


def _begun(
    book: Database, settings: Settings, wish: Wish, as_of: date, paths: Sequence[Path]
) -> tuple[Day, int]:
    """A day that has begun in the journal, and which attempt it is."""
    run_id, attempt = journal.begin(book, as_of)
    day = Day(book, settings, run_id, as_of, wish.as_of, paths, wish.allow_deletions)
    day.clock, day.stop = wish.clock, wish.stop
    return day, attempt


def _summary(day: Day, before: Sequence[Run]) -> Summary:
    run = journal.of_day(day.book, day.as_of)
    taken = [step for step in journal.steps(day.book, day.run_id) if step.attempt == run.attempt]
    found = day.found or Figures(0, 0, 0, 0, 0)
    return Summary(
        as_of=day.as_of,
        ok=all(one.state == "done" for one in [*before, run]),
        files=tuple(day.files),
        batches=tuple(day.batches),
        clients=found.clients,
        loans=found.loans,
        contacts=found.contacts,
        payments=found.payments,
        quarantine=found.quarantine,
        findings=tuple(day.counts),
        checks=tuple(day.checked),
        months=tuple(day.months),
        run=run,
        steps=tuple(taken),
        report=report.page_of(day.settings.output_dataviz, day.as_of),
        caught_up=tuple(before),
    )
