"""What a source has is fetched once and whole, and becomes files that are ready to be staged.

Killed at any point, the next time does the rest: a file is remembered when what was made out of it
lies ready, and is made out of it in the same way again until then.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from datetime import time as clock_time
from pathlib import Path
from typing import TYPE_CHECKING

from loanbook.errors import (
    BadSetting,
    FormatRefused,
    MissingExtra,
    OfferGone,
    Refused,
    SourceDenied,
    SourceError,
    SourceUnavailable,
    SourceUntrusted,
)  # fmt: skip
from loanbook.inert import in_database
from loanbook.sources import alike, drift, offered, registry
from loanbook.sources.contract import Offer
from loanbook.sources.drift import Drift
from loanbook.sources.layouts import ColumnsMissingError, Context
from loanbook.sources.memory import Looked, Memory
from loanbook.sources.places import Places
from loanbook.sources.ready import Fetched, Part, make_ready

if TYPE_CHECKING:
    from loanbook.database.connection import Database
    from loanbook.settings import Settings
    from loanbook.settings.sources import Source, Where
    from loanbook.sources.contract import Transport

UNREACHABLE, LATE, FILE_REFUSED = "source_unreachable", "source_late", "source_file_refused"
_OUTAGES = (SourceUnavailable, SourceDenied, SourceUntrusted, BadSetting, MissingExtra)


@dataclass(frozen=True, slots=True)
class Wish:
    """How a source is to be collected.

    Attributes:
        undated: the day of files whose names bear none.
        day: the business date for which something may be expected.
        sleep: waits for seconds, for files that have just changed.
    """

    undated: date
    day: date
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class Counts:
    """What collecting a source came to.

    Attributes:
        offered: files that it has and that are wanted.
        taken: new ones that were taken.
        known: new ones whose bytes were taken before.
        refused: new ones that cannot be read.
        held: new ones that a person has to look at.
        moving: ones that are still being written, or changed while they were fetched.
        rows: in files of ours that were made.
        late: nothing came for the day, although it is past the time.
        problems: what was refused or held, in sentences.
    """

    offered: int = 0
    taken: int = 0
    known: int = 0
    refused: int = 0
    held: int = 0
    moving: int = 0
    rows: int = 0
    late: bool = False
    problems: list[str] = field(default_factory=list)


def collect(book: Database, settings: Settings, source: Source, wish: Wish) -> Counts:
    """Fetch what a source has that is new and whole, and make it ready.

    One file's refusal does not stop the others. A finding tells of each refusal and of an outage;
    it is closed when there is nothing more to tell.

    Raises:
        SourceError: the source cannot be reached, or does not let us in; what came before stays.
        BadSetting: its settings cannot be used.
        MissingExtra: a library is not installed.
    """
    assert source.where is not None, "only a source with a place can be collected"  # noqa: S101
    collector = Collector(book, settings, source, wish)
    try:
        collector.all_of(source.where)
    except _OUTAGES as error:
        collector.outage = str(error)
        raise
    finally:
        collector.tell()
    return collector.counts


class Collector:
    """Takes the files of one source."""

    def __init__(self, book: Database, settings: Settings, source: Source, wish: Wish) -> None:
        self._source = source
        self._wish = wish
        self._memory = Memory(book, source)
        self._places = Places(settings, source.name)
        self._zone = settings.zone
        self._context = Context(source.name, source.taking, settings.zone, self._memory.keys)
        self.counts = Counts()
        self.outage = ""

    def all_of(self, where: Where) -> None:
        """Take all that is new."""
        self._places.make()
        transport = registry.transport(where)
        try:
            offers = offered.wanted(transport.offers(), self._source.taking)
            self.counts.offered = len(offers)
            self._places.forget_parts({_part_name(offer) for offer in offers})
            left = self._memory.left(offers)
            now = self._memory.clock()
            whole = offered.settled(left, transport, self._source.taking, now, self._wish.sleep)
            self.counts.moving = len(left) - len(whole)
            for day, offer in sorted(((self._day(one), one) for one in whole), key=_order):
                self._fetch(transport, offer, day)
        finally:
            transport.close()

    def one(self, path: Path, day: date | None) -> Counts:
        """Take a file that a person names, whatever is strange about it."""
        self._places.make()
        offer = Offer(path.name, path.stat().st_size, f"by hand {path.stat().st_mtime_ns}")
        self._take(offer, path, day or self._day(offer), despite=True)
        self.tell()
        return self.counts

    def tell(self) -> None:
        """Say by findings what there is to say of the source as a whole."""
        found = [Drift(UNREACHABLE, self.outage)] if self.outage else []
        if self._is_late():
            self.counts.late = True
            expected = self._source.taking.expected_by
            found.append(Drift(LATE, f"nothing for {self._wish.day} by {expected}"))
        waiting = self._memory.waiting()
        if waiting:
            more = f"; and {len(waiting) - 3} more" if len(waiting) > 3 else ""  # noqa: PLR2004
            found.append(Drift(FILE_REFUSED, "; ".join(waiting[:3]) + more))
        self._memory.tell("", (UNREACHABLE, LATE, FILE_REFUSED), found)

    def _is_late(self) -> bool:
        expected = self._source.taking.expected_by
        if not expected:
            return False
        until = datetime.combine(
            self._wish.day, clock_time.fromisoformat(expected), tzinfo=self._zone
        )
        return self._memory.clock() > until and not self._memory.has_delivered(self._wish.day)

    def _day(self, offer: Offer) -> date:
        return offered.business_date(offer.name, self._source.taking, self._wish.undated)

    def _fetch(self, transport: Transport, offer: Offer, day: date) -> None:
        part = self._places.inbox / _part_name(offer)
        try:
            transport.fetch(offer, part)
        except OfferGone as error:
            part.unlink(missing_ok=True)
            self.counts.moving += 1
            self.counts.problems.append(str(error))
            return
        if offer.size is not None and part.stat().st_size != offer.size:
            problem = f"{part.stat().st_size} bytes of {offer.name} came, not {offer.size}"
            part.unlink()
            raise SourceUnavailable(source=self._source.name, problem=problem)
        self._take(offer, part, day)
        part.unlink()

    def _take(self, offer: Offer, path: Path, day: date, *, despite: bool = False) -> None:
        digest = _digest(path)
        looked = Looked(offer, path.stat().st_size, digest, day, "taken")
        if not despite and self._memory.knows(digest):
            self.counts.known += 1
            self._memory.note(replace(looked, state="known"))
            return
        if self._memory.may_keep_originals():
            looked = replace(looked, archived_as=self._places.keep(path, digest, offer.name))
        with tempfile.TemporaryDirectory(dir=self._places.inbox, prefix=".making-") as folder:
            try:
                fetched = Fetched(path, offer.name, day)
                parts = make_ready(fetched, self._source, self._context, Path(folder))
            except ColumnsMissingError as error:
                self._put_off(looked, "refused", self._lost(error))
                return
            except (FormatRefused, Refused, SourceError) as error:
                self._put_off(looked, "refused", str(error))
                return
            held = [] if despite else self._judge(parts)
            if held:
                self._put_off(looked, "held", "; ".join(held))
                return
            for part in parts:
                self._places.put_ready(part.path, part.name)
        self._memory.note(replace(looked, parts=parts))
        self.counts.taken += 1
        self.counts.rows += sum(part.row_count for part in parts)
        self.counts.problems += [note for part in parts for note in part.notes]

    def _put_off(self, looked: Looked, state: str, why: str) -> None:
        why = in_database(why)
        setattr(self.counts, state, getattr(self.counts, state) + 1)
        self.counts.problems.append(f"{looked.offer.name}: {why}")
        self._memory.note(replace(looked, state=state, problem=why))

    def _lost(self, error: ColumnsMissingError) -> str:
        """Columns are missing: told of their layout, too."""
        profile = self._memory.profile(error.layout)
        found = drift.missing(error.columns, profile, error.missing)
        self._memory.tell(error.layout, drift.RULES, [found])
        return found.detail

    def _judge(self, parts: list[Part]) -> list[str]:
        """Tell how files differ from those before them: and why they have to be held, if so."""
        held: list[str] = []
        for part in parts:
            profile = self._memory.profile(part.layout)
            found = [*drift.new(part.columns, profile), *drift.unusual(part.row_count, profile)]
            blank = drift.emptied(part.filled, part.watched, profile)
            if blank and part.is_as_it_came:
                filled = alike.filled_of(part.path, list(part.columns), None)
                blank = drift.emptied(filled, part.watched, profile)
            if blank and part.row_count >= drift.FEW:
                found.append(drift.empty(blank))
                held.append(found[-1].detail)
            self._memory.tell(part.layout, drift.RULES, found)
        return held


def _order(dated: tuple[date, Offer]) -> tuple[date, str]:
    return dated[0], dated[1].name


def _part_name(offer: Offer) -> str:
    """The name of a file that is being fetched: of this content only, and no stranger's."""
    named = hashlib.sha256(f"{offer.name}\0{offer.mark}".encode()).hexdigest()
    return f".{named[:24]}.part"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
