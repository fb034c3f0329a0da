"""Files become batches: what to take and in which order, what is known already, and COPY."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from loanbook import sql
from loanbook.database.connection import Database, Row
from loanbook.errors import DataRefused, FileRefused, LoanbookError, TwoFullFiles
from loanbook.settings import KINDS, Files, Settings, Source
from loanbook.staging.arrivals import Arrival, look, name_of, opened, receive
from loanbook.staging.comparison import Comparison, NotComparableError, Previous, is_intact
from loanbook.staging.erasure import clear
from loanbook.staging.inbox import find, refuse_stray
from loanbook.staging.lines import blocks
from loanbook.staging.quarantined import attach_raw
from loanbook.staging.rows import RowMaker
from loanbook.staging.unfinished import sweep

_QUERIES = sql.queries("staging")

Progress = Callable[[str, int, int], None]  # file name, bytes done, bytes in all


@dataclass(frozen=True, slots=True)
class Staged:
    """What became of one file.

    Attributes:
        file: its name.
        outcome: "staged", "known" (its digest was staged or accepted before), "early" (its business
            date is yet to come) or "refused".
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
        until: files of a later business date are left for their day.
        given: when a source gave files, by their names: an older batch of the same bytes, after
            which others were accepted, does not make them known.
    """

    as_of: date
    source: Source
    full: bool = False
    again: bool = False
    is_retry: bool = False
    until: date | None = None
    given: Mapping[str, datetime] = field(default_factory=dict)


def stage(
    book: Database,
    settings: Settings,
    paths: Iterable[Path],
    request: Request,
    progress: Progress | None = None,
) -> list[Staged]:
    """Stage files, or the files of folders, each in a transaction of its own.

    Order: business date, then clients, contacts, loans, then name. One file's refusal does not
    stop the others. Copies that killed processes left half made are cleared away before.

    Raises:
        UnknownPath: a path does not exist; nothing was staged.
    """
    done: list[Staged] = []
    arrivals: list[Arrival] = []
    erased = frozenset(book.value(_QUERIES["erased"]))
    asked = list(paths)
    sweep(settings.archive)
    folders = [path for path in asked if path.is_dir()] + [settings.input_data, settings.inbox]
    for path in find(asked):
        try:
            refuse_stray(path, folders)
            arrived = receive(path, settings.archive, request.as_of, settings.files)
            arrivals.append(clear(arrived, erased, settings.files.line_bytes))
        except FileRefused as error:
            done.append(Staged(name_of(path), "refused", problem=str(error)))
    arrivals.sort(key=lambda a: (a.business_date, KINDS.index(a.layout.kind), a.name))
    early = [a for a in arrivals if request.until and a.business_date > request.until]
    done += [Staged(a.name, "early", a.layout.kind) for a in early]
    arrivals = [a for a in arrivals if a not in early]
    twins = _twins(arrivals, request)
    for arrival in arrivals:
        try:
            if arrival in twins:
                raise twins[arrival]
            done.append(
                _stage_one(_Attempt(book, arrival, request, progress, erased, settings.files))
            )
        except FileRefused as error:
            kind = arrival.layout.kind
            done.append(Staged(arrival.name, "refused", kind, problem=str(error)))
    return done


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


def _stage_one(attempt: _Attempt) -> Staged:
    try:
        try:
            return attempt.run(exact=False, compared=not attempt.request.again)
        except NotComparableError:
            return attempt.run(exact=False, compared=False)
    except DataRefused:
        # Some value is none although its shape is right: find it by looking at every field.
        return attempt.run(exact=True, compared=False)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One way to bring one file into the stage; nothing of it remains if it fails."""

    book: Database
    arrival: Arrival
    request: Request
    progress: Progress | None
    erased: Collection[int]
    bounds: Files

    def run(self, *, exact: bool, compared: bool) -> Staged:
        """Open a batch, copy the lines and seal it.

        Args:
            exact: look at every field of every line.
            compared: leave out lines that stood in the file before.

        Raises:
            DataRefused: the database cannot hold a value.
            NotComparableError: the lines are in no order that allows to compare them.
        """
        arrival, layout = self.arrival, self.arrival.layout
        longest = self.bounds.line_bytes
        maker = RowMaker(layout, longest, exact=exact)
        with ExitStack() as stack:
            stack.enter_context(self.book.transaction())
            comparison = self._comparison(stack) if compared else None
            opening = self._open(comparison)
            if opening["known_batch"] is not None:
                return Staged(arrival.name, "known", layout.kind, opening["known_batch"])
            self._refuse_late_erasure()
            batch_id = opening["batch_id"]
            table = ("stage", f"{layout.kind}_{batch_id}")
            rows = self._rows(maker, comparison)
            self.book.copy_in(table, maker.columns, rows, layout.delimiter)
            lines = maker.lines + (comparison.carried if comparison else 0)
            self._seal(batch_id, lines, comparison)
            quarantined = attach_raw(
                self.book, batch_id, arrival.archived, arrival.encoding, longest
            )
        return Staged(arrival.name, "staged", layout.kind, batch_id, lines, quarantined)

    def _refuse_late_erasure(self) -> None:
        """Nobody was anonymised since the file was cleared; from here on a lock sees to it."""
        if set(self.book.value(_QUERIES["erased"])) != set(self.erased):
            self.arrival.archived.unlink(missing_ok=True)
            problem = "a client was anonymised while it came in; stage it again"
            raise FileRefused(file=self.arrival.name, problem=problem)

    def _comparison(self, stack: ExitStack) -> Comparison | None:
        """The file that the mart reflects, if it can be compared with this one."""
        arrival, layout = self.arrival, self.arrival.layout
        if self.request.is_retry or layout.is_mended:
            return None
        found = self.book.row(
            _QUERIES["comparable_batch"],
            source=self.request.source.name,
            kind=layout.kind,
            columns=list(layout.columns),
            delimiter=layout.delimiter,
            is_full=is_full(arrival, self.request),
        )
        if found is None:
            return None
        archived = arrival.archived.with_name(found["archived_as"])
        if found["digest"] == arrival.digest or not is_intact(archived, found["digest"]):
            return None
        stream = stack.enter_context(opened(archived))
        encoding = look(archived, archived.name)[1]
        before = blocks(stream, encoding, layout.delimiter, self.bounds.line_bytes)
        amounts = tuple(found["amounts"])
        previous = Previous(found["batch_id"], archived, set(found["set_aside"]), amounts)
        return Comparison(layout, previous, before)

    def _open(self, comparison: Comparison | None) -> Row:
        arrival, layout = self.arrival, self.arrival.layout
        return (
            self.book.row(
                _QUERIES["open_batch"],
                source=self.request.source.name,
                kind=layout.kind,
                file_name=arrival.name,
                digest=arrival.digest,
                business_date=arrival.business_date,
                is_full=is_full(arrival, self.request),
                columns=list(layout.columns),
                delimiter=layout.delimiter,
                archived_as=arrival.archived.name,
                again=self.request.again,
                is_retry=self.request.is_retry or layout.is_mended,
                compared_with=comparison.previous.batch_id if comparison else None,
                given_at=self.request.given.get(arrival.name),
            )
            or {}
        )

    def _seal(self, batch_id: int, lines: int, comparison: Comparison | None) -> None:
        full = is_full(self.arrival, self.request)
        self.book.value(
            _QUERIES["seal_batch"],
            batch_id=batch_id,
            lines=lines,
            carried=comparison.carried if comparison else 0,
            amounts=comparison.amounts if comparison else [],
            departed=comparison.departed if comparison and full else [],
        )

    def _rows(self, maker: RowMaker, comparison: Comparison | None) -> Iterator[bytes]:
        arrival = self.arrival
        size = arrival.archived.stat().st_size
        with opened(arrival.archived) as stream:
            delimiter, longest = arrival.layout.delimiter, self.bounds.line_bytes
            found = blocks(stream, arrival.encoding, delimiter, longest)
            for block in comparison.fresh(found) if comparison else found:
                yield from maker.rows(block)
                if self.progress is not None:
                    self.progress(arrival.name, min(stream.tell(), size), size)
        if self.progress is not None:
            self.progress(arrival.name, size, size)
