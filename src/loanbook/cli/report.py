"""The command report: all questions as pictures and one page."""

import time
from pathlib import Path
from typing import Annotated

import typer

from loanbook.cli.door import Door, command
from loanbook.cli.page import Page, busy
from loanbook.cli.portfolio import BookDay, EngineName, opened_engine
from loanbook.cli.words import count, day, inert
from loanbook.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app)(report)


def report(
    door: Door,
    as_of: BookDay = None,
    engine: Annotated[
        EngineName, typer.Option(help="The book in PostgreSQL, or DuckDB over a snapshot of it.")
    ] = EngineName.postgres,
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where to; by default output_dataviz of the workspace."),
    ] = None,
) -> None:
    """Write the portfolio report: one page, and all pictures.

    Each picture comes as SVG, as PNG, and as a page that answers when pointed at. The report needs
    no network, prints, and reads on a telephone. For the same book and day the files are the same.

    \b
    Examples:
      loanbook report
      loanbook report --as-of 2023-06-30 --output june
      loanbook report --engine duckdb --json
    """
    from loanbook.portfolio import report as reports

    folder = output.absolute() if output else door.settings.output_dataviz
    with busy("Asking"), opened_engine(door, engine, as_of) as opened:
        began = time.perf_counter()
        told = reports.ask_all(opened)
        asking = time.perf_counter() - began
    with busy("Drawing"):
        made = reports.write(told, folder, door.settings.currency, asking)

    def show(page: Page, _: Settings) -> None:
        page.line(f"As of {day(made.as_of)}:")
        for finding in made.findings.values():
            page.line(f"  {inert(finding)}.")
        page.line(
            f"{count(len(made.files), 'file')}; queries {made.asking_seconds:.1f} s, "
            f"pictures {made.drawing_seconds:.1f} s."
        )
        page.line(f"The report is {made.page}")

    door.answer(made, show)
