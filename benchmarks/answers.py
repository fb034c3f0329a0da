"""The six answers, side by side: `make bench`, or `.venv/bin/python benchmarks/answers.py`.

Four sides answer the same questions of the same book in turn, in one run: pandas that reads the
tables and groups (today's practice), the questions in PostgreSQL, the questions in DuckDB over a
snapshot, and DuckDB queries written by hand. Before any time counts their rows are compared.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.answers_report import Figures, as_markdown, as_table
from benchmarks.memory import peak_mb
from benchmarks.workbench import (
    FIRST_DAY,
    Failed,
    Target,
    fresh,
    install_book,
    load_file,
    pass_a_night,
    served,
)

from loanbook.database.connection import connect
from loanbook.demo import write
from loanbook.mart import figures
from loanbook.portfolio import catalogue, duck, engines, lake, report, snapshots

if TYPE_CHECKING:
    from collections.abc import Callable

    from duckdb import DuckDBPyConnection

    from loanbook.portfolio.engines import Rows

HERE = Path(__file__).parent
PANDAS, POSTGRES, DUCKDB, HAND = "pandas", "PostgreSQL", "DuckDB", "DuckDB by hand"
REPORT = "report"
SIX = tuple(catalogue.find(name) for name in catalogue.SIX)
CLOSE = 1e-9  # of floats that were added up in another order


@dataclass(slots=True)
class Clock:
    """Seconds of each part, and rows of each answer."""

    parts: dict[str, float] = field(default_factory=dict)
    rows: dict[str, Rows] = field(default_factory=dict)

    def time(self, part: str, work: Callable[[], Rows]) -> None:
        """Do one part and take its time."""
        began = time.perf_counter()
        self.rows[part] = work()
        self.parts[part] = time.perf_counter() - began

    @property
    def seconds(self) -> float:
        """Of all parts."""
        return sum(self.parts.values())


def pandas(target: Target, _: Path) -> Clock:
    """Read both tables, answer all six."""
    from benchmarks.practice import answers as practice  # noqa: PLC0415 -- others need no pandas

    clock = Clock()
    began = time.perf_counter()
    engine = practice.engine(partial(psycopg.connect, target.owner))
    found = practice.answers(engine)
    clock.parts["all six"] = time.perf_counter() - began
    engine.dispose()
    clock.rows = {name: frame.to_dict("records") for name, frame in found.items()}
    return clock


def postgres(target: Target, _: Path) -> Clock:
    """The questions in PostgreSQL, through the application's own connection."""
    clock = Clock()
    book = connect(target.app, actor="bench")
    with engines.of_book(book) as engine:
        for question in SIX:
            clock.time(question.name, partial(engine.rows, question.text))
    book.close()
    return clock


def duckdb(_: Target, place: Path) -> Clock:
    """The questions in DuckDB; opening and verifying the snapshot counts."""
    clock = Clock()
    began = time.perf_counter()
    with lake.opened(place) as engine:
        clock.parts["open"] = time.perf_counter() - began
        for question in SIX:
            clock.time(question.name, partial(engine.rows, question.text))
    return clock


def by_hand(_: Target, place: Path) -> Clock:
    """Queries of one's own in DuckDB on the same files."""
    clock = Clock()
    text = (HERE / "practice" / "answers.sql").read_text("utf-8")
    named = dict(re.findall(r"-- name: (\w+)\n(.*?);\n", text, re.DOTALL))
    files = {part.table: place / part.file for part in lake.read(place).parts}
    began = time.perf_counter()
    with duck.opened(files) as tables:
        clock.parts["open"] = time.perf_counter() - began
        for question in SIX:
            clock.time(question.name, partial(_asked, tables, named[question.name]))
    return clock


SIDES: dict[str, Callable[[Target, Path], Clock]] = {
    PANDAS: pandas, POSTGRES: postgres, DUCKDB: duckdb, HAND: by_hand,
}  # fmt: skip


def main() -> None:
    options = _options()
    if options.side:
        _alone(options)
        return
    with tempfile.TemporaryDirectory(prefix="loanbook-bench-") as name:
        folder = Path(name)
        write(folder / "files", scale=options.scale, seed=1, day=0)
        with served(folder / "home") as lease:
            target = fresh(lease, folder / "home", "bench")
            found = _measured(target, folder, options)
    print(as_table(found))
    suffix = "" if options.scale == 1 else f"-{options.scale:g}x"
    (HERE / "results" / f"answers{suffix}.md").write_text(as_markdown(found), "utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="1 is 90,000 clients (1)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each side (5)")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("place", nargs="*", help=argparse.SUPPRESS)
    return parser.parse_args()


def _measured(target: Target, folder: Path, options: argparse.Namespace) -> Figures:
    install_book(target)
    book = connect(target.app, actor="bench")
    for kind in ("clients", "loans"):
        load_file(book, target.home, folder / "files" / f"{kind}.csv", 0)
    figures.advance(book, FIRST_DAY)
    place = folder / "lake"
    began = time.perf_counter()
    snapshots.write(book, place)
    snapshot = time.perf_counter() - began
    book.close()
    pass_a_night(target)
    _compare({name: side(target, place) for name, side in SIDES.items()})  # and warms all sides
    clocks: dict[str, list[Clock]] = {name: [] for name in SIDES}
    for run in range(1, options.runs + 1):
        for name, side in SIDES.items():
            clocks[name].append(side(target, place))
        shown = ", ".join(f"{name} {taken[-1].seconds:.3f} s" for name, taken in clocks.items())
        print(f"run {run} of {options.runs}: {shown}", file=sys.stderr, flush=True)
    memory = {name: _memory(name, target, place)[0] for name in (*SIDES, "snapshot")}
    memory[REPORT], *report_seconds = _memory(REPORT, target, place)
    with psycopg.connect(target.owner) as owner:
        version = owner.info.parameter_status("server_version") or ""
    return Figures(
        scale=options.scale,
        seconds={name: [one.seconds for one in taken] for name, taken in clocks.items()},
        parts={name: _medians(taken) for name, taken in clocks.items()},
        memory=memory,
        snapshot=snapshot,
        report=(report_seconds[0], report_seconds[1]),
        machine=f"{len(os.sched_getaffinity(0))} cores ({platform.machine()}),"
        f" PostgreSQL {version}, Python {platform.python_version()}",
    )


def _medians(taken: list[Clock]) -> dict[str, float]:
    return {part: median(one.parts[part] for one in taken) for part in taken[0].parts}


def _memory(side: str, target: Target, place: Path) -> list[float]:
    """Peak of a Python process that does nothing else, in MB; then seconds that it tells."""
    command = [sys.executable, __file__, "--side", side, str(target.home), target.owner, target.app]
    done = subprocess.run([*command, str(place)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{side}: {done.stderr.strip()}")
    return [float(word) for word in done.stdout.split()]


def _alone(options: argparse.Namespace) -> None:
    home, owner, app, place = options.place
    target = Target(Path(home), owner, app)
    seconds: list[float] = []
    if options.side == "snapshot":
        book = connect(target.app, actor="bench")
        snapshots.write(book, Path(place))
    elif options.side == REPORT:
        made = report.from_lake(Path(place), Path(place).parent / "report", "BRL", FIRST_DAY)
        seconds = [made.asking_seconds, made.drawing_seconds]
    else:
        SIDES[options.side](target, Path(place))
    print(peak_mb(), *seconds)


def _asked(tables: DuckDBPyConnection, text: str) -> Rows:
    found = tables.sql(text)
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def _compare(clocks: dict[str, Clock]) -> None:
    """All sides must give the same rows, or their times mean nothing."""
    for question in SIX:
        found = {side: clock.rows[question.name] for side, clock in clocks.items()}
        if found[DUCKDB] != found[POSTGRES]:
            raise Failed(f"{question.name}: the engines differ")
        _compare_with(found[HAND], found[POSTGRES], f"{question.name}: {HAND}")
        # pandas knows no month without loans.
        some = [r for r in found[POSTGRES] if r.get("loans", 1) and r.get("closed_loans", 1)]
        _compare_with(found[PANDAS], some, f"{question.name}: {PANDAS}")


def _compare_with(rows: Rows, expected: Rows, what: str) -> None:
    if len(rows) != len(expected):
        raise Failed(f"{what} has {len(rows)} rows of {len(expected)}")
    for row, other in zip(rows, expected, strict=True):
        if not all(_same(value, other[name]) for name, value in row.items()):
            raise Failed(f"{what} differs: {row} is not {other}")


def _same(value: Any, expected: Any) -> bool:  # noqa: ANN401 -- whatever stands in a cell
    if value is None or expected is None or isinstance(expected, (str, bool)):
        return bool(value == expected or (expected is None and value != value))  # noqa: PLR0124
    if hasattr(expected, "isoformat"):
        return bool(str(value)[:10] == expected.isoformat())
    return abs(float(value) - float(expected)) <= CLOSE * max(1.0, abs(float(expected)))


if __name__ == "__main__":
    main()
