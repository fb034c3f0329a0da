"""Officers' acts beside hand-written SQL: part of `make bench`, or by itself.

pgbench calls api.post_payment and api.open_loan with several connections, and in turn a script
that makes the same inserts and updates without a check, on one server; triggers, constraints and
audit are the tables' own and the same for both. What counts is the ratio of the medians.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.report import aligned
from benchmarks.workbench import Failed, Target, fresh, install_book, pass_a_night, served
from benchmarks.workbench import settings_of as workspace

from loanbook.database.server import binaries

if TYPE_CHECKING:
    from loanbook.database.server import Lease

HERE = Path(__file__).parent
ACTS = ("post_payment", "open_loan")
PROCEDURE, BY_HAND, PYTHON = "procedure", "by hand", "from Python"
SIDES = (BY_HAND, PROCEDURE, PYTHON)
REQUIRED = 0.6
FIRST_BORROWER = 1_000_090_000  # of the callers in Python; pgbench takes those before

METHOD = """\
- `by hand` is `benchmarks/acts/*_by_hand.sql`: begin, the same insert and update of the same rows,
  commit. It looks at nothing: no client, no balance, no rule; what stands in the tables
  (constraints, foreign keys, audit) speaks for both sides. It runs as the owner, because the
  application may not write tables.
- `procedure` is one call of the procedure by pgbench as the application: locks the client and the
  loan, tries every rule, writes, answers.
- `from Python` is `loanbook.payments.post` and `loanbook.loans.open_loan`, a process for each
  connection, actor and transaction included; an opened loan is also read back.
- {connections} connections, {count} acts each, {runs} runs of each side in turn, prepared
  statements, durability on. Each payment goes to one of 20,000 loans, each loan to another client.
- p99: of all acts of a side the time that 99 % of them stay below.
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    runs: int
    connections: int
    count: int


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one side: acts a second, and milliseconds of each act."""

    rate: float
    took: list[float]


Measured = dict[tuple[str, str], list[Run]]  # by act and side


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="loanbook-bench-") as name:
        folder = Path(name)
        with served(folder / "home") as lease:
            target = _stocked(lease, folder / "home")
            measured = _measured(target, folder, options)
    text = _page(measured, options)
    print(text)
    (HERE / "results" / "operations.md").write_text(text, "utf-8")


def _options() -> Options:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="runs of each side (5)")
    parser.add_argument("--connections", type=int, default=8, help="at once (8)")
    parser.add_argument("--count", type=int, default=500, help="acts of each connection (500)")
    return Options(**vars(parser.parse_args()))


def _stocked(lease: Lease, home: Path) -> Target:
    target = fresh(lease, home, "bench")
    install_book(target)
    with psycopg.connect(target.owner, autocommit=True) as owner:
        owner.execute((HERE / "acts" / "stock.sql").read_bytes())
    pass_a_night(target)
    return target


def _measured(target: Target, folder: Path, options: Options) -> Measured:
    measured: Measured = {(act, side): [] for act in ACTS for side in SIDES}
    for number in range(options.runs):
        for (act, side), runs in measured.items():
            if side == PYTHON:
                runs.append(_from_python(target, act, number, options))
            else:
                runs.append(_by_pgbench(target, act, side, folder, options))
            shown = f"run {number + 1}, {act} {side}: {runs[-1].rate:,.0f} a second"
            print(shown, file=sys.stderr, flush=True)
    return measured


def _by_pgbench(target: Target, act: str, side: str, folder: Path, options: Options) -> Run:
    script = HERE / "acts" / (f"{act}_by_hand.sql" if side == BY_HAND else f"{act}.sql")
    program = binaries(workspace(target.home).postgres) / "pgbench"
    done = subprocess.run(
        [
            str(program), "--no-vacuum", "--protocol=prepared", f"--client={options.connections}",
            "--jobs=2", f"--transactions={options.count}", f"--file={script}", "--log",
            f"--log-prefix={folder / 'log'}", target.owner if side == BY_HAND else target.app,
        ],
        capture_output=True, text=True, check=False, cwd=folder,
    )  # fmt: skip
    if done.returncode != 0 or "number of failed transactions: 0 " not in done.stdout:
        raise Failed(f"{act} {side}: {done.stdout}{done.stderr}")
    [rate] = [float(line.split()[2]) for line in done.stdout.splitlines() if line[:5] == "tps ="]
    return Run(rate, list(_logged(folder)))


def _logged(folder: Path) -> Iterator[float]:
    for log in folder.glob("log*"):
        for line in log.read_text().splitlines():
            yield int(line.split()[2]) / 1e3
        log.unlink()


def _from_python(target: Target, act: str, number: int, options: Options) -> Run:
    first = FIRST_BORROWER + number * options.connections * options.count
    callers = [
        subprocess.Popen(
            [
                sys.executable, str(HERE / "acts" / "caller.py"), target.app, act,
                str(first + caller * options.count), str(options.count),
            ],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for caller in range(options.connections)
    ]  # fmt: skip
    for caller in callers:
        if caller.stdout is None or caller.stdout.readline() != "ready\n":
            raise Failed(f"{act} {PYTHON}: a caller did not start.")
    for caller in callers:
        if caller.stdin is not None:
            caller.stdin.write("\n")
            caller.stdin.flush()
    said = [json.loads(caller.communicate()[0]) for caller in callers]
    took = [seconds * 1e3 for one in said for seconds in one["took"]]
    return Run(len(took) / max(one["seconds"] for one in said), took)


def _page(measured: Measured, options: Options) -> str:
    rows = [["act", "side", "acts a second", "ratio", "median ms", "p99 ms"]]
    missed = []
    for act in ACTS:
        by_hand = [run.rate for run in measured[act, BY_HAND]]
        for side in SIDES:
            rates = [run.rate for run in measured[act, side]]
            took = quantiles((t for run in measured[act, side] for t in run.took), n=100)
            ratio = median(rates) / median(by_hand)
            pairs = [a / b for a, b in zip(rates, by_hand, strict=True)]
            told = "" if side == BY_HAND else f"{ratio:.2f} ({min(pairs):.2f} to {max(pairs):.2f})"
            rows.append(
                [act, side, f"{median(rates):,.0f}", told, f"{took[49]:.2f}", f"{took[98]:.2f}"]
            )
            if side == PROCEDURE and ratio < REQUIRED:
                missed.append(f"MISSED: {act}: ratio {ratio:.2f}, required {REQUIRED:g}.")
    verdict = "\n".join(missed) or f"Each procedure reaches the required ratio of {REQUIRED:g}."
    method = METHOD.format(connections=options.connections, count=options.count, runs=options.runs)
    return (
        "# Officers' acts: procedures beside hand-written SQL\n\n"
        f"Made by `make bench` on {len(os.sched_getaffinity(0))} cores.\n\n{aligned(rows)}\n\n"
        f"{verdict}\n\n## How it was measured\n\n{method}"
    )


if __name__ == "__main__":
    main()
