"""A fetched file becomes files as ours are, ready to be staged."""

from __future__ import annotations

import csv
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from loanbook.columns import COLUMNS, MAY_BE_BLANK
from loanbook.errors import FormatRefused, SourceError
from loanbook.inert import in_database
from loanbook.settings.layouts import Layout
from loanbook.settings.sources import Source, Taking
from loanbook.sources import registry
from loanbook.sources.alike import filled_of, header_of, lines_of, link, on_its_line
from loanbook.sources.layouts import Context, Mapper, mapped_rows, own
from loanbook.sources.packing import Unpacked, unpacked
from loanbook.sources.shapes import format_by

if TYPE_CHECKING:
    from loanbook.sources.contract import Batch

LONGEST_NAME = 100  # characters of a file's name that are kept
_STRANGE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Part:
    """A file of ours that was made out of a fetched one.

    Attributes:
        layout: how that was read; of a file like ours its kind.
        kind: clients, contacts or loans.
        path: where it lies for the moment.
        name: what it is to be called.
        row_count: rows in it, about.
        columns: of the fetched file, in order.
        watched: those of them that should go on to hold values once they do.
        filled: those of them that hold any value.
        notes: what a person should know.
        is_as_it_came: nothing was rewritten; only its first rows tell which columns are filled.
    """

    layout: str
    kind: str
    path: Path
    name: str
    row_count: int
    columns: tuple[str, ...]
    watched: frozenset[str]
    filled: frozenset[str]
    notes: tuple[str, ...] = ()
    is_as_it_came: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched.

    Attributes:
        path: where it lies.
        name: what it is called at its source.
        business_date: the day whose book it tells.
    """

    path: Path
    name: str
    business_date: date


def make_ready(fetched: Fetched, source: Source, context: Context, within: Path) -> list[Part]:
    """Make files of ours out of a fetched one, in a folder that is the caller's to empty.

    Raises:
        FormatRefused: the file cannot be read.
        ColumnsMissingError: it lacks columns that a layout reads.
        SourceError: no layout is for it, or a format does not know an option.
        MissingExtra: a library is not installed.
    """
    parts: list[Part] = []
    with unpacked(fetched.path, fetched.name, within, source.files) as files:
        for file in files:
            for layout in readings(source, file):
                maker = _Maker(file, layout, source, context, within, fetched.business_date)
                with named(file.name):
                    parts.append(maker.make(len(parts)))
    if not parts:
        raise SourceError(source=source.name, problem=f"no layout is for {fetched.name}")
    return parts


def readings(source: Source, file: Unpacked) -> list[Layout | None]:
    """How a file is read: by each layout that its name fits; None stands for files like ours."""
    if not source.layouts:
        return [None]
    inner = PurePosixPath(file.name).name
    return [
        layout
        for layout in source.layouts.values()
        if fnmatchcase(file.name, layout.writing.files) or fnmatchcase(inner, layout.writing.files)
    ]


def batches(file: Unpacked, layout: Layout | None, source: Source) -> Iterator[Batch]:
    """The rows of a file as its format reads them."""
    form = (layout.writing.format if layout else "") or source.taking.format
    options: Mapping[str, object] = layout.reading if layout else {}
    found = form or format_by(file.path, file.name)
    if found == "csv":
        options = {"longest_line": source.files.line_bytes, **options}
    for batch in registry.format_of(found, options, source.name).rows(file.path):
        if len(batch.columns) > source.files.most_columns:
            most = f"more than {source.files.most_columns}, which `most_columns` allows"
            problem = f"it has {len(batch.columns)} columns, {most}"
            raise FormatRefused(file=file.name, format=found, problem=problem)
        columns, notes = map(in_database, batch.columns), map(in_database, batch.notes)
        yield replace(batch, columns=tuple(columns), notes=tuple(notes))


@contextmanager
def named(name: str) -> Iterator[None]:
    """A refusal names the file as its source does, not as it lies here."""
    try:
        yield
    except FormatRefused as error:
        error.facts["file"] = name
        raise


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes one file of ours out of one file and one layout."""

    file: Unpacked
    layout: Layout | None
    source: Source
    context: Context
    within: Path
    day: date

    def make(self, number: int) -> Part:
        path = self.within / f".making-{number}"
        if self.layout is None and self._is_like_ours():
            return self._as_it_is(path)
        read = batches(self.file, self.layout, self.source)
        first = next(read)
        layout = self.layout or own(first.columns)
        if layout is None:
            problem = "its columns are not named as ours, and the source has no layout"
            raise FormatRefused(file=self.file.name, format="a file of ours", problem=problem)
        mapper = Mapper(layout, first.columns, self.context)
        notes = dict.fromkeys(first.notes)
        with path.open("w", encoding="utf-8", newline="", errors="surrogatepass") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(mapper.columns)
            for rows in mapped_rows(mapper, first, _noting(read, notes)):
                writer.writerows(map(on_its_line, rows))
            out.flush()
            os.fsync(out.fileno())
        return Part(
            layout.name,
            layout.writing.kind,
            path,
            ready_name(self.file.name, self.day, layout.name if self.layout else ""),
            mapper.rows,
            tuple(first.columns),
            mapper.theirs_of(self._watched(layout.writing.kind)),
            frozenset(mapper.filled),
            tuple(notes),
        )

    def _watched(self, kind: str) -> frozenset[str]:
        """Columns of ours that are not blank by chance: in a full file none is."""
        columns = frozenset(COLUMNS.get(kind, ()))
        return columns if kind in self.source.full else columns - MAY_BE_BLANK

    def _is_like_ours(self) -> bool:
        """Whether the load understands the file as it is, and nothing is to be looked at in it."""
        taking = self.source.taking
        if (
            taking.ids != "same"
            or taking.range != Taking().range
            or taking.format not in {"", "csv"}
        ):
            return False
        if format_by(self.file.path, self.file.name) != "csv":
            return False
        return own(header_of(self.file.path)) is not None

    def _as_it_is(self, path: Path) -> Part:
        header = [in_database(name) for name in header_of(self.file.path)]
        layout = own(header)
        kind = layout.name if layout else ""
        link(self.file.path, path)
        return Part(
            kind,
            kind,
            path,
            ready_name(self.file.name, self.day),
            lines_of(path),
            tuple(header),
            frozenset(n for n in header if n.lower() in self._watched(kind)),
            filled_of(path, header),
            is_as_it_came=True,
        )


def ready_name(name: str, day: date, layout: str = "") -> str:
    """What a file of ours is called: its day, what it was called, and how it was read."""
    return f"{day}.{plain(name).removesuffix('.csv')}{f'.{layout}' if layout else ''}.csv"


def plain(name: str) -> str:
    """A stranger's name as a file of ours may bear it: other names come to other ones."""
    told = _STRANGE.sub("_", name).strip("._") or "file"
    if told == name and len(told) <= LONGEST_NAME:
        return told
    return f"{hashlib.sha256(name.encode()).hexdigest()[:8]}.{told[-LONGEST_NAME:]}"


def _noting(read: Iterator[Batch], notes: dict[str, None]) -> Iterator[Batch]:
    for batch in read:
        notes.update(dict.fromkeys(batch.notes))
        yield batch
