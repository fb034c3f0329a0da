"""One connection to the book, in transactions that belong to the caller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import InvalidParameterValue
from psycopg.rows import dict_row

from loanbook.database.refusals import translated
from loanbook.errors import NotInstalled, TooOld, Unreachable

OLDEST = 160000  # server_version_num of the oldest PostgreSQL that serves
ROLE = "loanbook_app"

Row = dict[str, Any]


class Database:
    """A connection as one role; every statement runs inside `transaction`."""

    def __init__(self, connection: psycopg.Connection[Row], place: str, actor: str) -> None:
        self._connection = connection
        self.place = place
        self.actor = actor

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside are one transaction, done in the name of the actor."""
        with translated(self.place), self._connection.transaction():
            self._connection.execute("select set_config('loanbook.actor', %s, true)", (self.actor,))
            yield

    def rows(self, query: LiteralString, **values: object) -> list[Row]:
        """All rows of a query; `%(name)s` in it takes the value of that name."""
        with translated(self.place):
            return self._connection.execute(query, values or None).fetchall()

    def row(self, query: LiteralString, **values: object) -> Row | None:
        """The first row of a query, or None."""
        with translated(self.place):
            return self._connection.execute(query, values or None).fetchone()

    def value(self, query: LiteralString, **values: object) -> Any:  # noqa: ANN401 -- SQL decides
        """The first column of the first row, or None."""
        row = self.row(query, **values)
        return None if row is None else next(iter(row.values()))

    def run(self, script: LiteralString) -> None:
        """Execute a whole SQL file, of as many statements as it has."""
        with translated(self.place):
            self._connection.execute(script)

    def copy_in(
        self,
        table: tuple[str, str],
        columns: Iterable[str],
        blocks: Iterable[bytes],
        delimiter: str = ",",
    ) -> None:
        """Stream CSV bytes (UTF-8, no header) into a table made in this transaction.

        Raises:
            DataRefused: a value is not what its column holds; nothing was copied.
        """
        statement = sql.SQL(
            "copy {} ({}) from stdin (format csv, encoding 'UTF8', freeze, delimiter {})"
        ).format(
            sql.Identifier(*table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.Literal(delimiter),
        )
        with (
            translated(self.place),
            self._connection.cursor() as cursor,
            cursor.copy(statement) as copy,
        ):
            for block in blocks:
                copy.write(block)

    def close(self) -> None:
        """Give the connection up."""
        self._connection.close()


def connect(conninfo: str, *, actor: str, role: str | None = None) -> Database:
    """Connect to a server that is new enough.

    Args:
        conninfo: connection string or URL of libpq.
        actor: who acts, for the audit.
        role: a role to take on at once, such as the application's.

    Raises:
        Unreachable: nothing answers there, or it does not let us in.
        TooOld: what answers is older than PostgreSQL 16.
        NotInstalled: the role does not exist, so no book was ever installed there.
    """
    place = place_of(conninfo)
    options = {} if role is None else {"options": f"-c role={role}"}
    try:
        connection = psycopg.connect(
            make_conninfo(conninfo, connect_timeout=10, application_name="loanbook", **options),
            autocommit=True,
            row_factory=dict_row,
        )
    except InvalidParameterValue as error:
        raise NotInstalled(place=place) from error
    except psycopg.Error as error:
        if role is not None and f'role "{role}" does not exist' in str(error):
            raise NotInstalled(place=place) from error
        problem = " ".join(str(error).split())
        raise Unreachable(place=place, problem=problem) from error
    if connection.info.server_version < OLDEST:
        version = connection.info.parameter_status("server_version")
        connection.close()
        raise TooOld(place=place, version=version)
    return Database(connection, place, actor)


def place_of(conninfo: str) -> str:
    """Where a connection string leads, without its password."""
    try:
        parts = conninfo_to_dict(conninfo)
    except psycopg.Error as error:
        problem = "it is no connection string"
        raise Unreachable(place="DATABASE_URL", problem=problem) from error
    host = parts.get("host") or "the local socket"
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"{host}{port}/{parts.get('dbname') or ''}"
