"""Loanbook's side of the comparison, in a process of its own.

    loanbook_side.py HOME CONNINFO DAY clients.csv loans.csv [contacts.csv]

Stages and promotes one file after the other through the same Python functions that the command
line uses. Prints one JSON object: the seconds of each phase, the lines that became new or changed
rows, and the peak of memory. The time for starting Python is not counted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.memory import peak_mb
from benchmarks.workbench import load_file

from loanbook.database.connection import connect


def main() -> None:
    home, conninfo, day, *files = sys.argv[1:]
    book = connect(conninfo, actor="bench")
    loaded = [load_file(book, Path(home), Path(file), int(day)) for file in files]
    book.close()
    phases: dict[str, float] = {}
    for one in loaded:
        phases |= {f"stage {one.kind}": one.staging, f"promote {one.kind}": one.promoting}
    written = {one.kind: [one.inserted, one.updated] for one in loaded}
    print(json.dumps({"phases": phases, "peak_mb": peak_mb(), "written": written}))


if __name__ == "__main__":
    main()
