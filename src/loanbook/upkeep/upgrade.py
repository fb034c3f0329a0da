"""The book of an embedded workspace moves to another major version of PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loanbook.database import upgrade as clusters
from loanbook.errors import UsageError
from loanbook.upkeep import copies, parcel

if TYPE_CHECKING:
    from loanbook.settings import Settings


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What an upgrade did.

    Attributes:
        before: major version that made the cluster, or None if there was no cluster.
        after: major version now.
        kept: where the former cluster is, until purge; None if nothing was to be done.
        roles: that were made without login, because rights name them.
    """

    before: int | None
    after: int
    kept: Path | None
    roles: tuple[str, ...]


def upgrade(settings: Settings) -> Upgraded:
    """Move the workspace to the version that its settings ask for.

    Raises:
        UsageError: the book is not embedded, or the version is older.
        CopyDiffers: the copy is not equal; the former cluster stays in use.
        ServerInUse: others use the server.
    """
    if settings.database_url is not None:
        raise UsageError(problem="DATABASE_URL names the database; its server is upgraded there.")
    before = clusters.version_of(settings.home)
    if before is not None and before > settings.postgres:
        problem = f"The workspace is of PostgreSQL {before}; there is no way back to an older one."
        raise UsageError(problem=problem)
    made: list[str] = []

    def carry(old: str, new: str) -> None:
        with parcel.attempt(settings.toml) as folder:
            dumped = folder / parcel.DUMP
            with copies.opened(old) as book, book.frozen():
                found = copies.dump(book, old, dumped)
            made.extend(copies.restore(dumped, new, found))

    kept = clusters.upgrade(settings.home, settings.postgres, carry)
    return Upgraded(before, settings.postgres, kept, tuple(made))
