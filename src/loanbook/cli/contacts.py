"""Commands about how one client is reached: show, history, register, amend."""

from typing import TYPE_CHECKING, Annotated

import typer

from loanbook.cli import shown
from loanbook.cli.door import Door, command, group
from loanbook.cli.options import Reason, UserId, Version
from loanbook.cli.page import Page
from loanbook.cli.words import instant, wall
from loanbook.errors import UsageError
from loanbook.settings import Settings

if TYPE_CHECKING:
    from loanbook.contacts import Contact, Kept

Name = Annotated[str | None, typer.Option("--name", metavar="NAME", help="Full name.")]
Email = Annotated[str | None, typer.Option("--email", metavar="ADDRESS", help="E-mail address.")]
TaxId = Annotated[
    str | None, typer.Option("--tax-id", metavar="NUMBER", help="CPF or CNPJ, marks or none.")
]
Phone = Annotated[
    str | None,
    typer.Option("--phone", metavar="NUMBER", help="Telephone; Brazilian unless it begins with +."),
]
Locale = Annotated[
    str | None, typer.Option("--locale", metavar="CODE", help="Language of letters: pt-BR or en.")
]

_NAMES = {"email": "e-mail", "tax_id": "tax id", "phone": "telephone"}


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    contacts = group(app, "contacts", "How one client is reached: personal data, kept apart.")
    command(contacts)(show)
    command(contacts)(history)
    command(contacts, acts=True)(register)
    command(contacts, acts=True)(amend)


def show(door: Door, user_id: UserId) -> None:
    """Show how a client is reached.

    \b
    Examples:
      loanbook contacts show 42
      loanbook contacts show 42 --json
    """
    from loanbook import contacts

    with door.book() as book:
        contact = contacts.get(book, user_id)
    door.answer(contact, lambda page, settings: told(page, settings, contact))


def history(door: Door, user_id: UserId) -> None:
    """Tell who changed a contact, when, and what, oldest first.

    \b
    Example:
      loanbook contacts history 42
    """
    from loanbook import contacts

    with door.book() as book:
        changes = contacts.history(book, user_id)
        if not changes:
            contacts.get(book, user_id)  # says that nothing is known
    door.answer(
        {"user_id": user_id, "changes": changes},
        lambda page, settings: shown.changes(page, settings, changes),
    )


def register(
    door: Door,
    user_id: UserId,
    name: Name = None,
    email: Email = None,
    tax_id: TaxId = None,
    phone: Phone = None,
    locale: Locale = None,
    reason: Annotated[str | None, Reason] = None,
) -> None:
    """Say for the first time how a client is reached.

    E-mail, CPF or CNPJ and telephone are checked. Whether another client may share one of them is
    set by `duplicates` under [clients] in loanbook.toml: "warn" or "refuse".

    \b
    Examples:
      loanbook contacts register 42 --name "Ana Lima" --email ana@example.com
      loanbook contacts register 42 --phone "11 98765-4321" --locale pt-BR
    """
    from loanbook import contacts

    with door.book() as book, book.transaction():
        kept = contacts.register(
            book,
            user_id,
            name=name,
            email=email,
            tax_id=tax_id,
            phone=phone,
            locale=locale,
            reason=reason,
            duplicates=door.settings.duplicates,
        )
        contact = contacts.get(book, user_id)
    _stands(door, contact, kept, "registered")


def amend(
    door: Door,
    user_id: UserId,
    reason: Annotated[str, Reason],
    name: Name = None,
    email: Email = None,
    tax_id: TaxId = None,
    phone: Phone = None,
    locale: Locale = None,
    opted_out: Annotated[
        bool | None,
        typer.Option("--opt-out/--opt-in", help="Whether the client wants no optional letters."),
    ] = None,
    version: Version = None,
) -> None:
    """Alter how a client is reached.

    What is not named stays, what is "" goes. A contact that a source delivers keeps the amendment
    until the source itself changes that field.

    \b
    Examples:
      loanbook contacts amend 42 --email new@example.com --reason "told by phone"
      loanbook contacts amend 42 --phone "" --reason "number given up" --version 3
      loanbook contacts amend 42 --opt-out --reason "asked in a letter"
    """
    from loanbook import contacts

    if all(value is None for value in (name, email, tax_id, phone, locale, opted_out)):
        problem = "Name what to amend, such as --email, --phone or --opt-out."
        raise UsageError(problem=problem)
    with door.book() as book, book.transaction():
        before = contacts.known(book, user_id)
        kept = contacts.amend(
            book,
            user_id,
            reason=reason,
            name=name,
            email=email,
            tax_id=tax_id,
            phone=phone,
            locale=locale,
            opted_out=opted_out,
            version=version,
            duplicates=door.settings.duplicates,
        )
        contact = contacts.get(book, user_id)
    is_same = before is not None and before.version == kept.version
    _stands(door, contact, kept, "unchanged" if is_same else "amended")


def _stands(door: Door, contact: "Contact", kept: "Kept", action: str) -> None:
    def page(page: Page, settings: Settings) -> None:
        page.line(f"The contact of client {contact.user_id} is {action}.")
        duplicates(page, kept)
        told(page, settings, contact)

    result = {"user_id": contact.user_id, "version": kept.version, "action": action}
    door.answer({**result, "duplicates": kept.duplicates, "contact": contact}, page)


def duplicates(page: Page, kept: "Kept") -> None:
    """Warn of other clients that share something with this one."""
    for one in kept.duplicates:
        page.line(f"Warning: client {one.user_id} has the same {_NAMES[one.field]}.")


def told(page: Page, settings: Settings, contact: "Contact") -> None:
    """A contact as a person reads it."""
    page.facts(
        [
            ("client", contact.user_id),
            ("name", contact.name),
            ("e-mail", contact.email),
            ("tax id", contact.tax_id),
            ("telephone", contact.phone),
            ("locale", contact.locale),
            ("opted out at", wall(contact.opted_out_at)),
            ("owner", contact.owner),
            ("version", contact.version),
            ("last amended here", instant(contact.amended_at, settings.zone)),
        ]
    )
