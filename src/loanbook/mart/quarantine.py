"""Lines that were refused: listed with their reasons, and chosen for another try."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from loanbook import sql
from loanbook.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime

    from loanbook.database.connection import Database

_QUERIES = sql.queries("mart")
OPEN = ("open",)
EVERY = ("open", "superseded", "retried", "dismissed")


@dataclass(frozen=True, slots=True)
class Line:
    """A refused line.

    Attributes:
        quarantine_id: number.
        batch_id: the batch it came with.
        source: who delivered it.
        kind: clients, contacts or loans.
        file: name of its file.
        line_no: number of its first line in the file; the header is 1.
        key: user_id or loan_id, where it can be read.
        raw: the line as it stands in the file.
        rules: names of all rules that it breaks.
        reasons: the same in words.
        state: open, superseded, retried or dismissed.
        closed_by: batch that closed it.
        closed_at: when.
        dismissed_by: who said that nothing is to come of it.
        dismissal: why.
    """

    quarantine_id: int
    batch_id: int
    source: str
    kind: str
    file: str
    line_no: int
    key: int | None
    raw: str
    rules: list[str]
    reasons: list[str]
    state: str
    closed_by: int | None
    closed_at: datetime | None
    dismissed_by: str | None
    dismissal: str | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many lines of one batch are in quarantine.

    Attributes:
        batch_id: the batch.
        kind: clients, contacts or loans.
        file: name of its file.
        count: lines.
    """

    batch_id: int
    kind: str
    file: str
    count: int


@dataclass(frozen=True, slots=True)
class Pending:
    """Open lines that can be tried again in one batch.

    Attributes:
        source: who delivered them.
        kind: clients, contacts or loans.
        business_date: the day whose book they tell.
        columns: of their header.
        delimiter: what separates the columns.
        lines: the lines as they stand in the file.
        answered: numbers of all open lines that this try answers for: these, and older ones of
            the same keys.
    """

    source: str
    kind: str
    business_date: date
    columns: tuple[str, ...]
    delimiter: str
    lines: tuple[str, ...]
    answered: tuple[int, ...]


def listed(
    book: Database,
    *,
    batch_id: int | None = None,
    kind: str | None = None,
    states: tuple[str, ...] = OPEN,
    limit: int | None = None,
) -> list[Line]:
    """Refused lines in the order of batch and line.

    Args:
        book: the book.
        batch_id: only those of this batch.
        kind: only those of this kind.
        states: only those in one of these states.
        limit: at most so many.
    """
    rows = book.rows(
        _QUERIES["quarantine"],
        quarantine_id=None,
        batch_id=batch_id,
        kind=kind,
        states=list(states),
        most=limit,
    )
    return [Line(**row) for row in rows]


def get(book: Database, quarantine_id: int) -> Line:
    """One refused line.

    Raises:
        NotFound: there is none of this number.
    """
    row = book.row(
        _QUERIES["quarantine"],
        quarantine_id=quarantine_id,
        batch_id=None,
        kind=None,
        states=list(EVERY),
        most=1,
    )
    if row is None:
        sentence = f"There is no line {quarantine_id} in quarantine."
        raise NotFound(sentence=sentence, rule="quarantined_line_exists")
    return Line(**row)


def counts(
    book: Database,
    *,
    batch_id: int | None = None,
    kind: str | None = None,
    states: tuple[str, ...] = OPEN,
) -> list[Count]:
    """How many lines each batch has in quarantine; arguments as for `listed`."""
    rows = book.rows(
        _QUERIES["quarantine_counts"], batch_id=batch_id, kind=kind, states=list(states)
    )
    return [Count(**row) for row in rows]


def pending(book: Database, batch_id: int | None = None) -> list[Pending]:
    """What a retry takes up: clients before contacts before loans, then by business date.

    Of each key only the lines of the newest batch that was refused it; never a line that is
    superseded, and none that cannot be split into columns, as only mending helps there.

    Args:
        book: the book.
        batch_id: only lines of this batch.
    """
    one_file = itemgetter("source", "kind", "business_date", "columns", "delimiter")
    found = []
    for (source, kind, day, columns, delimiter), group in groupby(
        book.rows(_QUERIES["to_retry"], batch_id=batch_id), one_file
    ):
        rows = list(group)
        answered = {number for row in rows for number in row["answered"]}
        found.append(
            Pending(
                source=source,
                kind=kind,
                business_date=day,
                columns=tuple(columns),
                delimiter=delimiter,
                lines=tuple(row["raw"] for row in rows),
                answered=tuple(sorted(answered)),
            )
        )
    return found


def close(book: Database, lines: Collection[int], batch_id: int) -> None:
    """Lines that a retry took up are closed; within the transaction that loaded it.

    Raises:
        Refused: the batch is no accepted retry.
    """
    book.value(_QUERIES["close_retried"], lines=list(lines), batch_id=batch_id)


def dismiss(book: Database, quarantine_id: int, reason: str) -> Line:
    """A person says that nothing is to come of a refused line, and why; it is kept.

    Raises:
        NotFound: there is no such line, or it is closed.
        Refused: the reason is blank.
    """
    with book.transaction():
        book.value(_QUERIES["dismiss"], quarantine_id=quarantine_id, reason=reason)
    return get(book, quarantine_id)
