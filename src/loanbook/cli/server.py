"""Commands about the database itself: install, psql, stop."""

from typing import Annotated

import typer

from loanbook.cli.door import Door, command
from loanbook.cli.page import Page
from loanbook.cli.words import count
from loanbook.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    command(app)(install)
    command(app, acts=True)(psql)
    command(app)(stop)


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
        list[str] | None, typer.Argument(metavar="ARGUMENT", help="For psql itself, after --.")
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
