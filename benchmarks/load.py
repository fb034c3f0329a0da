"""Today's practice beside Loanbook: `make bench`, or `.venv/bin/python benchmarks/load.py`.

Both load the same files into fresh databases of one server with one set of settings, in turn,
each in a process of its own. Loanbook's first load also stands beside its floors: the server's own
COPY of the same final rows. What counts is the ratio of the medians, not the seconds.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import floor
from benchmarks.report import Beside, Machine, Report, Work, as_markdown, as_table
from benchmarks.workbench import (
    AGAIN,
    FIRST_LOAD,
    SECOND_DAY,
    Failed,
    Target,
    drop,
    fresh,
    install_book,
    loanbook_side,
    make_files,
    pass_a_night,
    served,
    told_by,
)

if TYPE_CHECKING:
    from loanbook.database.server import Lease

HERE = Path(__file__).parent
PRACTICE, LOANBOOK = "today's practice", "Loanbook"
WORKS = (FIRST_LOAD, SECOND_DAY)
NAMES = {PRACTICE: "practice", LOANBOOK: "bench", "floor": "floor"}  # databases
SETTINGS = ("fsync", "synchronous_commit", "full_page_writes", "wal_level", "shared_buffers")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    scale: float
    runs: int
    json: Path | None


@dataclass(frozen=True, slots=True)
class Side:
    """One side's work on one day.

    Attributes:
        phases: seconds of each phase.
        peak_mb: peak of the process's memory.
        written: lines that were inserted and updated, by kind of file (Loanbook only).
    """

    phases: dict[str, float]
    peak_mb: float
    written: dict[str, tuple[int, int]]

    @property
    def seconds(self) -> float:
        """Clients and loans; contacts are Loanbook's alone."""
        return sum(s for phase, s in self.phases.items() if not phase.endswith("contacts"))

    @property
    def whole(self) -> float:
        """Contacts included."""
        return sum(self.phases.values())


Day = dict[str, Side]  # by work
Book = tuple[str, ...]  # figures of a mart


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="loanbook-bench-") as name:
        folder = Path(name)
        days = [make_files(folder / f"day{day}", options.scale, day) for day in range(len(WORKS))]
        with served(folder / "home") as lease:
            report = _measured(lease, folder / "home", days, options)
    print(as_table(report))
    _keep(report, options)


def _options() -> Options:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="1 is 90,000 clients (1)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each side (3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep every figure in FILE")
    return Options(**vars(parser.parse_args()))


def _measured(lease: Lease, home: Path, days: list[list[Path]], options: Options) -> Report:
    measured: dict[str, list[Day]] = {PRACTICE: [], LOANBOOK: []}
    logged: dict[str, list[int]] = {}
    floors: list[dict[str, float]] = []
    for run in range(1, options.runs + 1):
        books: dict[str, list[Book]] = {}
        for side, taken in measured.items():
            day, books[side], logged[side] = _run(lease, home, side, days)
            taken.append(day)
            _tell(run, options, side, {work: one.seconds for work, one in day.items()})
        _compare(books)
        floors.append(_floors(lease, home, days[0]))
        _tell(run, options, "floor", floors[-1])
    report = _reported(measured, logged, _machine(lease), options)
    ours = [day[FIRST_LOAD].whole for day in measured[LOANBOOK]]
    report.floors = {way: Beside(ours, [one[way] for one in floors]) for way in floor.WAYS}
    report.again = [day[AGAIN].whole for day in measured[LOANBOOK]]
    return report


def _tell(run: int, options: Options, who: str, seconds: dict[str, float]) -> None:
    shown = ", ".join(f"{what} {taken:.2f} s" for what, taken in seconds.items())
    print(f"run {run} of {options.runs}, {who}: {shown}", file=sys.stderr, flush=True)


def _run(
    lease: Lease, home: Path, side: str, days: list[list[Path]]
) -> tuple[Day, list[Book], list[int]]:
    """One side's days; of Loanbook also the same files again."""
    target = fresh(lease, home, NAMES[side])
    _prepare(target, side)
    done: Day = {}
    books: list[Book] = []
    logged: list[int] = []
    for number, (work, files) in enumerate(zip(WORKS, days, strict=True)):
        pass_a_night(target)
        done[work] = _work(target, side, number, files)
        folder = HERE / "practice" if side == PRACTICE else HERE
        books.append(tuple(str(row[1]) for row in sorted(_asked(target, folder / "figures.sql"))))
        logged.append(int(str(_asked(target, folder / "log_rows.sql")[0][0])))
    if side == LOANBOOK:
        done[AGAIN] = _work(target, side, len(WORKS) - 1, days[-1])
    drop(lease, NAMES[side])
    return done, books, [logged[0], *(b - a for a, b in itertools.pairwise(logged))]


def _floors(lease: Lease, home: Path, files: list[Path]) -> dict[str, float]:
    """Seconds that COPY takes for the rows of a first load, into another book with the same keys.

    Of a book of its own, after the days: in between, it might burden Loanbook's second day alone.
    """
    taken: dict[str, float] = {}
    book = fresh(lease, home, NAMES[LOANBOOK])
    install_book(book)
    loanbook_side(book, 0, files)
    with tempfile.TemporaryDirectory(dir=home) as name:
        floor.export(book, Path(name))
        for way in floor.WAYS:
            target = fresh(lease, home, NAMES["floor"])
            install_book(target)
            pass_a_night(target)
            taken[way] = floor.fill(target, Path(name), way)
            floor.compare(book, target)
            drop(lease, NAMES["floor"])
    drop(lease, NAMES[LOANBOOK])
    return taken


def _prepare(target: Target, side: str) -> None:
    if side == LOANBOOK:
        install_book(target)
        return
    with psycopg.connect(target.owner, autocommit=True) as owner:
        owner.execute((HERE / "practice" / "todays_practice.sql").read_bytes())


def _work(target: Target, side: str, day: int, files: list[Path]) -> Side:
    if side == PRACTICE:
        script = HERE / "practice" / "practice.py"
        said = told_by(script, target.owner, *map(str, files[:2]))
    else:
        said = loanbook_side(target, day, files)
    written = {kind: (new, changed) for kind, (new, changed) in said.get("written", {}).items()}
    return Side(said["phases"], said["peak_mb"], written)


def _compare(books: dict[str, list[Book]]) -> None:
    """Both marts must hold the same after each day, or the times mean nothing."""
    for work, practice, ours in zip(WORKS, books[PRACTICE], books[LOANBOOK], strict=True):
        if practice != ours:
            raise Failed(f"The marts differ after the {work}:\n{practice}\n{ours}")


def _reported(
    measured: dict[str, list[Day]], logged: dict[str, list[int]], machine: Machine, options: Options
) -> Report:
    works = []
    for number, work in enumerate(WORKS):
        practice = [day[work] for day in measured[PRACTICE]]
        ours = [day[work] for day in measured[LOANBOOK]]
        works.append(
            Work(
                name=work,
                practice=[side.seconds for side in practice],
                loanbook=[side.seconds for side in ours],
                practice_phases=_median_phases(practice),
                loanbook_phases=_median_phases(ours),
                peak_mb=(_peak(practice), _peak(ours)),
                logged=(logged[PRACTICE][number], logged[LOANBOOK][number]),
                written=ours[0].written,
            )
        )
    return Report(options.scale, options.runs, machine, works)


def _peak(sides: list[Side]) -> float:
    return max(side.peak_mb for side in sides)


def _median_phases(sides: list[Side]) -> dict[str, float]:
    return {phase: median(side.phases[phase] for side in sides) for phase in sides[0].phases}


def _machine(lease: Lease) -> Machine:
    with psycopg.connect(lease.owner, autocommit=True) as owner:
        version = owner.info.parameter_status("server_version") or ""
        settings = {
            name: str(value)
            for name in SETTINGS
            for (value,) in owner.execute("select current_setting(%s)", (name,))
        }
    cores = len(os.sched_getaffinity(0))
    return Machine(cores, platform.machine(), platform.python_version(), version, settings)


def _asked(target: Target, query: Path) -> list[tuple[object, ...]]:
    with psycopg.connect(target.owner, autocommit=True) as owner:
        return owner.execute(query.read_bytes()).fetchall()


def _keep(report: Report, options: Options) -> None:
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    suffix = "" if options.scale == 1 else f"-{options.scale:g}x"
    (results / f"load{suffix}.md").write_text(as_markdown(report), "utf-8")
    if options.json is not None:
        options.json.write_text(json.dumps(asdict(report), indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
