"""Commands about whether a client may borrow: deny, reinstate."""

from datetime import date
from typing import Annotated

import typer

from loanbook.cli import people
from loanbook.cli.door import Door, command
from loanbook.cli.options import Reason, UserId, Version, parse_day


def add_to(clients: typer.Typer) -> None:
    """Add the commands to the group of clients."""
    command(clients, acts=True)(deny)
    command(clients, acts=True)(reinstate)


def deny(
    door: Door,
    user_id: UserId,
    reason: Annotated[
        str,
        typer.Option(
            "--reason", metavar="CODE", help="A short code that stands on the client from now on."
        ),
    ],
    on: Annotated[
        date | None,
        typer.Option(
            "--on",
            parser=parse_day,
            metavar="DATE",
            help="Since 00:00 of this day; by default the book's business date.",
        ),
    ] = None,
    note: Annotated[
        str | None,
        typer.Option("--note", metavar="TEXT", help="For the history; by default the code."),
    ] = None,
    version: Version = None,
) -> None:
    """Deny a client: it takes no new loan.

    It still owes and still pays.

    \b
    Examples:
      loanbook clients deny 42 --reason criminal_profile
      loanbook clients deny 42 --reason account_take_over --on 2024-01-20 \\
        --note "reported by the bank" --version 3
    """
    from loanbook import clients

    with door.book() as book, book.transaction():
        before = clients.get(book, user_id).version
        stands = clients.deny(book, user_id, reason, on=on, reason=note, version=version)
        client = clients.get(book, user_id)
    people.stands(door, client, "unchanged" if stands == before else "denied")


def reinstate(
    door: Door, user_id: UserId, reason: Annotated[str, Reason], version: Version = None
) -> None:
    """Take a denial back.

    Refused while a loan that the client defaulted on stands unpaid.

    \b
    Examples:
      loanbook clients reinstate 42 --reason "identity proven"
      loanbook clients reinstate 42 --reason "debt paid" --version 3
    """
    from loanbook import clients

    with door.book() as book, book.transaction():
        before = clients.get(book, user_id).version
        stands = clients.reinstate(book, user_id, reason=reason, version=version)
        client = clients.get(book, user_id)
    people.stands(door, client, "unchanged" if stands == before else "reinstated")
