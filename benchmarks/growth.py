"""How a load grows with the book: part of `make bench`, or by itself.

Loanbook alone loads a first and a second day of books of several sizes, with the same code and
settings. What counts is the cost of a row, beside that of the smallest book. Without `--scales` it
is 1x, 10x and 66x, which is 6 million clients and takes tens of GB of disk. Draws
docs/pictures/growth.svg and writes results/growth.md.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.growth_chart import MOST_COST, Point, draw
from benchmarks.report import MOST_MEMORY, aligned
from benchmarks.workbench import (
    FIRST_LOAD,
    SECOND_DAY,
    drop,
    fresh,
    install_book,
    loanbook_side,
    make_files,
    pass_a_night,
    served,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loanbook.database.server import Lease

HERE = Path(__file__).parent
PICTURE = HERE.parent / "docs" / "pictures" / "growth.svg"
WORKS = (FIRST_LOAD, SECOND_DAY)
CHUNK = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    scales: list[float]
    runs: int
    folder: Path | None


def main() -> None:
    options = _options()
    points: list[Point] = []
    with tempfile.TemporaryDirectory(prefix="loanbook-bench-", dir=options.folder) as name:
        for scale in sorted(options.scales):
            # What a large book takes does not change with a second look: it is long enough.
            runs = max(1, round(options.runs / scale))
            points += _measured(Path(name) / f"{scale:g}", scale, runs)
            print(_table(points), file=sys.stderr, flush=True)
    (HERE / "results" / "growth.md").write_text(_page(points, options), "utf-8")
    if len(options.scales) > 1:
        PICTURE.write_text(draw(points), "utf-8")
    print(_table(points))
    print("\n".join(_missed(points)) or "Every target is reached.")


def _options() -> Options:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--scales",
        type=float,
        nargs="+",
        default=[1.0, 10.0, 66.0],
        help="1 is 90,000 clients (1 10 66)",
    )
    parser.add_argument("--runs", type=int, default=3, help="runs at 1x; of larger books fewer (3)")
    parser.add_argument("--folder", type=Path, help="where files and server are to lie")
    return Options(**vars(parser.parse_args()))


def _measured(folder: Path, scale: float, runs: int) -> Iterator[Point]:
    folder.mkdir()
    days = [make_files(folder / f"day{day}", scale, day) for day in range(len(WORKS))]
    rows = [sum(map(_lines, files)) for files in days]
    seconds: dict[str, list[float]] = {work: [] for work in WORKS}
    peaks: dict[str, list[float]] = {work: [] for work in WORKS}
    with served(folder / "home") as lease:
        for _ in range(runs):
            for work, (taken, peak) in _loaded(lease, folder / "home", days).items():
                seconds[work].append(taken)
                peaks[work].append(peak)
    shutil.rmtree(folder)
    for work, lines in zip(WORKS, rows, strict=True):
        yield Point(work, scale, lines, median(seconds[work]), max(peaks[work]))


def _loaded(lease: Lease, home: Path, days: list[list[Path]]) -> dict[str, tuple[float, float]]:
    """Seconds and peak of memory of each work, on a fresh book."""
    target = fresh(lease, home, "growth")
    install_book(target)
    done: dict[str, tuple[float, float]] = {}
    for day, (work, files) in enumerate(zip(WORKS, days, strict=True)):
        pass_a_night(target)
        said = loanbook_side(target, day, files)
        done[work] = (sum(said["phases"].values()), said["peak_mb"])
        phases = ", ".join(f"{phase} {spent:.2f}" for phase, spent in said["phases"].items())
        print(f"{work}: {phases}", file=sys.stderr, flush=True)
    drop(lease, "growth")
    return done


def _lines(file: Path) -> int:
    with file.open("rb") as stream:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(CHUNK), b"")) - 1


def _smallest(points: list[Point], work: str) -> Point:
    return min((p for p in points if p.work == work), key=lambda p: p.scale)


def _table(points: list[Point]) -> str:
    rows = [["work", "scale", "rows in files", "seconds", "µs a row", "cost to 1x", "peak MB"]]
    for point in sorted(points, key=lambda p: (WORKS.index(p.work), p.scale)):
        ratio = point.cost / _smallest(points, point.work).cost
        rows.append([
            point.work, f"{point.scale:g}x", f"{point.rows:,}", f"{point.seconds:.2f}",
            f"{point.cost:.1f}", f"{ratio:.2f}", f"{point.peak_mb:.0f}",
        ])  # fmt: skip
    return aligned(rows)


def _missed(points: list[Point]) -> Iterator[str]:
    for point in points:
        ratio = point.cost / _smallest(points, point.work).cost
        if ratio > MOST_COST:
            yield f"MISSED: {point.work} at {point.scale:g}x: {ratio:.2f}, allowed {MOST_COST:g}."
        if point.peak_mb > MOST_MEMORY:
            yield f"MISSED: {point.work} at {point.scale:g}x: {point.peak_mb:.0f} MB of Python."


def _page(points: list[Point], options: Options) -> str:
    scales = " ".join(f"{scale:g}" for scale in options.scales)
    return "\n".join([
        "# How a load grows with the book",
        "",
        f"Made by `benchmarks/growth.py --scales {scales} --runs {options.runs}`.",
        "",
        _table(points),
        "",
        "\n".join(_missed(points)) or "Every target is reached.",
        "",
        "- Loanbook alone: clients, loans and contacts of the demo's first and second day, with",
        "  rules, quarantine, findings, payments and history, durability on, the embedded server's",
        "  own settings. Seconds are those of staging and promoting all three files.",
        f"- A row is a line of the files. Its cost may be {MOST_COST:g} times that at 1x.",
        "- Before each load the book is vacuumed, analysed and checkpointed. Memory is the peak of",
        "  the Python process (`VmHWM`).",
        "",
    ])  # fmt: skip


if __name__ == "__main__":
    main()
