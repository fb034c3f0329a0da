"""A file is read as it would be, without being taken: its first rows as they would land."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from loanbook.columns import MAY_BE_BLANK, REQUIRED
from loanbook.errors import FormatRefused, SourceError
from loanbook.settings.sources import Source
from loanbook.sources import offered, registry
from loanbook.sources.layouts import ColumnsMissingError, Context, Mapper, own
from loanbook.sources.packing import Unpacked, unpacked
from loanbook.sources.ready import Fetched, batches, named, readings

if TYPE_CHECKING:
    from loanbook.settings import Settings
    from loanbook.settings.layouts import Layout

SHOWN = 5  # rows
EXAMPLES = 3  # of values that cannot be read
MOST_FILES = 3  # that are fetched for a trial: the newest


@dataclass(frozen=True, slots=True)
class Unread:
    """Values of a column that cannot be read; the load will refuse their lines.

    Attributes:
        column: of ours.
        count: how many.
        examples: some of them, as the file writes them.
    """

    column: str
    count: int
    examples: tuple[str, ...]


@dataclass(slots=True)
class Trial:
    """How one layout reads one file.

    Attributes:
        file: its name.
        layout: name of the layout.
        kind: clients, contacts or loans.
        business_date: the day whose book it would tell.
        columns: of ours.
        rows: the first rows.
        looked_at: how many rows were read.
        unread: values that cannot be read.
        blank: columns that must hold a value: how many rows lack it.
        left: columns of the file that are not read.
        notes: what the format says.
        problem: why it cannot be read at all.
    """

    file: str
    layout: str
    kind: str = ""
    business_date: date | None = None
    columns: Sequence[str] = ()
    rows: list[Sequence[str]] = field(default_factory=list)
    looked_at: int = 0
    unread: list[Unread] = field(default_factory=list)
    blank: dict[str, int] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problem: str | None = None

    @property
    def ok(self) -> bool:
        """Nothing speaks against taking the file."""
        return self.problem is None and not self.unread and not self.blank


def try_out(
    settings: Settings, source: Source, undated: date, path: Path | None = None
) -> list[Trial]:
    """Read a file of a source, or the newest that it offers, without taking anything.

    Args:
        settings: of the workspace.
        source: whose layouts are tried.
        undated: the day of files whose names bear none.
        path: a file of this machine instead of what the source offers.

    Raises:
        SourceError: the source cannot be reached, or offers nothing.
        BadSetting: its settings cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix="loanbook-test-") as folder:
        within = Path(folder)
        files = [(path.name, path)] if path else _fetched(source, within)
        found = []
        for name, file in files:
            day = offered.business_date(name, source.taking, undated)
            found += _of_file(_context(source, settings), source, Fetched(file, name, day), within)
        return found


def _fetched(source: Source, within: Path) -> list[tuple[str, Path]]:
    if source.where is None:
        problem = "it has no place to fetch from; name a file"
        raise SourceError(source=source.name, problem=problem)
    transport = registry.transport(source.where)
    try:
        found = offered.wanted(transport.offers(), source.taking)
        found.sort(key=lambda one: (one.changed_at is not None, one.changed_at, one.name))
        files = []
        for number, offer in enumerate(reversed(found[-MOST_FILES:])):
            transport.fetch(offer, within / f"fetched-{number}")
            files.append((offer.name, within / f"fetched-{number}"))
    finally:
        transport.close()
    if not files:
        problem = f"it offers no file like {source.taking.files}"
        raise SourceError(source=source.name, problem=problem)
    return files


def _context(source: Source, settings: Settings) -> Context:
    lowest = source.taking.range[0]

    def examples(_: str, keys: Sequence[str]) -> Sequence[int]:
        return range(lowest, lowest + len(keys))  # nothing is given away

    return Context(source.name, source.taking, settings.zone, examples)


def _of_file(context: Context, source: Source, fetched: Fetched, within: Path) -> list[Trial]:
    found = []
    name, day = fetched.name, fetched.business_date
    try:
        with unpacked(fetched.path, name, within, source.files) as files:
            for file in files:
                for layout in readings(source, file):
                    trial = Trial(file.name, layout.name if layout else "", business_date=day)
                    _read(trial, file, layout, source, context)
                    found.append(trial)
    except FormatRefused as error:
        return [Trial(name, "", problem=str(error))]
    return found or [Trial(name, "", problem="no layout is for it")]


def _read(
    trial: Trial, file: Unpacked, layout: Layout | None, source: Source, context: Context
) -> None:
    try:
        with named(file.name):
            batch = next(batches(file, layout, source))
            used = layout or own(batch.columns)
            if used is None:
                trial.problem = "its columns are not named as ours, and no layout is for it"
                return
            mapper = Mapper(used, batch.columns, context)
            rows = list(mapper.mapped(batch))
    except ColumnsMissingError as error:
        trial.problem = f"columns are {error}; the file has {', '.join(error.columns)}"
        return
    except (FormatRefused, SourceError) as error:
        trial.problem = str(error)
        return
    trial.kind, trial.columns = used.writing.kind, mapper.columns
    trial.rows, trial.looked_at = rows[:SHOWN], len(rows)
    trial.left = [name for name in batch.columns if name not in mapper.used]
    trial.notes = list(batch.notes)
    _judge(trial, rows)


def _judge(trial: Trial, rows: Sequence[Sequence[str]]) -> None:
    for place, column in enumerate(trial.columns):
        values = [row[place] for row in rows if len(row) == len(trial.columns)]
        unread = Counter(value[1:] for value in values if value.startswith("?"))
        if unread:
            examples = tuple(value for value, _ in unread.most_common(EXAMPLES))
            trial.unread.append(Unread(column, unread.total(), examples))
        blank = sum(not value for value in values)
        if blank and column in REQUIRED[trial.kind] - MAY_BE_BLANK:
            trial.blank[column] = blank
