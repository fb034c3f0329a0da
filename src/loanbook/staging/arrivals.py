"""A file arrives: it is copied into the archive, and what it is can be told from that copy."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO, cast

from loanbook.errors import ArchiveUnwritable, EmptyFile, Unreadable
from loanbook.staging.layouts import Layout, recognise

CHUNK = 1 << 20  # bytes
LONGEST_HEADER = 1 << 16  # bytes
GZIP = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"
ARRIVING = ".arriving-"  # begins the name of a copy that is being made
PREFIX = 16  # digits of its digest with which the name of an archived file begins
_DATE = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")


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


def receive(path: Path, archive: Path, as_of: date) -> Arrival:
    """Copy a file into the archive and find out what it is.

    Args:
        path: the file, which stays where it is.
        archive: the folder for the copy.
        as_of: its business date, unless its name or its folder's name bears one.

    Raises:
        FileRefused: it is empty, unreadable, or its header is not one of ours.
        ArchiveUnwritable: the copy cannot be made.
    """
    archived, digest = _archive(path, archive)
    try:
        header, encoding = look(archived, path.name)
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(file=path.name, problem=str(error) or "it ends too early") from error
    layout = recognise(header, path.name)
    return Arrival(path.name, archived, digest, encoding, layout, dated(path) or as_of)


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
        handle, name = tempfile.mkstemp(dir=archive, prefix=ARRIVING)
        try:
            with os.fdopen(handle, "wb") as copy:
                digest = hashlib.sha256()
                for chunk in _chunks(path):
                    digest.update(chunk)
                    copy.write(chunk)
                copy.flush()
                os.fsync(copy.fileno())
            archived = archive / f"{digest.hexdigest()[:PREFIX]}-{path.name}"
            Path(name).replace(archived)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ArchiveUnwritable(place=archive, problem=error.strerror or error) from error
    return archived, digest.hexdigest()


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as original:
            while chunk := original.read(CHUNK):
                yield chunk
    except OSError as error:
        raise Unreadable(file=path.name, problem=error.strerror or error) from error


def look(archived: Path, name: str) -> tuple[str, str]:
    """The header line and the encoding: UTF-8 if all of the file is, else Latin-1."""
    with opened(archived) as stream:
        start = stream.read(LONGEST_HEADER)
        header = re.split(rb"[\r\n]", start, maxsplit=1)[0]
        if not start.strip():
            raise EmptyFile(file=name)
        encoding = "utf-8"
        rest = b""
        chunk = start
        while chunk:
            undecoded = _undecoded(rest + chunk)
            if undecoded is None:
                encoding = "latin-1"
                break
            rest = undecoded
            chunk = stream.read(CHUNK)
        if rest:
            encoding = "latin-1"  # it ends within a character
    return header.decode(encoding), encoding


def _undecoded(chunk: bytes) -> bytes | None:
    """What is left at the end of a chunk of UTF-8, perhaps half a character; None if it is none."""
    if chunk.isascii():
        return b""
    try:
        chunk.decode()
    except UnicodeDecodeError as error:
        within_last = error.end == len(chunk) and error.reason == "unexpected end of data"
        return chunk[error.start :] if within_last else None
    return b""
