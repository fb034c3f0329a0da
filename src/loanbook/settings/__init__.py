"""Environment and loanbook.toml become one frozen Settings."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from loanbook.errors import BadSetting
from loanbook.settings.files import Files, files
from loanbook.settings.letters import Letters, letters
from loanbook.settings.sources import Source, sources
from loanbook.settings.work import Retention, Runs, Worker

__all__ = [
    "KINDS", "Files", "Retention", "Runs", "Settings", "Source", "Worker",
    "find_home", "load", "write",
]  # fmt: skip

FILE_NAME = "loanbook.toml"
LEAST_KEPT = 7  # days
_KEPT = ("stage", "archive", "journal", "lake")
LARGEST_PORT = 65_535
KINDS = ("clients", "contacts", "loans")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a process needs to know about its workspace.

    Attributes:
        home: the workspace folder.
        database_url: a PostgreSQL to use instead of the embedded server, or None.
        postgres: major version of the embedded server.
        zone: the lender's time zone.
        currency: ISO 4217 code of all amounts in the book.
        as_of: the business date named by loanbook.toml, or None.
        sources: deliverers of files by name; `main` is always there.
        duplicates: "warn" of clients that share an e-mail, tax id or telephone, or "refuse" them.
        runs: how days are worked on.
        retention: how long what may be purged is kept.
        worker: how `loanbook worker` does the days.
        letters: who is written to, when, and by which way.
        files: how large what comes in may be.
    """

    home: Path
    database_url: str | None = None
    postgres: int = 18
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("America/Sao_Paulo"))
    currency: str = "BRL"
    as_of: date | None = None
    sources: Mapping[str, Source] = field(default_factory=lambda: {"main": Source("main")})
    duplicates: str = "warn"
    runs: Runs = field(default_factory=Runs)
    retention: Retention = field(default_factory=Retention)
    worker: Worker = field(default_factory=Worker)
    letters: Letters = field(default_factory=Letters)
    files: Files = field(default_factory=Files)

    @property
    def toml(self) -> Path:
        """The workspace's configuration file."""
        return self.home / FILE_NAME

    @property
    def input_data(self) -> Path:
        """The folder whose files are staged when no path is named."""
        return self.home / "input_data"

    @property
    def archive(self) -> Path:
        """The folder that keeps a copy of each file taken in."""
        return self.home / "archive"

    @property
    def lake(self) -> Path:
        """The folder of snapshots."""
        return self.home / "lake"

    @property
    def output_dataviz(self) -> Path:
        """The folder of the report and its pictures."""
        return self.home / "output_dataviz"

    @property
    def outbox(self) -> Path:
        """The folder of letters that no server carries."""
        return self.home / "outbox"

    @property
    def originals(self) -> Path:
        """The folder that keeps what was fetched from sources as it came."""
        return self.home / "originals"

    @property
    def inbox(self) -> Path:
        """The folder of what is fetched from sources, until it is in the mart."""
        return self.home / "inbox"

    @property
    def server(self) -> Path:
        """The folder of the embedded server."""
        return self.home / "server"


def find_home(named: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """The workspace: named, else LOANBOOK_HOME, else here if it is one, else ./workspace."""
    if named is not None:
        return named.absolute()
    if environ.get("LOANBOOK_HOME"):
        return Path(environ["LOANBOOK_HOME"]).absolute()
    here = Path.cwd()
    return here if (here / FILE_NAME).is_file() else here / "workspace"


def load(home: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings of a workspace.

    Raises:
        BadSetting: a key has a value that cannot be used; the message names it.
    """
    table = _read(home / FILE_NAME)
    bad = _Refuser(home / FILE_NAME)
    bounds = files(table.get("files", {}), home / FILE_NAME)
    return Settings(
        home=home,
        database_url=environ.get("DATABASE_URL") or None,
        postgres=bad.postgres(environ.get("LOANBOOK_POSTGRES") or "18"),
        zone=bad.zone(table.get("zone", "America/Sao_Paulo")),
        currency=bad.currency(table.get("currency", "BRL")),
        as_of=bad.as_of(table.get("as_of")),
        sources=sources(table.get("sources", {}), home / FILE_NAME, bounds),
        duplicates=bad.duplicates(table.get("clients", {})),
        runs=bad.runs(table.get("runs", {})),
        retention=bad.retention(table.get("retention", {})),
        worker=bad.worker(table.get("worker", {})),
        letters=letters(table, home / FILE_NAME),
        files=bounds,
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(key="(whole file)", file=path, problem=error) from error


class _Refuser:
    """Turns raw values into settings, or says by name which one cannot be used."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def refuse(self, key: str, problem: str) -> BadSetting:
        return BadSetting(key=key, file=self.file, problem=problem)

    def zone(self, value: object) -> ZoneInfo:
        try:
            return ZoneInfo(str(value))
        except (ZoneInfoNotFoundError, ValueError) as error:
            problem = f"{value} is no time zone, write one like America/Sao_Paulo"
            raise self.refuse("zone", problem) from error

    def currency(self, value: object) -> str:
        if not (isinstance(value, str) and len(value) == len("BRL") and value.isalpha()):
            raise self.refuse("currency", f"{value} is no three-letter currency code like BRL")
        return value.upper()

    def as_of(self, value: object) -> date | None:
        if value is not None and type(value) is not date:
            raise self.refuse("as_of", f"{value} is no date, write it bare: as_of = 2024-01-25")
        return value

    def postgres(self, value: str) -> int:
        if value not in {"16", "18"}:
            problem = f"{value} is not among the embedded versions, 16 and 18"
            raise BadSetting(key="LOANBOOK_POSTGRES", file="the environment", problem=problem)
        return int(value)

    def duplicates(self, value: object) -> str:
        found = value.get("duplicates", "warn") if isinstance(value, dict) else value
        if found not in {"warn", "refuse"}:
            raise self.refuse("clients.duplicates", f'{found} is neither "warn" nor "refuse"')
        return str(found)

    def runs(self, value: object) -> Runs:
        if not isinstance(value, dict):
            raise self.refuse("runs", "write a table [runs]")
        counted = {"catch_up": Runs().catch_up, "step_timeout": Runs().step_timeout}
        for name, default in counted.items():
            counted[name] = value.get(name, default)
            if type(counted[name]) is not int or counted[name] < 0:
                raise self.refuse(f"runs.{name}", f"{counted[name]} is no number from 0 on")
        log = value.get("log", "text")
        if log not in {"text", "json"}:
            raise self.refuse("runs.log", f'{log} is neither "text" nor "json"')
        report = value.get("report", True)
        if type(report) is not bool:
            raise self.refuse("runs.report", f"{report} is neither true nor false")
        return Runs(**counted, log=log, report=report)

    def retention(self, value: object) -> Retention:
        if not isinstance(value, dict):
            raise self.refuse("retention", "write a table [retention]")
        given = {key: value[key] for key in _KEPT if key in value}
        for key, days in given.items():
            if type(days) is not int or days < LEAST_KEPT:
                problem = f"{days} is no number of days from {LEAST_KEPT} on"
                raise self.refuse(f"retention.{key}", problem)
        return Retention(**given)

    def worker(self, value: object) -> Worker:
        if not isinstance(value, dict):
            raise self.refuse("worker", "write a table [worker]")
        least = {"retries": 0, "backoff": 0, "stalled_after": 2, "look_every": 1, "metrics_port": 0}
        found: dict[str, Any] = {name: value[name] for name in least if name in value}
        for name, number in found.items():
            if type(number) is not int or not least[name] <= number <= LARGEST_PORT:
                problem = f"{number} is no number from {least[name]} to {LARGEST_PORT}"
                raise self.refuse(f"worker.{name}", problem)
        for name in ("cron", "metrics_address"):
            if name in value:
                found[name] = str(value[name]).strip()
        return Worker(**found)
