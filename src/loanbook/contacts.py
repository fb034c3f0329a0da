"""How one client is reached: registered, amended, told to the client, and forgotten.

What a person says is brought into one shape before the book judges it: addresses, numbers and
names are written the same way whoever typed them. What files say is taken as it is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from loanbook import history as histories
from loanbook import sql, wellformed
from loanbook.errors import NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from loanbook.database.connection import Database
    from loanbook.history import Change

_QUERIES = sql.queries("contacts")


@dataclass(frozen=True, slots=True)
class Contact:
    """How a client is reached; personal data.

    Attributes:
        user_id: the client.
        name: full name.
        email: e-mail address.
        tax_id: CPF or CNPJ.
        phone: telephone number.
        locale: language of letters, such as "pt-BR" or "en".
        opted_out_at: since when the client wants no optional letters, in the lender's wall time.
        owner: the source that delivers the contact, or "loanbook".
        version: raised by every change.
        amended_at: when a person last amended it here.
    """

    user_id: int
    name: str | None
    email: str | None
    tax_id: str | None
    phone: str | None
    locale: str | None
    opted_out_at: datetime | None
    owner: str
    version: int
    amended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Another client that shares something with this one.

    Attributes:
        field: email, tax_id or phone.
        user_id: the other client.
    """

    field: str
    user_id: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What registering or amending a contact did.

    Attributes:
        version: the version that stands now.
        duplicates: other clients with the same e-mail, tax id or telephone.
    """

    version: int
    duplicates: tuple[Duplicate, ...]


@dataclass(frozen=True, slots=True)
class Erased:
    """What anonymising a client did in the book.

    Attributes:
        erased_at: when it was done first.
        owed: what the client still owes, in the book's currency.
        known: what was known of the person, to be taken out of files; not to be shown or kept.
    """

    erased_at: datetime
    owed: Decimal
    known: tuple[str, ...]


def get(book: Database, user_id: int) -> Contact:
    """How a client is reached.

    Raises:
        NotFound: nothing is known of it.
    """
    row = book.row(_QUERIES["get"], user_id=user_id)
    if row is None:
        sentence = f"Nothing is known of how client {user_id} is reached."
        raise NotFound(sentence=sentence, rule="contact_exists")
    return Contact(**row)


def known(book: Database, user_id: int) -> Contact | None:
    """How a client is reached, or None if nothing is known of it."""
    row = book.row(_QUERIES["get"], user_id=user_id)
    return None if row is None else Contact(**row)


def register(
    book: Database,
    user_id: int,
    *,
    name: str | None = None,
    email: str | None = None,
    tax_id: str | None = None,
    phone: str | None = None,
    locale: str | None = None,
    reason: str | None = None,
    duplicates: str = "warn",
) -> Kept:
    """Say for the first time how a client is reached.

    Args:
        book: the book.
        user_id: the client.
        name: full name.
        email: e-mail address.
        tax_id: CPF or CNPJ, with or without its marks.
        phone: telephone number; one without a country's code is Brazilian.
        locale: language of letters, "pt-BR" or "en".
        reason: for the history.
        duplicates: "warn" tells of other clients with the same e-mail, tax id or telephone;
            "refuse" does nothing if there is one.

    Raises:
        NotFound: there is no such client.
        Refused: a value is not what it should be, the client has a contact already or was
            anonymised, or another client shares something and duplicates are refused.
    """
    told = wellformed.told(name=name, email=email, tax_id=tax_id, phone=phone, locale=locale)
    with book.transaction():
        row = book.row(
            _QUERIES["register"], user_id=user_id, reason=reason, duplicates=duplicates, **told
        )
    return _kept(row or {})


def amend(
    book: Database,
    user_id: int,
    *,
    reason: str,
    name: str | None = None,
    email: str | None = None,
    tax_id: str | None = None,
    phone: str | None = None,
    locale: str | None = None,
    opted_out: bool | None = None,
    version: int | None = None,
    duplicates: str = "warn",
) -> Kept:
    """Alter how a client is reached; what is None stays, what is "" goes.

    A contact that a source delivers keeps the amendment until the source itself changes that field.

    Args:
        book: the book.
        user_id: the client.
        reason: why, for the history; must not be blank.
        name: as for `register`.
        email: as for `register`.
        tax_id: as for `register`.
        phone: as for `register`.
        locale: as for `register`.
        opted_out: True if the client wants no optional letters, False if it wants them again.
        version: the version that the caller saw; if another one stands by now, nothing is done.
        duplicates: as for `register`.

    Raises:
        NotFound: there is no such client, or nothing is known of how it is reached.
        StaleVersion: the contact has changed since the caller looked.
        Refused: as for `register`, or the reason is missing.
    """
    told = wellformed.told(name=name, email=email, tax_id=tax_id, phone=phone, locale=locale)
    with book.transaction():
        row = book.row(
            _QUERIES["amend"],
            user_id=user_id,
            reason=reason,
            opted_out=opted_out,
            version=version,
            duplicates=duplicates,
            **told,
        )
    return _kept(row or {})


def history(book: Database, user_id: int) -> list[Change]:
    """All changes of a contact, oldest first; empty if there never was one."""
    return histories.changes_of(book, "contacts", user_id)


def export(book: Database, user_id: int) -> dict[str, Any]:
    """All that the book holds about one person, for the person (LGPD art. 18); amounts Decimal.

    Raises:
        NotFound: nothing is held.
    """
    text = book.value(_QUERIES["export"], user_id=user_id)
    if text is None:
        raise histories.unknown("clients", user_id)
    held: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return held


def erase(book: Database, user_id: int, reason: str) -> Erased:
    """Take a person's data out of the book, within the caller's transaction.

    Files are another matter: `loanbook.runs.forgetting` sees to both.

    Raises:
        NotFound: there never was such a client.
        Refused: the reason is blank.
    """
    row = book.row(_QUERIES["anonymise"], user_id=user_id, reason=reason) or {}
    return Erased(row["erased_at"], row["owed"], tuple(row["known"]))


def note_erased_file(book: Database, archived_as: str, rest: str, digest: str) -> None:
    """An archived file has lost a person, in the transaction of `erase`.

    Args:
        book: the book.
        archived_as: name of the file in the archive.
        rest: name of the file that takes its place.
        digest: SHA-256 of that.
    """
    book.value(_QUERIES["erased_file"], archived_as=archived_as, rest=rest, digest=digest)


def _kept(row: dict[str, Any]) -> Kept:
    return Kept(row["version"], tuple(Duplicate(**one) for one in row["duplicates"]))
