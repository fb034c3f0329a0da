"""A month through five kinds of sources at a time, with outages, cuts and kills."""

from __future__ import annotations

import csv
import io
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.days import CLIENTS, CONTACTS, FIRST, LOANS
from tests.desk import Desk
from tests.program import FOREIGN
from tests.servers.partners import KINDS, Partner, partner

from loanbook import demo, settings
from loanbook.runs import daily, journal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    import pytest
    from tests.houses import Houses

SCALE = 0.004
PAYMENTS = """
select loan_id, sum(amount) as paid from api.payments group by loan_id order by loan_id
"""
UNREACHABLE = """
select count(*) as sources from api.findings where rule = 'source_unreachable' and state = 'open'
"""
TWICE = """
select b.source, b.digest from api.batches as b
where b.state = 'accepted' group by b.source, b.digest having count(*) > 1
"""
DELIVERED = """
select distinct b.source from api.batches as b
where b.state = 'accepted' and b.business_date = %(day)s order by b.source
"""
LIVING = tuple(kind for kind in KINDS if kind != "sqlite")  # five of them


class Month:
    """Five partners, of which each brings a fifth of the clients, and a book that collects.

    Attributes:
        seen: how often what happened.
    """

    def __init__(self, desk: Desk, partners: dict[str, Partner], conninfo: str) -> None:
        self._desk = desk
        self._partners = partners
        self._conninfo = conninfo
        self.seen: Counter[str] = Counter()

    def deliver(self, number: int) -> date:
        """The files of a day, to each partner its share."""
        made = demo.write(self._desk.settings.home / "demo", scale=SCALE, seed=1, day=number)
        for name, files in shares(made, list(self._partners)).items():
            self._partners[name].deliver(files)
        return made.as_of

    def live(self, number: int, chance: random.Random, *, calm: bool) -> None:
        """A day: some partners are out of reach, some connections are cut, a process is killed."""
        day = self.deliver(number)
        down: set[str] = set()
        for name, other in self._partners.items():
            trouble = "" if calm else chance.choice(["down", "cut", "", ""])
            other.go_down(down=trouble == "down")
            if trouble == "down":
                down.add(name)
            elif trouble == "cut":
                other.cut(chance.randint(3_000, 12_000))
            self.seen[trouble or "reached"] += 1
        if not calm and chance.random() < 0.7:
            self.seen["kills"] += self._kill(day, chance.uniform(0.5, 3))
        self._run(day)
        self._run(day)  # what a cut left over comes the same day
        [row] = self._desk.app.rows(UNREACHABLE)
        assert row["sources"] == len(down), (day, down)
        reached = {row["source"] for row in self._desk.app.rows(DELIVERED, day=day)}
        assert reached == set(self._partners) - down
        for name in down:
            self._partners[name].go_down(down=False)

    def _run(self, day: date) -> None:
        daily.run(self._desk.app, self._desk.settings, daily.Wish(day, wait=True))

    def _kill(self, day: date, moment: float) -> bool:
        """Start the day as a process and kill it after so many seconds: whether it was at it."""
        environ = {key: value for key, value in os.environ.items() if key not in FOREIGN}
        environ["DATABASE_URL"] = self._conninfo
        command = [sys.executable, "-m", "loanbook", "--home", str(self._desk.settings.home), "run"]
        with subprocess.Popen(
            [*command, "--as-of", str(day), "--actor", "tester", "--wait"],
            env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            try:
                process.wait(moment)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
            return process.wait() == -signal.SIGKILL


def shares(made: demo.Written, names: list[str]) -> dict[str, dict[str, str]]:
    """The files of a day as each partner delivers them: its clients, and what is theirs."""
    found: dict[str, dict[str, str]] = {name: {} for name in names}
    for path in made.files:
        header, *lines = csv.reader(io.StringIO(path.read_bytes().decode(), newline=""))
        place = header.index("user_id")
        for number, name in enumerate(names):
            out = io.StringIO(newline="")
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(line for line in lines if int(line[place]) % len(names) == number)
            found[name][path.name] = out.getvalue()
    return found


def configure(desk: Desk, places: dict[str, str]) -> None:
    """Each partner is a source."""
    tables = [
        f'[sources.{name}]\nfull = ["clients"]\nfiles = "*.csv"\nsettle = 0\n{place}\n'
        for name, place in places.items()
    ]
    desk.settings.toml.write_text("[runs]\nreport = false\n" + "".join(tables), "utf-8")
    read = settings.load(desk.settings.home, {})
    desk.settings = replace(desk.settings, sources=read.sources)


def desks(houses: Houses, home: Path, stack: ExitStack) -> Desk:
    name = houses.copy()
    stack.callback(houses.drop, name)
    return stack.enter_context(Desk.at(houses, name, home))


def test_a_month_through_five_kinds_of_sources_ends_like_a_straight_load(
    houses: Houses,
    tmp_path: Path,
    soak: bool,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    chance = random.Random(41)
    last = 31 if soak else 3
    with ExitStack() as stack:
        environ: dict[str, str] = {}
        partners = {
            kind: stack.enter_context(partner(kind, houses, tmp_path / kind, environ))
            for kind in LIVING
        }
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        days = desks(houses, tmp_path / "days", stack)
        configure(days, {name: other.place for name, other in partners.items()})
        month = Month(days, partners, houses.conninfo(days.name))
        for number in range(last + 1):
            month.live(number, chance, calm=number == last)

        straight = desks(houses, tmp_path / "straight", stack)
        folders = {name: tmp_path / "straight" / name for name in partners}
        configure(straight, {name: f'folder = "{folder}"' for name, folder in folders.items()})
        made = demo.write(tmp_path / "last", scale=SCALE, seed=1, day=last)
        for name, files in shares(made, list(partners)).items():
            folders[name].mkdir()
            for file, text in files.items():
                (folders[name] / file).write_text(text, "utf-8", newline="")
        end = FIRST + timedelta(days=last)
        assert daily.run(straight.app, straight.settings, daily.Wish(end)).ok

        for query in (CLIENTS, LOANS, CONTACTS, PAYMENTS):
            assert days.app.rows(query) == straight.app.rows(query)  # type: ignore[arg-type, unused-ignore]
        assert days.app.rows(TWICE) == []
        assert days.ailments() == []
        told = {run.business_date for run in journal.listed(days.app)}
        assert told == {FIRST + timedelta(days=number) for number in range(last + 1)}
    # For docs/reference/soak.md, by --junit-xml.
    record_property("days", last + 1)
    for what, times in month.seen.items():
        record_property(what, times)
