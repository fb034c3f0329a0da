"""The load alone, again and again: a workspace put back to one moment, and `stage` and `promote`.

The commands run in a child of a process that has read the program already, so that a load of a
small book takes a second and not five. The book is made anew from a template for each trial.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.conninfo import make_conninfo
from tests.houses import TESTER, sql
from tests.program import FOREIGN

from loanbook import demo
from loanbook.database import server
from loanbook.database.connection import Database, connect
from loanbook.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from multiprocessing.context import ForkServerProcess

BOOK = "loanbook"  # the database of an embedded book
SCALE = 0.003
TOML = '[sources.main]\nfull = ["clients"]\n[runs]\nreport = false\n'
# Refused: one that cannot be read, one whose client nobody knows.
FLAWED = (
    "1,999999001,no date,2024-04-19 10:00:00,,ongoing,100,0.38,110,0",
    "999999999,999999002,2024-01-20 10:00:00,2024-04-19 10:00:00,,ongoing,100,0.38,110,0",
)

_made = multiprocessing.get_context("forkserver")
_made.set_forkserver_preload(
    [
        *("loanbook.cli.app", "loanbook.bootstrap", "loanbook.staging.batches"),
        *("loanbook.demo", "loanbook.database.install"),
        *("loanbook.runs.order", "loanbook.mart.checks", "typer._adapters", "getpass"),
    ]
)


@dataclass(frozen=True)
class Ended:
    """How a load ended.

    Attributes:
        code: its exit code; below nought, the signal that killed it.
        said: all its words.
        took: seconds.
    """

    code: int
    said: str
    took: float


class Load:
    """The commands of a load as one process, or others instead."""

    def __init__(
        self, home: Path, commands: tuple[tuple[str, ...], ...], words: Path, largest: int | None
    ) -> None:
        self._words = words
        self.process: ForkServerProcess = _made.Process(
            target=do, args=(home, commands, words, largest)
        )
        self._began = time.monotonic()
        self.process.start()

    def runs(self, seconds: float) -> bool:
        """Whether it still runs after so many seconds."""
        self.process.join(seconds)
        return self.process.is_alive()

    def ends(self) -> Ended:
        """Wait for its end."""
        self.process.join()
        took = time.monotonic() - self._began
        said = self._words.read_text("utf-8") if self._words.exists() else ""
        assert self.process.exitcode is not None
        return Ended(self.process.exitcode, said, took)


def do(home: Path, commands: tuple[tuple[str, ...], ...], words: Path, largest: int | None) -> None:
    """In the child: one command after the other, until one fails; no file may get larger."""
    from loanbook.cli import app  # noqa: PLC0415 -- the child has it loaded

    file = os.open(words, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(file, stream)
    wanted = str(major())
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ["LOANBOOK_POSTGRES"] = wanted
    if largest is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    for command in commands:
        if code := app.run(["--home", str(home), *command]):
            sys.exit(code)


def major() -> int:
    """The PostgreSQL on which tests run."""
    return int(os.environ.get("LOANBOOK_POSTGRES") or "18")


class Yard:
    """A workspace with a server of its own that can be put back to the eve of a day.

    Attributes:
        home: the workspace.
        days: the business dates of the files.
    """

    def __init__(self, folder: Path, lease: server.Lease) -> None:
        self.home = folder / "home"
        self.days: list[date] = []
        self._folder = folder
        self._lease = lease
        self._started = count(1)

    @classmethod
    @contextmanager
    def at(cls, folder: Path, days: int = 2) -> Iterator[Yard]:
        """A yard with the files of some days; the book is installed and empty."""
        home = folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        (home / "loanbook.toml").write_text(TOML, "utf-8")
        with server.acquire(home, major()) as lease:
            yard = cls(folder, lease)
            for day in range(days):
                yard.days.append(write(folder / f"files {day}", day))
            with yard.owner("postgres") as owner:
                for name in ("fsync", "synchronous_commit", "full_page_writes"):
                    owner.run(sql("alter system set {} = off", name))
                owner.run("select pg_reload_conf()")
            assert yard.start(("install",)).ends().code == 0
            (home / "archive").mkdir()
            yard.keep(0)
            yield yard

    def keep(self, day: int) -> None:
        """What stands now is what the eve of a day is put back to."""
        with self.owner("postgres") as owner:
            owner.run(sql("create database {} template {}", f"eve_{day}", BOOK))
        shutil.copytree(self.home / "archive", self._folder / f"archive {day}")

    def put_back(self, day: int) -> None:
        """The book and the archive are as on the eve of a day, whose files lie there."""
        with self.owner("postgres") as owner:
            owner.run(sql("drop database if exists {} with (force)", BOOK))
            owner.run(sql("create database {} template {} strategy file_copy", BOOK, f"eve_{day}"))
        for name, kept in (("archive", f"archive {day}"), ("input_data", f"files {day}")):
            shutil.rmtree(self.home / name, ignore_errors=True)
            shutil.copytree(self._folder / kept, self.home / name)

    def start(self, *commands: tuple[str, ...], largest: int | None = None) -> Load:
        """Commands as a process that goes on beside; `largest` is the most bytes of a file."""
        words = self._folder / f"words {next(self._started)}"
        return Load(self.home, commands, words, largest)

    def load(self, day: int, *, largest: int | None = None) -> Load:
        """The load of a day as a process that goes on beside."""
        stage = ("stage", "--as-of", str(self.days[day]), "--actor", TESTER)
        return self.start(stage, ("promote", "--actor", TESTER), largest=largest)

    @contextmanager
    def owner(self, name: str = BOOK) -> Iterator[Database]:
        """A connection as the owner, made anew: the former server may be dead."""
        yield from self._connected(self._lease.owner, name)

    @contextmanager
    def app(self, actor: str = TESTER) -> Iterator[Database]:
        """The same as the application."""
        yield from self._connected(self._lease.app, BOOK, actor)

    def _connected(self, conninfo: str, name: str, actor: str = TESTER) -> Iterator[Database]:
        made = connect(make_conninfo(conninfo, dbname=name), actor=actor)
        try:
            yield made
        finally:
            made.close()

    @property
    def settings(self) -> Settings:
        """Of the workspace."""
        return Settings(home=self.home)

    def server_pid(self) -> int:
        """The number of the postmaster."""
        data = self.home / "server" / "cluster" / "data"
        return int((data / "postmaster.pid").read_text("utf-8").splitlines()[0])


def write(folder: Path, day: int) -> date:
    """The files of a day, some lines of which are flawed: its date."""
    made = demo.write(folder, scale=SCALE, seed=1, day=day)
    loans = folder / "loans.csv"
    header = loans.read_text("utf-8").splitlines()[0]
    assert header.startswith("user_id,loan_id,created_at,due_at"), header
    with loans.open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in FLAWED)
    return made.as_of
