"""The command that tells which loans are defaults: classify."""

from datetime import date
from typing import Annotated

import typer

from loanbook.cli.door import Door, command
from loanbook.cli.options import parse_day
from loanbook.cli.words import count, day


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app, acts=True)(classify)


def classify(
    door: Door,
    as_of: Annotated[
        date | None,
        typer.Option(
            "--as-of",
            parser=parse_day,
            metavar="DATE",
            help="What was paid before this day counts; by default the book's business date.",
        ),
    ] = None,
) -> None:
    """Mark loans past their grace as defaults.

    Their clients are denied.
    Only loans made here are marked. Where a source says other than the rule would of its own there
    is a finding.
    Running it again changes nothing.

    \b
    Examples:
      loanbook classify
      loanbook classify --as-of 2024-01-25 --json
    """
    from loanbook import delinquency

    with door.book() as book:
        done = delinquency.classify(book, as_of)
    told = (
        f"As of {day(done.as_of)}: {count(done.defaulted, 'loan')} marked as default, "
        f"{count(done.denied, 'client')} denied; {count(done.noted, 'finding')} new, "
        f"{done.closed} closed."
    )
    door.answer(done, lambda page, _: page.line(told))
