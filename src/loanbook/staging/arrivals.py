"""A file arrives: it is copied into the archive, and what it is can be told from that copy."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO, cast

from loanbook.errors import (
    ArchiveUnwritable,
    BeyondBounds,
    EmptyFile,
    FileRefused,
    Unreadable,
)
from loanbook.settings import Files
from loanbook.staging.encoding import Encoding
from loanbook.staging.layouts import Layout, recognise
from loanbook.staging.unfinished import ARRIVING, unfinished

CHUNK = 1 << 20  # bytes
GZIP = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"
PREFIX = 16  # digits of its digest with which the name of an archived file begins
LONGEST_NAME = 200  # bytes of a file's own name in that of its copy; file systems allow 255 in all
_DATE = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")
_OTHERS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file and what is known of it before a line of it is staged.

    Attributes:
        name: name of the file where it was found.
        archived: the copy that is read from now on, whatever happens to the original.
        digest: SHA-256 of its bytes.
        encoding: "utf-8" or "latin-1".
        layout: what its header says.
        business_date: the day whose book it tells.
    """

    name: str
    archived: Path
    digest: str
    encoding: str
    layout: Layout
    business_date: date


def receive(path: Path, archive: Path, as_of: date, bounds: Files) -> Arrival:
    """Copy a file into the archive and find out what it is.

    Args:
        path: the file, which stays where it is.
        archive: the folder for the copy.
        as_of: its business date, unless its name or its folder's name bears one.
        bounds: what it may come to.

    Raises:
        FileRefused: it is no file, empty, unreadable, too large or still being written, or its
            header is not one of ours.
        ArchiveUnwritable: the copy cannot be made.
    """
    name = name_of(path)
    archived, digest = _archive(path, archive)
    try:
        header, encoding = look(archived, name, bounds)
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(file=name, problem=str(error) or "it ends too early") from error
    layout = recognise(header, name)
    if len(layout.columns) > bounds.most_columns:
        many = f"its header names {len(layout.columns)} columns"
        problem = f"{many}, more than the {bounds.most_columns} that `most_columns` allows"
        raise BeyondBounds(file=name, problem=problem)
    return Arrival(name, archived, digest, encoding, layout, dated(path) or as_of)


def name_of(path: Path) -> str:
    """A file's name as text; bytes of it that are none stand there as escapes."""
    return os.fsencode(path.name).decode("utf-8", "backslashreplace")


def archive_name(digest: str, name: str) -> str:
    """What the copy of a file is called; of a name that is too long its end is kept."""
    kept = name.encode()[-LONGEST_NAME:].decode("utf-8", "ignore")
    return f"{digest[:PREFIX]}-{kept}"


def dated(path: Path) -> date | None:
    """The business date that a file's name, or its folder's, bears."""
    for name in (path.name, path.absolute().parent.name):
        for found in _DATE.findall(name):
            try:
                return date.fromisoformat(found)
            except ValueError:
                continue
    return None


@contextmanager
def opened(archived: Path) -> Iterator[BinaryIO]:
    """The bytes of an archived file, decompressed, without a byte-order mark."""
    with archived.open("rb") as raw:
        packed = raw.read(len(GZIP)) == GZIP
        raw.seek(0)
        stream = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if packed else raw
        if stream.read(len(BOM)) != BOM:
            stream.seek(0)
        yield stream


def _archive(path: Path, archive: Path) -> tuple[Path, str]:
    try:
        archive.parent.mkdir(parents=True, exist_ok=True)
        archive.mkdir(mode=0o700, exist_ok=True)  # it holds personal data
        with unfinished(archive, ARRIVING) as copy:
            digest = hashlib.sha256()
            for chunk in _chunks(path):
                digest.update(chunk)
                copy.file.write(chunk)
            archived = archive / archive_name(digest.hexdigest(), name_of(path))
            copy.becomes(archived)
    except OSError as error:
        raise ArchiveUnwritable(place=archive, problem=error.strerror or error) from error
    return archived, digest.hexdigest()


def _chunks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, as it was when it was opened, and not of one that is being written."""
    name = name_of(path)
    try:
        _refuse_others(path.stat(), name)
        # Without waiting: what was a file a moment ago may be a pipe by now.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as original:
            before = os.fstat(original.fileno())
            _refuse_others(before, name)
            left = before.st_size
            while chunk := original.read(min(CHUNK, left + 1)):
                left -= len(chunk)
                if left < 0:
                    break
                yield chunk
            after = os.fstat(original.fileno())
    except OSError as error:
        raise Unreadable(file=name, problem=error.strerror or error) from error
    if left != 0 or after.st_mtime_ns != before.st_mtime_ns:
        problem = "it was written to while it was read; take it in again when it is whole"
        raise FileRefused(file=name, problem=problem)


def _refuse_others(found: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        others = (what for is_one, what in _OTHERS if is_one(found.st_mode))
        problem = f"it is {next(others, 'a device')}, not a file"
        raise FileRefused(file=name, problem=problem)


def look(archived: Path, name: str, bounds: Files | None = None) -> tuple[str, str]:
    """The header line and the encoding, both out of one walk through all of the file.

    Args:
        archived: the file.
        name: what it is called, for messages.
        bounds: what it may come to; None: it was taken in before, under whichever.

    Raises:
        EmptyFile: nothing stands in it.
        BeyondBounds: it is too large, or its first line is.
        OSError, EOFError, zlib.error: it cannot be read to its end.
    """
    longest = (bounds or Files()).line_bytes
    packed = archived.stat().st_size
    encoding = Encoding()
    with opened(archived) as stream:
        is_packed = isinstance(stream, gzip.GzipFile)
        chunk = start = stream.read(longest + 1)
        if not start.strip():
            raise EmptyFile(file=name)
        header = re.split(rb"[\r\n]", start, maxsplit=1)[0]
        if len(header) > longest:
            problem = (
                f"its first line is longer than {longest >> 10} KB, which `longest_line` allows"
            )
            raise BeyondBounds(file=name, problem=problem)
        unpacked = 0
        while chunk:
            unpacked += len(chunk)
            swollen = bounds.swollen(unpacked, packed) if bounds and is_packed else None
            if swollen:
                raise BeyondBounds(file=name, problem=swollen)
            encoding.read(chunk)
            chunk = stream.read(CHUNK)
    return header.decode(encoding.name, "replace"), encoding.name
