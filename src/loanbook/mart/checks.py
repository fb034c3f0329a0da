"""What must never be so: each check returns the rows that are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from loanbook import sql

if TYPE_CHECKING:
    from loanbook.database.connection import Database

_QUERIES = sql.queries("mart")


@dataclass(frozen=True, slots=True)
class Violation:
    """A row that a check returned.

    Attributes:
        subject: client, contact, loan, payment or batch.
        subject_id: its number.
        detail: what is wrong, with its figures.
    """

    subject: str
    subject_id: int
    detail: str


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found.

    Attributes:
        name: its name.
        description: what must be so.
        count: how many rows offend; 0 is healthy.
        rows: the offending rows, as far as the limit goes.
    """

    name: str
    description: str
    count: int
    rows: tuple[Violation, ...]

    @property
    def ok(self) -> bool:
        """Nothing offends."""
        return self.count == 0


def check(book: Database, limit: int | None = None) -> list[Check]:
    """Run all checks.

    Args:
        book: the book.
        limit: at most so many offending rows of each check.
    """
    return [_run(book, name, limit) for name in names()]


@cache
def names() -> tuple[str, ...]:
    """The names of all checks."""
    return tuple(PurePosixPath(file).stem for file in sql.names("checks"))


@cache
def description(name: str) -> str:
    """What a check demands: the first sentence of its file."""
    comment: list[str] = []
    for line in sql.text(f"checks/{name}.sql").splitlines():
        if not line.startswith("--"):
            break
        comment.append(line.removeprefix("--").strip())
    sentence, end, _ = " ".join(comment).partition(". ")
    return sentence + end.strip()


def _run(book: Database, name: str, limit: int | None) -> Check:
    rows = book.rows(_QUERIES["run_check"], name=name, most=limit)
    return Check(
        name=name,
        description=description(name),
        count=rows[0]["total"] if rows else 0,
        rows=tuple(Violation(row["subject"], row["subject_id"], row["detail"]) for row in rows),
    )
