"""Commands about runs: which there were, what each did, going on with one and doing it anew."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from loanbook.cli import days, jsons
from loanbook.cli.days import Deletions, LogJson, Wait
from loanbook.cli.door import Door, command, group
from loanbook.cli.options import parse_day
from loanbook.cli.page import Page
from loanbook.cli.watched import did
from loanbook.cli.words import day, instant
from loanbook.settings import Settings

if TYPE_CHECKING:
    from loanbook.runs.journal import Gate, Run, StepTaken

Day = Annotated[
    date | None,
    typer.Argument(
        metavar="DATE", parser=parse_day, help="The business date; by default the latest."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    runs = group(app, "runs", "What was done on each day, step by step.")
    command(runs, "list")(listed)
    command(runs, "show")(show)
    command(runs, acts=True)(resume)
    command(runs, acts=True)(retry)


def listed(door: Door) -> None:
    """List runs, the latest day first.

    \b
    Examples:
      loanbook runs list
      loanbook runs list --json
    """
    from loanbook.runs import journal

    with door.book() as book:
        found = journal.listed(book, most=door.limit)

    def page(page: Page, settings: Settings) -> None:
        columns = ("day", "state", "attempts", "by", "ended", "what is missing")
        rows = [
            (
                day(one.business_date),
                one.state,
                one.attempt,
                one.actor,
                instant(one.ended_at, settings.zone),
                one.error,
            )
            for one in found
        ]
        if rows:
            page.table(columns, rows, right=("attempts",))
        else:
            page.line("There was no run yet; see `loanbook run --help`.")
        if len(rows) == door.limit:
            page.line(f"The latest {len(rows)}; --json lists all.")

    door.answer({"runs": found}, page)


def show(door: Door, business_date: Day = None) -> None:
    """Show a run: who did it, each step of each attempt, and whether the book is sound.

    \b
    Examples:
      loanbook runs show
      loanbook runs show 2024-01-25 --json
    """
    from loanbook.runs import journal

    with door.book() as book:
        run = journal.of_day(book, business_date)
        steps = journal.steps(book, run.run_id)
        gate = journal.gate(book, run.business_date)
    door.answer(
        {**jsons.fields(run), "steps": steps, "gate": gate},
        lambda page, settings: _show(page, settings, run, steps, gate),
    )


def resume(
    door: Door,
    allow_deletions: Deletions = False,
    wait: Wait = False,
    log_json: LogJson = False,
) -> None:
    """Go on with the latest day that was begun and not done.

    What an earlier attempt did and nothing has changed since is kept; all else is done.
    `loanbook run` does the same for the day it is asked for.

    \b
    Examples:
      loanbook runs resume
    """
    days.do(door, None, allow_deletions=allow_deletions, wait=wait, log_json=log_json)


def retry(
    door: Door,
    business_date: Day = None,
    allow_deletions: Deletions = False,
    wait: Wait = False,
    log_json: LogJson = False,
) -> None:
    """Do every step of a day anew: of the book's day or a later one.

    \b
    Examples:
      loanbook runs retry
      loanbook runs retry 2024-01-25
    """
    from loanbook.runs import journal

    if business_date is None:
        with door.book() as book:
            business_date = journal.of_day(book).business_date
    days.do(
        door,
        business_date,
        allow_deletions=allow_deletions,
        wait=wait,
        log_json=log_json,
        anew=True,
    )


def _show(
    page: Page, settings: Settings, run: "Run", steps: "list[StepTaken]", gate: "Gate"
) -> None:
    page.line(f"Run {run.run_id} of {day(run.business_date)}: {run.state}")
    page.facts(
        (
            ("by", f"{run.actor}, {run.host}, process {run.pid}"),
            ("begun", instant(run.begun_at, settings.zone)),
            ("ended", instant(run.ended_at, settings.zone)),
            ("missing", run.error),
            ("sound", "yes" if gate.sound else f"no: {gate.reason}"),
        )
    )
    for attempt in sorted({step.attempt for step in steps}):
        page.title(f"Attempt {attempt}")
        rows = [
            (one.step, one.state, one.seconds, one.error or did(one.counts))
            for one in steps
            if one.attempt == attempt
        ]
        page.table(("step", "state", "seconds", "what it did"), rows, right=("seconds",))
