"""A month simulated: outages, a kill a day, two workers; the book equals a straight load."""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tests.crew import crew_of, until
from tests.days import CLIENTS, CONTACTS, FIRST, LOANS, deliver, place

from loanbook.portfolio import lake
from loanbook.runs import daily, journal, workers

if TYPE_CHECKING:
    from datetime import date

    from tests.crew import Crew, Hand
    from tests.desk import Desk
    from tests.houses import Houses

LONGEST = 0.8  # seconds from the beginning of a day to the kill
STATES = {"done", "flawed", "failed", "kept", "skipped", "died"}


class Month:
    """Two workers that live through days, and what happened to them.

    Attributes:
        kills: the day and whether a run was going on then, of each kill.
    """

    def __init__(self, desk: Desk, hands: Crew, chance: random.Random) -> None:
        self._desk = desk
        self._hands = hands
        self._chance = chance
        self.pair: list[Hand] = []
        self.kills: list[tuple[date, bool]] = []

    def live(self, number: int) -> None:
        """A day: its files come, whoever does it is killed at some moment, and it gets done."""
        day = deliver(self._desk, number)
        self._hands.settle(as_of=day)
        while len(self.pair) < 2:
            self.pair.append(self._hands.hand())
        until(lambda: self._doers(day) != [], f"{day} has begun")
        [victim] = [hand for hand in self.pair if hand.process.pid in self._doers(day)]
        with suppress(subprocess.TimeoutExpired):
            victim.process.wait(self._chance.uniform(0, LONGEST))  # then the axe falls
        self.kills.append((day, not self._is_done(day)))
        victim.kill()
        self.pair.remove(victim)
        until(lambda: self._is_done(day), f"{day} is done")

    def _doers(self, day: date) -> list[int]:
        return [run.pid for run in journal.listed(self._desk.app, business_date=day)]

    def _is_done(self, day: date) -> bool:
        return bool(journal.listed(self._desk.app, business_date=day, states=["done"]))


def test_a_month_of_outages_and_kills_ends_like_a_straight_load(
    houses: Houses, tmp_path: Path, soak: bool
) -> None:
    chance = random.Random(31)
    last = 31 if soak else 4
    outages = set(chance.sample(range(1, last), 3 if soak else 1))
    began = time.monotonic()
    with place(houses, tmp_path / "days") as days, place(houses, tmp_path / "straight") as straight:
        with crew_of(days, houses) as hands:
            month = Month(days, hands, chance)
            for number in range(last + 1):
                if number not in outages:
                    month.live(number)
            assert [hand.stop() for hand in month.pair] == [0] * len(month.pair)
        took = time.monotonic() - began
        deliver(straight, last)
        assert daily.run(straight.app, straight.settings, wish(FIRST, last)).ok
        for query in (CLIENTS, LOANS, CONTACTS):
            assert days.app.rows(query) == straight.app.rows(query)  # type: ignore[arg-type, unused-ignore]
        assert days.ailments() == []
        assert_explained(days, last, month)
        tell(days, month, outages, took)


def wish(first: date, last: int) -> daily.Wish:
    return daily.Wish(first + timedelta(days=last))


def assert_explained(days: Desk, last: int, month: Month) -> None:
    """The journal has each day, done, and a reason for each attempt that was not the last."""
    runs = {run.business_date: run for run in journal.listed(days.app)}
    assert {day: run.state for day, run in runs.items()} == {
        FIRST + timedelta(days=number): "done" for number in range(last + 1)
    }
    assert lake.days(days.settings.lake) == sorted(runs)
    for day, run in runs.items():
        taken = journal.steps(days.app, run.run_id)
        assert {step.state for step in taken} <= STATES
        assert {step.attempt for step in taken} <= set(range(1, run.attempt + 1))
        # No attempt without a cause: nobody but a kill stood in the way.
        kills = sum(killed == day and busy for killed, busy in month.kills)
        assert run.attempt <= 1 + kills, day
        accepted = [step for step in taken if step.step == "accept" and step.state == "done"]
        assert accepted
    found = workers.look(days.app, 60)
    assert found is not None
    assert found.given_up == []
    assert [job for job in found.jobs if not job.is_settled] == []


def tell(days: Desk, month: Month, outages: set[int], took: float) -> None:
    """Figures for whoever asked for them, into the file that LOANBOOK_FIGURES names."""
    if "LOANBOOK_FIGURES" not in os.environ:
        return
    runs = journal.listed(days.app)
    steps = [step for run in runs for step in journal.steps(days.app, run.run_id)]
    told = {
        "days": len(runs),
        "outages": len(outages),
        "kills": len(month.kills),
        "kills_in_a_run": sum(busy for _, busy in month.kills),
        "attempts": sum(run.attempt for run in runs),
        "died_steps": dict(Counter(step.step for step in steps if step.state == "died")),
        "seconds": round(took, 1),
    }
    Path(os.environ["LOANBOOK_FIGURES"]).write_text(json.dumps(told), "utf-8")
