"""The command demo: an invented portfolio to play with."""

from typing import Annotated

import typer

from loanbook.cli.door import Door, command
from loanbook.cli.page import Page, progress_of_share
from loanbook.cli.words import count, day
from loanbook.settings import Settings, writing

NAMES = ("clients.csv", "loans.csv", "contacts.csv")


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app)(demo)


def demo(
    door: Door,
    scale: Annotated[
        float, typer.Option(metavar="X", help="Size; 1 is 90,000 clients and 150,708 loans.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(metavar="N", help="Which of the possible books.")] = 1,
    number: Annotated[
        int, typer.Option("--day", metavar="N", help="The delivery of so many days later.")
    ] = 0,
    if_missing: Annotated[
        bool, typer.Option("--if-missing", help="Do nothing if the three files are there.")
    ] = False,
) -> None:
    """Write an invented portfolio into input_data.

    The files clients.csv, loans.csv and contacts.csv are replaced; the same scale, seed and day
    always give the same files. loanbook.toml is told their business date and, unless they stand
    there, an invented lender and team for letters.

    \b
    Examples:
      loanbook demo
      loanbook demo --scale 0.01 --home small
      loanbook demo --day 1 && loanbook run
    """
    given = door.settings
    files = [given.input_data / name for name in NAMES]
    if if_missing and all(file.is_file() for file in files):
        result = {"written": False, "as_of": given.as_of, "files": files}
        door.answer(result, lambda page, _: page.line(f"The files are in {given.input_data}."))
        return
    from loanbook import demo as portfolio

    with progress_of_share("Writing a portfolio") as progress:
        written = portfolio.write(
            given.input_data, scale=scale, seed=seed, day=number, progress=progress
        )
    tables = {"payee": portfolio.PAYEE, "team": portfolio.TEAM}
    writing.write(given.home, as_of=written.as_of, full=("clients",), missing=tables)
    told = {
        "written": True,
        "as_of": written.as_of,
        "clients": written.clients,
        "loans": written.loans,
        "contacts": written.contacts,
        "files": written.files,
    }

    def show(page: Page, _: Settings) -> None:
        page.line(
            f"A portfolio of {count(written.clients, 'client')} and {count(written.loans, 'loan')} "
            f"as of {day(written.as_of)} is in {given.input_data}."
        )
        page.line("Next: loanbook run")

    door.answer(told, show)
