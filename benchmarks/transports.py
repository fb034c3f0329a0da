"""The same files by each kind of source, beside the same load from a local folder.

    .venv/bin/python benchmarks/transports.py --scale 1 --runs 3

Each run makes a fresh book and, in a process of its own, fetches the files (collect), stages and
promotes them. The partners' servers are real ones on this machine, in another process; all but
PostgreSQL are written in Python, and a relay in Python leads to that. What counts is the ratio to
the load of the same files out of input_data, in the same run.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.workbench import served
from tests.houses import Houses
from tests.servers.partners import KINDS, partner

from loanbook import settings
from loanbook.database.connection import ROLE, connect
from loanbook.demo import write
from loanbook.runs import sourcing, steps
from loanbook.sources import collect
from loanbook.staging.batches import Request

if TYPE_CHECKING:
    from datetime import date

LOCAL = "input_data"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    took: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="loanbook-bench-") as name:
        folder = Path(name)
        made = write(folder / "demo", scale=asked.scale)
        size = sum(path.stat().st_size for path in made.files)
        with (
            served(folder / "home") as lease,
            Houses.on(lease.owner, lease.app) as houses,
        ):
            for number in range(asked.runs):
                for kind in (LOCAL, *KINDS):
                    at = folder / f"{kind}-{number}"
                    took.setdefault(kind, []).append(one(kind, houses, at, made.files, made.as_of))
    print(f"{size / 1e6:.1f} MB in three files, medians of {asked.runs}")
    base = median(total for _, total in took[LOCAL])
    print("| by | fetched and made ready, s | in all, s | beside input_data |")
    print("|---|---|---|---|")
    for kind, measured in took.items():
        fetching = median(first for first, _ in measured)
        total = median(second for _, second in measured)
        print(f"| {kind} | {fetching:.2f} | {total:.2f} | {total / base:.2f} |")


def one(
    kind: str, houses: Houses, at: Path, files: tuple[Path, ...], day: date
) -> tuple[float, float]:
    """Seconds until all is ready for the stage, and until all is in the mart."""
    environ: dict[str, str] = {}
    name = houses.copy()
    home = at / "home"
    try:
        if kind == LOCAL:
            home.mkdir(parents=True)
            return apart(home, houses.conninfo(name), files, day)
        with partner(kind, houses, at / "partner", environ, wired=False) as other:
            os.environ.update(environ)
            other.deliver({path.name: path.read_text("utf-8") for path in files})
            home.mkdir()
            (home / "loanbook.toml").write_text(
                f"[sources.main]\nfiles = '*.csv'\nsettle = 0\n{other.place}\n", "utf-8"
            )
            return apart(home, houses.conninfo(name), (), day)
    finally:
        houses.drop(name)


def apart(home: Path, conninfo: str, files: tuple[Path, ...], day: date) -> tuple[float, float]:
    """Do it in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(timed, (home, conninfo, files, day))


def timed(home: Path, conninfo: str, files: tuple[Path, ...], day: date) -> tuple[float, float]:
    """Collect what a source has, or take files that are here; stage and promote."""
    given = settings.load(home, {})
    source = given.sources["main"]
    book = connect(conninfo, actor="bench", role=ROLE)
    began = time.perf_counter()
    paths = list(files)
    if source.where is not None:
        collect.collect(book, given, source, collect.Wish(day, day))
        paths = [sourcing.ready_folder(given, source)]
    ready = time.perf_counter()
    staged = sourcing.stage_main(book, given, paths, Request(day, source), None)
    done = steps.promote(book, given)
    ended = time.perf_counter()
    book.close()
    if not (len(staged) == len(done) == 3 and all(one.outcome == "accepted" for one in done)):  # noqa: PLR2004
        raise SystemExit(f"the files did not come in: {staged} {done}")
    return ready - began, ended - began


if __name__ == "__main__":
    main()
