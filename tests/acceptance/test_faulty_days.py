"""A day that meets a fault ends right or says in words what is missing; done again, it is whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.acceptance.test_killed_days import assert_same, facts, run
from tests.cast import CLIENTS, DAY, LOANS, TERM, Client, at, csv_text, lent
from tests.days import FIRST, FULL, SCALE, deliver, place
from tests.desk import Desk
from tests.program import FOREIGN

from loanbook import demo
from loanbook.database import server
from loanbook.database.connection import connect
from loanbook.portfolio import lake
from loanbook.runs import daily, journal
from loanbook.settings import Runs
from loanbook.upkeep.backup import backup

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.houses import Houses

ROOM = 64  # KB of a disk that is full too soon


def started(home: Path, *arguments: str, url: str | None = None) -> subprocess.Popen[str]:
    """The first day's run as a process."""
    environ = {key: value for key, value in os.environ.items() if key not in FOREIGN}
    command = [sys.executable, "-m", "loanbook", "--home", str(home), "run"]
    return subprocess.Popen(
        [*command, "--as-of", str(FIRST), "--actor", "tester", *arguments],
        env=environ | ({"DATABASE_URL": url} if url else {}),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


# The database restarts


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["restart", "crash"])
def test_a_day_whose_server_went_away_is_made_whole(
    houses: Houses, tmp_path: Path, how: signal.Signals, soak: bool
) -> None:
    chance = random.Random(how)
    with place(houses, tmp_path / "whole") as whole:
        run(whole, deliver(whole, 0))
        for round_ in range(25 if soak else 1):
            home = tmp_path / f"home {round_}"
            home.mkdir()
            (home / "loanbook.toml").write_text(FULL, "utf-8")
            with server.acquire(home, 18):
                died = interrupted(home, how, chance.uniform(0, 0.3) if round_ else 0)
                assert died or round_
            with server.acquire(home, 18) as lease:
                with started(home) as again:
                    assert again.communicate(timeout=120)[1] == ""
                    assert again.returncode == 0
                owner, app = (
                    connect(lease.owner, actor="tester"),
                    connect(lease.app, actor="tester"),
                )
                assert_same(whole, Desk(owner, app, home, "loanbook"))
                owner.close()
                app.close()


def interrupted(home: Path, how: signal.Signals, moment: float) -> bool:
    """The first day, whose server ends so long after the first step: whether that was said."""
    demo.write(home / "input_data", scale=SCALE, seed=1, day=0)
    with started(home) as process:
        assert process.stdout is not None
        process.stdout.readline()
        timer = threading.Timer(moment, os.kill, (server_pid(home), how))
        timer.start()
        _, err = process.communicate(timeout=120)
        timer.join()
        assert process.returncode in {0, 1}
        assert "Traceback" not in err
        assert not process.returncode or "run the same command again" in " ".join(err.split())
        return bool(process.returncode)


def server_pid(home: Path) -> int:
    text = (home / "server" / "cluster" / "data" / "postmaster.pid").read_text("utf-8")
    return int(text.splitlines()[0])


# The disk is full


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A folder that is a disk of its own, with room for next to nothing."""
    folder.mkdir(parents=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={ROOM}k", "none", str(folder)],  # noqa: S607
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"only root may mount a small disk: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607


def test_without_room_for_copies_no_file_is_taken_in(houses: Houses, tmp_path: Path) -> None:
    with place(houses, tmp_path / "whole") as whole, place(houses, tmp_path / "full") as full:
        day = deliver(full, 0)
        with small_disk(full.settings.archive) as folder:
            done = run(full, day)
            assert not done.ok
            assert done.run.error == (
                f"stage failed: The archive {folder} cannot be written (No space left on device);"
                " without a copy no file is taken in."
            )
            assert (done.loans, journal.stands_at(full.app)) == (0, None)
            assert not [path for path in folder.iterdir() if path.name.startswith(".")]
        run(whole, deliver(whole, 0))
        assert run(full, day).ok
        assert_same(whole, full)


def test_without_room_in_the_lake_the_book_stands_and_the_snapshot_follows(
    houses: Houses, tmp_path: Path
) -> None:
    with place(houses, tmp_path / "whole") as whole, place(houses, tmp_path / "full") as full:
        day = deliver(full, 0)
        with small_disk(full.settings.lake):
            done = run(full, day)
            assert not done.ok
            assert "snapshot failed: The lake" in str(done.run.error)
            assert "No space left on device" in str(done.run.error)
            assert journal.stands_at(full.app) == day
            assert lake.days(full.settings.lake) == []
        run(whole, deliver(whole, 0))
        assert run(full, day).ok
        assert_same(whole, full)


def test_without_room_for_the_report_the_old_one_stays(houses: Houses, tmp_path: Path) -> None:
    with place(houses, tmp_path / "full") as full:
        full.settings = replace(full.settings, runs=Runs(report=True))
        with small_disk(full.settings.output_dataviz) as folder:
            (folder / "index.html").write_text("yesterday's", "utf-8")
            done = run(full, deliver(full, 0))
            assert "report failed: The report cannot be written" in str(done.run.error)
            assert [path.name for path in folder.iterdir()] == ["index.html"]
            assert (folder / "index.html").read_text("utf-8") == "yesterday's"
            assert journal.gate(full.app, FIRST).sound


def test_a_backup_without_room_leaves_no_file(houses: Houses, tmp_path: Path) -> None:
    with place(houses, tmp_path / "full") as full:
        run(full, deliver(full, 0))
        with small_disk(tmp_path / "backups") as folder:
            with pytest.raises(Exception, match=r"No space left on device|could not do its work"):
                backup(houses.conninfo(full.name), full.settings, folder / "book.tar")
            assert list(folder.iterdir()) == []
        assert backup(houses.conninfo(full.name), full.settings, tmp_path / "book.tar").file


# Somebody else is in the way


def test_a_table_that_somebody_locks_is_given_up_in_time(desk: Desk, houses: Houses) -> None:
    desk.write("clients.csv", csv_text("clients", CLIENTS))
    desk.write("loans.csv", csv_text("loans", LOANS))
    waits = replace(desk.settings, runs=Runs(step_timeout=1, report=False))
    with houses.owner(desk.name) as other, other.transaction():
        other.run("lock table dm.loans in access exclusive mode")
        done = daily.run(desk.app, waits, daily.Wish(DAY))
        assert not done.ok
        assert "promote failed" in str(done.run.error)
        assert "took too long" in str(done.run.error)
    again = daily.run(desk.app, waits, daily.Wish(DAY))
    assert (again.ok, again.loans) == (True, len(LOANS))
    assert desk.ailments() == []


@pytest.mark.parametrize("waiting", [("--wait",), ()], ids=["waiting", "refused"])
def test_two_machines_that_start_the_same_day_make_it_once(
    houses: Houses, tmp_path: Path, waiting: tuple[str, ...]
) -> None:
    with (
        place(houses, tmp_path / "whole") as whole,
        place(houses, tmp_path / "one") as one,
        place(houses, tmp_path / "other") as other,
    ):
        run(whole, deliver(whole, 0))
        for desk in (one, other):
            deliver(desk, 0)
        url = houses.conninfo(one.name)
        racers = [started(desk.settings.home, *waiting, url=url) for desk in (one, other)]
        said = [racer.communicate(timeout=120)[1] for racer in racers]
        codes = [racer.returncode for racer in racers]
        if waiting:
            assert codes == [0, 0]
        for code, text in zip(codes, said, strict=True):
            assert code == 0 or "is doing the run" in text
        assert 0 in codes
        winner = (one, other)[codes.index(0)]
        one.settings = winner.settings  # its lake
        assert_same(whole, one)
        assert {done.attempt for done in journal.listed(one.app)} == {codes.count(0)}


# Files that come on another day than theirs


def test_a_file_of_yesterday_that_comes_again_changes_nothing(
    houses: Houses, tmp_path: Path
) -> None:
    with place(houses, tmp_path / "again") as again:
        first = deliver(again, 0)
        run(again, first)
        old = {file.name: file.read_bytes() for file in (again.settings.input_data).glob("*.csv")}
        run(again, deliver(again, 1))
        before = facts(again)
        for name, content in old.items():
            (again.settings.input_data / name).write_bytes(content)
        done = run(again, first + timedelta(days=2))
        assert done.ok
        assert {file.outcome for file in done.files} == {"known"}
        after = facts(again)  # but for findings: some loans have become older
        for name in ("clients", "loans", "contacts", "payments", "audit", "batches"):
            assert after[name] == before[name], name


def test_loans_of_an_hour_that_was_not_or_came_twice_are_as_in_the_file(desk: Desk) -> None:
    # Sao Paulo had no 00:30 on 4 November 2018, and 23:30 twice on 17 February 2018.
    never, twice = "2018-11-04 00:30:00", "2018-02-17 23:30:00"
    clients = [Client(number, at("2018-01-01")) for number in (1, 2)]
    desk.write("clients.csv", csv_text("clients", clients))
    loans = [lent(number, clients[number - 1], when) for number, when in ((1, twice), (2, never))]
    desk.write("loans.csv", csv_text("loans", loans))
    assert run(desk, DAY).ok
    assert [desk.loan(number)["created_at"] for number in (1, 2)] == [at(twice), at(never)]
    assert desk.loan(2)["due_at"] == at(never) + TERM
    assert desk.ailments() == []
