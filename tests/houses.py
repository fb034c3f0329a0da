"""Databases of the test server: made from a template, taken down after use."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any, LiteralString, cast

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from loanbook.database.connection import ROLE, Database, Row, connect
from loanbook.database.install import install
from loanbook.database.server import binaries

if TYPE_CHECKING:
    from collections.abc import Iterator

ZONE = "America/Sao_Paulo"
TESTER = "tester"
NEWEST = 18  # its pg_dump reads older servers too

# Past the guards that keep a real book from losing its rows; a copy anew takes ten times as long.
CLEAR = """
do $$
declare
    t record;
begin
    perform set_config('session_replication_role', 'replica', true);
    for t in
        select
            format(case when c.relispartition then 'drop table %s' else 'delete from %s' end,
                c.oid::regclass) as away
        from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        where c.relkind = 'r' and n.nspname in ('stage', 'dm', 'audit', 'ops')
            and n.nspname || '.' || c.relname
            not in ('ops.migrations', 'ops.book', 'ops.rules', 'dm.products')
    loop
        execute t.away;
    end loop;
    alter sequence dm.client_ids restart;
    alter sequence dm.loan_ids restart;
end;
$$
"""


class Houses:
    """The databases that one test process makes on its server."""

    def __init__(self, owner: str, app: str | None, maintenance: Database) -> None:
        self._owner = owner
        self._app = app
        self._maintenance = maintenance
        self._numbers = count(1)
        self._prefix = f"test_{os.getpid()}"
        self._template = f"{self._prefix}_template"

    @classmethod
    @contextmanager
    def on(cls, owner: str, app: str | None) -> Iterator[Houses]:
        """On a server; without a login for the application the owner takes on its role."""
        maintenance = connect(make_conninfo(owner, dbname="postgres"), actor=TESTER)
        houses = cls(owner, app, maintenance)
        try:
            houses.make(houses._template)
            with houses.owner(houses._template) as made:
                install(made, ZONE)
            yield houses
        finally:
            houses.drop(houses._template)
            maintenance.close()

    def hurry(self) -> None:
        """Nobody minds if this server's data do not survive a power cut."""
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            self._maintenance.run(sql("alter system set {} = off", name))
        self._maintenance.run("select pg_reload_conf()")

    def make(self, name: str | None = None) -> str:
        """An empty database."""
        name = name or f"{self._prefix}_{next(self._numbers)}"
        self._maintenance.run(sql("create database {} template template0", name))
        return name

    def copy(self) -> str:
        """A database with an installed, empty book."""
        name = f"{self._prefix}_{next(self._numbers)}"
        self._maintenance.run(
            sql("create database {} template {} strategy file_copy", name, self._template)
        )
        return name

    def drop(self, name: str) -> None:
        """Take a database down, whoever is still connected to it."""
        self._maintenance.run(sql("drop database if exists {} with (force)", name))

    def clear(self, name: str) -> None:
        """Take all rows out of a book that has stood at no business date and has no new product.

        What is made there next bears the numbers that it would bear in a new book.
        """
        with self.owner(name) as book:
            book.run(CLEAR)

    def refuse(self, name: str, *, refused: bool) -> None:
        """Let nobody connect to a database and end all sessions there; or let people in again."""
        word = "false" if refused else "true"
        self._maintenance.run(sql(f"alter database {{}} allow_connections {word}", name))
        if refused:
            self._maintenance.rows(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %(name)s"
                " and application_name like 'loanbook worker%%'",
                name=name,
            )

    def conninfo(self, name: str) -> str:
        """How the owner connects to a database."""
        return make_conninfo(self._owner, dbname=name)

    @contextmanager
    def owner(self, name: str, actor: str = TESTER) -> Iterator[Database]:
        """A connection as the owner."""
        made = connect(self.conninfo(name), actor=actor)
        try:
            yield made
        finally:
            made.close()

    @contextmanager
    def app(self, name: str, actor: str = TESTER) -> Iterator[Database]:
        """A connection as the application."""
        if self._app is None:
            made = connect(self.conninfo(name), actor=actor, role=ROLE)
        else:
            made = connect(make_conninfo(self._app, dbname=name), actor=actor)
        try:
            yield made
        finally:
            made.close()

    @contextmanager
    def driver(self, name: str) -> Iterator[psycopg.Connection[Row]]:
        """The driver's own connection as the owner, in one transaction that is rolled back."""
        with psycopg.Connection[Row].connect(
            self.conninfo(name), row_factory=cast("Any", dict_row)
        ) as connection:
            yield connection
            connection.rollback()


class Acting(Database):
    """A share of one connection: each statement is done in one role."""

    def __init__(self, connection: psycopg.Connection[Row], role: str | None) -> None:
        super().__init__(connection, "the test server", TESTER)
        self._role = sql("set local role {}", role) if role else "reset role"

    def rows(self, query: LiteralString, **values: object) -> list[Row]:
        """All rows of a query, in this role."""
        super().run(self._role)
        return super().rows(query, **values)

    def row(self, query: LiteralString, **values: object) -> Row | None:
        """The first row of a query, in this role."""
        super().run(self._role)
        return super().row(query, **values)

    def run(self, script: LiteralString) -> None:
        """A script, in this role."""
        super().run(self._role)
        super().run(script)


class Rolled:
    """One transaction, to be rolled back, in which the owner and the application take turns.

    Attributes:
        owner: does as the owner of the book.
        app: does as the application.
    """

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self.owner = Acting(connection, None)
        self.app = Acting(connection, ROLE)

    @classmethod
    @contextmanager
    def within(cls, connection: psycopg.Connection[Row]) -> Iterator[Rolled]:
        """All statements on this connection, until it is rolled back."""
        rolled = cls(connection)
        rolled.owner.value("select set_config('loanbook.actor', %(actor)s, true)", actor=TESTER)
        yield rolled


def sql(template: str, *names: str) -> LiteralString:
    """A statement with names of database objects in it, quoted."""
    quoted = ['"{}"'.format(name.replace('"', '""')) for name in names]
    return template.format(*quoted)


def dump(conninfo: str, *schemas: str) -> list[str]:
    """Everything in a database (or some schemas) but its rows, as pg_dump tells it."""
    chosen = [f"--schema={name}" for name in schemas]
    command = [str(binaries(NEWEST) / "pg_dump"), "--schema-only", *chosen, "--dbname", conninfo]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    # Lines with a random word in them keep psql from being led astray; they tell nothing.
    return [line for line in done.stdout.splitlines() if not line.startswith("\\")]
