"""Queries of another database: each gives a file of CSV, and nothing is changed there."""

from __future__ import annotations

import csv
import logging
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from loanbook.errors import (
    OfferGone,
    SourceDenied,
    SourceError,
    SourceUnavailable,
    SourceUntrusted,
)
from loanbook.sources.alike import on_its_line
from loanbook.sources.contract import Offer
from loanbook.sources.transports.cells import NoTextError, texts_of
from loanbook.sources.transports.landing import Patience
from loanbook.sources.transports.secrets import Secret, told
from loanbook.sources.transports.watchdog import Watchdog

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, CursorResult, Engine

ROWS = 5_000  # held at a time
_DENIALS = (
    "authentication failed",
    "access denied",
    "permission denied",
    "no password supplied",
    "pg_hba.conf",
    "login failed",
    "invalid username",
    "not authorized",
)

# What went wrong is told by our own sentences; a cursor of a lost connection cannot be closed.
logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked.

    Attributes:
        source: whose it is.
        queries: by the name of the file that each gives.
        timeout: seconds that the first rows may take, or the next ones.
        longest: seconds that all rows of a query may take.
        password: not to be shown.
    """

    source: str
    queries: Mapping[str, str]
    timeout: int
    longest: int
    password: Secret = field(default_factory=Secret)


class Queries:
    """Carries rows from another database; each query has a connection of its own."""

    def __init__(self, asking: Asking, engine: Engine) -> None:
        self._source = asking.source
        self._asking = asking
        self._engine = engine

    def offers(self) -> Iterator[Offer]:
        """One file a query; what is in it only asking tells."""
        with self._translated(), self._engine.connect():
            pass  # whether the server lets us in at all
        for name in self._asking.queries:
            yield Offer(name, None, "")

    def fetch(self, offer: Offer, to: Path) -> None:
        """Write all rows of a query as CSV: always from the start."""
        query = self._asking.queries.get(offer.name)
        if query is None:
            problem = "there is no such query any more"
            raise OfferGone(source=self._source, name=told(offer.name), problem=problem)
        to.unlink(missing_ok=True)
        with (
            self._translated(),
            self._engine.connect() as connection,
            Watchdog(connection.connection.driver_connection) as dog,
            self._bitten(dog),
            to.open("x", encoding="utf-8", newline="", errors="surrogatepass") as file,
        ):
            writer = csv.writer(file, lineterminator="\n")
            with closing(self._rows(connection, query, dog)) as some:
                for rows in some:
                    writer.writerows(map(on_its_line, rows))

    def close(self) -> None:
        """Let go of connections."""
        self._engine.dispose()

    def _rows(
        self, connection: Connection, query: str, dog: Watchdog
    ) -> Generator[Iterable[Sequence[object]], None, None]:
        """The header, then the rows as texts; nothing is ever committed."""
        patience = Patience(self._source, self._asking.longest)
        dog.allow(min(self._asking.timeout, patience.left))
        with closing(self._begun(connection, query)) as result:
            if not result.returns_rows or not result.keys():
                raise self._refusal("the query gives no rows; only what reads is asked")
            columns = list(result.keys())
            yield [[self._named(columns, place) for place in range(len(columns))]]
            parts = result.partitions(ROWS)
            while (part := next(parts, None)) is not None:
                dog.allow(None)
                yield self._texts(columns, part)
                patience.check()
                dog.allow(min(self._asking.timeout, patience.left))
            dog.allow(None)

    def _begun(self, connection: Connection, query: str) -> CursorResult[Any]:
        # As it stands: a colon or a percent sign in it is no place for a value.
        reading = connection.execution_options(stream_results=True, no_parameters=True)
        return reading.exec_driver_sql(query)

    def _named(self, columns: list[str], place: int) -> str:
        name = columns[place]
        if not name or name in columns[:place]:
            raise self._refusal(f"the query names column {place + 1} not at all, or like another")
        return name

    def _texts(
        self, columns: list[str], part: Sequence[Sequence[object]]
    ) -> Iterator[Sequence[object]]:
        written = []
        for name, values in zip(columns, zip(*part, strict=True), strict=True):
            try:
                written.append(texts_of(values))
            except NoTextError:
                raise self._refusal(f"column {told(name)} holds what is no text") from None
        return zip(*written, strict=True)

    def _refusal(self, problem: str) -> SourceError:
        return SourceError(source=self._source, problem=problem)

    @contextmanager
    def _bitten(self, dog: Watchdog) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            if dog.has_bitten:
                self._fail_late()
            raise error from None

    def _fail_late(self) -> NoReturn:
        problem = f"no rows within {self._asking.timeout} seconds (the setting timeout)"
        raise SourceUnavailable(source=self._source, problem=problem) from None

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            self._raise(error.orig or error, str(getattr(error.orig, "sqlstate", "") or ""))
        except (SQLAlchemyError, OSError) as error:
            self._raise(error, "")

    def _raise(self, error: BaseException, state: str) -> NoReturn:
        text = str(error).lower()
        problem = told(error, self._asking.password)
        if state == "57014":  # by the server's own limit
            self._fail_late()
        if state.startswith("28") or state == "42501" or any(one in text for one in _DENIALS):
            raise SourceDenied(source=self._source, problem=problem) from None
        if "certificate" in text:
            raise SourceUntrusted(source=self._source, problem=problem) from None
        if state[:2] in {"42", "22", "25"} or "no such" in text or "syntax error" in text:
            raise SourceError(source=self._source, problem=f"its query: {problem}") from None
        raise SourceUnavailable(source=self._source, problem=problem) from None
