"""What the comparison of answers says: ratios, parts, memory, and which target is missed."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.report import aligned

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUIRED = {"PostgreSQL": 3.0, "DuckDB": 12.0}  # times faster than pandas
MOST_BY_HAND = 1.3  # the DuckDB engine to the same queries written by hand
MOST_MEMORY = 500.0  # MB of Python

METHOD = """\
- The demo's book (`loanbook.demo`, day 0) in one embedded server with its own settings, durability
  on, vacuumed; a snapshot of it beside it. The sides take turns in one process; one round to warm
  up and to compare, then {runs} that count. In brackets the ratios of the rounds.
- pandas reads `dm.clients` and `dm.loans` through SQLAlchemy once and groups six times
  (`benchmarks/practice/answers.py`): the practice that is replaced. It knows one business date
  only.
- PostgreSQL and DuckDB run the texts of `sql/questions`, which answer any business date and read
  the payments too. Opening the snapshot, with the digests of its files, is part of DuckDB's time;
  asked for its own day, it reads the states of the loans that were written with it.
- By hand: `benchmarks/practice/answers.sql`, six queries for this one date on the same files.
- All sides must give the same rows, or there is no result. Intervals and tests are computed after
  that by all alike, and are not in these times; nor is starting Python and importing libraries.
- Memory is the peak of a Python process that does nothing but this (`VmHWM`), libraries
  included.
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that was measured.

    Attributes:
        scale: 1 is 90,000 clients.
        seconds: of all six answers, by side and run.
        parts: median seconds of each answer, by side.
        memory: peak MB of Python, by side.
        snapshot: seconds that writing the snapshot took.
        report: seconds of the report's queries and of its pictures, from the snapshot.
        machine: what it was measured on.
    """

    scale: float
    seconds: dict[str, list[float]]
    parts: dict[str, dict[str, float]]
    memory: dict[str, float]
    snapshot: float
    report: tuple[float, float]
    machine: str

    def ratios(self, slow: str, fast: str) -> list[float]:
        """How many times faster, run by run."""
        return [a / b for a, b in zip(self.seconds[slow], self.seconds[fast], strict=True)]

    def ratio(self, slow: str, fast: str) -> float:
        """How many times faster, of the medians."""
        return median(self.seconds[slow]) / median(self.seconds[fast])

    def missed(self) -> Iterator[str]:
        """A sentence for each target that was not reached."""
        # The ratios are asked for at scale 1, the memory at any.
        for side, wanted in REQUIRED.items() if self.scale == 1 else ():
            if self.ratio("pandas", side) < wanted:
                ratio = self.ratio("pandas", side)
                yield f"MISSED: {side}: {ratio:.1f} times faster than pandas, required {wanted:g}."
        share = self.ratio("DuckDB", "DuckDB by hand")
        if share > MOST_BY_HAND:
            yield f"MISSED: DuckDB: {share:.2f} times the queries by hand, allowed {MOST_BY_HAND}."
        for side, used in self.memory.items():
            if side != "pandas" and used > MOST_MEMORY:
                yield f"MISSED: {side}: {used:.0f} MB of Python, allowed {MOST_MEMORY:g}."


def as_table(found: Figures) -> str:
    """The figures for a terminal."""
    tables = [_ratios(found), _parts(found), _memory(found)]
    return "\n".join(f"\n{aligned(rows)}" for rows in tables) + _verdict(found)


def as_markdown(found: Figures) -> str:
    """The figures as a page."""
    runs = len(found.seconds["pandas"])
    made = (
        f"Made by `make bench`: scale {found.scale:g}, {runs} runs of each side, on"
        f" {found.machine}. Writing the snapshot took {found.snapshot:.2f} s."
        f" The report from it: queries {found.report[0]:.2f} s, pictures {found.report[1]:.2f} s."
    )
    return "\n".join(
        [
            "# The six answers: Loanbook beside pandas",
            "",
            made,
            "",
            aligned(_ratios(found)),
            _verdict(found),
            "## Parts (median milliseconds)",
            "",
            aligned(_parts(found)),
            "",
            "## Peak of Python's memory",
            "",
            aligned(_memory(found)),
            "",
            "## How it was measured",
            "",
            METHOD.format(runs=runs),
        ]
    )


def _verdict(found: Figures) -> str:
    return "\n" + ("\n".join(found.missed()) or "Every target is reached.") + "\n"


def _ratios(found: Figures) -> list[list[str]]:
    rows = [["side", "six answers s", "times faster than pandas", "required"]]
    for side, taken in found.seconds.items():
        ratios = found.ratios("pandas", side)
        between = f"{found.ratio('pandas', side):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
        wanted = f"{REQUIRED[side]:g}" if side in REQUIRED else ""
        rows.append([side, f"{median(taken):.3f}", between, wanted])
    share = found.ratio("DuckDB", "DuckDB by hand")
    rows.append(
        ["DuckDB to DuckDB by hand", "", f"{share:.2f} times the time", f"≤ {MOST_BY_HAND}"]
    )
    return rows


def _parts(found: Figures) -> list[list[str]]:
    names = list(dict.fromkeys(part for parts in found.parts.values() for part in parts))
    rows = [["part", *found.parts]]
    for name in names:
        cells = [parts.get(name) for parts in found.parts.values()]
        rows.append([name, *("" if cell is None else f"{1000 * cell:.0f}" for cell in cells)])
    return rows


def _memory(found: Figures) -> list[list[str]]:
    return [["work", "MB"], *([side, f"{used:.0f}"] for side, used in found.memory.items())]
