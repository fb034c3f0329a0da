"""The cadence of reminders in plain Python, one client at a time, as the documents tell it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

SUNDAY = 6
STEPS = (-7, -3, -1, 0, 1, 5, 15, 30, 60, 90)
REACH, FORGIVEN, MOST = 90, 2, 4


@dataclass(eq=False)
class Debt:
    """A loan: when it is due and paid, since when it is known, and what was said of it."""

    loan_id: int
    due_on: date
    paid_on: date | None = None
    since: date | None = None
    said: dict[int, str] = field(default_factory=dict)
    thanked: bool = False

    def reached(self, day: date) -> list[int]:
        """Steps that are reached on a day, as long as the loan is within reach."""
        late = (day - self.due_on).days
        return [step for step in STEPS if step <= late] if late <= REACH else []

    def look(self, day: date) -> int | None:
        """The step to tell on a day; what will not be told any more is missed from now on."""
        first = self.since is None or self.since == day
        self.since = self.since or day
        reached = self.reached(day)
        if not reached or reached[-1] in self.said:
            return None
        for step in reached[:-1]:
            self.said.setdefault(step, "missed")
        if first and (day - self.due_on).days - reached[-1] > FORGIVEN:
            self.said[reached[-1]] = "missed"
            return None
        return reached[-1]


@dataclass(eq=False)
class Person:
    """A client with its loans and the days on which it was written to."""

    debts: list[Debt]
    written: list[date] = field(default_factory=list)

    def live(self, day: date) -> dict[int, int | None] | None:
        """A day goes by: which loan was told at which step; None without a letter."""
        owed = [one for one in self.debts if one.paid_on is None or one.paid_on > day]
        told = {one: one.look(day) for one in owed}
        causes = {one.loan_id: step for one, step in told.items() if step is not None}
        fresh = [
            one
            for one in self.debts
            if one not in owed and not one.thanked and (day - one.paid_on).days <= FORGIVEN + 1  # type: ignore[operator]
        ]
        lately = [one for one in self.written if day - timedelta(days=7) < one]
        if day in self.written or day.weekday() == SUNDAY or len(lately) >= MOST:
            return None
        if causes:
            for one, step in told.items():
                if step is not None:
                    one.said[step] = "told"
            self.written.append(day)
            return {one.loan_id: causes.get(one.loan_id) for one in owed}
        if fresh:
            for one in fresh:
                one.thanked = True
            self.written.append(day)
            return {one.loan_id: None for one in fresh}
        return None
