"""Lines about people who were anonymised go out of files; every other line stays as it is.

Of such a line only its key is left, so that it keeps its number and still stands for somebody whom
the book knows. Of a line that is too long only the beginning is left, since nobody looks at the
rest. What is left of a file is written in one way (UTF-8, LF), so that the same file that comes
again leaves the same bytes.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import shutil
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from loanbook.columns import COLUMNS, LONGEST_KEY
from loanbook.errors import FileRefused
from loanbook.settings import Files
from loanbook.staging.arrivals import GZIP, Arrival, archive_name, look, opened
from loanbook.staging.layouts import MENDED, Layout, recognise
from loanbook.staging.lines import ODD, Block, blocks, split
from loanbook.staging.unfinished import ERASING, unfinished

Named = Callable[[str], str]  # the name of a file by the digest of its bytes


@dataclass(frozen=True, slots=True)
class Erasure:
    """What has to go out of files.

    Attributes:
        keys: clients whose lines are blanked.
        known: what was known of them, for lines and files that have no readable key.
        longest: bytes of a line.
    """

    keys: Collection[int]
    known: Collection[str] = ()
    longest: int = Files().line_bytes


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a file.

    Attributes:
        path: a new file beside it, or in its place.
        digest: SHA-256 of its bytes.
    """

    path: Path
    digest: str


def clear(arrival: Arrival, keys: Collection[int], longest: int) -> Arrival:
    """A file that has just come in, without the lines of people who were anonymised before."""
    if not keys:
        return arrival
    erasure = Erasure(keys, longest=longest)
    left = _left_of(arrival.archived, erasure, lambda digest: archive_name(digest, arrival.name))
    if left is None:
        return arrival
    arrival.archived.unlink()
    return replace(arrival, archived=left.path, digest=left.digest, encoding="utf-8")


def copy_of(archived: Path, erasure: Erasure) -> Left | None:
    """A file of the archive without certain people, under the name of its new digest.

    The file itself stays, until the book knows the other one.

    Returns:
        The new file, or None if there was nothing to take out.
    """
    _, dash, name = archived.name.partition("-")
    own = name if dash else archived.name
    return _left_of(archived, erasure, lambda digest: archive_name(digest, own))


def erase(path: Path, erasure: Erasure) -> bool:
    """Take people out of a file, in its place and at once; whether there was anything to take."""
    return _left_of(path, erasure, lambda _: path.name) is not None


def _left_of(path: Path, erasure: Erasure, named: Named) -> Left | None:
    """What is left of a file of any kind, under the name that its digest is given.

    Of one that is none of ours the lines that hold what was known are emptied. One of which
    nothing can be read is left as it is.
    """
    try:
        header, encoding = look(path, path.name)
        layout = recognise(header, path.name)
    except FileRefused:
        return _written(path, _unread(path, erasure), named)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return None
    kept = kept_columns(layout)
    if len(kept) == len(layout.columns):
        return None
    blanker = _Blanker(layout, kept, erasure)
    with opened(path) as stream:
        found = blocks(stream, encoding, layout.delimiter, erasure.longest)
        if all(blanker.blank(record) is None for block in found for record in block.records):
            return None
    with opened(path) as stream:
        found = blocks(stream, encoding, layout.delimiter, erasure.longest)
        return _written(path, _rewritten(header, found, blanker), named)


def kept_columns(layout: Layout) -> set[int]:
    """Places of the columns that say nothing personal: of contacts the key, else what is staged."""
    names = {layout.key} if layout.kind == "contacts" else set(COLUMNS[layout.kind])
    return {i for i, name in enumerate(layout.columns) if name in names | {MENDED}}


class _Blanker:
    """Blanks the records of one file that are about certain people."""

    def __init__(self, layout: Layout, kept: set[int], erasure: Erasure) -> None:
        self._mark = layout.delimiter
        self._place = layout.columns.index("user_id") if "user_id" in layout.columns else -1
        self._kept = kept
        self._keys = frozenset(erasure.keys)
        self._known = [value.encode() for value in erasure.known]
        self._longest = erasure.longest

    def blank(self, record: bytes) -> bytes | None:
        """What is to stand in place of a record; None if it may stay."""
        fields = self._fields(record)
        key = fields[self._place].strip() if 0 <= self._place < len(fields) else ""
        is_key = key.isdecimal() and len(key) <= LONGEST_KEY
        if is_key and int(key) in self._keys:
            left = [field if i in self._kept else "" for i, field in enumerate(fields)]
        elif not is_key and any(value in record for value in self._known):
            left = [""] * len(fields)
        else:
            return record if len(record) > self._longest else None
        line = io.StringIO(newline="")
        csv.writer(line, delimiter=self._mark, lineterminator="\n").writerow(left)
        blanked = line.getvalue().removesuffix("\n").encode("utf-8", ODD)
        return None if blanked == record else blanked

    def _fields(self, record: bytes) -> list[str]:
        try:
            return split(record, self._mark, ODD)
        except csv.Error:
            return record.decode("utf-8", ODD).split(self._mark)


def _rewritten(header: str, read: Iterator[Block], blanker: _Blanker) -> Iterator[bytes]:
    """The file again; blank lines keep every record at its number."""
    yield header.encode() + b"\n"
    line = 2
    for block in read:
        for number, record in zip(block.numbers, block.records, strict=True):
            blanked = blanker.blank(record)
            left = record if blanked is None else blanked
            yield b"\n" * (number - line) + left + b"\n"
            line = number + left.count(b"\n") + 1


def _unread(path: Path, erasure: Erasure) -> Iterator[bytes]:
    """One whose header says nothing: lines that hold what was known or are too long are emptied."""
    known = {v.encode(e) for v in erasure.known for e in ("utf-8", "latin-1") if _fits(v, e)}
    with opened(path) as stream:
        is_begun = False  # the rest of a line that was too long
        while line := stream.readline(erasure.longest + 1):
            is_whole = line.endswith(b"\n") or len(line) <= erasure.longest
            if is_begun or not is_whole or any(value in line for value in known):
                yield b"\n" if line.endswith(b"\n") else b""
            else:
                yield line
            is_begun = not is_whole


def _fits(value: str, encoding: str) -> bool:
    try:
        value.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _written(path: Path, content: Iterator[bytes], named: Named) -> Left | None:
    """Other content beside a file, or in its place, packed if that is; None if it is the same."""
    with path.open("rb") as file:
        before = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        packed = file.read(len(GZIP)) == GZIP
    with unfinished(path.parent, ERASING) as fresh:
        if packed:
            with gzip.GzipFile(filename="", mode="wb", fileobj=fresh.file, mtime=0) as to:
                to.writelines(content)
        else:
            fresh.file.writelines(content)
        fresh.file.seek(0)
        after = hashlib.file_digest(fresh.file, "sha256").hexdigest()
        if after == before:
            return None
        shutil.copymode(path, fresh.path)
        left = Left(path.with_name(named(after)), after)
        fresh.becomes(left.path)
    return left
