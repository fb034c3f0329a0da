"""Commands that answer a person's request about personal data: export, anonymise."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from loanbook.cli import jsons
from loanbook.cli.door import Door, command
from loanbook.cli.options import Reason, UserId
from loanbook.cli.page import Page
from loanbook.cli.words import count, money
from loanbook.settings import Settings


def add_to(clients: typer.Typer) -> None:
    """Add the commands to the group of clients."""
    command(clients)(export)
    command(clients, acts=True)(anonymise)


def export(
    door: Door,
    user_id: UserId,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A new file, for its owner only; by default here."),
    ] = None,
) -> None:
    """Give all that is held about one client as JSON, for the client.

    Client, contact, what the source delivered, loans, payments, findings, refused lines, and who
    changed what (LGPD art. 18).

    \b
    Examples:
      loanbook clients export 42
      loanbook clients export 42 client-42.json
    """
    from loanbook import contacts

    with door.book() as book:
        held = contacts.export(book, user_id)
    if file is None:
        sys.stdout.write(jsons.dumps(held) + "\n")
        return
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as to:
        to.write(jsons.dumps(held) + "\n")
    result = {"user_id": user_id, "file": file}
    door.answer(result, lambda page, _: page.line(f"All about client {user_id} is in {file}."))


def anonymise(door: Door, user_id: UserId, reason: Annotated[str, Reason]) -> None:
    """Blank what says who a client is, wherever it is kept.

    Name, e-mail, tax id and telephone, in the mart and its history, in stage, quarantine, archive
    and input_data. Loans, payments and sums stay, and no later file brings the person back. It
    cannot be undone. Write no personal data into the reason.

    \b
    Example:
      loanbook clients anonymise 42 --reason "request of 2024-01-25"
    """
    from loanbook.runs import forgetting

    with door.book() as book:
        done = forgetting.anonymise(book, door.settings, user_id, reason)

    def page(page: Page, settings: Settings) -> None:
        page.line(f"Client {user_id} is anonymised; {count(len(done.files), 'file')} lost lines.")
        if done.owed:
            owed = money(done.owed, settings.currency)
            page.line(f"Warning: the client still owes {owed}.")

    door.answer(done, page)
