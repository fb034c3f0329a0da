"""Packed files are unpacked into files of our own naming, up to a size that was agreed on."""

from __future__ import annotations

import gzip
import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from loanbook.errors import FormatRefused, MissingExtra
from loanbook.settings.files import Files

CHUNK = 1 << 20  # bytes
MOST_FILES = 1_000  # in one archive
GZIP, ZSTD, ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
EMPTY_ZIP = b"PK\x05\x06"
WORKBOOK = "[Content_Types].xml"  # an Excel file is a zip with this in it
LOCKED = 0x1  # flag of a file in an archive that needs a password
_SUFFIXES = (".gz", ".zst", ".zip")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A file as it can be read.

    Attributes:
        name: what it is called, without the suffix of its packing; in an archive with the name of
            that before it.
        path: where it lies; no name of a stranger is part of that.
    """

    name: str
    path: Path


@contextmanager
def unpacked(path: Path, name: str, within: Path, bounds: Files) -> Iterator[list[Unpacked]]:
    """What is in a file: itself, if it is not packed. It is gone afterwards.

    Args:
        path: the file as it came.
        name: what it was called.
        within: folder for what is unpacked.
        bounds: how much may come out of it, in all.

    Raises:
        FormatRefused: it is broken, locked or too large, or a name in it leads out of it.
        MissingExtra: the library for zst is not installed.
    """
    head = _head(path)
    judge = _Judge(name, path.stat().st_size, bounds)
    with tempfile.TemporaryDirectory(dir=within, prefix=".unpacked-") as folder:
        into = Path(folder)
        try:
            if head.startswith(GZIP):
                with gzip.open(path) as stream:
                    yield [_written(cast("IO[bytes]", stream), name, into / "1", judge)]
            elif head.startswith(ZSTD):
                with _zstd(path) as stream:
                    yield [_written(stream, name, into / "1", judge)]
            elif head.startswith((ZIP, EMPTY_ZIP)) and not is_workbook(path):
                yield _archive(path, name, into, judge)
            else:
                yield [Unpacked(name, path)]
        except _BROKEN as error:
            raise _refused(name, str(error) or "it ends too early") from error


@dataclass(slots=True)
class _Judge:
    """Counts what comes out of one packed file, in all."""

    name: str
    packed: int
    bounds: Files
    unpacked: int = 0

    def count(self, size: int) -> None:
        self.unpacked += size
        problem = self.bounds.swollen(self.unpacked, self.packed)
        if problem:
            raise _refused(self.name, problem)


def is_workbook(path: Path) -> bool:
    """Whether a zip is an Excel file."""
    try:
        with zipfile.ZipFile(path) as archive:
            return WORKBOOK in archive.namelist()
    except zipfile.BadZipFile:
        return False


def bare(name: str) -> str:
    """A name without the suffix of its packing."""
    return name[: -len(PurePosixPath(name).suffix)] if name.lower().endswith(_SUFFIXES) else name


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)


def _archive(path: Path, name: str, into: Path, judge: _Judge) -> list[Unpacked]:
    found: list[Unpacked] = []
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > MOST_FILES:
            raise _refused(name, f"it holds {len(members)} files, more than {MOST_FILES}")
        for member in members:
            _look_at(member, name)
        for number, member in enumerate(members, 1):
            with archive.open(member) as stream:
                one = _written(stream, f"{name}/{member.filename}", into / str(number), judge)
            head = _head(one.path)
            if head.startswith((GZIP, ZSTD)) or (
                head.startswith(ZIP) and not is_workbook(one.path)
            ):
                raise _refused(name, f"{member.filename} in it is packed again")
            found.append(one)
    if not found:
        raise _refused(name, "it holds no file")
    return found


def _look_at(member: zipfile.ZipInfo, name: str) -> None:
    inside = PurePosixPath(member.filename.replace("\\", "/"))
    if inside.is_absolute() or ".." in inside.parts or ":" in inside.parts[0]:
        raise _refused(name, f"a name in it leads out of it: {member.filename}")
    if member.flag_bits & LOCKED:
        raise _refused(name, f"{member.filename} in it needs a password")


def _written(stream: IO[bytes], name: str, to: Path, judge: _Judge) -> Unpacked:
    with to.open("wb") as copy:
        while chunk := stream.read(CHUNK):
            judge.count(len(chunk))
            copy.write(chunk)
    return Unpacked(bare(name), to)


@contextmanager
def _zstd(path: Path) -> Iterator[IO[bytes]]:
    try:
        import zstandard  # noqa: PLC0415 -- an extra, loaded where it is used
    except ModuleNotFoundError as error:
        raise MissingExtra(package="zstandard", extra="sources") from error
    with path.open("rb") as packed:
        reader = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(
            packed, read_across_frames=True
        )
        try:
            yield cast("Any", reader)
        except zstandard.ZstdError as error:
            raise _refused(path.name, str(error)) from error


def _refused(name: str, problem: str) -> FormatRefused:
    return FormatRefused(file=name, format="a packed file", problem=problem)


_BROKEN = (
    EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError,
)  # fmt: skip
