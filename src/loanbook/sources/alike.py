"""Files that are written as ours are: the load takes them as they came, so nothing is rewritten."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from loanbook.errors import FormatRefused
from loanbook.sources.delimited import Delimited

CHUNK = 1 << 20  # bytes
LOOKED_AT = 4  # batches of rows that mostly tell which columns hold values
_UTF16 = {b"\xff\xfe", b"\xfe\xff"}


def header_of(path: Path) -> list[str]:
    """The names in the first line of a CSV file; none if the load could not read it as it is."""
    with path.open("rb") as file:
        start = file.readline(CHUNK)
    if start[:2] in _UTF16 or b"\r" in start.rstrip(b"\r\n"):
        return []
    text = start.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").rstrip("\r\n")
    if not text.strip():
        return []
    mark = max(",;\t", key=text.count)
    return [name.strip() for name in next(csv.reader([text], delimiter=mark))]


def on_its_line(row: Sequence[object]) -> Sequence[object]:
    """A row that Python's writer of CSV keeps together: it quotes what holds LF, and CR not."""
    if "\r" not in "".join(map(str, row)):
        return row
    return [_ended(value) if isinstance(value, str) else value for value in row]


def _ended(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\r", "\n")


def link(path: Path, to: Path) -> None:
    """The same file under a second name; a copy where that cannot be."""
    to.unlink(missing_ok=True)
    try:
        os.link(path, to)
    except OSError:
        with path.open("rb") as original, to.open("wb") as copy:
            while chunk := original.read(CHUNK):
                copy.write(chunk)
            copy.flush()
            os.fsync(copy.fileno())


def lines_of(path: Path) -> int:
    """Lines after the header."""
    count, last = 0, b"\n"
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            count += chunk.count(b"\n")
            last = chunk[-1:]
    return max(count - 1 + (last != b"\n"), 0)


def filled_of(path: Path, columns: list[str], looked_at: int | None = LOOKED_AT) -> frozenset[str]:
    """The columns in which a value is seen: in the first rows, or in all of them (None)."""
    blank = dict(enumerate(columns))
    filled: set[str] = set()
    try:
        for batch in islice(Delimited({}).rows(path), looked_at):
            for row in batch.rows:
                for place in [p for p in blank if p < len(row) and row[p]]:
                    filled.add(blank.pop(place))
                if not blank:
                    return frozenset(filled)
    except FormatRefused:
        return frozenset(columns)  # which line is at fault is for the load to say
    return frozenset(filled)
