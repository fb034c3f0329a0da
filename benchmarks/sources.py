"""The demo book out of a source in each shape, beside the same files in input_data.

Part of `make bench`. Each side is a process of its own that collects, stages and promotes the three
files into an empty book on one server, durability on; the sides take turns, medians count.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.memory import peak_mb
from benchmarks.report import aligned
from benchmarks.shapes import MAKERS
from benchmarks.workbench import FIRST_DAY, Target, copied, drop, fresh, install_book, served

from loanbook import settings
from loanbook.database.connection import connect
from loanbook.demo import write

if TYPE_CHECKING:
    from loanbook.database.server import Lease

HERE = Path(__file__).parent
KINDS = ("clients", "contacts", "loans")
LOCAL, CSV = "input_data", "csv"
# Those without a layout are taken as they are; the last one is translated column by column.
SIDES = (LOCAL, CSV, "csv.gz", "csv.zst", "csv.zip", "parquet", "ndjson", "xlsx", "foreign csv")
REACH = 1.2
MOST_ROWS = 1_048_575  # of a sheet

METHOD = """\
- The book is the demo's, day 0. `input_data` is `stage` and `promote` of the three plain files;
  every other side fetches the same book from a folder source first: copied, digested, unpacked,
  read, translated, written, remembered.
- `foreign csv` has other names of columns, semicolons, decimal commas, dates as 25/01/2024 10:11:12
  and Portuguese codes: every value of it is translated.
- rows/s is of the step `collect` alone. Memory is the peak of the whole process; a workbook is held
  whole while it is read, and ends at a million rows.
- Seconds of the same work differ from run to run; `collect`, which is all that a source adds, is
  the steadier figure.
"""


@dataclass(frozen=True, slots=True)
class Took:
    """One side, once: seconds of collecting and of all, rows, MB."""

    collect: float
    whole: float
    rows: int
    peak_mb: float


def main() -> None:
    options = _options()
    if options.side:
        _work(options)
        return
    pages = []
    for scale in options.scales:
        with tempfile.TemporaryDirectory(prefix="loanbook-bench-") as name:
            runs = options.runs if scale <= 1 else options.large
            pages.append((scale, _measured(Path(name), scale, runs)))
    text = _page(pages)
    print(text)
    (HERE / "results" / "sources.md").write_text(text, "utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scales", type=float, nargs="+", default=[1, 10], help="of it (1 10)")
    parser.add_argument("--runs", type=int, default=3, help="of each side at scale 1 (3)")
    parser.add_argument("--large", type=int, default=1, help="of each side at larger scales (1)")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--app", help=argparse.SUPPRESS)
    return parser.parse_args()


def _measured(folder: Path, scale: float, runs: int) -> dict[str, list[Took]]:
    home = folder / "home"
    write(folder / "plain", scale=scale)
    took: dict[str, list[Took]] = {side: [] for side in SIDES}
    with served(home) as lease:
        base = fresh(lease, home, "base")
        install_book(base)
        for side in SIDES:
            _deliver(folder / "plain", folder / side.replace(" ", "_"), side)
        for _ in range(runs):
            for side in SIDES:
                if side == "xlsx" and scale > 1:
                    continue
                took[side].append(_one(lease, folder, side))
    return took


def _one(lease: Lease, folder: Path, side: str) -> Took:
    home = folder / "work"
    subprocess.run(["rm", "-rf", str(home)], check=True)  # noqa: S607 -- of our own folder
    home.mkdir()
    place = folder / side.replace(" ", "_")
    layouts = FOREIGN if side == "foreign csv" else ""
    (home / "loanbook.toml").write_text(
        f"[sources.shop]\nsettle = 0\nfolder = {json.dumps(str(place))}\n{layouts}", "utf-8"
    )
    target: Target = copied(lease, folder / "home", "base", "side")
    done = subprocess.run(
        [sys.executable, __file__, "--side", side, "--home", str(home), "--place", str(place),
         "--app", target.app],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    drop(lease, "side")
    return Took(**json.loads(done.stdout))


def _work(options: argparse.Namespace) -> None:
    """What the process of one side does."""
    from loanbook.runs import sourcing, steps  # noqa: PLC0415 -- in its time, as in a run
    from loanbook.staging.batches import Request, stage  # noqa: PLC0415
    from loanbook.staging.inbox import find  # noqa: PLC0415

    given = settings.load(options.home, {})
    book = connect(options.app, actor="bench")
    source = given.sources["shop"]
    began = time.perf_counter()
    rows = 0
    if options.side == LOCAL:
        paths = [options.place]
        between = began
    else:
        counts, flaw = sourcing.collect(book, given, source, FIRST_DAY, FIRST_DAY)
        if flaw:
            raise SystemExit(flaw)
        rows = int(str(counts["rows"]))
        between = time.perf_counter()
        paths = [sourcing.ready_folder(given, source)]
    done = stage(book, given, find(paths), Request(FIRST_DAY, source))
    promoted = steps.promote(book, given)
    ended = time.perf_counter()
    if len(promoted) != len(KINDS) or any(one.outcome != "accepted" for one in promoted):
        raise SystemExit(f"not all was loaded: {done} {promoted}")
    took = {"collect": between - began, "whole": ended - began, "rows": rows, "peak_mb": peak_mb()}
    sys.stdout.write(json.dumps(took))


def _deliver(plain: Path, place: Path, side: str) -> None:
    """The plain files in the shape of one side."""
    place.mkdir()
    for kind in KINDS:
        MAKERS[side](plain / f"{kind}.csv", place, kind)


def _page(pages: list[tuple[float, dict[str, list[Took]]]]) -> str:
    parts = ["# A book out of sources\n", METHOD]
    for scale, took in pages:
        local = median(one.whole for one in took[LOCAL])
        rows = [["side", "seconds", "ratio", "collect", "rows/s", "peak MB"]]
        for side, found in took.items():
            if not found:
                rows.append([side, "a sheet has no room for it", "", "", "", ""])
                continue
            whole = median(one.whole for one in found)
            collect = median(one.collect for one in found)
            rate = f"{found[0].rows / collect:,.0f}" if collect else ""
            rows.append([
                side, f"{whole:.2f}", f"{whole / local:.2f}", f"{collect:.2f}", rate,
                f"{max(one.peak_mb for one in found):.0f}",
            ])  # fmt: skip
        csv = median(one.whole for one in took[CSV]) / local
        parts += [
            f"## {scale:g}x, median of {len(took[LOCAL])}\n",
            aligned(rows),
            f"\nCSV by a source: {csv:.2f} times the local file; the reach is {REACH}.\n",
        ]
    return "\n".join(parts)


FOREIGN = """
[sources.shop.layouts.clients]
kind = "clients"
files = "clients*"
decimal = ","
dates = ["%d/%m/%Y %H:%M:%S"]
[sources.shop.layouts.clients.columns]
user_id = "Cliente"
created_at = "Cadastro"
status = "Situação"
batch = "Safra"
credit_limit = "Limite"
interest_rate = "Taxa"
denied_reason = "Motivo"
denied_at = "Negado em"
[sources.shop.layouts.clients.codes.status]
A = "approved"
N = "denied"
[sources.shop.layouts.contacts]
kind = "contacts"
files = "contacts*"
columns = { user_id = "Cliente", name = "Nome", email = "Correio", phone = "Fone" }
[sources.shop.layouts.loans]
kind = "loans"
files = "loans*"
decimal = ","
dates = ["%d/%m/%Y %H:%M:%S"]
[sources.shop.layouts.loans.columns]
user_id = "Cliente"
loan_id = "Contrato"
created_at = "Emissão"
due_at = "Vencimento"
paid_at = "Quitação"
status = "Situação"
loan_amount = "Principal"
tax = "IOF"
due_amount = "Devido"
amount_paid = "Pago"
[sources.shop.layouts.loans.codes.status]
AB = "ongoing"
QT = "paid"
IN = "default"
"""


if __name__ == "__main__":
    main()
