"""Commands about one client: show, history, register, amend, upsert."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from loanbook.cli import shown
from loanbook.cli.door import Door, command, group
from loanbook.cli.options import (
    At,
    in_zone,
    parse_amount,
    parse_key,
    parse_number,
    parse_time,
)
from loanbook.cli.page import Page
from loanbook.cli.words import instant, money, percent, wall
from loanbook.errors import UsageError
from loanbook.settings import Settings

if TYPE_CHECKING:
    from loanbook.clients import Client

UserId = Annotated[
    int, typer.Argument(metavar="ID", parser=parse_key, help="The client's user_id.")
]
Limit = typer.Option(
    "--credit-limit", parser=parse_amount, metavar="AMOUNT", help="The most the client may borrow."
)
Rate = typer.Option(
    "--interest-rate", parser=parse_amount, metavar="PERCENT", help="Percent a year for new loans."
)
Cohort = typer.Option("--batch", metavar="N", parser=parse_number, help="Acquisition cohort.")
Version = Annotated[
    int | None,
    typer.Option(
        "--version",
        metavar="N",
        parser=parse_number,
        help="The version you saw; if the client changed since, nothing is done.",
    ),
]
Reason = typer.Option("--reason", metavar="TEXT", help="Why; kept in the history.")


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    clients = group(app, "clients", "One client: as it is, as it was, registered and amended.")
    command(clients)(show)
    command(clients)(history)
    command(clients, acts=True)(register)
    command(clients, acts=True)(amend)
    command(clients, acts=True)(upsert)


def show(door: Door, user_id: UserId, at: At = None) -> None:
    """Show a client as it is, or as the book held it at some time.

    \b
    Examples:
      loanbook clients show 42
      loanbook clients show 42 --at "2024-01-25 18:00"
      loanbook clients show 42 --json
    """
    from loanbook import clients

    with door.book() as book:
        if at is None:
            client = clients.get(book, user_id)
        else:
            client = clients.at(book, user_id, in_zone(at, door.settings.zone))
    door.answer(client, lambda page, settings: _page(page, settings, client))


def history(door: Door, user_id: UserId) -> None:
    """Tell who changed a client, when, and what, oldest first.

    \b
    Examples:
      loanbook clients history 42
      loanbook clients history 42 --json
    """
    from loanbook import clients

    with door.book() as book:
        changes = clients.history(book, user_id)
    door.answer(
        {"user_id": user_id, "changes": changes},
        lambda page, settings: shown.changes(page, settings, changes),
    )


def register(
    door: Door,
    credit_limit: Annotated[Decimal, Limit],
    interest_rate: Annotated[Decimal, Rate],
    batch: Annotated[int, Cohort],
    created_at: Annotated[
        datetime | None,
        typer.Option(
            "--created-at",
            parser=parse_time,
            metavar="TIME",
            help="In the lender's wall time; by default now.",
        ),
    ] = None,
    reason: Annotated[str | None, Reason] = None,
) -> None:
    """Register a new client; no file can claim its id.

    \b
    Examples:
      loanbook clients register --credit-limit 1500 --interest-rate 20 --batch 4
      loanbook clients register --credit-limit 1500 --interest-rate 20 --batch 4 \\
        --created-at "2024-01-25 09:30:00" --reason "came to the counter" --json
    """
    from loanbook import clients

    if created_at is not None and created_at.tzinfo:
        raise UsageError(problem="--created-at is the lender's wall time; leave the zone out.")
    with door.book() as book, book.transaction():
        user_id = clients.register(
            book,
            credit_limit=credit_limit,
            interest_rate=interest_rate,
            batch=batch,
            created_at=created_at,
            reason=reason,
        )
        client = clients.get(book, user_id)
    _stands(door, client, "registered")


def amend(
    door: Door,
    user_id: UserId,
    reason: Annotated[str, Reason],
    credit_limit: Annotated[Decimal | None, Limit] = None,
    interest_rate: Annotated[Decimal | None, Rate] = None,
    batch: Annotated[int | None, Cohort] = None,
    version: Version = None,
) -> None:
    """Alter a client; what is not named stays.

    A client that a source delivers keeps the amendment until the source itself changes that field.

    \b
    Examples:
      loanbook clients amend 42 --credit-limit 2000 --reason "two loans repaid"
      loanbook clients amend 42 --batch 2 --version 3 --reason "wrong cohort"
    """
    from loanbook import clients

    if credit_limit is None and interest_rate is None and batch is None:
        problem = "Name what to amend: --credit-limit, --interest-rate or --batch."
        raise UsageError(problem=problem)
    with door.book() as book, book.transaction():
        before = clients.get(book, user_id).version
        stands = clients.amend(
            book,
            user_id,
            reason=reason,
            credit_limit=credit_limit,
            interest_rate=interest_rate,
            batch=batch,
            version=version,
        )
        client = clients.get(book, user_id)
    _stands(door, client, "unchanged" if stands == before else "amended")


def upsert(
    door: Door,
    user_id: Annotated[
        int | None,
        typer.Argument(metavar="ID", parser=parse_key, help="The client; none: a new one."),
    ] = None,
    credit_limit: Annotated[Decimal | None, Limit] = None,
    interest_rate: Annotated[Decimal | None, Rate] = None,
    batch: Annotated[int | None, Cohort] = None,
    reason: Annotated[str | None, Reason] = None,
    version: Version = None,
) -> None:
    """Register a client, or amend the one that ID names.

    \b
    Examples:
      loanbook clients upsert --credit-limit 1500 --interest-rate 20 --batch 4
      loanbook clients upsert 42 --credit-limit 2000 --reason "two loans repaid"
    """
    from loanbook import clients

    with door.book() as book, book.transaction():
        done = clients.upsert(
            book,
            user_id,
            credit_limit=credit_limit,
            interest_rate=interest_rate,
            batch=batch,
            reason=reason,
            version=version,
        )
        client = clients.get(book, done.user_id)
    _stands(door, client, done.action)


def _stands(door: Door, client: "Client", action: str) -> None:
    def page(page: Page, settings: Settings) -> None:
        page.line(f"Client {client.user_id} is {action}.")
        _page(page, settings, client)

    result = {"user_id": client.user_id, "version": client.version, "action": action}
    door.answer({**result, "client": client}, page)


def _page(page: Page, settings: Settings, client: "Client") -> None:
    page.facts(
        [
            ("client", client.user_id),
            ("status", client.status),
            ("denied because", client.denied_reason),
            ("denied at", wall(client.denied_at)),
            ("credit limit", money(client.credit_limit, settings.currency)),
            ("interest rate", percent(client.interest_rate)),
            ("batch", client.batch),
            ("registered at", wall(client.created_at)),
            ("owner", client.owner),
            ("version", client.version),
            ("last amended here", instant(client.amended_at, settings.zone)),
        ]
    )
