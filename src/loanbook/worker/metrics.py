"""What Prometheus is told: asked of the book and its journal at each scrape, counted by nobody.

So the figures are true whichever worker did the day, and all workers tell the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from loanbook import sql
from loanbook.errors import LoanbookError
from loanbook.runs import workers
from loanbook.worker.told import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from prometheus_client import Metric

    from loanbook.database.connection import Database, Row
    from loanbook.settings import Settings
    from loanbook.worker.place import Place
    from loanbook.worker.told import Teller

_QUERIES = sql.queries("metrics")
OUTCOMES = (
    *("staged", "inserted", "updated", "unchanged", "collapsed", "quarantined"),
    "deleted",  # clients that vanished with a full file; the others add up to what was staged
)
STATES = ("done", "running", "failed", "died")
JOBS = ("todo", "doing", "failed")


class BookCollector(Collector):
    """Asks the book whenever somebody asks for the metrics."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: registering asks no database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All metrics; where the book cannot be asked, only that."""
        up = GaugeMetricFamily("loanbook_database_up", "1 if the book could be asked, else 0.")
        try:
            told = list(self._asked())
        except LoanbookError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from told

    def _asked(self) -> Iterator[Metric]:
        given, now = self._place.load(), self._place.clock()
        with self._place.open_book(given) as book, book.frozen():
            yield _lines(book.rows(_QUERIES["lines"]))
            steps = book.rows(_QUERIES["steps"])
            yield _step_outcomes(steps)
            yield _step_seconds(steps)
            yield _latest_steps(book.rows(_QUERIES["latest_steps"]))
            yield from _days(book.rows(_QUERIES["days"]))
            yield from _book(book.row(_QUERIES["book_stands"]) or {}, given, now)
            yield from _queue(book, given)


@dataclass(frozen=True, slots=True)
class Listening:
    """A server of metrics.

    Attributes:
        place: its address.
        server: itself.
    """

    place: str
    server: Any

    def close(self) -> None:
        """Answer no longer."""
        self.server.shutdown()
        self.server.server_close()


def serve(place: Place, given: Settings, tell: Teller) -> Listening | None:
    """Answer scrapes in a thread, if a port is set and free."""
    address, port = given.worker.metrics_address, given.worker.metrics_port
    if not port:
        return None
    registry = CollectorRegistry()
    registry.register(BookCollector(place))
    ProcessCollector(registry=registry)
    try:
        server, _ = start_http_server(port, address, registry)
    except OSError as error:
        problem = f"no metrics are told at {address}:{port} ({error.strerror or error})"
        tell(Trouble(f"{problem}; a worker beside this one may tell them"))
        return None
    return Listening(f"http://{address}:{port}/metrics", server)


def _lines(rows: list[Row]) -> Metric:
    told = CounterMetricFamily(
        "loanbook_lines", "Lines of all files by kind and by what became of them.",
        labels=("kind", "outcome"),
    )  # fmt: skip
    for row in rows:
        for outcome in OUTCOMES:
            told.add_metric([row["kind"], outcome], row[outcome])
    return told


def _step_outcomes(rows: list[Row]) -> Metric:
    told = CounterMetricFamily(
        "loanbook_steps", "Steps of all attempts by outcome.", labels=("step", "outcome")
    )
    for row in rows:
        if row["state"] != "running":
            told.add_metric([row["step"], row["state"]], row["times"])
    return told


def _step_seconds(rows: list[Row]) -> Metric:
    told = SummaryMetricFamily(
        "loanbook_step_seconds", "Seconds that steps took, those left out or kept apart.",
        labels=("step",),
    )  # fmt: skip
    taken = [row for row in rows if row["state"] in {"done", "flawed", "failed"}]
    for step in dict.fromkeys(row["step"] for row in taken):
        mine = [row for row in taken if row["step"] == step]
        times, seconds = sum(row["times"] for row in mine), sum(row["seconds"] for row in mine)
        told.add_metric([step], times, float(seconds))
    return told


def _latest_steps(rows: list[Row]) -> Metric:
    told = GaugeMetricFamily(
        "loanbook_step_last_seconds", "Seconds that a step took when it was done last.",
        labels=("step",),
    )  # fmt: skip
    for row in rows:
        told.add_metric([row["step"]], float(row["seconds"]))
    return told


def _days(rows: list[Row]) -> Iterator[Metric]:
    found = {row["state"]: row for row in rows}
    days = GaugeMetricFamily("loanbook_days", "Business dates by state.", labels=("state",))
    for state in STATES:
        days.add_metric([state], found[state]["days"] if state in found else 0)
    yield days
    attempts = sum(row["attempts"] for row in rows)
    yield CounterMetricFamily("loanbook_attempts", "Attempts at all days.", value=attempts)
    if "done" in found:
        yield GaugeMetricFamily(
            "loanbook_last_success_timestamp_seconds", "When a day was last done.",
            value=found["done"]["last_ended"].timestamp(),
        )  # fmt: skip


def _book(row: Row, given: Settings, now: datetime) -> Iterator[Metric]:
    if row.get("business_date") is not None:
        today = given.as_of or now.astimezone(given.zone).date()
        yield GaugeMetricFamily(
            "loanbook_lag_days", "Days by which the book is behind the lender's calendar.",
            value=(today - row["business_date"]).days,
        )  # fmt: skip
    for name, about in (
        ("quarantine_open", "Refused lines that wait for a person."),
        ("findings_open", "Findings that are open."),
    ):
        yield GaugeMetricFamily(f"loanbook_{name}", about, value=row.get(name, 0))


def _queue(book: Database, given: Settings) -> Iterator[Metric]:
    found = workers.look(book, given.worker.stalled_after)
    if found is None:
        return
    about = "Workers that gave a sign of life lately."
    yield GaugeMetricFamily("loanbook_workers", about, value=found.alive)
    told = GaugeMetricFamily("loanbook_jobs", "Days in the queue by state.", labels=("state",))
    for state in JOBS:
        told.add_metric([state], sum(job.state == state for job in found.jobs))
    yield told
    tries = GaugeMetricFamily(
        "loanbook_job_attempts", "Attempts that did not end well, of days in the queue.",
        value=sum(job.attempts for job in found.jobs),
    )  # fmt: skip
    yield tries
