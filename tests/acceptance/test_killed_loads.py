"""A load that meets kill -9 at any moment, done again, ends as if nothing had been."""

from __future__ import annotations

import os
import random
import re
import signal
from collections import Counter
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from tests.acceptance.test_killed_days import facts
from tests.crew import until
from tests.desk import Desk
from tests.loads import BOOK, Ended, Yard

from loanbook.staging.unfinished import ARRIVING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from loanbook.database.connection import Row

VICTIMS = ("client", "backend", "postmaster")
RESTART = "restart"  # no kill: the server is told to end at once
KINDS = ("clients", "contacts", "loans")
QUARANTINE = """
select b.kind, b.business_date, q.line_no, q.key, q.raw, q.rules, q.state
from ops.quarantine as q inner join ops.batches as b on b.batch_id = q.batch_id
where b.state = 'accepted' order by b.kind, b.business_date, q.line_no
"""
# What a command may say whose session or server was killed: each tells what to do.
ANSWERS = re.compile(
    r"Error: (The connection to the database was lost in mid-work .*: run the same command again\."
    r"|The stage no longer holds the \d+ lines of batch .*; stage the file again with --again\."
    r"|No PostgreSQL answers at .*; check that it runs.*)"
)
# The only ones that a killed load may leave behind: a crash of the server emptied their stage.
REFUSED = """
select kind, refusal from ops.batches
where state <> 'accepted'
    and refusal is distinct from 'it could no longer be loaded; its file was staged again'
"""
# Their lines are open in the batch that answers for the file since, and nowhere else.
OPEN_TWICE = """
select b.kind, q.line_no from ops.quarantine as q
inner join ops.batches as b on b.batch_id = q.batch_id
where b.state <> 'accepted' and q.state = 'open'
"""
MOMENT = """
select
    (
        select min(a.pid) from pg_stat_activity as a
        where a.datname = current_database() and a.application_name = 'loanbook'
            and a.backend_type = 'client backend' and a.pid <> pg_backend_pid()
    ) as session,
    array(
        select b.kind from ops.batches as b where b.business_date = %(day)s
    ) as staged,
    array(
        select b.kind from ops.batches as b
        where b.business_date = %(day)s and b.state = 'accepted'
    ) as promoted
"""
SESSIONS = """
select count(*) from pg_stat_activity as a
where a.datname = current_database() and a.pid <> pg_backend_pid()
    and a.backend_type in ('client backend', 'parallel worker')
"""
LEFT_OVER = """
select
    (
        select count(*) from pg_locks as l
        left join pg_stat_activity as a on a.pid = l.pid
        where l.database in (
            select d.oid from pg_database as d where d.datname = current_database()
        )
            and l.pid is distinct from pg_backend_pid()
            and a.backend_type is distinct from 'autovacuum worker'
    ) as locks,
    (select count(*) from pg_class as c where c.relpersistence = 't') as temporary_tables,
    (select count(*) from pg_ls_tmpdir()) as temporary_files,
    (
        select count(*) from pg_inherits as i
        inner join pg_class as c on c.oid = i.inhrelid and c.relkind = 'r'
        where c.relnamespace = 'stage'::regnamespace
            and not exists (
                select from ops.batches as b
                where c.relname = b.kind || '_' || b.batch_id and b.state in ('accepted', 'refused')
            )
    ) + (
        select count(*) from pg_class as c
        where c.relnamespace = 'stage'::regnamespace and c.relkind = 'r' and not c.relispartition
            and c.relname ~ '_[0-9]+$'
    ) as orphans
"""


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """Two days; both were loaded without trouble, so that it is known what they come to."""
    with Yard.at(tmp_path_factory.mktemp("yard")) as made:
        yield made


def test_a_load_that_was_killed_ends_like_one_that_was_not(
    yard: Yard, soak: bool, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(11)
    whole, lengths = undisturbed(yard)
    met: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    copies = 0
    for trial in count():
        if met.total() >= (1_000 if soak else 50):
            break
        assert trial < 5_000
        # Each three trials all victims, each six trials both days.
        victim, day = VICTIMS[trial % 3], trial // 3 % 2
        yard.put_back(day)
        phase, ended = killed(yard, day, victim, chance.uniform(0, lengths[day]))
        if phase is not None:
            met[f"{victim}, {phase}"] += 1
            codes[f"{victim}, ended with {ended.code}"] += 1
        if victim != "client":
            assert_told(ended)
        copies += len(half_copies(yard))
        assert_made_whole(yard, day, whole[day])
    record_property("trials", trial)
    record_property("kills", met.total())
    record_property("copies half made that the next load cleared away", copies)
    for what, times in sorted((met | codes).items()):
        record_property(what, times)
    assert {what.split(",")[0] for what in met} == set(VICTIMS)


def assert_made_whole(yard: Yard, day: int, whole: dict[str, Any]) -> None:
    """The same load once more ends well, and all is as if nothing had been."""
    again = yard.load(day).ends()
    assert again.code == 0, again
    left = told(yard)
    for name, rows in whole.items():
        assert left[name] == rows, name
    nothing_is_left(yard)


def undisturbed(yard: Yard) -> tuple[list[dict[str, Any]], list[float]]:
    """What both days come to, and how long each takes in seconds."""
    whole, lengths = [], []
    for day in (0, 1):
        yard.put_back(day)
        done = yard.load(day).ends()
        assert done.code == 0, done
        whole.append(told(yard))
        if day == 0:
            yard.keep(1)
        yard.put_back(day)
        lengths.append(yard.load(day).ends().took)
    return whole, lengths


def killed(yard: Yard, day: int, victim: str, moment: float) -> tuple[str | None, Ended]:
    """Load a day and kill after so many seconds: what it was at, if it still ran; how it ended."""
    with yard.owner() as watch:
        load = yard.load(day)
        running = load.runs(moment)
        found = watch.row(MOMENT, day=yard.days[day]) or {}
        met = running and strike(yard, load.process.pid or 0, found, victim)
        ended = load.ends()
    if victim == "client" and ended.code == 0:
        met = False  # it ended between the look at it and the kill
    assert victim != "client" or (ended.code == -signal.SIGKILL) == met
    return phase_of(found) if met else None, ended


def strike(yard: Yard, client: int, found: Row, victim: str) -> bool:
    """Kill it: whether there was somebody to kill."""
    if victim == RESTART:
        os.kill(yard.server_pid(), signal.SIGINT)
        return True
    pids = {"client": client, "backend": found["session"], "postmaster": yard.server_pid()}
    if pids[victim] is not None:
        with suppress(ProcessLookupError):
            os.kill(pids[victim], signal.SIGKILL)
            return True
    return False


def phase_of(found: Row) -> str:
    """What a load is at, by what it has committed."""
    if found["session"] is None:
        return "no session yet or any more"
    for kind in KINDS:
        if kind not in found["staged"]:
            return f"staging {kind}"
    for kind in KINDS:
        if kind not in found["promoted"]:
            return f"promoting {kind}"
    return "checking"


def assert_told(ended: Ended) -> None:
    """It was not disturbed, or says in one sentence what happened and what to do."""
    assert ended.code in {0, 1}, ended
    errors = [line for line in ended.said.splitlines() if line.startswith("Error: ")]
    assert len(errors) == ended.code, ended
    assert "Traceback" not in ended.said
    assert all(ANSWERS.fullmatch(error) for error in errors), ended


def told(yard: Yard) -> dict[str, Any]:
    """All that the loads have left, without instants and numbers of batches."""
    with yard.owner() as owner, yard.app() as app:
        found = facts(Desk(owner, app, yard.home, BOOK))
        found["quarantine"] = owner.rows(QUARANTINE)
        assert owner.rows(REFUSED) == []
        assert owner.rows(OPEN_TWICE) == []
    assert found["quarantine"]
    return found


def nothing_is_left(yard: Yard) -> None:
    """No session, lock, temporary thing or partition without a batch; and nothing half archived."""
    with yard.owner() as owner:
        until(lambda: not owner.value(SESSIONS), "all sessions have ended")
        left = owner.row(LEFT_OVER) or {}
        assert {what: number for what, number in left.items() if number} == {}
    assert half_copies(yard) == []


def half_copies(yard: Yard) -> list[Path]:
    """Copies in the archive that were not made to their end."""
    return list((yard.home / "archive").glob(f"{ARRIVING}*"))
