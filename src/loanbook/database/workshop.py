"""Databases beside the book: made to try a backup in, and put into the book's place.

A database appears or vanishes by statements that no transaction takes back, but two names are
exchanged in one. So a book is restored under another name and gets its own when it is whole.
"""

from __future__ import annotations

import secrets
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import InsufficientPrivilege, ObjectInUse

from loanbook.database.connection import place_of
from loanbook.database.refusals import translated
from loanbook.errors import BookInUse, MayNotCreate, UpkeepBusy

if TYPE_CHECKING:
    from collections.abc import Iterator

MAINTENANCE = "postgres"  # a database that every server has
LOCK = 7208005  # of whoever makes databases beside a book


class Workshop:
    """The right to make databases beside one book; one process has it at a time."""

    def __init__(self, conninfo: str, connection: psycopg.Connection) -> None:
        self._conninfo = conninfo
        self._connection = connection
        self._book = str(conninfo_to_dict(conninfo).get("dbname") or "")
        self.place = place_of(conninfo)

    @contextmanager
    def scratch(self) -> Iterator[str]:
        """An empty database, dropped afterwards unless it became the book.

        Yields:
            How to connect to it.

        Raises:
            MayNotCreate: the role is not allowed to.
        """
        name = f"{self._prefix}{secrets.token_hex(4)}"
        try:
            self._do("create database {} template template0 encoding 'UTF8'", name)
        except InsufficientPrivilege as error:
            raise MayNotCreate(place=self.place) from error
        try:
            yield make_conninfo(self._conninfo, dbname=name)
        finally:
            self._do("drop database if exists {} with (force)", name)

    def put_in_place(self, conninfo: str) -> None:
        """Give a scratch database the name of the book, which is dropped.

        Raises:
            BookInUse: somebody is connected to the book; it stays.
        """
        name = str(conninfo_to_dict(conninfo)["dbname"])
        former = f"{self._prefix}{secrets.token_hex(4)}"
        try:
            with self._connection.transaction():
                self._do("alter database {} rename to {}", self._book, former)
                self._do("alter database {} rename to {}", name, self._book)
        except ObjectInUse as error:
            raise BookInUse(place=self.place) from error
        self._do("drop database {} with (force)", former)

    def sweep(self) -> None:
        """Drop what killed processes left."""
        found = self._connection.execute(
            "select datname from pg_database where starts_with(datname, %s)", (self._prefix,)
        )
        for (name,) in found.fetchall():
            self._do("drop database if exists {} with (force)", name)

    def claim(self) -> None:
        """Keep others out until the connection ends.

        Raises:
            UpkeepBusy: somebody else is at it.
        """
        row = self._connection.execute(
            "select pg_try_advisory_lock(%s, hashtext(%s))", (LOCK, self._book)
        ).fetchone()
        if row != (True,):
            raise UpkeepBusy(place=self.place)

    @property
    def _prefix(self) -> str:
        return f"{self._book[:40]}_scratch_"

    def _do(self, statement: LiteralString, *names: str) -> None:
        self._connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def workshop(conninfo: str) -> Iterator[Workshop]:
    """A workshop beside a book; what killed processes left there is swept away.

    Args:
        conninfo: how the owner connects to the book.

    Raises:
        UpkeepBusy: somebody else makes or restores a backup of this book.
    """
    with ExitStack() as stack:
        stack.enter_context(translated(place_of(conninfo)))
        aside = make_conninfo(conninfo, dbname=MAINTENANCE, application_name="loanbook upkeep")
        connection = psycopg.connect(aside, autocommit=True, connect_timeout=10)
        stack.callback(connection.close)
        made = Workshop(conninfo, connection)
        made.claim()
        made.sweep()
        yield made
