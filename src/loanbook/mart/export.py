"""Refused lines become a file that a person can mend and stage again.

It is CSV as RFC 4180 describes it, in UTF-8: first which line it is and why it was refused, then
the columns of the original header. A cell of text that a spreadsheet would take for a formula gets
an apostrophe in front, which staging takes off again; so does each part of it that a semicolon or
a line break begins, because that may become a cell of its own. Numbers stay as they are.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loanbook import sql
from loanbook.errors import Refused
from loanbook.inert import in_sheet, out_of_sheet
from loanbook.mart import quarantine

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

    from loanbook.database.connection import Database, Row

_QUERIES = sql.queries("mart")
OWN = ("quarantine_id", "batch_id", "line_no", "reasons")

csv.field_size_limit(1 << 27)


@dataclass(frozen=True, slots=True)
class Export:
    """Refused lines, ready to be written.

    Attributes:
        kind: clients, contacts or loans.
        columns: the header.
        rows: the cells of each line under it.
    """

    kind: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


def collect(book: Database, *, kind: str | None = None, batch_id: int | None = None) -> Export:
    """The open lines of one kind; of each key only those of its newest batch.

    Args:
        book: the book.
        kind: which lines; by default the only kind that has any.
        batch_id: only lines of this batch.

    Raises:
        Refused: there is nothing to export, or it does not fit into one file.
    """
    chosen = kind or _only_kind(book, batch_id)
    rows = book.rows(_QUERIES["to_export"], kind=chosen, batch_id=batch_id)
    if not rows:
        raise Refused(sentence=f"No line of {chosen} is open in quarantine.", rule="export_lines")
    columns = _columns(rows, chosen)
    return Export(chosen, (*OWN, *columns), [_row(row, columns) for row in rows])


def write(export: Export, to: SupportsWrite[str]) -> None:
    """Write an export as CSV into a text file that was opened with newline=""."""
    writer = csv.writer(to)
    writer.writerow(map(in_sheet, export.columns))
    writer.writerows(export.rows)


def _row(row: Row, columns: tuple[str, ...]) -> tuple[str, ...]:
    own = (row["quarantine_id"], row["batch_id"], row["line_no"], " ".join(row["reasons"]))
    return (*map(str, own), *map(in_sheet, _cells(row, columns)))


def _only_kind(book: Database, batch_id: int | None) -> str:
    kinds = sorted({count.kind for count in quarantine.counts(book, batch_id=batch_id)})
    if not kinds:
        raise Refused(sentence="No line is open in quarantine.", rule="export_lines")
    if len(kinds) > 1:
        sentence = f"Quarantine holds {' and '.join(kinds)}; name one of them with --kind."
        raise Refused(sentence=sentence, rule="export_one_kind")
    return kinds[0]


def _columns(rows: list[Row], kind: str) -> tuple[str, ...]:
    """The one header of all lines; an order of its own does not make it another one."""
    headers = {frozenset(_original(row)): row["batch_id"] for row in rows}
    if len(headers) > 1:
        batches = ", ".join(str(batch) for batch in sorted(headers.values()))
        sentence = (
            f"The open lines of {kind} come under different headers; export them batch by batch "
            f"with --batch, such as {batches}."
        )
        raise Refused(sentence=sentence, rule="export_one_header")
    return _original(rows[0])


def _original(row: Row) -> tuple[str, ...]:
    """The columns of a line's file, without those of an earlier export."""
    return tuple(name for name in row["columns"] if name not in OWN)


def _cells(row: Row, columns: tuple[str, ...]) -> list[str]:
    fields = _split(row["raw"], row["delimiter"])
    names: list[str] = row["columns"]
    if len(fields) > len(names):
        # Too many: what is too much stays visible in the last cell.
        rest = row["delimiter"].join(fields[len(names) - 1 :])
        fields = [*fields[: len(names) - 1], rest]
    if OWN[0] in names:  # it was exported before
        fields = [out_of_sheet(field) for field in fields]
    cells = dict(zip(names, fields, strict=False))
    return [cells.get(name, "") for name in columns]


def _split(raw: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(raw, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return raw.split(delimiter)
