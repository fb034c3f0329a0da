"""Commands about clients: show, find, history, register, amend, upsert."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import typer

from loanbook.cli import denials, people, personal, shown
from loanbook.cli.contacts import Email, Locale, Name, Phone, TaxId
from loanbook.cli.door import Door, command, group
from loanbook.cli.jsons import fields
from loanbook.cli.options import (
    At,
    PageLimit,
    Reason,
    UserId,
    Version,
    in_zone,
    parse_amount,
    parse_key,
    parse_number,
    parse_time,
)
from loanbook.errors import UsageError

Limit = typer.Option(
    "--credit-limit", parser=parse_amount, metavar="AMOUNT", help="The most the client may borrow."
)
Rate = typer.Option(
    "--interest-rate", parser=parse_amount, metavar="PERCENT", help="Percent a year for new loans."
)
Cohort = typer.Option("--batch", metavar="N", parser=parse_number, help="Acquisition cohort.")


class Status(StrEnum):
    """Whether a client may borrow."""

    APPROVED = "approved"
    DENIED = "denied"


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    clients = group(app, "clients", "Clients: found, shown as they are or were, and altered.")
    command(clients)(show)
    command(clients)(find)
    command(clients)(history)
    command(clients, acts=True)(register)
    command(clients, acts=True)(amend)
    command(clients, acts=True)(upsert)
    denials.add_to(clients)
    personal.add_to(clients)


def show(door: Door, user_id: UserId, at: At = None) -> None:
    """Show a client with all that is its own, or as it was.

    Loans, payments, contact, what it owes and may borrow, open findings and the last changes; with
    --at only the client, as the book held it then.

    \b
    Examples:
      loanbook clients show 42
      loanbook clients show 42 --at "2024-01-25 18:00"
      loanbook clients show 42 --json
    """
    from loanbook import clients, contacts

    if at is not None:
        with door.book() as book:
            client = clients.at(book, user_id, in_zone(at, door.settings.zone))
        door.answer(client, lambda page, settings: people.facts(page, settings, client))
        return
    with door.book() as book:
        seen = clients.overview(book, user_id)
        contact = contacts.known(book, user_id)
    result = {**fields(seen.client), "contact": contact, **fields(seen)}
    door.answer(result, lambda page, settings: people.overview(page, settings, seen, contact))


def find(
    door: Door,
    user_id: Annotated[
        int | None,
        typer.Option("--id", metavar="ID", parser=parse_key, help="The client of this number."),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="WORDS", help="Beginnings of words of the name."),
    ] = None,
    email: Email = None,
    tax_id: TaxId = None,
    phone: Phone = None,
    status: Annotated[Status | None, typer.Option("--status", help="Only of this status.")] = None,
    batch: Annotated[int | None, Cohort] = None,
    after: Annotated[
        int | None,
        typer.Option("--after", metavar="ID", parser=parse_key, help="Go on behind this client."),
    ] = None,
    limit: PageLimit = 20,
) -> None:
    """Find clients that answer to all that is named.

    They come in the order of their numbers. Case and accents of a name do not matter. With --json,
    `next` is what --after wants for the next page.

    \b
    Examples:
      loanbook clients find --name "ana lim"
      loanbook clients find --tax-id 390.533.447-05
      loanbook clients find --status denied --batch 2 --after 1200 --json
    """
    from loanbook import clients

    with door.book() as book:
        listed = clients.find(
            book,
            name=name,
            email=email,
            tax_id=tax_id,
            phone=phone,
            status=status.value if status else None,
            batch=batch,
            user_id=user_id,
            after=after,
            limit=limit,
        )
    door.answer(listed, lambda page, settings: people.found(page, settings, listed))


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
    name: Name = None,
    email: Email = None,
    tax_id: TaxId = None,
    phone: Phone = None,
    locale: Locale = None,
) -> None:
    """Register a new client; no file can claim its id. Contact and client come in together.

    \b
    Examples:
      loanbook clients register --credit-limit 1500 --interest-rate 20 --batch 4
      loanbook clients register --credit-limit 1500 --interest-rate 20 --batch 4 \\
        --created-at "2024-01-25 09:30:00" --reason "came to the counter" --json
      loanbook clients register --credit-limit 1500 --interest-rate 20 --batch 4 \\
        --name "Ana Lima" --email ana@example.com --tax-id 390.533.447-05
    """
    from loanbook import clients, contacts

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
        told = {"name": name, "email": email, "tax_id": tax_id, "phone": phone, "locale": locale}
        kept = None
        if any(told.values()):
            duplicates = door.settings.duplicates
            kept = contacts.register(book, user_id, reason=reason, duplicates=duplicates, **told)
        client = clients.get(book, user_id)
    people.stands(door, client, "registered", kept)


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
    people.stands(door, client, "unchanged" if stands == before else "amended")


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
    people.stands(door, client, done.action)
