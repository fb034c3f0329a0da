"""Commands about batches: what became of each file, and what it changed."""

from typing import TYPE_CHECKING, Annotated

import typer

from loanbook.cli import shown
from loanbook.cli.door import Door, command, group
from loanbook.cli.options import parse_key
from loanbook.cli.page import Page
from loanbook.cli.words import count, day, difference, instant, number
from loanbook.settings import Settings

if TYPE_CHECKING:
    from loanbook.mart.batches import Story


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    batches = group(app, "batches", "What became of each file, and what it changed.")
    command(batches, "list")(listed)
    command(batches, "show")(show)


def listed(door: Door) -> None:
    """List batches, newest first.

    \b
    Examples:
      loanbook batches list
      loanbook batches list --json
    """
    from loanbook.mart import batches

    with door.book() as book:
        found = batches.listed(book, door.limit)

    def page(page: Page, _: Settings) -> None:
        rows = [
            (
                one.batch_id,
                one.file,
                one.kind,
                day(one.business_date),
                one.state,
                "" if one.lines is None else number(one.lines),
                number(one.quarantined),
            )
            for one in found
        ]
        columns = ("batch", "file", "kind", "day", "state", "lines", "quarantined")
        if rows:
            page.table(columns, rows, right=("batch", "lines", "quarantined"))
        else:
            page.line("No file was taken in yet; see `loanbook run --help`.")
        if len(rows) == door.limit:
            page.line(f"The newest {len(rows)}; --json lists all.")

    door.answer({"batches": found}, page)


def show(
    door: Door,
    batch_id: Annotated[
        int, typer.Argument(metavar="N", parser=parse_key, help="Number of the batch.")
    ],
) -> None:
    """Show a batch: every line accounted for, and all that it changed.

    Of each changed row it tells the values before and after; and which findings the batch was
    first to show.

    \b
    Examples:
      loanbook batches show 3
      loanbook batches show 3 --json
    """
    from loanbook.mart import batches

    with door.book() as book:
        story = batches.show(book, batch_id, door.limit)
    door.answer(story, lambda page, settings: _page(page, settings, story))


def _page(page: Page, settings: Settings, story: "Story") -> None:
    batch = story.batch
    kind = f"{'full file' if batch.is_full else 'retry' if batch.is_retry else 'file'}"
    page.line(f"Batch {batch.batch_id}: {batch.file}, a {kind} of {batch.kind}")
    page.facts(
        [
            ("state", batch.state),
            ("refused because", batch.refusal),
            ("business date", day(batch.business_date)),
            ("source", batch.source),
            ("staged by", batch.actor),
            ("staged at", instant(batch.opened_at, settings.zone)),
            ("finished at", instant(batch.finished_at, settings.zone)),
            ("archived as", batch.archived_as),
            ("deleted", count(batch.deleted, "client") if batch.deleted else None),
            ("quarantined", _quarantined(batch.quarantined, batch.quarantine_open)),
        ]
    )
    if story.totals:
        page.title("Accounted for")
        shown.totals(page, settings, story.totals)
    if story.finding_counts:
        page.title("New findings")
        shown.findings(page, story.finding_counts)
    if story.changes:
        page.title("Changed rows")
        for one in story.changes:
            told = "deleted" if one.operation == "delete" else difference(one.changes)
            page.line(f"{one.relation.removesuffix('s')} {one.key}: {told}", "    ")
    if story.more_changes:
        page.line(f"The first {len(story.changes)}; --json lists all.")


def _quarantined(lines: int, still_open: int) -> str:
    return f"{count(lines, 'line')}, {number(still_open)} still open" if lines else "nothing"
