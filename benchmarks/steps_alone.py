"""The steps of a day, each alone, in a process of its own.

    steps_alone.py HOME CONNINFO DAY STEP …

Does the steps that are named one after another through their own functions and prints the seconds
of each as one JSON object. The time for starting Python and for the journal, in which later steps
look for earlier ones, is not counted.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.workbench import settings_of

from loanbook.database.connection import ROLE, connect
from loanbook.runs import journal, order
from loanbook.runs.day import Day


def main() -> None:
    home, conninfo, day, *names = sys.argv[1:]
    as_of, given = date.fromisoformat(day), settings_of(Path(home))
    book = connect(conninfo, actor="bench", role=ROLE)
    took: dict[str, float] = {}
    with journal.claimed(book):
        run_id, _ = journal.begin(book, as_of)
        alone = Day(book, given, run_id, as_of, as_of, [given.input_data])
        chosen = [one for one in order.STEPS if one.name in names]
        for place, step in enumerate(chosen, 1):
            placed = journal.Placed(run_id, step.name, place, step.needs)
            journal.begin_step(book, placed, {}, may_keep=False)
            began = time.perf_counter()
            outcome = step.run(alone)
            took[step.name] = time.perf_counter() - began
            if outcome.flaw or "left_out" in outcome.counts:
                raise SystemExit(f"{step.name} did not do its work: {outcome}")
            journal.end_step(book, placed, "done", {}, None)
    book.close()
    print(json.dumps(took))


if __name__ == "__main__":
    main()
