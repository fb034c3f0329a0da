"""Answers as files: CSV and Parquet, with the columns and types of the question."""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from loanbook.inert import in_sheet
from loanbook.portfolio import duck

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

    from loanbook.portfolio.answers import Answer
    from loanbook.sql.headers import Column

_TYPES = {"decimal": "decimal(18,2)", "text": "varchar"}
_RATE = "decimal(9,4)"
_SPECIAL = re.compile(r"[,\"\r\n]")


def write_csv(answer: Answer, to: SupportsWrite[str]) -> None:
    """An answer as CSV in a text file that was opened with newline="".

    A cell of text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    writer = csv.writer(to)
    writer.writerow([column.name for column in answer.columns])
    writer.writerows([in_sheet(cell) for cell in row] for row in _cells(answer))


def write_parquet(answer: Answer, to: BinaryIO) -> None:
    """An answer as a Parquet file.

    Raises:
        MissingExtra: DuckDB is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        spool, file = Path(folder) / "answer.csv", Path(folder) / "answer.parquet"
        with spool.open("w", encoding="utf-8", newline="") as out:
            out.writelines(",".join(map(_quoted, row)) + "\n" for row in _cells(answer))
        duck.to_parquet(spool, {c.name: _type(c) for c in answer.columns}, file)
        to.write(file.read_bytes())


def _quoted(cell: str) -> str:
    """A cell as DuckDB reads it: Python's writer does not quote a lone CR, which ends a line."""
    return '"' + cell.replace('"', '""') + '"' if _SPECIAL.search(cell) else cell


def _type(column: Column) -> str:
    if column.type == "decimal" and column.unit == "percent":
        return _RATE
    return _TYPES.get(column.type, column.type)


def _cells(answer: Answer) -> Iterator[Sequence[str]]:
    names = [column.name for column in answer.columns]
    for row in answer.rows:
        yield [_cell(row[name]) for name in names]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
