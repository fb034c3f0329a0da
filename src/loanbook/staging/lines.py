"""The lines of a file: numbered, whole, whatever ends them and however large the file is."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

BLOCK = 1 << 18  # bytes read at a time
MOST_LINES = 50  # that one quoted record may span; beyond, its quotation mark is a mistake
ODD = "surrogateescape"  # bytes that are no UTF-8 become characters that stand for them
INCOMPLETE = "unexpected end of data"  # what csv says of a quotation mark that is still open

csv.field_size_limit(1 << 27)


@dataclass(frozen=True, slots=True)
class Block:
    """Some records of a file in UTF-8, with the number of the line on which each begins.

    Attributes:
        numbers: of the lines.
        records: what stands there; of a line that is too long its beginning, still too long.
        quoted: a quotation mark may be among them.
        has_cut: one of them was too long.
    """

    numbers: Sequence[int]
    records: list[bytes]
    quoted: bool
    has_cut: bool = False


def blocks(stream: BinaryIO, encoding: str, delimiter: str, longest: int) -> Iterator[Block]:
    """All records after the header; blank lines are passed over, but counted as lines.

    Args:
        stream: the bytes of the file from its start, decompressed.
        encoding: "utf-8" or "latin-1"; the records are UTF-8 in any case.
        delimiter: what separates the columns.
        longest: bytes of a line in UTF-8; of a longer one only so many, and one more, are read.
    """
    number = 1
    open_lines: deque[tuple[int, bytes]] = deque()
    for lines, quotes, has_cut in _lines(stream, encoding, longest):
        first, number = number, number + len(lines)
        if first == 1:
            first, lines = 2, lines[1:]  # noqa: PLW2901 -- the header
        if open_lines or quotes:
            open_lines.extend(enumerate(lines, first))
            yield from _quoted(open_lines, delimiter, longest, at_end=False)
        elif all(lines):
            numbers = range(first, first + len(lines))
            yield Block(numbers, lines, quoted=False, has_cut=has_cut)
        else:
            kept = [(n, line) for n, line in enumerate(lines, first) if line]
            yield Block(
                [n for n, _ in kept], [line for _, line in kept], quoted=False, has_cut=has_cut
            )
    yield from _quoted(open_lines, delimiter, longest, at_end=True)


def _lines(
    stream: BinaryIO, encoding: str, longest: int
) -> Iterator[tuple[list[bytes], bool, bool]]:
    """Whole lines without their ends, be these LF, CRLF or CR, a blockful at a time.

    Beside them whether a quotation mark may be among them, and whether one of them was cut.
    """
    rest = held = b""
    while block := stream.read(BLOCK):
        if encoding != "utf-8":
            block = block.decode(encoding).encode()
        block = rest + held + block
        # A CR at the very end may be half of a CRLF: it waits for the next block.
        held = b"\r" if block.endswith(b"\r") else b""
        if b"\r" in block:
            block = block[: len(block) - len(held)]
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = block.split(b"\n")
        rest = lines.pop()[: longest + 1]
        has_cut = len(block) > longest and any(len(line) > longest for line in lines)
        if has_cut:
            lines = [line[: longest + 1] for line in lines]
        if lines:
            yield lines, b'"' in block, has_cut
    if rest:
        yield [rest], b'"' in rest, len(rest) > longest


def _quoted(
    lines: deque[tuple[int, bytes]], delimiter: str, longest: int, *, at_end: bool
) -> Iterator[Block]:
    """Take whole records off lines of which some hold quotation marks."""
    numbers: list[int] = []
    records: list[bytes] = []
    while lines:
        length = _record_length(lines, delimiter, longest)
        if length > len(lines):
            if not at_end:
                break
            length = 1  # never closed: the line alone is at fault
        taken = [lines.popleft() for _ in range(length)]
        record = b"\n".join(line for _, line in taken)
        if record:
            numbers.append(taken[0][0])
            records.append(record)
    if records:
        yield Block(numbers, records, quoted=True, has_cut=any(len(r) > longest for r in records))


def _record_length(lines: deque[tuple[int, bytes]], delimiter: str, longest: int) -> int:
    """How many lines the first record spans; more than there are if it goes on beyond them."""
    record = lines[0][1]
    if b'"' not in record:
        return 1
    for length in range(1, MOST_LINES + 1):
        if len(record) > longest:
            return 1
        try:
            split(record, delimiter, ODD)
        except csv.Error as error:
            if str(error) != INCOMPLETE:
                return 1
        else:
            return length
        if length == len(lines):
            return length + 1
        record += b"\n" + lines[length][1]
    return 1


def split(record: bytes, delimiter: str, errors: str = "strict") -> list[str]:
    """The fields of one record.

    Args:
        record: its bytes.
        delimiter: what separates the columns.
        errors: what becomes of bytes that are no UTF-8; with `ODD` they stand for themselves.

    Raises:
        csv.Error: its quotation marks do not fit.
        UnicodeDecodeError: it is no UTF-8, and has to be.
    """
    text = record.decode("utf-8", errors)
    if '"' not in text:
        return text.split(delimiter) if text else []
    return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), [])
