"""Commands that tell whether all is well: status, doctor."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from loanbook import settings
from loanbook.cli.door import Door, command
from loanbook.cli.options import AsOf
from loanbook.cli.page import TIE, Page
from loanbook.cli.words import amount, count, day, instant, number
from loanbook.settings import Settings

if TYPE_CHECKING:
    from loanbook.runs.status import Status


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    command(app)(status)
    command(app)(doctor)


def status(door: Door, as_of: AsOf = None) -> None:
    """Tell whether all is well, and what to do if not.

    Ends with 1 if something has to be done.

    \b
    Examples:
      loanbook status
      loanbook status --json
    """
    from loanbook.runs.status import status as look

    with door.book() as book:
        found = look(book, door.as_of(as_of), door.settings.worker.stalled_after)
    door.answer(found, lambda page, given: _status(page, given, found))
    if not found.well:
        raise typer.Exit(1)


def _status(page: Page, given: Settings, found: "Status") -> None:
    page.line("All is well." if found.well else "Something has to be done:")
    for sentence in found.todo:
        page.line(f"  {sentence}", "  ")
    page.title("The book")
    held = found.figures
    page.facts(
        [
            ("business date", day(found.business_date) or "none yet"),
            ("holds", f"{count(held.clients, 'client')}, {count(held.loans, 'loan')}"),
            ("waiting", count(found.waiting, "batch") if found.waiting else "nothing"),
            ("workers", _workers(found)),
            ("to look at", " ".join(found.worth_a_look) or "nothing"),
            ("server", f"PostgreSQL {found.server}"),
        ]
    )
    if found.buckets:
        _lateness(page, given, found)
    if found.run is None:
        return
    run = found.run
    when = instant(run.ended_at or run.resumed_at, given.zone)
    page.title(f"The last run, of {run.business_date}: {run.state}, {when}, by {run.actor}")
    page.table(
        ("step", "state", "seconds", "what is missing"),
        [(step.step, step.state, step.seconds, step.error) for step in found.steps],
        right=("seconds",),
    )


def _lateness(page: Page, given: Settings, found: "Status") -> None:
    """How many open loans are how late, and how much is open on them."""
    page.title(f"Open loans on {found.recorded_for}")
    whole = sum(one.balance for one in found.buckets)
    rows = [
        (
            one.bucket if one.bucket == "current" else f"{one.bucket} days past due",
            number(one.loans),
            amount(one.balance),
            f"{100 * one.balance / whole:.1f}{TIE}%" if whole else "",
        )
        for one in found.buckets
    ]
    columns = ("lateness", "loans", f"open {given.currency}", "of all")
    page.table(columns, rows, right=columns[1:])


def _workers(found: "Status") -> str:
    """How many are at work, and on which days; blank where there never was one."""
    seen = found.workers
    if seen is None or not (seen.alive or seen.jobs or seen.last_seen):
        return ""
    parts = [f"{seen.alive} alive"]
    parts += [
        f"{job.day} {job.state}" + (f" after {count(job.attempts, 'attempt')}" * bool(job.attempts))
        for job in seen.jobs
        if not job.is_settled
    ]
    return "; ".join(parts)


def doctor(door: Door) -> None:
    """Examine settings, database, clock, disk, rights and versions.

    Changes nothing, though an embedded server is started for the look. Ends with 1 if something
    fails.

    \b
    Examples:
      loanbook doctor
      loanbook doctor --json
    """
    from loanbook import bootstrap
    from loanbook.errors import BadSetting
    from loanbook.upkeep.doctor import Finding, examine

    try:
        given = door.settings
        found = examine(given, bootstrap.look, lambda: datetime.now(UTC))
    except BadSetting as error:
        given = settings.Settings(home=door.home)
        found = [Finding("configuration", "fail", str(error), "mend it, then do this again")]

    def show(page: Page, _: Settings) -> None:
        for one in found:
            page.line(f"{one.level:4}  {one.name:14}  {one.said}", " " * 22)
            if one.advice:
                page.line(f"{'':22}{one.advice}", " " * 22)

    door.answer(found, show, given)
    if any(one.level == "fail" for one in found):
        raise typer.Exit(1)
