"""Commands that move files into the mart: run, stage, promote, check."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from loanbook.cli import shown
from loanbook.cli.door import Door, command
from loanbook.cli.options import AsOf, parse_source
from loanbook.cli.page import Page, busy, progress_of_files
from loanbook.settings import Settings, Source

Deletions = Annotated[
    bool,
    typer.Option(
        "--allow-deletions", help="Accept a full file that lacks more than 1 % of the clients."
    ),
]

Wait = Annotated[bool, typer.Option("--wait", help="Wait for a run that goes on to end.")]
LogJson = Annotated[
    bool,
    typer.Option("--log-json", help="Tell of each step by a line of JSON on standard error."),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, acts=True)(run)
    command(app, acts=True)(stage)
    command(app, acts=True)(promote)
    command(app)(check)


def run(
    door: Door,
    as_of: AsOf = None,
    allow_deletions: Deletions = False,
    wait: Wait = False,
    log_json: LogJson = False,
) -> None:
    """Do a day's work with what lies in input_data, and sum up.

    Days that were missed are brought forward first. A run that died is gone on with; running a day
    again changes nothing: files that were accepted before are known by their content. Ends with 1
    if a file or batch was refused or a step failed; the book then stays at its day.

    \b
    Examples:
      loanbook run
      loanbook run --as-of 2024-01-25 --json
      loanbook run --allow-deletions
      loanbook run --wait --log-json 2>> loanbook.log
    """
    do(
        door,
        door.as_of(as_of),
        allow_deletions=allow_deletions,
        wait=wait,
        log_json=log_json,
    )


def do(
    door: Door,
    as_of: date | None,
    *,
    allow_deletions: bool,
    wait: bool,
    log_json: bool,
    anew: bool = False,
) -> None:
    """Do the work of a day, by default of the latest that was not done, and tell of it."""
    from loanbook.cli.watched import watched
    from loanbook.runs import daily

    log = log_json or door.settings.runs.log == "json"
    with door.book() as book, watched(log_json=log, silent=door.wants_json) as watcher:
        day = as_of or daily.unfinished(book)
        wish = daily.Wish(
            day,
            allow_deletions=allow_deletions,
            anew=anew,
            wait=wait,
            clock=lambda: datetime.now(UTC),
        )
        summary = daily.run(book, door.settings, wish, watcher)
    door.answer(summary, lambda page, settings: shown.summary(page, settings, summary))
    if not summary.ok:
        raise typer.Exit(1)


def stage(
    door: Door,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Files or folders; by default input_data."),
    ] = None,
    as_of: AsOf = None,
    source: Annotated[
        str,
        typer.Option(
            parser=parse_source, metavar="NAME", help="Who delivers the files, as in loanbook.toml."
        ),
    ] = "main",
    full: Annotated[
        bool, typer.Option("--full", help="The files are whole: what they lack is gone.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Take a file although its content is known.")
    ] = False,
) -> None:
    """Copy files into the stage, where they wait to be promoted.

    Files are known by their header: clients, loans or contacts, the columns in any order, separated
    by comma, semicolon or tab, plain or gzip. Lines that cannot be read go to quarantine. A date in
    the name of a file or its folder is its business date.

    \b
    Examples:
      loanbook stage
      loanbook stage clients.csv loans.csv.gz
      loanbook stage --full deliveries/2024-01-26
      loanbook stage --again loans.csv
    """
    from loanbook.staging.batches import Request
    from loanbook.staging.batches import stage as staging

    given = door.settings
    request = Request(
        as_of=door.as_of(as_of),
        source=given.sources.get(source) or Source(source),
        full=full,
        again=again,
    )
    named = paths or ([given.input_data] if given.input_data.is_dir() else [])
    with door.book() as book, progress_of_files() as progress:
        files = staging(book, given, named, request, progress)
    door.answer({"files": files}, lambda page, _: shown.staged(page, given, files))
    if any(file.outcome == "refused" for file in files):
        raise typer.Exit(1)


def promote(door: Door, allow_deletions: Deletions = False) -> None:
    """Move staged batches into the mart, then check it.

    Each batch is one transaction: it is in the mart with all its good lines, or refused whole.

    \b
    Examples:
      loanbook promote
      loanbook promote --allow-deletions
    """
    from loanbook.mart import checks
    from loanbook.runs import order, steps

    with door.book() as book, busy("Promoting"):
        batches = steps.promote(book, door.settings, allow_deletions=allow_deletions)
        checked = checks.check(book, order.SHOWN) if batches else []
    result = {"batches": batches, "checks": checked}

    def show(page: Page, settings: Settings) -> None:
        shown.promoted(page, settings, batches)
        shown.failures(page, checked)

    door.answer(result, show)
    shown.end(batches, checked)


def check(door: Door) -> None:
    """Look for what must never be so in the book.

    Ends with 1 if a check returns a row.

    \b
    Examples:
      loanbook check
      loanbook check --json
    """
    from loanbook.mart import checks

    with door.book() as book, busy("Checking"):
        checked = checks.check(book, door.limit)
    result = {"ok": all(one.ok for one in checked), "checks": checked}
    door.answer(result, lambda page, _: shown.checks(page, checked))
    if not result["ok"]:
        raise typer.Exit(1)
