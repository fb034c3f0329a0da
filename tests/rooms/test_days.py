"""Days in the journal: kept, flawed and failed steps, days that were missed, who runs."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.cast import CLIENTS, DAY, EVA_PAID, LOANS, NEXT, THIRD, csv_text

from loanbook import delinquency
from loanbook.errors import ConnectionLost, NothingToResume, Refused, RunClaimed
from loanbook.portfolio import lake, snapshots
from loanbook.runs import daily, deadline, journal, order, work
from loanbook.runs.day import Day, Outcome, Step
from loanbook.settings import Runs, Settings

if TYPE_CHECKING:
    from tests.desk import Desk
    from tests.houses import Houses

    from loanbook.runs.daily import Summary
    from loanbook.runs.watching import Event

NAMES = [step.name for step in order.STEPS]


def run(desk: Desk, day: date = DAY, *, anew: bool = False) -> Summary:
    return daily.run(desk.app, desk.settings, daily.Wish(day, anew=anew))


def deliver(desk: Desk, day: date = DAY) -> None:
    desk.write("clients.csv", csv_text("clients", CLIENTS), day)
    desk.write("loans.csv", csv_text("loans", LOANS), day)


def states(done: Summary) -> dict[str, str]:
    return {step.step: step.state for step in done.steps}


def figures(desk: Desk) -> list[tuple[date, int]]:
    """Days that were recorded, each with the loans of its book."""
    found = desk.app.rows(
        "select as_of, sum(loans) as loans from api.daily_figures where stands and cut = 'book'"
        " group by as_of order by as_of"
    )
    return [(row["as_of"], row["loans"]) for row in found]


def test_a_day_is_journalled_step_by_step(desk: Desk) -> None:
    deliver(desk)
    done = run(desk)
    assert states(done) == dict.fromkeys(NAMES, "done")
    assert (done.run.state, done.run.attempt, done.run.pid) == ("done", 1, os.getpid())
    promoted = next(step for step in done.steps if step.step == "promote")
    assert promoted.counts["inserted"] == len(CLIENTS) + len(LOANS)
    assert promoted.counts["batches"] == [batch.batch_id for batch in done.batches]
    assert journal.gate(desk.app, DAY).sound
    assert not journal.gate(desk.app, NEXT).sound


def test_doing_a_day_again_keeps_what_stands(desk: Desk) -> None:
    deliver(desk)
    run(desk)
    kept = {"classify", "record", "snapshot"}  # the report was not wanted, so it is not there
    assert {name for name, state in states(run(desk)).items() if state == "kept"} == kept
    assert set(states(run(desk, anew=True)).values()) == {"done"}
    desk.write("more.csv", csv_text("loans", [EVA_PAID, *LOANS]))
    desk.write("clients.csv", csv_text("clients", [replace(CLIENTS[0], batch=4), *CLIENTS[1:]]))
    assert set(states(run(desk)).values()) == {"done"}  # the mart has changed
    books = desk.app.rows("select attempt, stands from api.daily_books order by attempt")
    assert [(row["attempt"], row["stands"]) for row in books] == [(1, False), (4, True)]


def test_a_lake_that_was_lost_is_written_anew(desk: Desk) -> None:
    run(desk)
    (desk.settings.lake / "manifests" / f"as_of={DAY}.json").unlink()
    assert states(run(desk))["snapshot"] == "done"
    assert lake.days(desk.settings.lake) == [DAY]


def with_report(desk: Desk) -> Desk:
    desk.settings = replace(desk.settings, runs=Runs(report=True))
    return desk


def test_the_last_of_several_days_ends_with_the_report(desk: Desk) -> None:
    run(desk)
    deliver(desk, NEXT)
    done = run(with_report(desk), THIRD)
    page = desk.settings.output_dataviz / "index.html"
    assert (done.ok, done.report) == (True, page)
    assert f'<time datetime="{THIRD}">' in page.read_text("utf-8")
    told = {one.step: one.counts for one in journal.steps(desk.app, done.caught_up[0].run_id)}
    assert told["report"] == {"left_out": f"the report is that of {THIRD}"}

    made = page.stat().st_mtime_ns
    assert states(run(desk, THIRD))["report"] == "kept"
    assert page.stat().st_mtime_ns == made


def test_a_report_that_is_not_wanted_is_left_out_and_made_when_it_is(desk: Desk) -> None:
    done = run(desk)
    told = {one.step: one.counts for one in done.steps}
    assert told["report"] == {"left_out": "report = false in loanbook.toml"}
    assert (done.ok, done.report) == (True, None)
    assert not desk.settings.output_dataviz.exists()
    assert states(run(with_report(desk)))["report"] == "done"
    (desk.settings.output_dataviz / "index.html").unlink()
    assert states(run(desk))["report"] == "done"  # it was lost


def test_without_the_extra_the_day_says_what_to_install(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)  # as if it were not installed
    done = run(with_report(desk))
    told = {one.step: str(one.counts.get("left_out")) for one in done.steps}
    assert done.ok
    assert told["report"] == told["snapshot"]
    assert "portfolio" in told["report"]


def test_a_report_that_cannot_be_written_is_said(desk: Desk) -> None:
    (desk.settings.home / "output_dataviz").write_text("a file, no folder", "utf-8")
    done = run(with_report(desk))
    assert states(done)["report"] == "failed"
    assert "output_dataviz" in str(done.run.error)
    assert journal.gate(desk.app, DAY).sound


def test_a_failed_step_stops_what_needs_it_and_nothing_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(desk)

    def refuse(*_: object) -> None:
        raise Refused(sentence="Not today.", rule="x")

    with monkeypatch.context() as broken:
        broken.setattr(delinquency, "classify", refuse)
        done = run(desk)
    assert not done.ok
    assert states(done) == {
        "stage": "done", "promote": "done", "classify": "failed", "check": "skipped",
        "accept": "skipped", "record": "skipped", "snapshot": "skipped", "report": "skipped",
        "figures": "done", "remind": "skipped", "summarise": "skipped", "deliver": "done",
    }  # fmt: skip
    assert (done.run.state, done.run.error) == ("failed", "classify failed: Not today.")
    assert done.loans == 5
    assert daily.unfinished(desk.app) == DAY
    assert run(desk).ok
    with pytest.raises(NothingToResume):
        daily.unfinished(desk.app)


def test_what_nobody_foresaw_is_journalled_and_raised_at_the_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(*_: object) -> None:
        raise ZeroDivisionError("Ana owes 3")

    monkeypatch.setattr(snapshots, "write", burst)
    with pytest.raises(ZeroDivisionError):
        run(desk)
    taken = {one.step: one for one in journal.steps(desk.app, journal.of_day(desk.app).run_id)}
    snapshot, report, figures = taken["snapshot"], taken["report"], taken["figures"]
    assert snapshot.error == "Loanbook met something it was not made for (ZeroDivisionError)."
    assert (report.state, figures.state) == ("skipped", "done")
    assert journal.gate(desk.app, DAY).sound  # what follows the book may still rest on it


def test_an_interrupt_ends_the_run_in_the_journal(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(snapshots, "write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(desk)
    done = journal.of_day(desk.app)
    assert (done.state, done.error) == ("failed", "it was interrupted")
    monkeypatch.undo()
    assert run(desk).ok


@pytest.mark.parametrize("name", NAMES)
def test_a_lost_connection_is_said_and_the_day_is_gone_on_with(
    desk: Desk, houses: Houses, name: str
) -> None:
    deliver(desk)
    with houses.app(desk.name) as other:
        pid = other.value("select pg_backend_pid()")

        def restart(event: Event) -> None:
            if getattr(event, "step", "") == name and not hasattr(event, "state"):
                desk.owner.value("select pg_terminate_backend(%(pid)s, 5000)", pid=pid)

        with pytest.raises(ConnectionLost, match="run the same command again"):
            daily.run(other, desk.settings, daily.Wish(DAY), restart)
    assert journal.of_day(desk.app).state == "died"
    done = run(desk)
    assert (done.ok, done.run.attempt, done.loans) == (True, 2, 5)
    assert desk.ailments() == []


def test_one_runs_and_the_other_is_told_who(desk: Desk, houses: Houses) -> None:
    with houses.app(desk.name, actor="maria") as other, journal.claimed(other):
        journal.begin(other, DAY)
        with pytest.raises(RunClaimed, match=rf"^maria \(.*\) is doing the run of {DAY}; wait"):
            run(desk)
    assert run(desk).ok


def test_who_waits_gets_its_turn(desk: Desk, houses: Houses) -> None:
    waiting: list[Summary] = []

    def wait() -> None:
        with houses.app(desk.name) as other:
            wish = daily.Wish(DAY, wait=True)
            waiting.append(daily.run(other, desk.settings, wish))

    with houses.app(desk.name) as holder, journal.claimed(holder):
        thread = threading.Thread(target=wait)
        thread.start()
        assert waiting == []
    thread.join(60)
    assert [done.ok for done in waiting] == [True]


def test_missed_days_are_brought_forward_each_with_its_files(desk: Desk) -> None:
    deliver(desk)
    run(desk)
    fourth = DAY + timedelta(days=3)
    desk.write(
        "clients.csv", csv_text("clients", [*CLIENTS[:4], replace(CLIENTS[4], batch=4)]), NEXT
    )
    desk.write("loans.csv", csv_text("loans", LOANS[:4]), THIRD)
    loose = desk.settings.input_data / "loans.csv"
    loose.write_text(csv_text("loans", [*LOANS, replace(EVA_PAID, loan_id=9)]), "utf-8")
    done = run(desk, fourth)
    assert [one.business_date for one in done.caught_up] == [NEXT, THIRD]
    assert done.ok
    found = desk.app.rows(
        "select business_date, kind from api.batches where state = 'accepted' order by batch_id"
    )
    assert [(row["business_date"], row["kind"]) for row in found][2:] == [
        (NEXT, "clients"), (THIRD, "loans"), (fourth, "loans"),
    ]  # fmt: skip
    assert figures(desk) == [(DAY, 5), (NEXT, 5), (THIRD, 5), (fourth, 6)]
    assert lake.days(desk.settings.lake) == [DAY, NEXT, THIRD, fourth]
    assert all(journal.gate(desk.app, day).reason for day in (DAY, NEXT, THIRD))
    assert journal.gate(desk.app, fourth).sound


def test_a_missed_day_that_cannot_be_accepted_lets_the_later_ones_wait(desk: Desk) -> None:
    run(desk)
    odd = desk.write("odd.csv", "a,b\n1,2\n", NEXT)
    done = run(desk, THIRD)
    assert (done.as_of, done.ok, done.caught_up) == (NEXT, False, ())
    assert journal.stands_at(desk.app) == DAY
    odd.unlink()
    done = run(desk, THIRD)
    assert ([one.attempt for one in done.caught_up], done.ok) == ([2], True)


def test_a_day_that_lacks_its_snapshot_gets_it_before_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "lake")

    with monkeypatch.context() as broken:
        broken.setattr(snapshots, "write", full)
        assert not run(desk).ok
    assert journal.of_day(desk.app).error == "snapshot failed: lake: No space left on device."
    done = run(desk, NEXT)
    assert [one.business_date for one in done.caught_up] == [DAY]
    assert lake.days(desk.settings.lake) == [DAY, NEXT]


def test_of_a_long_gap_the_latest_days_are_brought_forward() -> None:
    assert daily.missed(None, DAY, 5) == []
    assert daily.missed(DAY, DAY, 5) == []
    assert daily.missed(DAY, NEXT, 5) == []
    assert daily.missed(date(2020, 1, 1), DAY, 2) == [date(2024, 1, 23), date(2024, 1, 24)]


def test_days_follow_each_other_over_the_change_of_clocks(desk: Desk) -> None:
    # In 2018 summer time began in Sao Paulo at midnight of 4 November: that day had no 00:00.
    run(desk, date(2018, 11, 2))
    done = run(desk, date(2018, 11, 6))
    assert [one.business_date.day for one in done.caught_up] == [3, 4, 5]
    assert done.ok


def test_a_day_that_has_not_come_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused, match="lies in the future"):
        run(desk, date(2199, 1, 1))
    assert journal.listed(desk.app) == []


def with_step(desk: Desk, step: Step, *, step_timeout: int) -> work.Work:
    settings: Settings = replace(desk.settings, runs=Runs(step_timeout=step_timeout))
    run_id, attempt = journal.begin(desk.app, DAY)
    made = work.Work(Day(desk.app, settings, run_id, DAY, DAY, []), order=[step])
    made.do(attempt)
    return made


def test_a_statement_that_hangs_is_given_up(desk: Desk) -> None:
    def hang(day: Day) -> Outcome:
        day.book.value("select pg_sleep(600)")
        return Outcome()

    with journal.claimed(desk.app):
        done = with_step(desk, Step("hang", "", (), hang), step_timeout=1)
    assert done.states == {"hang": "failed"}
    assert "took too long" in str(journal.of_day(desk.app).error)
    assert desk.app.value("show statement_timeout") == "0"


def test_a_step_that_hangs_elsewhere_is_given_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "GRACE", 0)

    def hang(_: Day) -> Outcome:
        threading.Event().wait(600)
        return Outcome()

    with journal.claimed(desk.app):
        done = with_step(desk, Step("hang", "", (), hang), step_timeout=1)
    assert done.states == {"hang": "failed"}
