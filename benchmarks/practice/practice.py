"""Today's practice, reproduced: pandas into a stage, then a procedure of the database.

    practice.py CONNINFO clients.csv loans.csv

Prints one JSON object: the seconds of each phase and the peak of memory. The time for starting
Python and importing pandas is not counted.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pandas as pd  # type: ignore[import-untyped]  # ships no types
import psycopg
from sqlalchemy import Engine, create_engine, text

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.memory import peak_mb

# Kindness: with the usual 4 MB, `not in` would turn quadratic above some 260,000 rows.
SESSION = "-c work_mem=512MB"

DATES = {
    "clients": ["created_at", "denied_at"],
    "loans": ["created_at", "due_at", "paid_at"],
}


def stage(engine: Engine, kind: str, path: str) -> None:
    frame = pd.read_csv(path, parse_dates=DATES[kind])
    with engine.begin() as connection:
        connection.execute(text(f"truncate table stage.{kind}"))
        frame.to_sql(kind, connection, schema="stage", if_exists="append", index=False)


def promote(engine: Engine, kind: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"call mart.load_{kind}()"))


def main() -> None:
    conninfo, *files = sys.argv[1:]
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo, options=SESSION)
    )
    with engine.connect():  # the connection is there before the clock runs
        pass
    phases: dict[str, float] = {}
    for kind, path in zip(DATES, files, strict=True):
        began = time.perf_counter()
        stage(engine, kind, path)
        between = time.perf_counter()
        promote(engine, kind)
        ended = time.perf_counter()
        phases |= {f"stage {kind}": between - began, f"promote {kind}": ended - between}
    print(json.dumps({"phases": phases, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
