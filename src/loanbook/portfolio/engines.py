"""Two engines for one text: the book in PostgreSQL, and DuckDB over a snapshot of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any, LiteralString, Protocol

from loanbook import sql
from loanbook.errors import NoBusinessDate

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from loanbook.database.connection import Database

_QUERIES = sql.queries("portfolio")
_LAKE = sql.queries("lake")

LOANS = "loans_as_of"  # the relation that costs most to make
KEPT_LOANS = 500_000  # loans up to which the relations of a day are kept, some 100 bytes each

Rows = list[dict[str, Any]]


class Engine(Protocol):
    """What answers a question for one day.

    Attributes:
        as_of: the day asked; what happened before it counts.
        known_to: the day at which its data stand, if that is known; nothing later is in them.
    """

    as_of: date
    known_to: date | None

    def rows(self, text: LiteralString) -> Rows:
        """The rows that the text of a question gives."""
        ...


class PostgreSQL:
    """The book itself."""

    def __init__(self, book: Database, as_of: date, known_to: date | None) -> None:
        self._book = book
        self.as_of = as_of
        self.known_to = known_to

    def rows(self, text: LiteralString) -> Rows:
        """The rows that the text of a question gives."""
        return self._book.rows(text)

    def on(self, day: date) -> PostgreSQL:
        """The same state of the book, asked for another day; from then on only for that one."""
        self._book.rows(_QUERIES["ask_as_of"], as_of=day.isoformat())
        return PostgreSQL(self._book, day, self.known_to)


class DuckDB:
    """The tables of a snapshot.

    A question for the day of the snapshot reads the states of its loans, and of them only the
    columns that it needs. For another day the states have to be made; whoever asks a second
    question has more to ask, and then they are kept, unless they are too large for the memory they
    may take.
    """

    def __init__(
        self, tables: DuckDBPyConnection, as_of: date, known_to: date | None, *, is_made: bool
    ) -> None:
        self._tables = tables
        self._asked = 0
        self._is_made = is_made
        self.as_of = as_of
        self.known_to = known_to

    def rows(self, text: LiteralString) -> Rows:
        """The rows that the text of a question gives."""
        self._asked += 1
        if self._asked == 2 and not self._is_made and self._is_small():  # noqa: PLR2004 -- the second
            self._keep()
        found = self._tables.execute(text)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def _is_small(self) -> bool:
        [(loans,)] = self._tables.execute(_LAKE["loans"]).fetchall()
        return bool(loans <= KEPT_LOANS)

    def _keep(self) -> None:
        for name in sql.names("relations"):
            view = relation_of(name)
            self._tables.sql(sql.text(name)).create(f"{view}_kept")
            self._tables.table(f"{view}_kept").create_view(view, replace=True)


@contextmanager
def of_book(book: Database, as_of: date | None = None) -> Iterator[PostgreSQL]:
    """An engine whose answers all read one state of the book.

    Args:
        book: the book.
        as_of: the day asked; by default the book's business date.

    Raises:
        NoBusinessDate: no day was named, and no run was accepted yet.
    """
    with book.frozen():
        stands: date | None = book.value(_QUERIES["business_date"])
        asked = as_of or stands
        if asked is None:
            raise NoBusinessDate
        book.rows(_QUERIES["ask_as_of"], as_of=asked.isoformat())
        yield PostgreSQL(book, asked, stands)


def of_tables(
    tables: DuckDBPyConnection, as_of: date, known_to: date | None, *, states: str | None = None
) -> DuckDB:
    """An engine on a connection that has the relations clients, loans and payments.

    Args:
        tables: the connection.
        as_of: the day asked.
        known_to: the day at which the tables stand, if that is known.
        states: a relation that holds what each loan was on the day asked, if there is one.
    """
    tables.execute(_LAKE["ask_as_of"], {"as_of": as_of})
    for name in sql.names("relations"):
        view = relation_of(name)
        made = view == LOANS and states
        relation = tables.table(made) if made else tables.sql(sql.text(name))
        relation.create_view(view, replace=True)
    return DuckDB(tables, as_of, known_to, is_made=states is not None)


def relation_of(name: str) -> str:
    """The relation that an SQL file of the folder `relations` makes."""
    return name.removeprefix("relations/").removesuffix(".sql")
