"""Commands about quarantine: lines that were refused, with all reasons."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from loanbook.cli import shown
from loanbook.cli.door import Door, command, group
from loanbook.cli.options import parse_key
from loanbook.cli.page import Page, busy, csv_out
from loanbook.cli.words import count, instant, number
from loanbook.settings import Settings

if TYPE_CHECKING:
    from loanbook.mart.quarantine import Line
    from loanbook.runs.retry import Retried

Batch = Annotated[
    int | None,
    typer.Option("--batch", metavar="N", parser=parse_key, help="Only lines of this batch."),
]
Kind = Annotated[
    Literal["clients", "contacts", "loans"] | None,
    typer.Option("--kind", help="Only lines of this kind."),
]
LineId = Annotated[int, typer.Argument(metavar="ID", parser=parse_key, help="Number of the line.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    quarantine = group(app, "quarantine", "Lines that were refused, each with all its reasons.")
    command(quarantine, "list")(listed)
    command(quarantine, "show")(show)
    command(quarantine, "export")(export)
    command(quarantine, "retry", acts=True)(retry)
    command(quarantine, "dismiss", acts=True)(dismiss)


def listed(
    door: Door,
    batch: Batch = None,
    kind: Kind = None,
    every: Annotated[bool, typer.Option("--all", help="Closed lines too.")] = False,
) -> None:
    """List refused lines that are still open.

    \b
    Examples:
      loanbook quarantine list
      loanbook quarantine list --batch 3
      loanbook quarantine list --kind loans --all --json
    """
    from loanbook.mart import quarantine

    states = quarantine.EVERY if every else quarantine.OPEN
    with door.book() as book:
        counted = quarantine.counts(book, batch_id=batch, kind=kind, states=states)
        found = quarantine.listed(book, batch_id=batch, kind=kind, states=states, limit=door.limit)
    total = sum(one.count for one in counted)

    def page(page: Page, _: Settings) -> None:
        if not found:
            page.line("Quarantine is empty." if every else "No line is open in quarantine.")
            return
        page.table(
            ("id", "batch", "file", "line", "state", "reasons"),
            [
                (
                    line.quarantine_id,
                    line.batch_id,
                    line.file,
                    line.line_no,
                    line.state,
                    " ".join(line.reasons),
                )
                for line in found
            ],
            right=("id", "batch", "line"),
        )
        if total > len(found):
            page.line(f"The first {len(found)} of {number(total)}; --json lists all.")
        page.line("Next: loanbook quarantine show ID, export or retry")

    door.answer({"total": total, "lines": found}, page)


def show(door: Door, quarantine_id: LineId) -> None:
    """Show a refused line as it stands in its file.

    \b
    Example:
      loanbook quarantine show 12
    """
    from loanbook.mart import quarantine

    with door.book() as book:
        line = quarantine.get(book, quarantine_id)
    door.answer(line, lambda page, settings: _line(page, settings, line))


def _line(page: Page, settings: Settings, line: "Line") -> None:
    page.line(f"Line {line.line_no} of {line.file} (batch {line.batch_id}, {line.kind})")
    page.verbatim(line.raw)
    page.line("was refused:")
    for reason in line.reasons:
        page.line(f"  {reason}", "  ")
    if line.closed_at is None:
        page.line("It is open.")
        return
    by = line.dismissed_by or f"batch {line.closed_by}"
    page.line(f"It is {line.state} by {by} at {instant(line.closed_at, settings.zone)}.")
    if line.dismissal:
        page.line(f"  reason: {line.dismissal}", "    ")


def export(
    door: Door,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A new file; by default standard output."),
    ] = None,
    kind: Kind = None,
    batch: Batch = None,
) -> None:
    """Write open lines as CSV, to be mended and staged again.

    The reasons come first, then the columns of the original file. Mend the cells, leave
    quarantine_id as it is, and stage the file: the lines that it names are closed. A cell of text
    that a spreadsheet would take for a formula has an apostrophe in front, which staging takes off.

    \b
    Examples:
      loanbook quarantine export mended.csv
      loanbook quarantine export --kind loans > mended.csv
      loanbook stage mended.csv && loanbook promote
    """
    from loanbook.mart import export as exports

    with door.book() as book:
        made = exports.collect(book, kind=kind, batch_id=batch)
    if file is not None:
        with file.open("x", encoding="utf-8", newline="") as to:
            exports.write(made, to)
    elif not door.wants_json:
        exports.write(made, csv_out())
        return

    def page(page: Page, _: Settings) -> None:
        page.line(f"{count(len(made.rows), 'line')} of {made.kind} written to {file}.")
        page.line(f"Next: mend it, then loanbook stage {file} && loanbook promote")

    rows = [dict(zip(made.columns, row, strict=True)) for row in made.rows]
    told = {"file": file, "kind": made.kind, "lines": len(rows), "columns": made.columns}
    door.answer(told if file else {**told, "rows": rows}, page)


def retry(door: Door, batch: Batch = None) -> None:
    """Try open lines again, as they are.

    What they lacked may have come since, such as the client of a loan.
    Of each client, contact or loan only the newest refused line is tried, never one whose client or
    loan came with a later file. Lines that cannot be split into columns need mending.

    \b
    Examples:
      loanbook quarantine retry
      loanbook quarantine retry --batch 3
    """
    from loanbook.mart import checks
    from loanbook.runs import order
    from loanbook.runs import retry as retries

    with door.book() as book, busy("Trying again"):
        done = retries.retry(book, door.settings, batch)
        checked = checks.check(book, order.SHOWN) if done.batches else []
    result = {"lines": done.lines, "left": done.left, "batches": done.batches, "checks": checked}

    def page(page: Page, settings: Settings) -> None:
        _retried(page, settings, done)
        shown.failures(page, checked)

    door.answer(result, page)
    shown.end(done.batches, checked)


def _retried(page: Page, settings: Settings, done: "Retried") -> None:
    if done.batches:
        page.line(f"{count(done.lines, 'line')} tried again.")
        shown.promoted(page, settings, done.batches)
    else:
        page.line("There is no line that could be tried again as it is.")
    if done.left:
        page.line(
            f"{count(done.left, 'line')} open in quarantine; mend them: "
            "loanbook quarantine export FILE",
            "  ",
        )


def dismiss(
    door: Door,
    quarantine_id: LineId,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why nothing is to come of it.")],
) -> None:
    """Close a refused line of which nothing is to come, and say why.

    The line is kept with its reasons; it is no longer listed as open, exported or tried again.

    \b
    Example:
      loanbook quarantine dismiss 12 --reason "a test line of the partner"
    """
    from loanbook.mart import quarantine

    with door.book() as book:
        line = quarantine.dismiss(book, quarantine_id, reason)
    told = f"Line {line.line_no} of {line.file} is dismissed by {line.dismissed_by}: {reason}"
    door.answer(line, lambda page, _: page.line(told))
