"""The floor of a first load: the server's own COPY of the rows that Loanbook ends with.

No file is read, no rule asked, no line compared. The rows of a finished book come from files that
the server has written, and go into an installed, empty book by `copy … from` in one transaction.
There are two floors. One is COPY into the tables as they stand, with their keys, indexes and
constraints: what anybody gets who has the final rows and copies them. The other, the bare one,
takes them off before and puts them back at its end; nothing that ends there can be quicker.
"""

from __future__ import annotations

import re
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import psycopg
from benchmarks.workbench import Failed, Target
from psycopg import sql

from loanbook.database import privileges

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = "binary"  # loads faster than text
STANDING, BARE = "keys standing", "keys put back"  # the two floors
WAYS = (STANDING, BARE)

QUERIES = Path(__file__).with_suffix(".sql")

Connection = psycopg.Connection[tuple[Any, ...]]
File = tuple[sql.Identifier, sql.Composed, sql.Literal]  # table, columns, where its rows lie


def export(book: Target, folder: Path) -> None:
    """Have the server write the rows of a book that has its first load, a file for each table."""
    folder.mkdir(exist_ok=True)
    privileges.hand_over(folder, like=book.home / "server")
    with psycopg.connect(book.owner, autocommit=True) as owner:
        for table, columns, file in _files(owner, folder):
            owner.execute(
                sql.SQL("copy {} ({}) to {} (format {})").format(
                    table, columns, file, sql.SQL(FORMAT)
                )
            )


def fill(target: Target, folder: Path, way: str) -> float:
    """Copy these files into an installed, empty book; the seconds until all is durable."""
    with psycopg.connect(target.owner) as owner:
        files = list(_files(owner, folder))
        owner.commit()
        began = time.perf_counter()
        # The rows say what the book's own triggers would do, so that these are not asked.
        _triggers(owner, files, "disable")
        if way == BARE:
            owner.execute(_query("take_off"))
        for table, columns, file in files:
            owner.execute(
                sql.SQL("copy {} ({}) from {} (format {})").format(
                    table, columns, file, sql.SQL(FORMAT)
                )
            )
        if way == BARE:
            owner.execute(_query("put_back"))
        _triggers(owner, files, "enable")
        owner.commit()
        return time.perf_counter() - began


def _triggers(owner: Connection, files: list[File], change: Literal["disable", "enable"]) -> None:
    for table, _, _ in files:
        owner.execute(sql.SQL("alter table {} {} trigger user").format(table, sql.SQL(change)))


def compare(book: Target, floor: Target) -> None:
    """Both must hold the same rows under the same keys and constraints, or the floor is none."""
    for what in ("rows", "shape"):
        ours, theirs = _answer(book, what), _answer(floor, what)
        if ours != theirs:
            raise Failed(f"The floor has other {what} than Loanbook:\n{ours}\n{theirs}")


def _answer(target: Target, query: str) -> tuple[Any, ...]:
    with psycopg.connect(target.owner, autocommit=True) as owner:
        return owner.execute(_query(query)).fetchall()[0]


def _files(owner: Connection, folder: Path) -> Iterator[File]:
    for schema, table, columns in owner.execute(_query("tables")).fetchall():
        yield (
            sql.Identifier(schema, table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.Literal(str(folder / f"{schema}.{table}")),
        )


@cache
def _query(name: str) -> bytes:
    parts = re.split(r"^-- name: (\w+)$", QUERIES.read_text("utf-8"), flags=re.MULTILINE)
    named = dict(zip(parts[1::2], parts[2::2], strict=True))
    return named[name].encode()
