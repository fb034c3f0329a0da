"""A database is copied by a dump, and the copy proved equal: the way of backup and upgrade."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from loanbook import sql
from loanbook.database import tools
from loanbook.database.connection import connect
from loanbook.errors import BackupNewer
from loanbook.upkeep import inventory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from loanbook.database.connection import Database
    from loanbook.upkeep.inventory import Inventory

ACTOR = "upkeep"
JOBS = "--jobs=2"

_QUERIES = sql.queries("upkeep")


@contextmanager
def opened(conninfo: str) -> Iterator[Database]:
    """A connection as the owner, ready to take stock."""
    book = connect(conninfo, actor=ACTOR)
    try:
        inventory.prepare(book)
        yield book
    finally:
        book.close()


def dump(book: Database, conninfo: str, file: Path) -> Inventory:
    """Dump a database and take stock of it, both of one and the same state.

    Args:
        book: a connection in a frozen transaction.
        conninfo: the same database, for pg_dump.
        file: the dump to be made.

    Raises:
        ToolFailed, ToolMissing: pg_dump failed, or there is none that is new enough.
    """
    snapshot = book.value(_QUERIES["export_snapshot"])
    program = tools.find("pg_dump", book.value(_QUERIES["server_version"]))
    chosen = ["--format=custom", "--compress=1", f"--snapshot={snapshot}", f"--file={file}"]
    tools.run(program, conninfo, chosen)
    return inventory.take(book)


def restore(file: Path, conninfo: str, original: Inventory) -> tuple[str, ...]:
    """Restore a dump into an empty database and prove that it holds what the original held.

    Objects belong to the role that restores; the rights of others are kept.

    Returns:
        Roles that were missing and were made, without login.

    Raises:
        BackupNewer: the server is older than the one that was dumped.
        CopyDiffers: the copy is not equal to the original.
    """
    with opened(conninfo) as copy:
        version = copy.value(_QUERIES["server_version"])
        if version < original.version:
            made_by, here = f"PostgreSQL {original.version}", f"PostgreSQL {version}"
            raise BackupNewer(file=file.name, made_by=made_by, here=here)
        copy.run(sql.text("roles.sql"))
        copy.run(sql.text("upkeep/make_role.sql"))
        made = [n for n in original.roles if copy.value(_QUERIES["make_role"], name=n)]
        program = tools.find("pg_restore", version)
        tools.run(program, conninfo, ["--no-owner", "--exit-on-error", JOBS, str(file)])
        with copy.frozen():
            inventory.require_equal(original, inventory.take(copy))
    return tuple(made)
