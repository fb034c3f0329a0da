"""Letters beside one session for each: part of `make bench`, or by itself.

Both sides write the same reminders of the demo's book and send them to the same sink, a process
that speaks SMTP over TLS. Loanbook claims, renders, builds, sends and marks; the other side renders
and builds by the library's own classes and opens a session for each letter. What counts is
the ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import trustme

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
from tests.postoffice import started

from loanbook.database.connection import connect
from loanbook.demo import write
from loanbook.reminders import plan
from loanbook.runs import daily
from loanbook.settings import Runs, Settings
from loanbook.settings.letters import Letters, Reminders

if TYPE_CHECKING:
    from loanbook.database.server import Lease

HERE = Path(__file__).parent
LATE = 0.02  # seconds by which each reply comes late


@dataclass(frozen=True, slots=True)
class Side:
    """A way to send, and how many times the practice it must reach.

    Attributes:
        told: what the page calls it.
        name: as `letters_side.py` knows it.
        most: letters a run.
        sessions: at once.
        delay: seconds by which each reply comes late.
        required: ratio to the practice at the same delay.
    """

    told: str
    name: str
    most: int
    sessions: int = 1
    delay: float = 0.0
    required: float | None = None


SIDES = (
    Side("a session each", "practice", 300),
    Side("a session each, one fixed sentence", "sentence", 300),
    Side("1 session", "loanbook", 1500, 1, 0.0, 5),
    Side("8 sessions", "loanbook", 3000, 8, 0.0, 10),
    Side("a session each", "practice", 40, delay=LATE),
    Side("a session each, one fixed sentence", "sentence", 40, delay=LATE),
    Side("1 session", "loanbook", 100, 1, LATE),
    Side("16 sessions", "loanbook", 1500, 16, LATE, 25),
)

METHOD = """\
- The letters are the reminders of the demo's book (`loanbook.demo`, scale {scale:g}) on its first
  day: text, HTML, a Pix code and its picture, about 25 KB each.
- The sink (`tests/sink.py`) is a process of its own, TLS from the first byte. "20 ms" means that
  each of its replies comes that much later, as on a long journey.
- "A session each" renders the same texts by the same compiled templates, draws the QR code by
  segno, builds the message by `EmailMessage`, and opens a session for it; it keeps no book, and its
  letters are read beforehand, outside of its time. "One fixed sentence" is what a script would send
  to everybody: no letter of ours, and no ratio is required against it.
- Loanbook is `loanbook.outbox.deliver`: claims of 20, in which balance, opt-out, suppression,
  dispute, gate and window are looked at again; rendering; sending; marking, with an event for each
  change, on the embedded server with its own settings, durability on.
- Each measurement is a process, on a fresh copy of the book; {runs} runs in turn, medians; in
  brackets the lowest and highest ratio of the pairs. Sink, server and sender share the cores.
- CPU is that of the sending process alone, a letter; memory its peak (`VmHWM`).
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    runs: int
    scale: float


@dataclass(frozen=True, slots=True)
class Run:
    """One run: letters a second, milliseconds of CPU a letter, peak of memory in MB."""

    rate: float
    cpu: float
    peak_mb: float


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="loanbook-bench-") as name:
        folder = Path(name)
        with served(folder / "home") as lease:
            _stocked(lease, folder / "home", options.scale)
            measured = _measured(lease, folder, options.runs)
    text = _page(measured, options)
    print(text)
    (HERE / "results" / "letters.md").write_text(text, "utf-8")


def _options() -> Options:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=3, help="runs of each side (3)")
    parser.add_argument("--scale", type=float, default=1.0, help="of the demo (1)")
    return Options(**vars(parser.parse_args()))


def _stocked(lease: Lease, home: Path, scale: float) -> None:
    """The database `base`: the demo's first day is done, its letters wait."""
    target = fresh(lease, home, "base")
    install_book(target)
    # The day itself would send its letters; where nothing is worth one they are left to be planned.
    none = Letters(reminders=Reminders(minimum=1_000_000))
    settings = Settings(home=home, runs=Runs(report=False), letters=none)
    write(settings.input_data / str(FIRST_DAY), scale=scale, day=0)
    book = connect(target.app, actor="bench")
    try:
        daily.run(book, settings, daily.Wish(FIRST_DAY))
        now = plan.instant(FIRST_DAY, settings.zone, datetime.now(UTC))
        plan.queue(book, FIRST_DAY, now, Settings(home=home))
    finally:
        book.close()
    pass_a_night(target)


def _measured(lease: Lease, folder: Path, runs: int) -> dict[Side, list[Run]]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    given = authority.issue_cert("127.0.0.1")
    given.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    measured: dict[Side, list[Run]] = {side: [] for side in SIDES}
    for number in range(runs):
        for side, found in measured.items():
            with _sink(folder, side.delay) as port:
                target = copied(lease, folder / "home", "base", "bench")
                found.append(_run(target, folder, side, port))
                drop(lease, "bench")
            at = f"at {side.delay * 1e3:.0f} ms, {side.told}"
            print(f"run {number + 1}, {at}: {found[-1]}", file=sys.stderr, flush=True)
    return measured


@contextmanager
def _sink(folder: Path, delay: float) -> Iterator[int]:
    told = {
        "record": str(folder / "taken"),
        "certificate": str(folder / "server.pem"),
        "delay": delay,
    }
    with started(HERE.parent / "tests" / "sink.py", folder / "taken", told) as made:
        yield made.port
    (folder / "taken").unlink()


def _run(target: Target, folder: Path, side: Side, port: int) -> Run:
    task = {
        "side": side.name,
        "home": str(target.home),
        "app": target.app,
        "port": port,
        "authority": str(folder / "authority.pem"),
        "most": side.most,
        "sessions": side.sessions,
    }
    done = subprocess.run(
        [sys.executable, str(HERE / "letters_side.py"), json.dumps(task)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise Failed(f"{side.told}: {done.stderr}")
    told = json.loads(done.stdout)
    taken = len((folder / "taken").read_bytes().splitlines())
    if taken != told["sent"] or taken < side.most:
        raise Failed(f"{side.told}: {told['sent']} sent, {taken} taken, {side.most} wanted")
    return Run(taken / told["seconds"], told["cpu"] / taken * 1e3, told["peak_mb"])


def _page(measured: dict[Side, list[Run]], options: Options) -> str:
    rows = [["replies", "way", "letters a second", "ratio", "CPU ms", "MB"]]
    missed = []
    for side, runs in measured.items():
        [practice] = [s for s in SIDES if s.name == "practice" and s.delay == side.delay]
        ratios = [
            one.rate / other.rate for one, other in zip(runs, measured[practice], strict=True)
        ]
        ratio = median(one.rate for one in runs) / median(one.rate for one in measured[practice])
        told = f"{ratio:.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
        rows.append([
            f"{LATE * 1e3:.0f} ms late" if side.delay else "at once",
            side.told,
            f"{median(one.rate for one in runs):,.0f}",
            "" if side is practice else told,
            f"{median(one.cpu for one in runs):.2f}",
            f"{max(one.peak_mb for one in runs):.0f}",
        ])  # fmt: skip
        if side.required is not None and ratio < side.required:
            missed.append(f"MISSED: {side.told}: ratio {ratio:.1f}, required {side.required:g}.")
    verdict = "\n".join(missed) or (
        "Required: 5 with one session, 10 with 8, and 25 with 16 where each reply is late. All are "
        "reached."
    )
    method = METHOD.format(scale=options.scale, runs=options.runs)
    return (
        "# Letters: many on a session beside a session each\n\n"
        f"Made by `make bench` on {len(os.sched_getaffinity(0))} cores.\n\n{aligned(rows)}\n\n"
        f"{verdict}\n\n## How it was measured\n\n{method}"
    )


if __name__ == "__main__":
    main()
