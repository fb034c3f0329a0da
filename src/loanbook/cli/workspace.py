"""Commands about the workspace itself: demo, install, psql, stop."""

from pathlib import Path
from typing import Annotated

import typer

from loanbook import settings as configuration
from loanbook.cli.door import Door, command
from loanbook.cli.page import Page, progress_of_share
from loanbook.cli.words import count, day
from loanbook.settings import Settings

NAMES = ("clients.csv", "loans.csv", "contacts.csv")


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    command(app)(demo)
    command(app)(install)
    command(app, acts=True)(psql)
    command(app)(stop)


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
    always give the same files. loanbook.toml is told their business date.

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
    configuration.write(given.home, as_of=written.as_of, full=("clients",))
    result = {
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

    door.answer(result, show)


def install(door: Door) -> None:
    """Create or upgrade the book's schemas; safe to repeat.

    An embedded book is installed by whatever command comes first. A database named by DATABASE_URL
    is installed by this command only, as the role that the URL names.

    \b
    Examples:
      loanbook install
      DATABASE_URL=postgresql://owner@db/loans loanbook install
    """
    from loanbook import bootstrap

    done = bootstrap.install_book(door.settings)

    def show(page: Page, _: Settings) -> None:
        what = "created" if done.fresh else "upgraded" if done.migrations else "up to date"
        page.line(f"The book is {what} ({count(len(done.migrations), 'migration')} applied).")

    door.answer(done, show)


def psql(
    door: Door,
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[-- ARGUMENTS]", help="For psql itself.")
    ] = None,
    owner: Annotated[
        bool, typer.Option("--owner", help="As the owner of the schemas, for maintenance.")
    ] = False,
) -> None:
    """Open psql on the book, as the application's role.

    That role reads the views and calls the procedures of schema api; it can write no table. The
    exit code is psql's own.

    \b
    Examples:
      loanbook psql
      loanbook psql -- -c "select * from api.batches"
      loanbook psql -- --csv -c "select * from api.loans where user_id = 42"
      loanbook psql --owner -- -c "vacuum analyze"
    """
    from loanbook import bootstrap

    code = bootstrap.run_psql(door.settings, arguments or [], actor=door.actor, owner=owner)
    raise typer.Exit(code)


def stop(door: Door) -> None:
    """Stop the embedded server, if it still runs.

    It stops by itself with the last command that uses it; only a program that was killed leaves it
    running.

    \b
    Example:
      loanbook stop
    """
    from loanbook.database import server

    stopped = server.stop(door.settings.home)
    told = "The server is stopped." if stopped else "No server was running."
    door.answer({"stopped": stopped}, lambda page, _: page.line(told))
