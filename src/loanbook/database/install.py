"""Create or upgrade the book's schemas: safe to repeat, to kill and to run twice at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from loanbook import sql
from loanbook.database.connection import Database
from loanbook.errors import InstallBlocked, MigrationChanged, Refused

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


def install(owner: Database, zone: str) -> Installed:
    """Bring the database to this release, as its owner.

    Args:
        owner: a connection as the role that owns (or shall own) the schemas.
        zone: the lender's time zone.

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
            owner.run(sql.text("rules.sql"))
            owner.run(sql.text("grants.sql"))
            owner.rows(_QUERIES["stamp"], release=release(zone), zone=zone)
    finally:
        owner.value(_QUERIES["unlock"])
    return Installed(tuple(pending), release(zone), fresh=not taken)


def release(zone: str) -> str:
    """What a database bears that needs no install: the SQL of this release and the zone."""
    return f"{sql.release()[:16]} {zone}"


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
