"""Refused lines get their exact text back from the archive, and mended ones are known again."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from loanbook import sql
from loanbook.database.connection import Database
from loanbook.staging.arrivals import look, opened
from loanbook.staging.layouts import MENDED
from loanbook.staging.lines import Block, blocks, split

_QUERIES = sql.queries("staging")
MANY = 5_000  # lines sent at a time
LONGEST_NUMBER = 18  # digits


def attach_raw(book: Database, batch_id: int, archived: Path, encoding: str, longest: int) -> int:
    """Put the text of a batch's refused lines beside their reasons, as it stands in the file.

    Within the transaction that quarantined them. Characters that no text can hold are shown as
    escapes; of a line that is too long its beginning is shown.

    Args:
        book: the book.
        batch_id: the batch.
        archived: its file.
        encoding: "utf-8" or "latin-1".
        longest: bytes of a line.

    Returns:
        How many lines of the batch are in quarantine.
    """
    batch = book.row(_QUERIES["quarantined"], batch_id=batch_id) or {}
    wanted = set(batch["lines"] or ())
    if wanted:
        with opened(archived) as stream:
            _attach(book, batch_id, blocks(stream, encoding, batch["delimiter"], longest), wanted)
    return len(wanted)


def encoding_of(archived: Path) -> str:
    """How an archived file is written: "utf-8" or "latin-1"."""
    return look(archived, archived.name)[1]


def named_lines(archived: Path, columns: Sequence[str], delimiter: str, longest: int) -> set[int]:
    """The numbers of quarantined lines that a file of mended lines names.

    Args:
        archived: a file whose header has the column quarantine_id.
        columns: its header.
        delimiter: what separates its columns.
        longest: bytes of a line.
    """
    place = list(columns).index(MENDED)
    found = set()
    with opened(archived) as stream:
        for block in blocks(stream, encoding_of(archived), delimiter, longest):
            for record in block.records:
                number = _field(record, place, delimiter)
                if number.isdecimal() and len(number) <= LONGEST_NUMBER:
                    found.add(int(number))
    return found


def _field(record: bytes, place: int, delimiter: str) -> str:
    try:
        fields = split(record, delimiter)
    except (csv.Error, UnicodeDecodeError):
        return ""
    return fields[place].strip() if place < len(fields) else ""


def _attach(book: Database, batch_id: int, read: Iterator[Block], wanted: set[int]) -> None:
    found: dict[int, str] = {}
    for block in read:
        for number, record in zip(block.numbers, block.records, strict=True):
            if number in wanted:
                found[number] = shown(record)
        if len(found) >= MANY:
            _send(book, batch_id, found)
            found = {}
    _send(book, batch_id, found)


def shown(record: bytes) -> str:
    """A record as text that any database can hold."""
    return record.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def _send(book: Database, batch_id: int, found: dict[int, str]) -> None:
    if found:
        book.value(
            _QUERIES["attach_raw"],
            batch_id=batch_id,
            lines=list(found),
            raw=list(found.values()),
        )
