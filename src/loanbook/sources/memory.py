"""What the book remembers of sources: files that were taken, and what they are like."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from loanbook import sql
from loanbook.sources.drift import Drift, Profile

if TYPE_CHECKING:
    from loanbook.database.connection import Database, Row
    from loanbook.settings.sources import Source
    from loanbook.sources.contract import Offer
    from loanbook.sources.ready import Part

_QUERIES = sql.queries("sources")
MANY = 5_000  # offers asked about at a time
_SECRET = re.compile(r"(?<=//)[^/@\s]*@")  # user and password of an address


@dataclass(frozen=True, slots=True)
class Collected:
    """A file that was looked into.

    Attributes:
        source: who delivered it.
        name: what it is called there.
        business_date: the day whose book it tells.
        state: taken, known, refused or held.
        problem: why it was refused or held.
        digest: SHA-256 of its bytes.
        archived_as: its copy among the originals of the archive.
        collected_at: when.
    """

    source: str
    name: str
    business_date: date
    state: str
    problem: str | None
    digest: str
    archived_as: str | None
    collected_at: datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """A source, and how it stands.

    Attributes:
        source: its name.
        kind: how its files are fetched; None: they are not.
        place: where from, without whatever may be a secret.
        layouts: how its files are read.
        full: kinds that it always delivers whole.
        required: the day is not accepted without it.
        expected_by: until when something has to be there for the day.
        latest: the file that was looked into last.
        waiting: files that were refused or held, and why.
    """

    source: str
    kind: str | None
    place: str
    layouts: tuple[str, ...]
    full: tuple[str, ...]
    required: bool
    expected_by: str | None
    latest: Collected | None
    waiting: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """A file that is looked into, and how that went.

    Attributes:
        offer: as the source told of it.
        size: bytes.
        digest: SHA-256 of its bytes.
        business_date: the day whose book it tells.
        state: taken, known, refused or held.
        problem: why it was refused or held.
        archived_as: its copy among the originals of the archive.
        parts: files of ours that were made out of it.
    """

    offer: Offer
    size: int
    digest: str
    business_date: date
    state: str
    problem: str | None = None
    archived_as: str | None = None
    parts: Sequence[Part] = ()


class Memory:
    """What the book remembers of one source."""

    def __init__(self, book: Database, source: Source) -> None:
        self._book = book
        self._source = source
        self._settings = fingerprint(source)

    def clock(self) -> datetime:
        """Now, by the clock of the database."""
        found: datetime = self._book.value(_QUERIES["clock"])
        return found

    def left(self, offers: Sequence[Offer]) -> list[Offer]:
        """The offers that are yet to be fetched."""
        found: list[Offer] = []
        for start in range(0, len(offers), MANY):
            some = offers[start : start + MANY]
            rows = self._book.rows(
                _QUERIES["offers_left"],
                source=self._source.name,
                names=[offer.name for offer in some],
                marks=[offer.mark for offer in some],
                settings=self._settings,
            )
            found += [some[row["place"] - 1] for row in rows]
        return found

    def knows(self, digest: str) -> bool:
        """Whether the same bytes are what the last file of its stream held."""
        found: bool = self._book.value(
            _QUERIES["was_collected"], source=self._source.name, digest=digest
        )
        return found

    def note(self, looked: Looked) -> None:
        """Remember a file."""
        with self._book.transaction():
            self._book.value(
                _QUERIES["note_collected"],
                source=self._source.name,
                name=looked.offer.name,
                mark=looked.offer.mark,
                size=looked.size,
                digest=looked.digest,
                business_date=looked.business_date,
                state=looked.state,
                problem=looked.problem,
                archived_as=looked.archived_as,
                settings=self._settings,
                parts=json.dumps([_told(part) for part in looked.parts]),
            )

    def when_taken(self, ready: Sequence[str]) -> dict[str, datetime]:
        """When files that lie ready were taken, by their names there."""
        rows = self._book.rows(_QUERIES["when_taken"], source=self._source.name, ready=list(ready))
        return {row["ready_as"]: row["taken_at"] for row in rows}

    def profile(self, layout: str) -> Profile:
        """What the files of a layout are like."""
        row = self._book.row(_QUERIES["stream_profile"], source=self._source.name, layout=layout)
        return Profile(**row) if row and row["columns"] is not None else Profile()

    def has_delivered(self, day: date) -> bool:
        """Whether something of that day was taken."""
        found: bool = self._book.value(
            _QUERIES["has_delivered"], source=self._source.name, business_date=day
        )
        return found

    def tell(self, layout: str, rules: Sequence[str], found: Sequence[Drift]) -> None:
        """Say what is to be told of a layout (blank: of the source), of these rules."""
        with self._book.transaction():
            self._book.value(
                _QUERIES["note_source"],
                source=self._source.name,
                layout=layout,
                rules=list(rules),
                found=[one.rule for one in found],
                details=[one.detail for one in found],
            )

    def waiting(self) -> list[str]:
        """What is refused or held, and was not taken since: name and problem."""
        rows = self._book.rows(_QUERIES["not_taken"], source=self._source.name)
        return [f"{row['name']}: {row['problem']}" for row in rows]

    def may_keep_originals(self) -> bool:
        """Whether files may be kept as they came: not if they tell of somebody anonymised."""
        found: bool = self._book.value(_QUERIES["may_keep_originals"], source=self._source.name)
        return found

    def refuse(self, ready_as: str, problem: str) -> None:
        """What was made out of a file could not be staged."""
        with self._book.transaction():
            self._book.value(
                _QUERIES["refuse_collected"],
                source=self._source.name,
                ready_as=ready_as,
                problem=problem,
            )

    def keys(self, kind: str, keys: Sequence[str]) -> list[int]:
        """Ids for keys of the source, known ones and new ones.

        Raises:
            Refused: the source's range is used up.
        """
        lowest, highest = self._source.taking.range
        with self._book.transaction():
            found: list[int] = self._book.value(
                _QUERIES["map_source_keys"],
                source=self._source.name,
                kind=kind,
                keys=list(keys),
                lowest=lowest,
                highest=highest,
            )
        return found


def hide_keys(book: Database, user_id: int) -> list[str]:
    """Hide what an anonymised client is called elsewhere: the sources that tell of the client."""
    found: list[str] = book.value(_QUERIES["hide_source_keys"], user_id=user_id)
    return found


def originals_due(book: Database, days: int) -> list[Row]:
    """Files that were kept as they came and are older than so many days: source, name, day."""
    return book.rows(_QUERIES["originals_due"], days=days)


def listed(book: Database, source: str, most: int | None = None) -> list[Collected]:
    """Files of a source, the latest first."""
    rows = book.rows(_QUERIES["collected"], source=source, most=most)
    return [Collected(**row) for row in rows]


def overview(book: Database, source: Source) -> Overview:
    """A source, and how it stands."""
    latest = listed(book, source.name, 1)
    return Overview(
        source.name,
        source.where.kind if source.where else None,
        _place(source),
        tuple(source.layouts),
        tuple(sorted(source.full)),
        source.taking.required,
        source.taking.expected_by or None,
        latest[0] if latest else None,
        tuple(Memory(book, source).waiting()),
    )


def _place(source: Source) -> str:
    if source.where is None:
        return "input_data" if source.name == "main" else ""
    told = source.where.options
    address = next((told[key] for key in ("address", "url", "host", "bucket") if key in told), "")
    return _SECRET.sub("", str(address)).partition("?")[0]


def fingerprint(source: Source) -> str:
    """Settings by which a file is read, in short: with other ones it may be read after all."""
    layouts = [asdict(layout) for layout in source.layouts.values()]
    read = asdict(source.taking), asdict(source.files), layouts
    return hashlib.sha256(json.dumps(read, default=str, sort_keys=True).encode()).hexdigest()[:16]


def _told(part: Part) -> dict[str, object]:
    return {
        "layout": part.layout,
        "kind": part.kind,
        "ready_as": part.name,
        "row_count": part.row_count,
        "notes": list(part.notes),
        "columns": list(part.columns),
        "filled": sorted(part.filled),
    }
