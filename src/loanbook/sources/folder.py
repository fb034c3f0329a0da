"""A folder of this machine, or one that is mounted on it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from loanbook.errors import BadSetting, OfferGone, SourceUnavailable
from loanbook.settings.tables import read
from loanbook.sources.contract import Offer

if TYPE_CHECKING:
    from loanbook.settings.sources import Where

CHUNK = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Options:
    """The table [sources.NAME.folder].

    Attributes:
        address: the folder, from the workspace on.
        deep: look into folders within it, too.
    """

    address: str = ""
    deep: bool = True


class Folder:
    """Files of a folder, and of the folders in it; links that lead out of it are not followed."""

    def __init__(self, source: str, root: Path, pattern: str, *, deep: bool = True) -> None:
        self._source = source
        self._root = root
        self._pattern = pattern
        self._deep = deep

    def offers(self) -> Iterator[Offer]:
        """All files whose names fit, hidden ones apart."""
        try:
            root = self._root.resolve(strict=True)
            for folder, folders, names in os.walk(root, onerror=self._fail):
                inside = [name for name in folders if not name.startswith(".")]
                folders[:] = sorted(inside) if self._deep else []
                for name in sorted(names):
                    found = self._offer(Path(folder, name), root)
                    if found is not None:
                        yield found
        except OSError as error:
            self._fail(error)

    def fetch(self, offer: Offer, to: Path) -> None:
        """Copy a file whole; it must still be the one that was offered when the copy is done."""
        path = self._root / offer.name
        try:
            with path.open("rb") as original, to.open("wb") as copy:
                before = _mark(os.fstat(original.fileno()))
                if before != offer.mark:
                    raise self._gone(offer, "it is another file than was offered")
                _copy(original, copy)
                if _mark(os.fstat(original.fileno())) != before or _mark(path.stat()) != before:
                    raise self._gone(offer, "it was written to meanwhile")
        except FileNotFoundError as error:
            raise self._gone(offer, "it was taken away") from error
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        """There is nothing to let go of."""

    def _offer(self, path: Path, root: Path) -> Offer | None:
        name = path.relative_to(root).as_posix()
        fits = fnmatchcase(name, self._pattern) or fnmatchcase(path.name, self._pattern)
        if path.name.startswith(".") or not fits or not _is_text(name):
            return None
        if not path.resolve().is_relative_to(root):
            return None  # a link out of the folder
        try:
            found = path.stat()
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        changed = datetime.fromtimestamp(found.st_mtime, UTC)
        return Offer(name, found.st_size, _mark(found), changed)

    def _gone(self, offer: Offer, problem: str) -> OfferGone:
        return OfferGone(source=self._source, name=offer.name, problem=problem)

    def _fail(self, error: OSError) -> None:
        problem = f"{error.filename or self._root}: {error.strerror or type(error).__name__}"
        raise SourceUnavailable(source=self._source, problem=problem) from error


def folder(where: Where) -> Folder:
    """The folder that a source's settings name.

    Raises:
        BadSetting: they name none.
    """
    options = read(Options, where.key, where.options, where.file, {})
    if not options.address:
        problem = 'name the folder, as folder = "from/partner"'
        raise BadSetting(key=where.key, file=where.file, problem=problem)
    root = where.home / options.address
    return Folder(where.source, root, "*", deep=options.deep)


def _mark(found: os.stat_result) -> str:
    return f"{found.st_mtime_ns}-{found.st_size}"


def _is_text(name: str) -> bool:
    """Whether a name can be told and remembered."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return name.isprintable()


def _copy(original: BinaryIO, copy: BinaryIO) -> None:
    shutil.copyfileobj(original, copy, CHUNK)
    copy.flush()
    os.fsync(copy.fileno())
