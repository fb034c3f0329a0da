"""What may go, what is looked at, and how the book is said to stand."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.cast import CLIENTS, DAY, LOANS, Client, csv_text

from loanbook.errors import BadSetting, Refused, Unreachable
from loanbook.portfolio import lake
from loanbook.runs import daily
from loanbook.runs.status import status
from loanbook.settings import Retention, Settings, load
from loanbook.upkeep.doctor import Finding, examine
from loanbook.upkeep.purge import purge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.desk import Desk
    from tests.houses import Houses

    from loanbook.database.connection import Database

LATER = DAY + timedelta(days=40)


@pytest.fixture
def aged(desk: Desk) -> Desk:
    """A book that took files twice and has come forty days further."""
    for day, clients in ((DAY, CLIENTS), (DAY + timedelta(days=1), CLIENTS[:-1])):
        desk.load(clients=clients, loans=LOANS[:-1], day=day)
    desk.app.rows("select from api.advance_book(%(day)s)", day=LATER)
    return desk


def names(desk: Desk) -> set[str]:
    return {path.name for path in desk.settings.archive.iterdir()}


def kept(desk: Desk, **days: int) -> Settings:
    return Settings(home=desk.settings.home, retention=Retention(**days))


def test_purge_tells_first_and_removes_when_told(aged: Desk) -> None:
    before = names(aged)
    settings = kept(aged, archive=30)
    told = purge(aged.app, settings, yes=False)
    assert [(one.what, one.name) for one in told.gone if one.what == "stage"] == [
        ("stage", "clients_1"),
    ]
    (copy,) = [one.name for one in told.gone if one.what == "archive"]
    assert names(aged) == before
    done = purge(aged.app, settings, yes=True)
    assert done.gone == told.gone
    assert names(aged) == before - {copy}
    assert purge(aged.app, settings, yes=True).gone == ()
    assert aged.ailments() == []


def test_the_next_file_is_still_compared_with_the_newest(aged: Desk) -> None:
    purge(aged.app, kept(aged, archive=30), yes=True)
    loaded = aged.load(clients=[*CLIENTS[:-1], Client(77)], day=LATER)
    assert loaded.fates("clients") == {"unchanged": len(CLIENTS) - 1, "inserted": 1}
    compared = "select compared_with from ops.batches order by batch_id desc limit 1"
    assert aged.owner.value(compared) is not None


def test_what_is_younger_or_needed_is_refused_by_the_database(aged: Desk) -> None:
    with pytest.raises(Refused, match="younger than a week"):
        aged.app.rows("select * from api.stages_due(6)")
    for batch_id in (2, 3, 99):  # the newest loans, the newest clients, none at all
        with pytest.raises(Refused, match="not due to go"):
            aged.app.value("select api.purge_stage(%(b)s, 7)", b=batch_id)
    with pytest.raises(Refused, match="not due to go"):
        aged.app.value("select api.purge_copy('nothing', 7)")
    with pytest.raises(Refused, match="not due to go"):
        aged.app.value("select api.purge_steps(1, 7)")


def test_copies_with_lines_open_in_quarantine_stay(desk: Desk) -> None:
    desk.load(clients=[*CLIENTS, {"user_id": "x"}])
    desk.load(clients=CLIENTS, day=DAY + timedelta(days=1))
    desk.app.rows("select from api.advance_book(%(day)s)", day=LATER)
    done = purge(desk.app, kept(desk, archive=30), yes=True)
    assert {one.what for one in done.gone} == {"stage"}


def test_copies_that_no_batch_names_go_when_they_are_old(aged: Desk) -> None:
    named = names(aged)
    for name, days in (("0123-odd.csv", 31), (".arriving-x", 31), ("4567-odd.csv", 29)):
        path = aged.settings.archive / name
        path.write_text("a,b\n1,2\n", "utf-8")
        noon = datetime.combine(LATER - timedelta(days=days), time(12), aged.settings.zone)
        os.utime(path, (noon.timestamp(), noon.timestamp()))
    settings = kept(aged, archive=30)
    told = purge(aged.app, settings, yes=False).gone
    assert {one.name for one in told} >= {"0123-odd.csv", ".arriving-x"}
    assert purge(aged.app, settings, yes=True).gone == told
    assert {"0123-odd.csv", ".arriving-x", "4567-odd.csv"} & names(aged) == {"4567-odd.csv"}
    assert names(aged) & named


def test_old_snapshots_go_and_the_newest_stays(desk: Desk) -> None:
    folder = desk.settings.lake
    for back in (9, 8, 7):
        daily.run(desk.app, desk.settings, daily.Wish(DAY - timedelta(days=back)))
    half = folder / "loans" / f"as_of={DAY - timedelta(days=60)}"  # a process was killed
    half.mkdir()
    (folder / f".as_of={DAY - timedelta(days=50)}").mkdir()
    desk.app.rows("select from api.advance_book(%(day)s)", day=DAY)
    told = purge(desk.app, kept(desk, lake=7), yes=False).gone
    due = [one.business_date for one in told if one.what == "lake"]
    assert due == [DAY - timedelta(days=back) for back in (60, 50, 9, 8)]
    assert purge(desk.app, kept(desk, lake=7), yes=True).gone == told
    assert lake.days(folder) == list(lake.remains(folder)) == [DAY - timedelta(days=7)]
    assert lake.read(folder)
    desk.app.rows("select from api.advance_book(%(day)s)", day=LATER)
    purge(desk.app, kept(desk, lake=7), yes=True)
    assert lake.days(folder) == [DAY - timedelta(days=7)]


def test_the_audit_is_never_purged(aged: Desk) -> None:
    rows = "select count(*) from audit.changes"
    before = aged.owner.value(rows)
    purge(aged.app, kept(aged, stage=7, archive=7, journal=7), yes=True)
    assert aged.owner.value(rows) == before > 0


def test_a_report_is_wanted_or_not(tmp_path: Path) -> None:
    (tmp_path / "loanbook.toml").write_text('[runs]\nreport = "yes"\n', "utf-8")
    with pytest.raises(BadSetting, match=r"runs\.report.* neither true nor false"):
        load(tmp_path, {})
    (tmp_path / "loanbook.toml").write_text("[runs]\nreport = false\n", "utf-8")
    assert not load(tmp_path, {}).runs.report


def test_less_than_a_week_is_no_retention(tmp_path: Path) -> None:
    (tmp_path / "loanbook.toml").write_text("[retention]\nstage = 3\n", "utf-8")
    with pytest.raises(BadSetting, match=r"retention\.stage"):
        load(tmp_path, {})


# Status


def test_status_tells_what_to_do_and_when_all_is_well(desk: Desk) -> None:
    empty = status(desk.app, DAY)
    assert not empty.well
    assert "There is no book yet" in empty.todo[0]
    folder = desk.settings.input_data
    folder.mkdir()
    for kind, lines in (("clients", CLIENTS), ("loans", LOANS)):
        (folder / f"{kind}.csv").write_text(csv_text(kind, lines), "utf-8")
    daily.run(desk.app, desk.settings, daily.Wish(DAY))
    found = status(desk.app, DAY)
    assert found.well, found.todo
    assert found.run is not None
    assert found.run.state == "done"
    assert found.business_date == DAY
    assert sum(one.loans for one in found.buckets) > 0
    behind = status(desk.app, DAY + timedelta(days=3))
    assert behind.todo == (f"The book stands at {DAY}, 3 days behind: `loanbook run` catches up.",)
    desk.write("clients.csv", csv_text("clients", CLIENTS[:2]), DAY + timedelta(days=1))
    desk.stage(folder / (DAY + timedelta(days=1)).isoformat())
    assert "Staged and not promoted: 1." in status(desk.app, DAY).todo[0]


# Doctor


def levels(found: list[Finding]) -> dict[str, str]:
    return {one.name: one.level for one in found}


def now() -> datetime:
    return datetime.now(UTC)


def test_doctor_finds_a_book_in_order(houses: Houses, desk: Desk) -> None:
    @contextmanager
    def look(_: Settings) -> Iterator[Database]:
        with houses.app(desk.name) as app:
            yield app

    settings = Settings(home=desk.settings.home, database_url="postgresql:///any")
    found = levels(examine(settings, look, now))
    wanted = ("versions", "configuration", "workspace", "database", "clock", "release")
    assert {found[name] for name in wanted} == {"ok"}
    assert found["backups"] == "warn"

    def ahead() -> datetime:
        return now() + timedelta(minutes=5)

    assert levels(examine(settings, look, ahead))["clock"] == "fail"
    desk.owner.run("update ops.book set release = 'another'")
    assert levels(examine(settings, look, now))["release"] == "fail"


def test_doctor_tells_of_a_server_that_does_not_answer(tmp_path: Path) -> None:
    @contextmanager
    def look(_: Settings) -> Iterator[Database]:
        raise Unreachable(place="db", problem="refused")
        yield  # a context manager has to

    settings = Settings(home=tmp_path / "new", database_url="postgresql:///any")
    found = examine(settings, look, now)
    assert levels(found)["database"] == "fail"
    assert levels(found)["workspace"] == "warn"


def test_doctor_sees_who_else_may_read(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "book")
    settings.archive.mkdir(parents=True)
    settings.home.chmod(0o755)
    settings.archive.chmod(0o755)

    def look(_: Settings) -> Iterator[Database]:
        raise AssertionError

    opened = contextmanager(look)
    found = examine(settings, opened, now)
    assert levels(found)["permissions"] == "warn"
    settings.archive.chmod(0o700)
    assert levels(examine(settings, opened, now))["permissions"] == "ok"
