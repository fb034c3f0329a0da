"""A layout at work: rows of a foreign file become rows of ours."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from zoneinfo import ZoneInfo

from loanbook.columns import COLUMNS, LONGEST_KEY, REQUIRED, Shape
from loanbook.errors import SourceError
from loanbook.settings.layouts import UNITS, Layout, Writing
from loanbook.settings.sources import Taking
from loanbook.sources import atonce, notation
from loanbook.sources.contract import Batch, Number
from loanbook.sources.notation import Convert

Keys = Callable[[str, Sequence[str]], Sequence[int]]  # kind, keys of the source → ids
FREE = frozenset({"denied_reason", "name", "email", "tax_id", "phone"})  # take any text
_ID_KINDS = {"user_id": "clients", "loan_id": "loans"}


class ColumnsMissingError(Exception):
    """The file lacks columns that its layout reads."""

    def __init__(self, layout: str, columns: Sequence[str], missing: Sequence[str]) -> None:
        super().__init__(f"missing: {', '.join(missing)}")
        self.layout = layout
        self.columns = tuple(columns)
        self.missing = tuple(missing)


@dataclass(frozen=True, slots=True)
class Context:
    """What the rows of a source need beside their layout.

    Attributes:
        source: its name.
        taking: how it is taken: whose ids are which.
        zone: the lender's.
        keys: gives ids for keys, where they are mapped.
    """

    source: str
    taking: Taking
    zone: ZoneInfo
    keys: Keys


def own(columns: Sequence[str]) -> Layout | None:
    """The layout of a file whose columns are named as ours are; None if they are not."""
    names = {name.strip().lower() for name in columns}
    kinds = [kind for kind in COLUMNS if REQUIRED[kind] <= names]
    if not kinds:
        return None
    kind = max(kinds, key=lambda one: len(names & set(COLUMNS[one])))
    known = {name: (name,) for name in COLUMNS[kind] if name in names}
    return Layout(kind, Writing(kind=kind), known)


class Mapper:
    """Makes rows of ours out of the rows of one file.

    Attributes:
        columns: of ours, in order.
        used: of the file: those that are read.
        filled: of the file: those in which a value was seen.
        rows: how many there were.
    """

    def __init__(self, layout: Layout, theirs: Sequence[str], context: Context) -> None:
        """Prepare for a file.

        Args:
            layout: how it is read.
            theirs: its columns.
            context: what else its rows need.

        Raises:
            ColumnsMissingError: it lacks some that the layout reads.
            SourceError: it has one of them twice, or the layout's dates are none.
        """
        self._layout = layout
        self._theirs = list(theirs)
        self._context = context
        places = _places(theirs)
        missing = [n for names in layout.columns.values() for n in names if _key(n) not in places]
        if missing:
            raise ColumnsMissingError(layout.name, theirs, missing)
        twice = [n for names in layout.columns.values() for n in names if len(places[_key(n)]) > 1]
        if twice:
            problem = f"the file has more than one column {twice[0]}"
            raise SourceError(source=context.source, problem=problem)
        kind = layout.writing.kind
        self.columns = [n for n in COLUMNS[kind] if n in layout.columns or n in layout.constants]
        self._from = {
            ours: [places[_key(n)][0] for n in names] for ours, names in layout.columns.items()
        }
        self._convert = {name: self._conversion(name) for name in self.columns}
        self.used = {theirs[place] for found in self._from.values() for place in found}
        self.filled: set[str] = set()
        self.rows = 0

    def theirs_of(self, ours: Collection[str]) -> frozenset[str]:
        """The columns of the file out of which these of ours are made."""
        return frozenset(
            self._theirs[place] for n, places in self._from.items() if n in ours for place in places
        )

    def mapped(self, batch: Batch) -> Iterator[Sequence[str]]:
        """The rows of a batch in our columns; one that is too long or short fits nowhere."""
        self.rows += len(batch.rows)
        if not batch.rows:
            return iter(())
        width = len(self._theirs)
        if all(len(row) == width for row in batch.rows):
            return self._rows(batch.rows)
        good = self._rows([row for row in batch.rows if len(row) == width])
        return (next(good) if len(row) == width else self._odd(row) for row in batch.rows)

    def _rows(self, rows: Sequence[Sequence[str | None]]) -> Iterator[Sequence[str]]:
        if not rows:
            return iter(())
        theirs = list(zip(*rows, strict=True))
        unseen = [p for p, name in enumerate(self._theirs) if name not in self.filled]
        self.filled |= {self._theirs[place] for place in unseen if any(theirs[place])}
        ours = [self._convert[name](self._values(name, theirs, len(rows))) for name in self.columns]
        return zip(*ours, strict=True)

    def _values(
        self, name: str, theirs: Sequence[Sequence[str | None]], count: int
    ) -> Sequence[str | None]:
        places = self._from.get(name)
        if not places:
            return [None] * count
        if len(places) == 1:
            return theirs[places[0]]
        parts = zip(*(theirs[place] for place in places), strict=True)
        return [" ".join(filter(None, row)) or None for row in parts]

    def _odd(self, row: Sequence[str | None]) -> Sequence[str]:
        """A row whose fields cannot be told apart: too long for us, so that it is refused."""
        fields = [value or "" for value in row]
        return fields + [""] * max(len(self.columns) + 1 - len(fields), 0)

    def _conversion(self, name: str) -> Convert:
        layout, taking = self._layout, self._context.taking
        if name not in layout.columns:
            return notation.constant(layout.constants[name])
        blanks = frozenset(layout.writing.blank)
        convert = self._plain_conversion(name, blanks)
        if name in layout.constants:
            convert = _filled(convert, layout.constants[name])
        if name in _ID_KINDS and taking.ids == "mapped":
            return self._mapped_ids(_ID_KINDS[name], notation.text(blanks))
        if name in _ID_KINDS and taking.range != Taking().range:
            return self._ranged(convert)
        return convert

    def _plain_conversion(self, name: str, blanks: frozenset[str]) -> Convert:
        layout = self._layout
        shape = COLUMNS[layout.writing.kind][name]
        if name in layout.codes:
            return notation.coded(layout.codes[name], blanks, free=name in FREE)
        if shape is Shape.TEXT:
            return notation.text(blanks)
        if shape is Shape.WHOLE:
            return notation.each(notation.whole, blanks, atonce.whole)
        if shape is Shape.AMOUNT:
            shift = UNITS[layout.units[name]] if name in layout.units else 0
            decimal = layout.writing.decimal
            quick = None if shift else atonce.plain if decimal == "." else _comma
            return notation.each(notation.amount(decimal, shift), blanks, quick)
        try:
            dates = notation.instant(layout.writing.dates, self._context.zone)
        except ValueError as error:
            problem = f"layouts.{layout.name}.dates: {error}"
            raise SourceError(source=self._context.source, problem=problem) from error
        return notation.each(dates, blanks, atonce.instants(layout.writing.dates))

    def _mapped_ids(self, kind: str, convert: Convert) -> Convert:
        def mapped(values: Sequence[str | None]) -> list[str]:
            keys = [key.strip() for key in convert(values)]
            wanted = [key for key in dict.fromkeys(keys) if key]
            ids = dict(zip(wanted, self._context.keys(kind, wanted), strict=True)) if wanted else {}
            return [str(ids[key]) if key else "" for key in keys]

        return mapped

    def _ranged(self, convert: Convert) -> Convert:
        lowest, highest = self._context.taking.range

        def ranged(values: Sequence[str | None]) -> list[str]:
            return [
                key
                if not key.isdecimal()
                or (len(key) <= LONGEST_KEY and lowest <= int(key) <= highest)
                else notation.unread(f"{key} is outside the range of {self._context.source}")
                for key in convert(values)
            ]

        return ranged


def _comma(values: Sequence[str]) -> list[str] | None:
    has_numbers = any(type(value) is Number for value in values)
    return None if has_numbers else atonce.comma(values)


def _filled(convert: Convert, value: str) -> Convert:
    return lambda values: [found or value for found in convert(values)]


def _places(theirs: Sequence[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, name in enumerate(theirs):
        places.setdefault(_key(name), []).append(place)
    return places


def _key(name: str) -> str:
    """A name as it is compared: capitals and runs of blanks do not count."""
    return " ".join(name.split()).casefold()


def mapped_rows(
    mapper: Mapper, first: Batch, batches: Iterator[Batch]
) -> Iterator[Iterator[Sequence[str]]]:
    """The rows of a file, batch by batch."""
    return (mapper.mapped(batch) for batch in chain([first], batches))
