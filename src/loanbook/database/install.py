"""Create or upgrade the book's schemas: safe to repeat, to kill and to run twice at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath

from loanbook import sql
from loanbook.database import jobs
from loanbook.database.connection import Database
from loanbook.errors import (
    InstallBlocked,
    MigrationChanged,
    NotInstalled,
    Refused,
    RightMissing,
)
from loanbook.sql import headers

_QUERIES = sql.queries("install")


@dataclass(frozen=True, slots=True)
class Installed:
    """What an installation did.

    Attributes:
        migrations: names of the migrations that were applied now.
        release: the release that stands.
        fresh: there was no book before.
    """

    migrations: tuple[str, ...]
    release: str
    fresh: bool


def install(owner: Database, zone: str, currency: str = "BRL") -> Installed:
    """Bring the database to this release, as its owner.

    Args:
        owner: a connection as the role that owns (or shall own) the schemas.
        zone: the lender's time zone.
        currency: ISO 4217 code of all amounts.

    Raises:
        MigrationChanged: a migration differs from what this database once took.
        InstallBlocked: an object outside Loanbook depends on one that would be dropped.
    """
    owner.value(_QUERIES["lock"])
    try:
        with owner.transaction():
            owner.run(sql.text("roles.sql"))
            owner.run(sql.text("bootstrap.sql"))
            taken = {row["name"]: row["digest"] for row in owner.rows(_QUERIES["taken"])}
        pending = _pending(taken)
        if pending:
            _apply_migrations(owner, pending)
        with owner.transaction():
            _drop_reapplied(owner)
            for folder in sql.REAPPLIED:
                for name in sql.names(folder):
                    owner.run(sql.text(name))
            for folder in sql.REPORTED:
                for name in sql.names(folder):
                    _define_report(owner, name)
            owner.run(sql.text("rules.sql"))
            owner.run(sql.text("grants.sql"))
            jobs.install(owner)
            stamp = {"release": release(zone, currency), "zone": zone, "currency": currency}
            owner.rows(_QUERIES["stamp"], **stamp)
    finally:
        owner.value(_QUERIES["unlock"])
    return Installed(tuple(pending), release(zone, currency), fresh=not taken)


def release(zone: str, currency: str = "BRL") -> str:
    """What a database bears that needs no install: this release's SQL, zone and currency."""
    return f"{sql.release()[:16]} {zone} {currency}"


def is_current(book: Database, zone: str, currency: str = "BRL") -> bool:
    """Whether the database holds a book of this release, wholly installed.

    Raises:
        DatabaseError: it does not tell, such as for lack of time or room.
    """
    try:
        found = book.value(sql.queries("session")["release"])
    except NotInstalled:
        return False
    except RightMissing:  # an install that was killed left schemas without their rights
        return False
    return bool(found == release(zone, currency))


def _pending(taken: dict[str, str]) -> list[str]:
    for name in sql.names("migrations"):
        if name in taken and taken[name] != _digest(name):
            raise MigrationChanged(name=name)
    return [name for name in sql.names("migrations") if name not in taken]


def _apply_migrations(owner: Database, pending: list[str]) -> None:
    with owner.transaction():
        _drop_reapplied(owner)  # a migration may alter what a view or trigger stands on
    for name in pending:
        with owner.transaction():
            owner.run(sql.text(name))
            owner.rows(_QUERIES["take"], name=name, digest=_digest(name))


def _define_report(owner: Database, name: str) -> None:
    header = headers.read(name)
    owner.rows(
        _QUERIES["define_report"],
        name=PurePosixPath(name).stem,
        text=sql.text(name),
        about=f"{header.told.get('question', '')} {header.told['grain']}".strip(),
        columns=[column.name for column in header.columns],
        meanings=[column.meaning for column in header.columns],
    )


def _drop_reapplied(owner: Database) -> None:
    owner.rows(_QUERIES["late_binding"])
    try:
        owner.run(sql.text("drop_reapplied.sql"))
    except Refused as error:
        if error.rule == "install_keeps_foreign_objects":
            raise InstallBlocked(problem=str(error)) from error
        raise


def _digest(name: str) -> str:
    return hashlib.sha256(sql.text(name).encode()).hexdigest()
