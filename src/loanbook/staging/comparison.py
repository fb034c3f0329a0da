"""Lines that stood in the file before are not staged again.

A daily file is yesterday's with a few lines changed. What yesterday's file said, the mart holds:
its digest stands on an accepted batch. So only lines that differ from it have to reach the stage;
the others are counted and summed. That needs keys in ascending order, as sources deliver them,
and costs one look at each line of both files; memory does not grow with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from operator import lt, ne
from pathlib import Path

from loanbook.staging.layouts import Layout
from loanbook.staging.lines import Block, split

AMOUNTS = ("loan_amount", "due_amount", "amount_paid")


class NotComparableError(Exception):
    """The keys of a file are not plain numbers in ascending order: all of it must be staged."""


@dataclass(frozen=True, slots=True)
class Previous:
    """The file that the mart reflects.

    Attributes:
        batch_id: its accepted batch.
        archived: its copy in the archive.
        set_aside: numbers of its lines that did not reach the mart.
        amounts: sums of what did reach it, in the order of AMOUNTS; empty but for loans.
    """

    batch_id: int
    archived: Path
    set_aside: Collection[int]
    amounts: tuple[Decimal, ...]


@dataclass(slots=True)
class Comparison:
    """Tells the fresh lines of a file from those that the previous file held.

    Attributes:
        carried: lines found in both files.
        departed: keys of the previous file that this one lacks.
        amounts: sums of the carried lines' amounts, once all lines were looked at.
    """

    layout: Layout
    previous: Previous
    before: Iterator[Block]
    carried: int = 0
    departed: list[int] = field(default_factory=list)
    amounts: list[Decimal] = field(default_factory=list)
    _place: int = 0
    _amount_places: list[int] = field(default_factory=list)
    _last: int = -1
    _old: list[bytes] = field(default_factory=list)
    _next: int = 0
    _mark: bytes = b""

    def __post_init__(self) -> None:
        """Find where a line has its key and its amounts."""
        self._place = self.layout.columns.index(self.layout.key)
        self._mark = self.layout.delimiter.encode()
        self.amounts = list(self.previous.amounts)
        if self.amounts:
            self._amount_places = [self.layout.columns.index(name) for name in AMOUNTS]

    def fresh(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """Of each block the records that the previous file did not hold.

        Raises:
            NotComparableError: the file's keys are not in ascending order.
        """
        for block in blocks:
            self._check_order(block)
            places = self._differing(block.records)
            yield Block(
                [block.numbers[i] for i in places],
                [block.records[i] for i in places],
                quoted=block.quoted,
            )
        while self._refill():
            for record in self._old[self._next :]:
                fields = split(record, self.layout.delimiter)
                self._take_off(fields)
                self.departed.append(int(fields[self._place]))
            self._next = len(self._old)

    def _check_order(self, block: Block) -> None:
        if block.quoted or block.has_cut:
            raise NotComparableError
        mark, place = self._mark, self._place
        try:
            keys = [record.split(mark, place + 1)[place] for record in block.records]
            if keys and not (self._last < int(keys[0]) and _ascend(keys)):
                raise NotComparableError
            self._last = int(keys[-1]) if keys else self._last
        except (ValueError, IndexError) as error:
            raise NotComparableError from error

    def _differing(self, records: list[bytes]) -> list[int]:
        """Places of the records that are new or changed."""
        found: list[int] = []
        at = 0
        while at < len(records):
            if not self._refill():
                found.extend(range(at, len(records)))
                break
            at = self._abreast(records, at, found)
        return found

    def _abreast(self, records: list[bytes], at: int, found: list[int]) -> int:
        """Walk both files in step as long as their keys agree, then step once where they do not."""
        length = min(len(records) - at, len(self._old) - self._next)
        old = self._old[self._next : self._next + length]
        differs = list(map(ne, records[at : at + length], old))
        differs.append(True)  # so that the end of the stretch is found like a difference
        done = 0
        while (place := differs.index(True, done)) < length:
            self.carried += place - done
            fields = split(old[place], self.layout.delimiter)
            key = int(records[at + place].split(self._mark)[self._place])
            was = int(fields[self._place])
            if key < was:
                self._next += place
                found.append(at + place)
                return at + place + 1
            self._take_off(fields)
            if key > was:
                self._next += place + 1
                self.departed.append(was)
                return at + place
            found.append(at + place)
            done = place + 1
        self.carried += length - done
        self._next += length
        return at + length

    def _refill(self) -> bool:
        """Have at least one line of the previous file at hand; False at its end."""
        while self._next >= len(self._old):
            block = next(self.before, None)
            if block is None:
                return False
            numbered = zip(block.numbers, block.records, strict=True)
            aside = self.previous.set_aside
            self._old = [r for n, r in numbered if n not in aside] if aside else block.records
            self._next = 0
        return True

    def _take_off(self, fields: list[str]) -> None:
        """A line of the previous file that is not carried takes its amounts with it."""
        for i, place in enumerate(self._amount_places):
            self.amounts[i] -= Decimal(fields[place])


def _ascend(keys: list[bytes]) -> bool:
    """Whether these numbers ascend. Equally long ones do as bytes do, which spares reading them.

    Raises:
        ValueError: one of them is no number.
    """
    if len(set(map(len, keys))) == 1 and b"".join(keys).isdigit():
        return all(map(lt, keys, keys[1:]))
    numbers = list(map(int, keys))
    return all(map(lt, numbers, numbers[1:]))


def is_intact(archived: Path, digest: str) -> bool:
    """Whether the archive still holds the very file that was accepted."""
    if not archived.is_file():
        return False
    with archived.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == digest
