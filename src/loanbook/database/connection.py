"""One connection to the book, in transactions that belong to the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import IsolationLevel, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import InvalidParameterValue
from psycopg.rows import dict_row

from loanbook.database.refusals import not_let_in, translated
from loanbook.errors import Contended, NotInstalled, TooOld, Unreachable

OLDEST = 160000  # server_version_num of the oldest PostgreSQL that serves
ROLE = "loanbook_app"

ATTEMPTS = 5  # of a transaction that crossed with others

Row = dict[str, Any]
Result = TypeVar("Result")


class Database:
    """A connection as one role; every statement runs inside `transaction`."""

    def __init__(
        self,
        connection: psycopg.Connection[Row],
        place: str,
        actor: str,
        again: Callable[[], Database] | None = None,
    ) -> None:
        self._connection = connection
        self._again = again
        self.place = place
        self.actor = actor

    @contextmanager
    def beside(self) -> Iterator[Database]:
        """Another connection to the same book, as the same role and actor.

        Raises:
            Unreachable: nothing answers there any more.
        """
        if self._again is None:
            raise Unreachable(place=self.place, problem="this connection stands alone")
        made = self._again()
        try:
            yield made
        finally:
            made.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside are one transaction, done in the name of the actor."""
        with translated(self.place), self._connection.transaction():
            self._connection.execute("select set_config('loanbook.actor', %s, true)", (self.actor,))
            yield

    def act(self, work: Callable[[], Result]) -> Result:
        """Work as a transaction of its own, done anew where it crossed with others.

        All procedures lock in one order, so that two of them never wait for each other; but what
        else people do in a transaction is theirs, and the server ends such a knot by refusing one.

        Raises:
            Contended: it crossed with others each time.
        """
        for _ in range(ATTEMPTS - 1):
            with suppress(Contended), self.transaction():
                return work()
        with self.transaction():
            return work()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """All statements inside read one state of the book, whatever others commit meanwhile."""
        with translated(self.place):
            self._connection.isolation_level = IsolationLevel.REPEATABLE_READ
            self._connection.read_only = True
        try:
            with self.transaction():
                yield
        finally:
            if not self._connection.closed:
                self._connection.isolation_level = None
                self._connection.read_only = None

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

    def copy_out(self, statement: LiteralString) -> Iterator[bytes]:
        """The blocks that a statement `copy (…) to stdout` sends."""
        with (
            translated(self.place),
            self._connection.cursor() as cursor,
            cursor.copy(statement) as copy,
        ):
            for block in copy:
                yield bytes(block)

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
        Crowded: all its connections are taken.
        DiskFull: it cannot write what a session needs.
        TooOld: what answers is older than PostgreSQL 16.
        NotInstalled: the role does not exist, so no book was ever installed there.
    """
    place = place_of(conninfo)
    options = _options(conninfo, role)
    try:
        connection = psycopg.connect(
            make_conninfo(
                conninfo, connect_timeout=10, application_name="loanbook", options=options
            ),
            autocommit=True,
            row_factory=dict_row,
        )
    except InvalidParameterValue as error:
        raise NotInstalled(place=place) from error
    except psycopg.Error as error:
        if role is not None and f'role "{role}" does not exist' in str(error):
            raise NotInstalled(place=place) from error
        problem = " ".join(str(error).split())
        raise not_let_in(problem)(place=place, problem=problem) from error
    if connection.info.server_version < OLDEST:
        version = connection.info.parameter_status("server_version")
        connection.close()
        raise TooOld(place=place, version=version)
    again = partial(connect, conninfo, actor=actor, role=role)
    return Database(connection, place, actor, again)


def _options(conninfo: str, role: str | None) -> str | None:
    """What the connection string asks of the session, such as a timeout, and the role after it."""
    given = conninfo_to_dict(conninfo).get("options")
    parts = [str(given)] * (given is not None) + [f"-c role={role}"] * (role is not None)
    return " ".join(parts) or None


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
