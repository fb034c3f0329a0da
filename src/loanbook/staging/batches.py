"""Files become batches: what to take and in which order, what is known already, and COPY."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from loanbook import sql
from loanbook.database.connection import Database
from loanbook.errors import DataRefused, FileRefused, LoanbookError, TwoFullFiles, UnknownPath
from loanbook.settings import KINDS, Settings, Source
from loanbook.staging.arrivals import Arrival, dated, opened, receive
from loanbook.staging.lines import blocks
from loanbook.staging.quarantined import attach_raw
from loanbook.staging.rows import RowMaker

_QUERIES = sql.queries("staging")
SUFFIXES = {".csv", ".tsv", ".txt", ".gz"}

Progress = Callable[[str, int, int], None]  # file name, bytes done, bytes in all


@dataclass(frozen=True, slots=True)
class Staged:
    """What became of one file.

    Attributes:
        file: its name.
        outcome: "staged", "known" (its digest was staged or accepted before) or "refused".
        kind: clients, contacts or loans; None where the header did not tell.
        batch_id: the batch it became, or the batch that bears its digest.
        lines: lines of data in it.
        quarantined: lines that could not be read.
        problem: why it was refused, in a sentence.
    """

    file: str
    outcome: str
    kind: str | None = None
    batch_id: int | None = None
    lines: int = 0
    quarantined: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """How files are to be staged.

    Attributes:
        as_of: their business date, where their names bear none.
        source: who delivers them.
        full: they are declared whole, whatever the source's setting says.
        again: stage a file even if its digest is known.
        is_retry: they repeat lines out of quarantine.
    """

    as_of: date
    source: Source
    full: bool = False
    again: bool = False
    is_retry: bool = False


def stage(
    book: Database,
    settings: Settings,
    paths: Iterable[Path],
    request: Request,
    progress: Progress | None = None,
) -> list[Staged]:
    """Stage files, or the files of folders, each in a transaction of its own.

    Order: business date, then clients, contacts, loans, then name. One file's refusal does not
    stop the others.

    Raises:
        UnknownPath: a path does not exist; nothing was staged.
    """
    done: list[Staged] = []
    arrivals: list[Arrival] = []
    for path in find(paths):
        try:
            arrivals.append(receive(path, settings.archive, request.as_of))
        except FileRefused as error:
            done.append(Staged(path.name, "refused", problem=str(error)))
    arrivals.sort(key=lambda a: (a.business_date, KINDS.index(a.layout.kind), a.name))
    twins = _twins(arrivals, request)
    for arrival in arrivals:
        try:
            if arrival in twins:
                raise twins[arrival]
            done.append(_stage_one(book, arrival, request, progress))
        except FileRefused as error:
            kind = arrival.layout.kind
            done.append(Staged(arrival.name, "refused", kind, problem=str(error)))
    return done


def find(paths: Iterable[Path]) -> list[Path]:
    """The files that paths name: themselves, or what lies in a folder and its folders of days."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            days = [folder for folder in path.iterdir() if folder.is_dir() and dated(folder / "x")]
            inside = [file for folder in [path, *days] for file in folder.iterdir()]
            found += sorted(f for f in inside if f.is_file() and _is_wanted(f))
        elif path.exists():
            found.append(path)
        else:
            raise UnknownPath(path=path)
    return found


def _is_wanted(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and not file.name.startswith(".")


def is_full(arrival: Arrival, request: Request) -> bool:
    """Whether what a file lacks is gone: as declared, and never for lines out of quarantine."""
    if request.is_retry or arrival.layout.is_mended:
        return False
    return request.full or arrival.layout.kind in request.source.full


def _twins(arrivals: list[Arrival], request: Request) -> dict[Arrival, LoanbookError]:
    """Full files of one kind for the same day: none of them can be taken."""
    twins: dict[Arrival, LoanbookError] = {}
    for one in arrivals:
        for other in arrivals:
            same = (one.layout.kind, one.business_date) == (other.layout.kind, other.business_date)
            if (
                same
                and one.digest != other.digest
                and is_full(one, request)
                and is_full(other, request)
            ):
                twins[one] = TwoFullFiles(
                    file=one.name,
                    other=other.name,
                    kind=one.layout.kind,
                    business_date=one.business_date,
                )
    return twins


def _stage_one(
    book: Database, arrival: Arrival, request: Request, progress: Progress | None
) -> Staged:
    try:
        return _copy(book, arrival, request, progress, exact=False)
    except DataRefused:
        # Some value is none although its shape is right: find it by looking at every field.
        return _copy(book, arrival, request, progress, exact=True)


def _copy(
    book: Database, arrival: Arrival, request: Request, progress: Progress | None, *, exact: bool
) -> Staged:
    layout = arrival.layout
    maker = RowMaker(layout, exact=exact)
    with book.transaction():
        opening = book.row(
            _QUERIES["open_batch"],
            source=request.source.name,
            kind=layout.kind,
            file_name=arrival.name,
            digest=arrival.digest,
            business_date=arrival.business_date,
            is_full=is_full(arrival, request),
            columns=list(layout.columns),
            delimiter=layout.delimiter,
            archived_as=arrival.archived.name,
            again=request.again,
            is_retry=request.is_retry or layout.is_mended,
        ) or {}
        if opening["known_batch"] is not None:
            return Staged(arrival.name, "known", layout.kind, opening["known_batch"])
        batch_id = opening["batch_id"]
        table = ("stage", f"{layout.kind}_{batch_id}")
        rows = _rows(arrival, maker, progress)
        book.copy_in(table, maker.columns, rows, layout.delimiter)
        book.value(_QUERIES["seal_batch"], batch_id=batch_id, lines=maker.lines)
        quarantined = attach_raw(book, batch_id, arrival.archived, arrival.encoding)
    return Staged(arrival.name, "staged", layout.kind, batch_id, maker.lines, quarantined)


def _rows(arrival: Arrival, maker: RowMaker, progress: Progress | None) -> Iterator[bytes]:
    size = arrival.archived.stat().st_size
    read = 0
    with opened(arrival.archived) as stream:
        for block in blocks(stream, arrival.encoding, arrival.layout.delimiter):
            rows = maker.rows(block)
            for row in rows:
                yield row
                read += len(row)
            if progress is not None:
                progress(arrival.name, min(read, size), size)
    if progress is not None:
        progress(arrival.name, size, size)
