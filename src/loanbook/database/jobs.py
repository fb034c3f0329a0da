"""The queue of the workers in the database: the tables of the library procrastinate.

They stand in the schema `jobs`, owned like all others. Install brings them where the library is
installed, and takes what a newer release of it brings.
"""

from __future__ import annotations

from importlib import resources
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import make_conninfo

from loanbook import sql
from loanbook.database.refusals import translate
from loanbook.errors import ConnectionLost, MissingExtra, Unreachable

if TYPE_CHECKING:
    from procrastinate import PsycopgConnector

    from loanbook.database.connection import Database

_QUERIES = sql.queries("jobs")
PATIENCE = 10.0  # seconds that are waited for a connection


def has_library() -> bool:
    """Whether procrastinate is installed here."""
    return find_spec("procrastinate") is not None


def has_queue(book: Database) -> bool:
    """Whether this database has the tables."""
    return bool(book.value(_QUERIES["has_queue"]))


def is_current(book: Database) -> bool:
    """Whether this database has the tables of the library that is installed here."""
    return has_queue(book) and not _pending(book)


def install(owner: Database) -> None:
    """Bring the queue to the release of the library, in the caller's transaction, as the owner.

    Nothing is done where the library is not installed: a queue that stands there stays as it is.
    """
    if not has_library():
        return
    fresh = not has_queue(owner)
    owner.run(sql.text("jobs/schema.sql"))
    if fresh:
        owner.run(_text("schema.sql"))
    for name in _pending(owner):
        if not fresh:
            owner.run(_text(f"migrations/{name}"))
        owner.rows(_QUERIES["take_file"], name=name)
    owner.run(sql.text("jobs/grants.sql"))


def connector(conninfo: str, role: str | None) -> PsycopgConnector:
    """How the library connects, as the application.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        from procrastinate import PsycopgConnector  # noqa: PLC0415 -- only for a worker
    except ImportError as error:
        raise MissingExtra(package="procrastinate", extra="worker") from error
    chosen = "-c search_path=jobs" + (f" -c role={role}" if role else "")
    place = make_conninfo(
        conninfo, options=chosen, application_name="loanbook worker", connect_timeout=int(PATIENCE)
    )
    sizes: dict[str, Any] = {"min_size": 1, "max_size": 4, "timeout": PATIENCE}
    return PsycopgConnector(conninfo=place, **sizes)


def is_away(error: Exception) -> bool:
    """Whether an error of the library means that the database cannot be reached now."""
    cause = error.__cause__
    return isinstance(cause, psycopg.Error) and isinstance(
        translate(cause, ""), (ConnectionLost, Unreachable)
    )


def _pending(book: Database) -> list[str]:
    taken = {row["name"] for row in book.rows(_QUERIES["taken_files"])}
    folder = resources.files("procrastinate.sql") / "migrations"
    files = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return [name for name in files if name not in taken]


def _text(name: str) -> Any:  # noqa: ANN401 -- SQL of the library, as trusted as our own
    return (resources.files("procrastinate.sql") / name).read_text("utf-8")
