"""Letters written into files to be looked at: what travels, and what its reader sees."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

from loanbook import contacts
from loanbook.errors import NotFound
from loanbook.outbox.letter import Letter, Message
from loanbook.reminders import plan

if TYPE_CHECKING:
    from datetime import date, datetime

    from loanbook.database.connection import Database
    from loanbook.settings import Settings

UNSENT = 0  # in place of a number in the outbox


@dataclass(frozen=True, slots=True)
class Previewed:
    """A letter that was written into files.

    Attributes:
        name: of the letter, as its files begin.
        subject: its subject.
        html: the page with its pictures in it, as a browser shows it.
        text: the plain part.
        eml: the whole message, as any mail program shows it.
    """

    name: str
    subject: str
    html: Path
    text: Path
    eml: Path


def of_client(
    book: Database, user_id: int, as_of: date, now: datetime, settings: Settings
) -> Letter:
    """The letter that a client would get, whether it is due or not.

    Args:
        book: the book.
        user_id: the client.
        as_of: the business date.
        now: the instant, see `plan.instant`.
        settings: of the workspace.

    Raises:
        NotFound: the client has nothing open, and was not about to be thanked.
    """
    contact = contacts.get(book, user_id)
    found = [due for due in plan.due(book, as_of, now, settings) if due.user_id == user_id]
    if not found:
        sentence = f"Client {user_id} has nothing open on {as_of}, so that there is no letter."
        raise NotFound(rule="open_loan_exists", sentence=sentence)
    due = found[0]
    return Letter(
        letter_id=UNSENT,
        kind=due.kind,
        local_date=due.local_date,
        address=contact.email or "",
        user_id=user_id,
        name=contact.name,
        locale=contact.locale,
        optional=due.optional,
        loans=due.loans,
    )


def write(message: Message, folder: Path, name: str) -> Previewed:
    """Write a letter into three files of a folder, which is made if need be.

    Args:
        message: the letter.
        folder: where to.
        name: how the files begin.
    """
    read = message_from_bytes(message.content, policy=policy.default)
    page, text = read.get_body(("html",)), read.get_body(("plain",))
    made = Previewed(
        name=name,
        subject=str(read["subject"]),
        html=folder / f"{name}.html",
        text=folder / f"{name}.txt",
        eml=folder / f"{name}.eml",
    )
    folder.mkdir(parents=True, exist_ok=True)
    made.eml.write_bytes(message.content)
    made.text.write_text(text.get_content() if text else "", "utf-8", newline="\n")
    made.html.write_text(_with_pictures(read, page.get_content() if page else ""), "utf-8")
    return made


def _with_pictures(read: EmailMessage, html: str) -> str:
    """A page in which pictures that come with the message stand themselves."""
    for part in read.walk():
        name = str(part["content-id"] or "").strip("<>")
        if name and part.get_content_maintype() == "image":
            data = base64.b64encode(part.get_content()).decode()
            html = html.replace(f'"cid:{name}"', f'"data:{part.get_content_type()};base64,{data}"')
    return html
