"""The queue of the workers: installed, upgraded, guarded; which day goes in; what metrics say."""

from __future__ import annotations

import asyncio
import re
import urllib.request
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.cast import CLIENTS, CONTACTS, DAY, LOANS, csv_text
from tests.crew import free_port
from tests.houses import ZONE

from loanbook import sql
from loanbook.database import jobs
from loanbook.database.connection import ROLE
from loanbook.database.install import install
from loanbook.errors import DatabaseError, Unreachable
from loanbook.runs import daily, journal, workers
from loanbook.settings import Worker
from loanbook.worker import metrics, queue
from loanbook.worker.place import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.desk import Desk
    from tests.houses import Houses

    from loanbook.database.connection import Database
    from loanbook.settings import Settings

NOON = datetime(2024, 1, 25, 15, tzinfo=UTC)  # at the lender's
RIGHTS = """
select c.relname as name, p.privilege
from pg_class as c
cross join unnest(
    array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']
) as p (privilege)
where c.relnamespace = 'jobs'::regnamespace and c.relkind = 'r'
    and has_table_privilege(%(role)s, c.oid, p.privilege)
order by 1, 2
"""
ALL = ("delete", "insert", "select", "update")


def run(desk: Desk, day: date = DAY) -> None:
    assert daily.run(desk.app, desk.settings, daily.Wish(day)).ok


def deliver(desk: Desk) -> None:
    for kind, lines in (("clients", CLIENTS), ("contacts", CONTACTS), ("loans", LOANS)):
        desk.write(f"{kind}.csv", csv_text(kind, lines))


# Install


def test_the_application_has_what_the_queue_needs_and_nobody_else_has_anything(desk: Desk) -> None:
    found = desk.owner.rows(RIGHTS, role=ROLE)
    rights = {
        name: tuple(row["privilege"] for row in found if row["name"] == name)
        for name in {row["name"] for row in found}
    }
    assert rights == {
        "procrastinate_events": ("insert", "select"),
        "procrastinate_jobs": ALL,
        "procrastinate_periodic_defers": ("select", "update"),
        "procrastinate_workers": ALL,
        "taken": ("select",),
    }
    for role in ("loanbook_analyst", "loanbook_auditor", "public"):
        assert not desk.owner.value(
            "select has_schema_privilege(%(role)s, 'jobs', 'usage')", role=role
        )
    with pytest.raises(DatabaseError), desk.app.transaction():
        desk.app.run("create table jobs.mine ()")
    with pytest.raises(DatabaseError), desk.app.transaction():
        desk.app.run("delete from jobs.procrastinate_events")


def test_install_takes_what_a_newer_release_of_the_library_brings(
    houses: Houses, bare: str
) -> None:
    text = (resources.files("procrastinate.sql") / "schema.sql").read_text("utf-8")
    older = re.sub(r",( -- not a state.* recording .*)\n +'retried' .*\n", r"\1\n", text)
    older = re.sub(r"(?s)CREATE FUNCTION procrastinate_retry_job_v2.*?\n\$\$;", "", older)
    older = re.sub(r" +WHEN OLD.status = 'failed'.*\n.*\n.*'retried'.*\n", "", older)
    assert "'retried'" not in older
    with houses.owner(bare) as owner:
        install(owner, ZONE)
        owner.run("drop schema jobs cascade")
        with owner.transaction():
            owner.run(sql.text("jobs/schema.sql"))
            owner.run(cast("Any", older))
            for name in jobs._pending(owner):  # noqa: SLF001 -- as install would
                if not name.startswith("03.04"):
                    owner.value("insert into jobs.taken values (%(name)s) returning 1", name=name)
        assert not jobs.is_current(owner)
        install(owner, ZONE)
        assert jobs.is_current(owner)
        assert owner.value("select to_regproc('jobs.procrastinate_retry_job_v2') is not null")
        assert owner.value("select 'retried'::jobs.procrastinate_job_event_type is not null")
        rows = owner.value("select count(*) from jobs.taken")
        install(owner, ZONE)
        assert owner.value("select count(*) from jobs.taken") == rows


# What is due


def given(desk: Desk, **named: Any) -> Settings:  # noqa: ANN401 -- as they come
    return replace(desk.settings, **named)


def test_a_new_book_begins_with_today_once_its_moment_has_come(desk: Desk) -> None:
    assert queue.due(desk.app, desk.settings, NOON) == DAY
    early = datetime(2024, 1, 25, 8, 59, tzinfo=UTC)
    assert queue.due(desk.app, desk.settings, early) is None


def test_what_is_done_is_not_due_and_the_next_day_is(desk: Desk) -> None:
    run(desk)
    assert queue.due(desk.app, desk.settings, NOON) is None
    early = NOON + timedelta(hours=17)
    assert queue.due(desk.app, desk.settings, early) is None
    assert queue.due(desk.app, desk.settings, NOON + timedelta(days=1)) == DAY + timedelta(days=1)
    # A book that was left alone does not wait for the next moment.
    assert queue.due(desk.app, desk.settings, early + timedelta(days=5)) == DAY + timedelta(days=5)


def test_the_day_that_the_settings_name_stops_the_calendar(desk: Desk) -> None:
    pinned = given(desk, as_of=DAY)
    assert queue.due(desk.app, pinned, NOON + timedelta(days=300)) == DAY
    run(desk)
    assert queue.due(desk.app, pinned, NOON + timedelta(days=300)) is None
    run(desk, DAY + timedelta(days=1))
    assert queue.due(desk.app, pinned, NOON) is None


def test_a_day_that_failed_outside_of_the_queue_is_due(desk: Desk) -> None:
    run(desk)
    desk.write("clients.csv", "who,what\n1,2\n", DAY + timedelta(days=1))
    failed = daily.run(desk.app, desk.settings, daily.Wish(DAY + timedelta(days=1)))
    assert not failed.ok
    assert queue.due(desk.app, desk.settings, NOON + timedelta(days=1)) == DAY + timedelta(days=1)


def test_a_day_is_put_into_the_queue_once(desk: Desk, houses: Houses) -> None:
    async def nobody(_: date) -> None:
        raise AssertionError

    async def put() -> list[bool]:
        app = queue.make(houses.conninfo(desk.name), ROLE, desk.settings, nobody)
        async with app.open_async():
            return list(await asyncio.gather(*(queue.put(app, DAY) for _ in range(5))))

    assert sorted(asyncio.run(put())) == [False] * 4 + [True]
    assert queue.due(desk.app, desk.settings, NOON) is None
    found = workers.look(desk.app, 60)
    assert found is not None
    assert [(job.day, job.state, job.is_settled) for job in found.jobs] == [(DAY, "todo", False)]
    run(desk)
    found = workers.look(desk.app, 60)
    assert found is not None
    assert [job.is_settled for job in found.jobs] == [True]


@pytest.mark.parametrize(("attempts", "state"), [(0, "todo"), (14, "todo"), (15, "failed")])
def test_what_a_dead_worker_held_is_put_back_unless_it_ends_each_worker(
    desk: Desk, houses: Houses, attempts: int, state: str
) -> None:
    desk.owner.value(
        "insert into jobs.procrastinate_jobs (queue_name, task_name, lock, args, status, attempts)"
        " values ('day', 'day', 'day', '{\"day\": \"2024-01-25\"}', 'doing', %(attempts)s)"
        " returning id",
        attempts=attempts,
    )

    async def nobody(_: date) -> None:
        raise AssertionError

    async def rescue() -> list[tuple[date, bool]]:
        app = queue.make(houses.conninfo(desk.name), ROLE, desk.settings, nobody)
        async with app.open_async():
            return await queue.rescue(app, desk.settings.worker)

    assert asyncio.run(rescue()) == [(DAY, state == "todo")]
    found = workers.look(desk.app, 60)
    assert found is not None
    assert [(job.state, job.attempts) for job in found.jobs] == [(state, attempts + 1)]


def test_a_dead_workers_day_that_waits_once_more_is_left_to_the_second_job(
    desk: Desk, houses: Houses
) -> None:
    desk.owner.value(
        "insert into jobs.procrastinate_jobs"
        " (queue_name, task_name, lock, queueing_lock, args, status) values"
        " ('day', 'day', 'day', 'day 2024-01-25', '{\"day\": \"2024-01-25\"}', 'doing')"
        " returning id"
    )

    async def nobody(_: date) -> None:
        raise AssertionError

    async def rescue() -> list[tuple[date, bool]]:
        app = queue.make(houses.conninfo(desk.name), ROLE, desk.settings, nobody)
        async with app.open_async():
            assert await queue.put(app, DAY)  # by a worker that had looked just before
            return await queue.rescue(app, desk.settings.worker)

    assert asyncio.run(rescue()) == [(DAY, True)]
    found = workers.look(desk.app, 60)
    assert found is not None
    assert [(job.day, job.state) for job in found.jobs] == [(DAY, "todo")]


# Metrics


def place_of(desk: Desk, houses: Houses, port: int, now: datetime = NOON) -> Place:
    @contextmanager
    def open_book(_: Settings) -> Iterator[Database]:
        with houses.app(desk.name) as book:
            yield book

    settings = given(desk, worker=Worker(metrics_port=port))
    return Place(lambda: settings, open_book, cast("Any", None), lambda: now)


@contextmanager
def scraped(place: Place) -> Iterator[dict[tuple[str, ...], float]]:
    """What a scraper reads over HTTP: values by name and labels."""
    troubles: list[object] = []
    listening = metrics.serve(place, place.load(), troubles.append)
    assert listening is not None
    try:
        with urllib.request.urlopen(listening.place) as answer:  # noqa: S310 -- our own address
            text = answer.read().decode("utf-8")
    finally:
        listening.close()
    yield {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_figures_are_those_of_the_book_and_its_journal(desk: Desk, houses: Houses) -> None:
    deliver(desk)
    desk.write("loans.csv", csv_text("loans", LOANS) + "x,y,z\n")
    daily.run(desk.app, desk.settings, daily.Wish(DAY))
    late = NOON + timedelta(days=2)
    with scraped(place_of(desk, houses, free_port(), late)) as told:
        assert told["loanbook_database_up",] == 1
        for kind, lines in (("clients", CLIENTS), ("contacts", CONTACTS), ("loans", LOANS)):
            refused = kind == "loans"
            assert told["loanbook_lines_total", kind, "staged"] == len(lines) + refused
            fates = ("inserted", "updated", "unchanged", "collapsed", "quarantined")
            counted = [told["loanbook_lines_total", kind, fate] for fate in fates]
            assert sum(counted) == len(lines) + refused
            assert counted[-1] == len(desk.refused_lines(kind))
        assert told["loanbook_lag_days",] == 2
        [done] = journal.listed(desk.app)
        assert done.ended_at is not None
        stamp = told["loanbook_last_success_timestamp_seconds",]
        assert stamp == pytest.approx(done.ended_at.timestamp())
        for step in journal.steps(desk.app, done.run_id):
            assert told["loanbook_steps_total", "done", step.step] == 1
            assert told["loanbook_step_seconds_count", step.step] == 1
            assert told["loanbook_step_seconds_sum", step.step] == float(step.seconds or 0)
        assert told["loanbook_days", "done"] == 1
        assert told["loanbook_attempts_total",] == 1
        assert told["loanbook_jobs", "failed"] == 0
        assert told["loanbook_workers",] == 0


def test_each_metric_is_explained(desk: Desk, houses: Houses) -> None:
    deliver(desk)
    run(desk)
    page = (Path(__file__).parents[2] / "docs" / "reference" / "metrics.md").read_text("utf-8")
    explained = set(re.findall(r"^\| `(loanbook_\w+)`", page, re.MULTILINE))
    with scraped(place_of(desk, houses, free_port())) as told:
        names = {name for name, *_ in told if name.startswith("loanbook_")}
    assert {re.sub(r"(seconds)_(count|sum)$", r"\1", name) for name in names} == explained


def test_the_metrics_say_nothing_of_a_person(desk: Desk, houses: Houses) -> None:
    deliver(desk)
    run(desk)
    known = {
        *("clients", "contacts", "loans"), *metrics.OUTCOMES, *metrics.STATES, *metrics.JOBS,
        *("stage", "promote", "classify", "check", "accept", "record", "snapshot", "report"),
        *("figures", "remind", "summarise", "deliver"),
    }  # fmt: skip
    with scraped(place_of(desk, houses, free_port())) as told:
        assert {label for _, *labels in told for label in labels} <= known


def test_a_book_that_cannot_be_asked_is_told_of(desk: Desk, houses: Houses) -> None:
    @contextmanager
    def gone(_: Settings) -> Iterator[Database]:
        raise Unreachable(place="here", problem="none")
        yield

    with scraped(replace(place_of(desk, houses, free_port()), open_book=gone)) as told:
        assert {name for name, *_ in told if name.startswith("loanbook")} == {
            "loanbook_database_up"
        }
        assert told["loanbook_database_up",] == 0


def test_a_port_that_is_taken_stops_no_worker(desk: Desk, houses: Houses) -> None:
    place = place_of(desk, houses, free_port())
    troubles: list[object] = []
    first = metrics.serve(place, place.load(), troubles.append)
    assert first is not None
    try:
        assert metrics.serve(place, place.load(), troubles.append) is None
    finally:
        first.close()
    assert "a worker beside this one may tell them" in str(troubles)


def test_without_a_port_no_metrics_are_told(desk: Desk, houses: Houses) -> None:
    place = place_of(desk, houses, 0)
    assert metrics.serve(place, place.load(), print) is None
