"""Which columns a kind of file has, and how its header is recognised."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass

from loanbook.columns import COLUMNS, REQUIRED, Shape
from loanbook.errors import MissingColumn, RepeatedColumn, UnknownHeader
from loanbook.inert import on_screen

DELIMITERS = (",", ";", "\t")
FEWEST = 2  # known columns that make a header recognisable


# Marks a file that was exported from quarantine: it holds a few mended lines, never everything.
MENDED = "quarantine_id"


@dataclass(frozen=True, slots=True)
class Layout:
    """What the header of a file says.

    Attributes:
        kind: clients, contacts or loans.
        columns: all names of the header, in order, in lower case.
        delimiter: what separates columns.
    """

    kind: str
    columns: tuple[str, ...]
    delimiter: str

    @property
    def key(self) -> str:
        """The column that names a row."""
        return "loan_id" if self.kind == "loans" else "user_id"

    @property
    def known(self) -> tuple[str, ...]:
        """The columns that are staged, in the order of the file."""
        return tuple(name for name in self.columns if name in COLUMNS[self.kind])

    @property
    def is_mended(self) -> bool:
        """Whether the file holds mended lines out of quarantine."""
        return MENDED in self.columns

    def shape(self, name: str) -> Shape:
        """How a known column is written."""
        return COLUMNS[self.kind][name]


def recognise(header: str, file: str) -> Layout:
    """What a header line says.

    Args:
        header: the first line, without its end and byte-order mark.
        file: name of the file, for messages.

    Raises:
        UnknownHeader: it is nobody's.
        MissingColumn: it looks like a kind's, but lacks required columns.
        RepeatedColumn: it names a known column twice.
    """
    delimiter, columns = max(
        ((mark, _split(header, mark)) for mark in DELIMITERS), key=lambda way: _known(way[1])
    )
    kind = max(COLUMNS, key=lambda name: _likeness(name, columns))
    if len(set(columns) & set(COLUMNS[kind])) < FEWEST:
        shown = header if len(header) <= 80 else header[:80] + "…"  # noqa: PLR2004 -- one line
        # A sentence goes into the journal, too, which holds no NUL bytes.
        raise UnknownHeader(file=file, header=on_screen(shown.strip()) or "blank")
    missing = sorted(REQUIRED[kind] - set(columns))
    if missing:
        raise MissingColumn(file=file, kind=kind, columns=_list(missing))
    twice = [name for name, count in Counter(columns).items() if count > 1 and name]
    if twice:
        raise RepeatedColumn(file=file, columns=_list(twice))
    return Layout(kind, tuple(columns), delimiter)


def _split(header: str, delimiter: str) -> list[str]:
    """The names in a header, so that they can be told and remembered."""
    fields = next(csv.reader([header], delimiter=delimiter), [])
    return [on_screen(field.strip().lower()) for field in fields]


def _known(columns: list[str]) -> int:
    return max(len(set(columns) & set(known)) for known in COLUMNS.values())


def _likeness(kind: str, columns: list[str]) -> tuple[int, int]:
    """A file is of the kind with which it shares most columns, then of which it lacks fewest."""
    found = set(columns) & set(COLUMNS[kind])
    missing = REQUIRED[kind] - set(columns)
    return len(found), -len(missing)


def _list(names: list[str]) -> str:
    return ("column " if len(names) == 1 else "columns ") + ", ".join(names)
