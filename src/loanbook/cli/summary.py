"""Commands about the weekly summary to the team: summary preview, summary queue."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loanbook.cli.door import Door, command, group
from loanbook.cli.page import Page, busy
from loanbook.cli.words import count
from loanbook.errors import NobodyToTell
from loanbook.settings import Settings

if TYPE_CHECKING:
    from loanbook.portfolio.weeks import Week

WeekName = Annotated[
    str | None,
    typer.Option(
        "--week",
        metavar="WEEK",
        help="Like 2024-W03; by default the one that closed before the business date.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the group."""
    summary = group(app, "summary", "The weekly summary to the team.")
    command(summary)(preview)
    command(summary, acts=True)(queue)


def preview(
    door: Door,
    week: WeekName = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where to; by default preview of the workspace."),
    ] = None,
) -> None:
    """Write the summary of a week into files, as its readers will get it; nothing is sent.

    A page for the browser, the plain text, the whole message, the report and the figures as CSV.

    \b
    Examples:
      loanbook summary preview
      loanbook summary preview --week 2024-W03 --output here
    """
    from loanbook import bootstrap
    from loanbook.reminders import summary_preview

    given = door.settings
    named = _week(door, week)
    folder = output.absolute() if output else given.home / "preview"
    with busy("Writing the summary"):
        made = summary_preview.write(
            given, partial(bootstrap.open_book, given=given), named, folder
        )

    def show(page: Page, _: Settings) -> None:
        page.line(made.subject)
        for file in made.files:
            page.line(str(file))

    door.answer(made, show)


def queue(door: Door, week: WeekName = None) -> None:
    """Put the summary of a week into the outbox, once for each reader that team.summary names.

    The day does so by itself for the week that closed before it. Who got a week's summary does not
    get it again.

    \b
    Examples:
      loanbook summary queue
      loanbook summary queue --week 2024-W03
    """
    from loanbook.reminders import summary
    from loanbook.runs import letters

    given = door.settings
    recipients = given.letters.team.summary
    if not recipients:
        raise NobodyToTell
    named = _week(door, week)
    now = letters.instant(given, door.as_of(None), datetime.now(UTC))
    with door.book() as book:
        new = summary.queue(book, named, recipients, now.astimezone(given.zone).date())
    result = {"week": str(named), "queued": new, "recipients": len(recipients)}
    told = f"Week {named}: {count(new, 'letter')} put into the outbox"
    rest = len(recipients) - new
    door.answer(result, lambda page, _: page.line(f"{told}, {rest} stood there already."))


def _week(door: Door, text: str | None) -> "Week":
    from loanbook.portfolio.weeks import Week
    from loanbook.runs import journal

    if text is not None:
        return Week.read(text)
    with door.book() as book:
        stands = journal.stands_at(book)
    return Week.closed_before(stands or door.as_of(None))
