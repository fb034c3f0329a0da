"""The program `loanbook` as a person starts it: a process, a workspace, an exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.cast import csv_text

from loanbook.database import server

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.cast import Line

FOREIGN = ("DATABASE_URL", "LOANBOOK_HOME", "LOANBOOK_POSTGRES", "PGPASSWORD", "PGOPTIONS")


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    out: str
    err: str
    code: int


class Program:
    """The program at one workspace."""

    def __init__(self, home: Path, **environ: str) -> None:
        self.home = home
        self.environ = {k: v for k, v in os.environ.items() if k not in FOREIGN} | environ

    @classmethod
    @contextmanager
    def at(cls, home: Path) -> Iterator[Program]:
        """At a workspace whose server keeps running, so that each command starts quickly.

        A day does without its pictures, which take longer than all else of a small book.
        """
        home.mkdir(parents=True, exist_ok=True)
        (home / "loanbook.toml").write_text("[runs]\nreport = false\n", encoding="utf-8")
        with server.acquire(home, 18):
            yield cls(home)

    def __call__(self, *arguments: object, code: int = 0, at_home: bool = True) -> Said:
        """Run a command that is expected to end with this code."""
        home = ("--home", str(self.home)) if at_home else ()
        done = subprocess.run(
            [sys.executable, "-m", "loanbook", *home, *map(str, arguments)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=self.environ,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        said = Said(done.stdout, done.stderr, done.returncode)
        assert done.returncode == code, said
        return said

    def json(self, *arguments: object, code: int = 0) -> Any:  # noqa: ANN401 -- a command decides
        """What a command answers as JSON, amounts with all their digits."""
        return json.loads(self(*arguments, "--json", code=code).out, parse_float=Decimal)

    def refusal(self, *arguments: object, code: int = 1) -> str:
        """The one sentence with which a command is refused."""
        said = self(*arguments, code=code)
        assert said.out == ""
        assert said.err.startswith("Error: ")
        assert said.err.count("\n") == 1
        assert "Traceback" not in said.err
        return said.err.removeprefix("Error: ").strip()

    def deliver(self, folder: str = "input_data", **kinds: Iterable[Line]) -> Path:
        """Write files into a folder of the workspace."""
        path = self.home / folder
        path.mkdir(parents=True, exist_ok=True)
        for kind, lines in kinds.items():
            (path / f"{kind}.csv").write_text(csv_text(kind, lines), encoding="utf-8")
        return path
