"""All tests: what meets the database on PostgreSQL 16, then everything on 18.

With DATABASE_URL both runs become one, on the server that it names. With LOANBOOK_SOAK=1 the
counts are the full ones. Arguments go to pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Run:
    """One run of pytest."""

    title: str
    chosen: tuple[str, ...]
    environ: dict[str, str] = field(default_factory=dict)


# The tests of the embedded server and of the upgrade meet both versions by themselves, and pictures
# are drawn from the same rows, so once is enough.
ONCE = ("test_server", "test_upgrade", "test_report")
RUNS = (
    Run(
        "the tests of the database and of the rooms on PostgreSQL 16",
        ("tests/database", "tests/rooms", *(f"--ignore=tests/rooms/{name}.py" for name in ONCE)),
        {"LOANBOOK_POSTGRES": "16"},
    ),
    Run("all tests on PostgreSQL 18", ("tests",), {"LOANBOOK_POSTGRES": "18"}),
)
ELSEWHERE = (Run("all tests on the server that DATABASE_URL names", ("tests",)),)


def main(arguments: list[str]) -> int:
    """Do all runs, also after one has failed."""
    runs = ELSEWHERE if os.environ.get("DATABASE_URL") else RUNS
    counts = "full" if os.environ.get("LOANBOOK_SOAK") == "1" else "small"
    outcomes = []
    for number, run in enumerate(runs, 1):
        say(f"Run {number} of {len(runs)}, {counts} counts: {run.title}")
        began = time.monotonic()
        code = pytest(run, arguments)
        word = "passed" if code == 0 else f"FAILED (exit code {code})"
        outcomes.append((code, f"{run.title}: {word} in {time.monotonic() - began:.0f} s"))
    say("\n".join(outcome for _, outcome in outcomes))
    return max(code != 0 for code, _ in outcomes)


def pytest(run: Run, arguments: list[str]) -> int:
    """One run, with its report on our own output."""
    command = [sys.executable, "-m", "pytest", "-n", "2", "-q", *run.chosen, *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ | run.environ, check=False).returncode


def say(text: str) -> None:
    """A line that stands out between the reports, and before what follows."""
    sys.stdout.write(f"\n== {text}\n" if "\n" not in text else f"\n{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
