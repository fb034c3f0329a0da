"""A day whose process is killed at any moment and that is done again ends as if left alone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from tests.days import CLIENTS, CONTACTS, FIRST, LOANS, deliver, place
from tests.program import FOREIGN

from loanbook.portfolio import lake
from loanbook.runs import daily, journal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.desk import Desk
    from tests.houses import Houses

    from loanbook.runs.daily import Summary

PAYMENTS = (
    "select loan_id, kind, amount, effective_on from api.payments order by loan_id, payment_id"
)
AUDIT = """
select s.relation, c.operation, c.key, s.actor from audit.statements as s
inner join audit.changes as c on c.statement_id = s.statement_id
order by s.relation, c.key, s.statement_id
"""
BATCHES = """
select b.kind, b.file_name, b.business_date, t.measure, t.in_file, t.inserted, t.updated,
    t.unchanged
from api.batches as b inner join api.batch_totals as t on t.batch_id = b.batch_id
where b.state = 'accepted' order by b.business_date, b.kind, t.measure
"""
DIED = """
select step, count(*) as times from api.run_steps where state = 'died' group by step order by step
"""
FIGURES = """
select as_of, cut, part, status, bucket, loans, principal, due_amount, amount_paid, balance
from api.daily_figures where stands order by as_of, cut, part, status, bucket
"""
FINDINGS = "select rule, subject, subject_id, state from api.findings order by rule, subject_id"
JOURNAL = """
select r.business_date, r.state, s.step,
    case when s.state = 'kept' then 'done' else s.state end as step_state
from api.runs as r inner join api.run_steps as s on s.run_id = r.run_id and s.is_latest
order by r.business_date, s.place
"""


def run(desk: Desk, day: date) -> Summary:
    return daily.run(desk.app, desk.settings, daily.Wish(day))


def kill(desk: Desk, houses: Houses, day: date, moment: float, *, early: bool = False) -> bool:
    """Start the day as a process and kill it after so many seconds: whether it was still at it."""
    environ = {key: value for key, value in os.environ.items() if key not in FOREIGN}
    environ["DATABASE_URL"] = houses.conninfo(desk.name)
    command = [sys.executable, "-m", "loanbook", "--home", str(desk.settings.home), "run"]
    with subprocess.Popen(
        [*command, "--as-of", str(day), "--actor", "tester", "--wait"],
        env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        if not early:
            process.stdout.readline()  # the first step has ended
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        return process.wait() == -signal.SIGKILL


def facts(desk: Desk) -> dict[str, Any]:
    """All that a day leaves, without instants, attempts and numbers of batches."""
    asked = {
        "clients": CLIENTS, "loans": LOANS, "contacts": CONTACTS, "payments": PAYMENTS,
        "batches": BATCHES, "figures": FIGURES, "findings": FINDINGS, "journal": JOURNAL,
    }  # fmt: skip
    found: dict[str, Any] = {name: desk.app.rows(query) for name, query in asked.items()}
    found["audit"] = desk.owner.rows(AUDIT)
    found["lake"] = {
        day: [
            # The numbers of payments have gaps where a load was rolled back.
            (part.table, part.row_count, part.amounts, part.table == "payments" or part.digest)
            for part in lake.read(desk.settings.lake, day).parts
        ]
        for day in lake.days(desk.settings.lake)
    }
    return found


def assert_same(desk: Desk, other: Desk) -> None:
    one, two = facts(desk), facts(other)
    for name, told in one.items():
        assert told == two[name], name
    assert desk.ailments() == []


def test_a_day_that_was_killed_ends_like_one_that_was_not(
    houses: Houses, tmp_path: Path, soak: bool, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(5)
    with place(houses, tmp_path / "whole") as whole:
        for number in (0, 1):
            took = run(whole, deliver(whole, number)).run
        assert took.ended_at is not None
        whole_day = (took.ended_at - took.resumed_at).total_seconds()
        kills = 0
        died: Counter[str] = Counter()
        for round_ in count():
            if kills >= 1_000 if soak else round_ == 3:
                break
            with place(houses, tmp_path / f"killed {round_}") as killed:
                for number in (0, 1):
                    day = deliver(killed, number)
                    for _ in range(chance.randint(1, 2)):
                        early = chance.random() < 0.3
                        moment = chance.uniform(0, whole_day + 1.5 * early)
                        kills += kill(killed, houses, day, moment, early=early)
                    daily.run(killed.app, killed.settings, daily.Wish(day, wait=True))
                assert_same(whole, killed)
                died.update({row["step"]: row["times"] for row in killed.app.rows(DIED)})
        assert kills >= round_
        # For docs/reference/soak.md, by --junit-xml.
        record_property("days", 2 * round_)
        record_property("kills", kills)
        for step, times in died.items():
            record_property(f"died in {step}", times)


@pytest.mark.parametrize("seed", [7])
def test_days_with_outages_and_kills_end_like_a_straight_load(
    houses: Houses, tmp_path: Path, soak: bool, seed: int
) -> None:
    chance = random.Random(seed)
    last = 31 if soak else 6
    outages = set(chance.sample(range(1, last), 3 if soak else 1))
    with place(houses, tmp_path / "days") as days, place(houses, tmp_path / "straight") as straight:
        for number in range(last + 1):
            if number in outages:
                continue
            day = deliver(days, number)
            kill(days, houses, day, chance.uniform(0, 1))
            done = daily.run(days.app, days.settings, daily.Wish(day, wait=True))
            assert done.ok
        deliver(straight, last)
        assert run(straight, FIRST + timedelta(days=last)).ok
        assert days.app.rows(CLIENTS) == straight.app.rows(CLIENTS)
        assert days.app.rows(LOANS) == straight.app.rows(LOANS)
        assert days.app.rows(CONTACTS) == straight.app.rows(CONTACTS)
        assert days.ailments() == []
        told = {run.business_date: run.state for run in journal.listed(days.app)}
        assert told == {FIRST + timedelta(days=n): "done" for n in range(last + 1)}
        assert len(lake.days(days.settings.lake)) == last + 1
