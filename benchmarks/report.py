"""What a comparison says: figures, ratios, and which target is missed."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.floor import STANDING

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUIRED = {"first load": 5.0, "second day": 12.0}
MOST_FLOORS = 1.5  # the first load, contacts included, to COPY into the tables as they stand
MOST_MEMORY = 100.0  # MB of Python during a load

Pair = tuple[int, int]  # today's practice, Loanbook

METHOD = """\
- Both sides load the same clients and loans (`loanbook.demo`, day 0 and day 1), on one embedded
  server with one set of settings, durability on. Each run has a fresh database; the sides take
  turns; medians of {runs} runs. In brackets the ratios of the pairs, lowest to highest.
- Today's practice is `benchmarks/practice`: pandas `read_csv` and `to_sql` (default method) into a
  truncated stage, a procedure that inserts by `not in` and updates every row, a trigger that logs
  row by row. Its session has 512 MB of work_mem, because `not in` turns quadratic with less;
  Loanbook has the server's own setting.
- Loanbook stages and promotes the same files, with its rules, quarantine, findings, payments and
  audit. Contacts, which today's practice has not, are loaded after that and stand apart.
- The floors (`benchmarks/floor.py`) are the server's own COPY, from binary files that it has
  written itself, of all rows that Loanbook's first load ends with: clients, contacts, loans,
  payments, history, batches. They go into an installed, empty book in one transaction, without
  the book's triggers, whose work the rows hold already. "Keys standing" is COPY into the tables
  as they are, with their keys, indexes and constraints; for "keys put back" these are taken off
  before and made anew at its end, as Loanbook does it too. All books must hold the same in the
  end, under the same keys. The floors take their turn right after Loanbook's first load; beside
  them stands all of that load, contacts included.
- "Same files again" are the second day's three files once more: copied to the archive, found by
  their digest, and left.
- Before each timed part both databases are vacuumed, analysed and checkpointed, as they would be
  when the next file comes. Starting Python and importing libraries is not counted, for either.
- Memory is the peak of each side's Python process (`VmHWM`).
- After each day both marts must agree in counts, in sums of every amount and of every time, or
  there is no result.
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """What it was measured on."""

    cores: int
    architecture: str
    python: str
    postgres: str
    settings: dict[str, str]


@dataclass(frozen=True, slots=True)
class Work:
    """One work, done by both sides.

    Attributes:
        name: what was done.
        practice: seconds of each run of today's practice.
        loanbook: seconds of each run of Loanbook.
        practice_phases: median seconds of each phase.
        loanbook_phases: the same, contacts included.
        peak_mb: peaks of memory.
        logged: rows that log and audit got.
        written: lines inserted and updated, by kind of file.
    """

    name: str
    practice: list[float]
    loanbook: list[float]
    practice_phases: dict[str, float]
    loanbook_phases: dict[str, float]
    peak_mb: tuple[float, float]
    logged: Pair
    written: dict[str, Pair]
    ratio: float = field(init=False)
    ratios: list[float] = field(init=False)

    def __post_init__(self) -> None:
        """Work the ratios out."""
        pairs = zip(self.practice, self.loanbook, strict=True)
        object.__setattr__(self, "ratio", median(self.practice) / median(self.loanbook))
        object.__setattr__(self, "ratios", [a / b for a, b in pairs])


@dataclass(frozen=True, slots=True)
class Beside:
    """Loanbook's first load beside a floor: seconds of each run, contacts included."""

    loanbook: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Of the medians."""
        return median(self.loanbook) / median(self.floor)

    @property
    def ratios(self) -> list[float]:
        """Of the pairs."""
        return [a / b for a, b in zip(self.loanbook, self.floor, strict=True)]


@dataclass(slots=True)
class Report:
    """Everything that was measured.

    Attributes:
        scale: size of the book; 1 is 90,000 clients.
        runs: of each side.
        machine: what it was measured on.
        works: what both sides did.
        floors: the first load beside what COPY takes for its rows, by the way of it.
        again: seconds for the same files once more.
    """

    scale: float
    runs: int
    machine: Machine
    works: list[Work]
    floors: dict[str, Beside] = field(default_factory=dict)
    again: list[float] = field(default_factory=list)

    def missed(self) -> Iterator[str]:
        """A sentence for each target that was not reached."""
        for work in self.works:
            if work.ratio < REQUIRED[work.name]:
                wanted = REQUIRED[work.name]
                yield f"MISSED: {work.name}: ratio {work.ratio:.1f}, required {wanted:g}."
            if work.peak_mb[1] > MOST_MEMORY:
                used = work.peak_mb[1]
                yield f"MISSED: {work.name}: {used:.0f} MB of Python, allowed {MOST_MEMORY:g}."
        standing = self.floors[STANDING].ratio
        if standing > MOST_FLOORS:
            yield f"MISSED: first load: {standing:.2f} times its floor, allowed {MOST_FLOORS:g}."


def as_table(report: Report) -> str:
    """The report for a terminal."""
    parts = [_ratios(report), _floors(report), _phases(report), _beside(report)]
    return "\n".join(f"\n{aligned(rows)}" for rows in parts) + _verdict(report)


def as_markdown(report: Report) -> str:
    """The report as a page."""
    machine = report.machine
    settings = ", ".join(f"{name} = {value}" for name, value in machine.settings.items())
    made = (
        f"Made by `make bench`: scale {report.scale:g}, {report.runs} runs of each side, on"
        f" {machine.cores} cores ({machine.architecture}), PostgreSQL {machine.postgres},"
        f" Python {machine.python}. Settings of the server: {settings}."
    )
    return "\n".join(
        [
            "# Loading: Loanbook beside today's practice",
            "",
            made,
            "",
            aligned(_ratios(report)),
            "",
            aligned(_floors(report)),
            _verdict(report),
            "## Phases (median seconds)",
            "",
            aligned(_phases(report)),
            "",
            "## Beside the time",
            "",
            aligned(_beside(report)),
            "",
            "## How it was measured",
            "",
            METHOD.format(runs=report.runs),
        ]
    )


def _verdict(report: Report) -> str:
    return "\n" + ("\n".join(report.missed()) or "Every target is reached.") + "\n"


def _ratios(report: Report) -> list[list[str]]:
    rows = [["work", "today's practice s", "Loanbook s", "ratio", "required"]]
    for work in report.works:
        between = f"{work.ratio:.1f} ({min(work.ratios):.1f} to {max(work.ratios):.1f})"
        a, b = median(work.practice), median(work.loanbook)
        rows.append([work.name, f"{a:.2f}", f"{b:.2f}", between, f"{REQUIRED[work.name]:g}"])
    return rows


def _floors(report: Report) -> list[list[str]]:
    rows = [["work", "Loanbook s", "floor s", "Loanbook / floor", "allowed"]]
    for way, beside in report.floors.items():
        between = f"{beside.ratio:.2f} ({min(beside.ratios):.2f} to {max(beside.ratios):.2f})"
        a, b = median(beside.loanbook), median(beside.floor)
        allowed = f"{MOST_FLOORS:g}" if way == STANDING else ""
        name = f"first load with contacts; floor with {way}"
        rows.append([name, f"{a:.2f}", f"{b:.2f}", between, allowed])
    rows.append(["same files again", f"{median(report.again):.2f}", "", "", ""])
    return rows


def _phases(report: Report) -> list[list[str]]:
    rows = [["work", "phase", "today's practice s", "Loanbook s"]]
    for work in report.works:
        for phase, seconds in work.loanbook_phases.items():
            theirs = work.practice_phases.get(phase)
            shown = "" if theirs is None else f"{theirs:.2f}"
            rows.append([work.name, phase, shown, f"{seconds:.2f}"])
    return rows


def _beside(report: Report) -> list[list[str]]:
    rows = [["work", "figure", "today's practice", "Loanbook"]]
    for work in report.works:
        peaks = [f"{mb:.0f}" for mb in work.peak_mb]
        rows.append([work.name, "peak of Python's memory, MB", *peaks])
        for kind in ("clients", "loans"):
            new, changed = work.written[kind]
            rows.append([work.name, f"{kind} inserted + updated", "", f"{new:,} + {changed:,}"])
        logged = [f"{rows_logged:,}" for rows_logged in work.logged]
        rows.append([work.name, "rows logged for clients and loans", *logged])
    return rows


def aligned(rows: list[list[str]]) -> str:
    """A Markdown table whose columns stand in line, so that it reads well as plain text too."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
