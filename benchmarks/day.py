"""A whole day beside its steps alone, and days that are caught up: part of `make bench`.

`loanbook run` as a process, from its start to its end, does a second day; another process does the
steps of the same day one by one, on a copy of the same book. What counts is the ratio.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from json import loads
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.report import aligned
from benchmarks.workbench import (
    FIRST_DAY,
    Failed,
    Target,
    copied,
    drop,
    fresh,
    install_book,
    pass_a_night,
    served,
)

from loanbook.demo import write

if TYPE_CHECKING:
    from loanbook.database.server import Lease

HERE = Path(__file__).parent
STEPS = (  # nobody is named to whom to summarise
    "stage", "promote", "classify", "check", "accept", "record", "snapshot", "figures", "remind",
    "deliver",
)  # fmt: skip
REPORT = "report"
REQUIRED = 1.3
CAUGHT_UP = 30  # days

METHOD = """\
- The book is the demo's (`loanbook.demo`, day 0), on an embedded server with its own settings,
  durability on. Each measurement has a copy of it, vacuumed and checkpointed; the two take turns.
- The day is day 1 of the demo: three full files, in which about 4 % of the lines are new or
  changed.
- `loanbook run` is the process as cron starts it: Python's start, the connection, the journal and
  the summary are in its time. Only the server is running already.
- Each step alone is its function in `loanbook.runs.order`, without deadline and view; starting
  Python and the journal are not in its time.
- Catching up is one `loanbook run`, {caught_up} days after day 0: with the three files of each
  day, and after an outage in which no file came. The report is drawn once, for the last day; these
  figures are without it.
- Other work was going on on the machine; figures of one row were taken in turn, so that ratios
  stand.
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    scales: list[float]
    runs: int
    large: int


@dataclass(frozen=True, slots=True)
class Pair:
    """A whole day and its steps, in seconds."""

    whole: float
    steps: dict[str, float]

    @property
    def ratio(self) -> float:
        """The whole to the sum of its steps."""
        return self.whole / sum(self.steps.values())


@dataclass(frozen=True, slots=True)
class Size:
    """What was measured at one scale: days without and with the report, days that were missed."""

    scale: float
    plain: list[Pair]
    drawn: list[Pair]
    caught_up: dict[str, float]


def main() -> None:
    options = _options()
    sizes = []
    for scale in options.scales:
        with tempfile.TemporaryDirectory(prefix="loanbook-bench-") as name:
            sizes.append(_measured(Path(name), scale, options))
    text = _page(sizes)
    print(text)
    (HERE / "results" / "day.md").write_text(text, "utf-8")


def _options() -> Options:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scales", type=float, nargs="+", default=[1, 10], help="of it (1 10)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each side at scale 1 (5)")
    parser.add_argument("--large", type=int, default=3, help="runs at larger scales (3)")
    return Options(**vars(parser.parse_args()))


def _measured(folder: Path, scale: float, options: Options) -> Size:
    home = folder / "home"
    with served(home) as lease:
        _want_report(home, wanted=False)
        base = fresh(lease, home, "base")
        install_book(base)
        _deliver(home, scale, 0)
        _run(base, 0)
        pass_a_night(base)
        _deliver(home, scale, 1)
        runs = options.runs if scale <= 1 else options.large
        plain = [_pair(lease, home, STEPS, scale) for _ in range(runs)]
        _want_report(home, wanted=True)
        drawn = [_pair(lease, home, (*STEPS, REPORT), scale) for _ in range(min(runs, 3))]
        _want_report(home, wanted=False)
        return Size(scale, plain, drawn, _catching_up(lease, home, scale) if scale <= 1 else {})


def _pair(lease: Lease, home: Path, steps: tuple[str, ...], scale: float) -> Pair:
    (home / "output_dataviz" / "index.html").unlink(missing_ok=True)
    target = copied(lease, home, "base", "bench")
    pass_a_night(target)
    whole = _run(target, 1)
    target = copied(lease, home, "base", "bench")
    pass_a_night(target)
    done = subprocess.run(
        [
            sys.executable, str(HERE / "steps_alone.py"), str(home), target.owner,
            str(FIRST_DAY + timedelta(1)), *steps,
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Failed(done.stderr)
    pair = Pair(whole, loads(done.stdout))
    drop(lease, "bench")
    said = f"scale {scale:g}: {whole:.2f} s, steps {sum(pair.steps.values()):.2f} s"
    print(f"{said}, ratio {pair.ratio:.2f}", file=sys.stderr, flush=True)
    return pair


def _catching_up(lease: Lease, home: Path, scale: float) -> dict[str, float]:
    """Seconds of so many days at once: after an outage, and each with its files."""
    took = {}
    for file in (home / "input_data").iterdir():
        file.unlink()
    for name in ("without a file", "with three files each day"):
        if name.startswith("with "):
            for day in range(1, CAUGHT_UP + 1):
                _deliver(home, scale, day, str(FIRST_DAY + timedelta(day)))
        target = copied(lease, home, "base", "bench")
        pass_a_night(target)
        took[name] = _run(target, CAUGHT_UP)
        drop(lease, "bench")
        print(f"{name}: {took[name]:.1f} s", file=sys.stderr, flush=True)
    return took


def _want_report(home: Path, *, wanted: bool) -> None:
    (home / "loanbook.toml").write_text(f"[runs]\nreport = {str(wanted).lower()}\n", "utf-8")


def _deliver(home: Path, scale: float, day: int, folder: str = "") -> None:
    write(home / "input_data" / folder, scale=scale, day=day)


def _run(target: Target, day: int) -> float:
    """Seconds of `loanbook run` as a process."""
    began = time.perf_counter()
    done = subprocess.run(
        [
            sys.executable, "-m", "loanbook", "--home", str(target.home), "run",
            "--as-of", str(FIRST_DAY + timedelta(day)), "--actor", "bench", "--json",
        ],
        env=os.environ | {"DATABASE_URL": target.owner},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    took = time.perf_counter() - began
    if done.returncode or not loads(done.stdout)["ok"]:
        raise Failed(done.stdout + done.stderr)
    return took


def _page(sizes: list[Size]) -> str:
    rows = [["scale", "day", "`loanbook run` s", "steps alone s", "ratio", "required"]]
    missed = []
    for size in sizes:
        for name, pairs in (("without report", size.plain), ("with report", size.drawn)):
            ratios = sorted(pair.ratio for pair in pairs)
            told = f"{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
            whole = median(pair.whole for pair in pairs)
            alone = median(sum(pair.steps.values()) for pair in pairs)
            required = f"≤ {REQUIRED}"
            rows.append([f"{size.scale:g}", name, f"{whole:.2f}", f"{alone:.2f}", told, required])
            if median(ratios) > REQUIRED:
                missed.append(f"MISSED: scale {size.scale:g} {name}: {median(ratios):.2f}.")
    verdict = "\n".join(missed) or "Every target is reached."
    caught = [["scale", f"{CAUGHT_UP} days caught up", "seconds", "seconds a day"]]
    caught += [
        [f"{size.scale:g}", name, f"{took:.1f}", f"{took / CAUGHT_UP:.2f}"]
        for size in sizes
        for name, took in size.caught_up.items()
    ]
    return (
        "# A whole day beside its steps alone\n\n"
        f"Made by `make bench` on {len(os.sched_getaffinity(0))} cores; medians, in brackets the "
        f"lowest and the highest.\n\n{aligned(rows)}\n\n{verdict}\n\n"
        f"## Steps alone (median seconds)\n\n{aligned(_steps(sizes))}\n\n"
        f"## Days that were missed\n\n{aligned(caught)}\n\n"
        f"## How it was measured\n\n{METHOD.format(caught_up=CAUGHT_UP)}"
    )


def _steps(sizes: list[Size]) -> list[list[str]]:
    rows = [["step", *(f"scale {size.scale:g}" for size in sizes)]]
    for name in (*STEPS, REPORT):
        found = [[p.steps[name] for p in s.drawn if name in p.steps] for s in sizes]
        rows.append([name, *(f"{median(took):.2f}" for took in found)])
    return rows


if __name__ == "__main__":
    main()
