"""Columns of numbers become lines of CSV without a step per row.

Each column is written into a matrix of bytes, one line a row, every cell padded with NUL and
closed by its separator. Dropping the NULs of the whole matrix leaves the text. Digits, dates and
words come from small tables, so a cell costs a look-up and no arithmetic on characters.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from loanbook.demo import published
from loanbook.demo.quotas import DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loanbook.demo.dice import Ints

Cells = NDArray[np.uint8]

_GROUP = 10_000
_YEARS = 20
"""How far the calendar reaches; it is cheap."""


def lines(*columns: Cells) -> bytes:
    """The lines of a file, from columns of cells that have as many rows each."""
    rows = len(columns[0])
    page = np.empty((rows, sum(column.shape[1] for column in columns)), np.uint8)
    edge = 0
    for column in columns:
        page[:, edge : edge + column.shape[1]] = column
        edge += column.shape[1]
    page[:, -1] = ord("\n")
    flat = page.ravel()
    kept: bytes = flat[flat != 0].tobytes()
    return kept


@cache
def table(words: tuple[str, ...], end: str = ",") -> Cells:
    """One row of cells per word, each closed by `end`; pick from it by position."""
    return _build(words, end)


def digits(numbers: Ints, groups: int = 2) -> Cells:
    """Whole numbers of up to four digits a group, without leading zeros or a separator."""
    shown, tables = np.zeros(len(numbers), np.bool_), _digit_tables()
    cells = np.empty((len(numbers), 4 * groups), np.uint8)
    rest = numbers.astype(np.int32)
    for group in range(groups):
        power = _GROUP ** (groups - 1 - group)
        part = rest // power if power > 1 else rest
        if power > 1:
            rest = rest - part * power
        last = group == groups - 1
        row = part + np.where(shown, 0, _GROUP * (2 if last else 1)).astype(np.int32)
        cells[:, 4 * group : 4 * group + 4] = tables.take(row, axis=0)
        shown |= part > 0
    return cells


def number(numbers: Ints, groups: int = 2) -> Cells:
    """Whole numbers as a closed cell."""
    return closed(digits(numbers, groups))


def padded(numbers: Ints, width: int) -> Cells:
    """Whole numbers with leading zeros, `width` digits of at most eight, without a separator."""
    low, high = numbers % _GROUP, numbers // _GROUP
    cells = np.hstack((_digit_tables().take(high, axis=0), _digit_tables().take(low, axis=0)))
    return cells[:, 8 - width :]


def money(cents: Ints) -> Cells:
    """Amounts as binary floating point prints them: 27385.1, 27385.0, 27385.25."""
    whole = cents // 100
    return np.hstack((digits(whole), _fractions().take(cents - whole * 100, axis=0)))


def moment(seconds: Ints, known: NDArray[np.bool_] | None = None) -> Cells:
    """Moments counted from the first day as `YYYY-MM-DD HH:MM:SS`; blank where not known."""
    day = seconds // DAY
    second = seconds - day * DAY
    days, times = _days(), _times()
    if known is not None:
        day, second = np.where(known, day, len(days) - 1), np.where(known, second, DAY)
    return np.hstack((days.take(day, axis=0), times.take(second, axis=0)))


def constant(word: str, rows: int) -> Cells:
    """The same characters in every row."""
    return np.broadcast_to(table((word,), end=""), (rows, len(word.encode())))


def closed(cells: Cells) -> Cells:
    """The cells with their separator."""
    return np.hstack((cells, constant(",", len(cells))))


def cpf(base: Cells) -> Cells:
    """Nine digits and the two that check them, modulo 11, as a closed cell."""
    values = base - np.uint8(ord("0"))
    for weight in (10, 11):
        total = values.astype(np.int32) @ np.arange(weight, 1, -1, dtype=np.int32)
        values = np.column_stack((values, (total * 10 % 11 % 10).astype(np.uint8)))
    return closed(values + np.uint8(ord("0")))


def _build(words: Sequence[str], end: str) -> Cells:
    raw = [word.encode() for word in words]
    width = max(map(len, raw))
    # The separator stands last, so that `lines` finds it there whatever the word's length.
    text = b"".join(word.ljust(width, b"\0") + end.encode() for word in raw)
    return np.frombuffer(text, np.uint8).reshape(len(words), -1)


@cache
def _digit_tables() -> Cells:
    """Four digits with leading zeros; then without, nothing for 0; then without, 0 for 0."""
    texts = [f"{n:04}" for n in range(_GROUP)]
    bare = ["", *(str(n) for n in range(1, _GROUP))]
    return _build([*texts, *bare, "0", *bare[1:]], end="")


@cache
def _fractions() -> Cells:
    return _build(["." + (f"{n:02}".rstrip("0") or "0") for n in range(100)], end=",")


@cache
def _days() -> Cells:
    first = published.FIRST_DAY
    return _build([*(f"{first + timedelta(n)} " for n in range(366 * _YEARS)), ""], end="")


@cache
def _times() -> Cells:
    texts = [f"{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}" for n in range(DAY)]
    return _build([*texts, ""], end=",")
