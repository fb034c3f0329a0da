"""Workers as processes on a real book: they share the days, stop, die, and miss none."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.cast import CLIENTS, CONTACTS, DAY, LOANS, csv_text
from tests.crew import crew, crew_of, held, until
from tests.program import Program

from loanbook.database import server
from loanbook.runs import journal, workers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.crew import Crew
    from tests.desk import Desk
    from tests.houses import Houses


WRITING = """
select pid from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock' and query ilike '%finish_job%'
    and pid <> pg_backend_pid()
"""
CUT = WRITING.replace("select pid", "select pg_terminate_backend(pid)", 1)


@pytest.fixture
def hands(desk: Desk, houses: Houses) -> Iterator[Crew]:
    """Workers for the desk's book."""
    with crew_of(desk, houses) as made:
        yield made


def deliver(home: Path, day: date = DAY) -> None:
    """The cast's files of a day."""
    for kind, lines in (("clients", CLIENTS), ("contacts", CONTACTS), ("loans", LOANS)):
        path = home / "input_data" / day.isoformat() / f"{kind}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(csv_text(kind, lines), "utf-8")


def is_done(desk: Desk, day: date = DAY) -> bool:
    return any(run.state == "done" for run in journal.listed(desk.app, business_date=day))


def step_states(desk: Desk, day: date = DAY) -> list[tuple[int, str, str]]:
    run = journal.of_day(desk.app, day)
    return [(step.attempt, step.step, step.state) for step in journal.steps(desk.app, run.run_id)]


def stands_in_promote(desk: Desk) -> bool:
    runs = journal.listed(desk.app, business_date=DAY)
    return bool(runs) and (1, "promote", "running") in step_states(desk)


def test_a_day_is_done_when_it_is_due_and_the_worker_says_goodbye(desk: Desk, hands: Crew) -> None:
    deliver(desk.settings.home)
    hands.settle(as_of=DAY)
    hand = hands.hand()
    assert "Waiting; the next day is due" in hand.hears("Waiting")
    hand.hears(f"{DAY}  deliver done")
    until(lambda: is_done(desk), "the day is done")
    assert hand.stop() == 0
    assert hand.said[-1] == "Stopped."
    assert journal.of_day(desk.app, DAY).attempt == 1
    assert journal.of_day(desk.app, DAY).actor == "tester"
    found = workers.look(desk.app, 60)
    assert found is not None
    assert (found.alive, found.last_seen, found.jobs) == (0, None, ())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_an_idle_worker_stops_at_once(desk: Desk, hands: Crew, number: int) -> None:
    hands.settle(cron="0 0 1 1 *")
    hand = hands.hand()
    hand.hears("Waiting")
    assert hand.stop(number) == 0
    assert hand.said[-2:] == ["Stopping.", "Stopped."]
    assert journal.listed(desk.app) == []


def test_the_line_of_cron_makes_today_due(desk: Desk, hands: Crew) -> None:
    hands.settle(cron="* * * * *")  # the first moment of each date is its midnight
    hand = hands.hand()
    before = datetime.now(UTC).astimezone(desk.settings.zone).date()
    day = date.fromisoformat(hand.hears("  is due").split()[0])
    assert before <= day <= datetime.now(UTC).astimezone(desk.settings.zone).date()
    hand.hears(f"{day}  deliver done")
    until(lambda: is_done(desk, day), "today is done")


def test_two_workers_share_the_days_and_do_each_once(desk: Desk, hands: Crew) -> None:
    first, second = date(2024, 1, 26), date(2024, 1, 27)
    hands.settle(as_of=DAY)
    deliver(desk.settings.home)
    pair = [hands.hand(), hands.hand()]
    for day in (DAY, first, second):
        hands.settle(as_of=day)
        until(lambda day=day: is_done(desk, day), f"{day} is done")  # type: ignore[misc]
    assert [hand.stop() for hand in pair] == [0, 0]
    said = [line for hand in pair for line in hand.said]
    for day in (DAY, first, second):
        assert sum(line.startswith(f"{day}  stage done") for line in said) == 1
        assert sum(line == f"{day}  is due" for line in said) == 1
        assert journal.of_day(desk.app, day).attempt == 1
    assert desk.ailments() == []


def test_what_a_killed_worker_held_is_taken_over(desk: Desk, hands: Crew) -> None:
    deliver(desk.settings.home)
    hands.settle(as_of=DAY)
    victim = hands.hand()
    with held(desk.owner):
        until(lambda: stands_in_promote(desk), "the day is in the middle of a step")
        other = hands.hand()
        other.hears("Waiting")
        victim.kill()
    other.hears(f"{DAY}  is taken over")
    other.hears(f"{DAY}  deliver done")
    until(lambda: is_done(desk), "the day is done")
    states = step_states(desk)
    assert (1, "promote", "died") in states
    assert {state for attempt, _, state in states if attempt > 1} == {"done"}
    assert desk.keys("clients") == {client.user_id for client in CLIENTS}
    assert desk.ailments() == []


def test_a_worker_that_is_asked_to_stop_does_so_between_two_steps(desk: Desk, hands: Crew) -> None:
    deliver(desk.settings.home)
    hands.settle(as_of=DAY)
    hand = hands.hand()
    with held(desk.owner):
        until(lambda: stands_in_promote(desk), "the day is in the middle of a step")
        hand.process.terminate()
        hand.hears("Stopping after this step.")
    assert hand.ends() == 0
    assert hand.said[-1] == "Stopped."
    run = journal.of_day(desk.app, DAY)
    assert run.state == "failed"
    assert "asked to stop before classify" in str(run.error)
    assert step_states(desk)[-1] == (1, "promote", "done")
    [job] = (workers.look(desk.app, 60) or pytest.fail("no queue")).jobs
    assert (job.day, job.state) == (DAY, "todo")
    other = hands.hand()
    other.hears(f"{DAY}  deliver done")
    until(lambda: is_done(desk), "the day is done")
    assert journal.of_day(desk.app, DAY).attempt == 2
    assert desk.ailments() == []


def test_a_second_signal_interrupts_the_step(desk: Desk, hands: Crew) -> None:
    deliver(desk.settings.home)
    hands.settle(as_of=DAY)
    hand = hands.hand()
    with held(desk.owner):
        until(lambda: stands_in_promote(desk), "the day is in the middle of a step")
        hand.process.terminate()
        hand.hears("Stopping after this step.")
        assert hand.stop() == 0
    assert journal.of_day(desk.app, DAY).state == "failed"
    assert step_states(desk)[-1] == (1, "promote", "failed")
    assert desk.keys("clients") == set()


def test_a_day_that_fails_is_tried_again_and_then_given_up(
    desk: Desk, houses: Houses, hands: Crew
) -> None:
    path = desk.write("clients.csv", "who,what\n1,2\n")
    hands.settle(as_of=DAY, more="retries = 2\n")
    hand = hands.hand()
    for _ in range(3):
        hand.hears(f"{DAY}  not done: The run of {DAY} failed")
    until(lambda: is_given_up(desk), "the day is given up")
    assert journal.of_day(desk.app, DAY).attempt == 3
    program = Program(desk.settings.home, DATABASE_URL=houses.conninfo(desk.name))
    told = program("status", code=1).out
    assert f"The workers gave {DAY} up after 3 attempts" in told
    assert f"1 alive; {DAY} failed after 3 attempts" in told
    path.unlink()
    deliver(desk.settings.home)
    program("runs", "resume")
    assert "All is well." in program("status").out
    assert hand.stop() == 0


def is_given_up(desk: Desk) -> bool:
    found = workers.look(desk.app, 60)
    return found is not None and [job.day for job in found.given_up] == [DAY]


def test_a_person_who_runs_the_day_meanwhile_is_waited_for(desk: Desk, hands: Crew) -> None:
    deliver(desk.settings.home)
    hands.settle(as_of=DAY, more="retries = 0\n")
    with journal.claimed(desk.app):
        hand = hands.hand()
        hand.hears(f"{DAY}  not done: Another process is doing the run")
    hand.hears(f"{DAY}  deliver done")
    until(lambda: is_done(desk), "the day is done")


def test_status_tells_of_a_worker_that_died_alone(desk: Desk, houses: Houses, hands: Crew) -> None:
    hands.settle(as_of=DAY)
    hand = hands.hand()
    until(lambda: is_done(desk), "the day is done")
    program = Program(desk.settings.home, DATABASE_URL=houses.conninfo(desk.name))
    assert "workers        1 alive" in program("status").out
    hand.kill()
    until(lambda: (workers.look(desk.app, 2) or pytest.fail("no queue")).alive == 0, "it is missed")
    told = program("status", code=1).out
    assert "No worker gives a sign of life" in told


def test_an_embedded_server_that_dies_in_the_middle_is_started_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    deliver(home)
    with crew(home) as hands:
        hands.settle(as_of=DAY)
        hand = hands.hand()
        hand.hears(f"{DAY}  deliver done")
        nextday = date(2024, 1, 26)
        with (
            server.acquire(home, 18) as lease,
            suppress(psycopg.OperationalError),  # what it has no server left to commit on
            psycopg.connect(lease.owner) as owner,
        ):
            owner.execute("lock table dm.loans")
            hands.settle(as_of=nextday)
            hand.hears(f"{nextday}  stage done")
            pid = int((home / "server/cluster/data/postmaster.pid").read_text().split()[0])
            os.kill(pid, signal.SIGQUIT)  # as if the machine had been switched off
        hand.hears(f"{nextday}  deliver done")
        assert hand.stop() == 0
    program = Program(home)
    [run, _] = program.json("runs", "list")["runs"]
    assert (run["business_date"], run["state"]) == (nextday.isoformat(), "done")
    assert run["attempt"] > 1


def test_a_worker_waits_for_a_database_that_has_gone(
    desk: Desk, houses: Houses, hands: Crew
) -> None:
    hands.settle(as_of=DAY)
    hand = hands.hand()
    until(lambda: is_done(desk), "the day is done")
    houses.refuse(desk.name, refused=True)
    hand.hears("Trouble: ")
    houses.refuse(desk.name, refused=False)
    hands.settle(as_of=date(2024, 1, 26))
    hand.hears("2024-01-26  deliver done")
    assert hand.stop() == 0


def test_the_end_of_a_day_is_written_down_although_the_connection_is_lost_just_then(
    desk: Desk, houses: Houses, hands: Crew
) -> None:
    deliver(desk.settings.home)
    hands.settle(as_of=DAY)
    hand = hands.hand()
    with houses.owner(desk.name) as other, other.transaction():
        with held(desk.owner):
            until(lambda: stands_in_promote(desk), "the day is in the middle of a step")
            other.run("lock table jobs.procrastinate_jobs in exclusive mode")
        hand.hears(f"{DAY}  deliver done")
        until(lambda: bool(desk.owner.rows(WRITING)), "the worker writes what became of the job")
        assert len(desk.owner.rows(CUT)) == 1
    hands.settle(as_of=date(2024, 1, 26))
    hand.hears("2024-01-26  deliver done")
    assert hand.stop() == 0
    assert (workers.look(desk.app, 60) or pytest.fail("no queue")).jobs == ()


def test_a_schedule_that_cannot_be_read_is_refused(desk: Desk, houses: Houses) -> None:
    (desk.settings.home / "loanbook.toml").write_text('[worker]\ncron = "every day"\n', "utf-8")
    program = Program(desk.settings.home, DATABASE_URL=houses.conninfo(desk.name))
    assert "worker.cron" in program.refusal("worker", code=2)


def test_the_words_of_a_worker_as_json(hands: Crew) -> None:
    hands.settle(as_of=DAY, runs='log = "json"\n')
    hand = hands.hand()
    hand.hears('"event": "worker_started"')
    hand.hears('"event": "worker_asked"')
    hand.hears('"event": "run_ended"')
    assert hand.stop() == 0
    assert '"event": "worker_stopped"' in hand.said[-1]
