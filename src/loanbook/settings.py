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

import tomlkit

from loanbook.errors import BadSetting

FILE_NAME = "loanbook.toml"
KINDS = ("clients", "contacts", "loans")


@dataclass(frozen=True, slots=True)
class Source:
    """One deliverer of files, and which kinds it always delivers whole."""

    name: str
    full: frozenset[str] = frozenset()


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
    """

    home: Path
    database_url: str | None = None
    postgres: int = 18
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("America/Sao_Paulo"))
    currency: str = "BRL"
    as_of: date | None = None
    sources: Mapping[str, Source] = field(default_factory=lambda: {"main": Source("main")})

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
    return Settings(
        home=home,
        database_url=environ.get("DATABASE_URL") or None,
        postgres=bad.postgres(environ.get("LOANBOOK_POSTGRES") or "18"),
        zone=bad.zone(table.get("zone", "America/Sao_Paulo")),
        currency=bad.currency(table.get("currency", "BRL")),
        as_of=bad.as_of(table.get("as_of")),
        sources=bad.sources(table.get("sources", {})),
    )


def write(home: Path, *, as_of: date, full: tuple[str, ...] = ()) -> None:
    """Set the business date (and the kinds that source main delivers whole) in loanbook.toml.

    All else in the file, comments included, stays as it is.
    """
    path = home / FILE_NAME
    document = tomlkit.parse(path.read_text("utf-8")) if path.exists() else tomlkit.document()
    document["as_of"] = as_of
    if full:
        sources = document.setdefault("sources", tomlkit.table(is_super_table=True))
        sources.setdefault("main", tomlkit.table())["full"] = list(full)
    home.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".toml.new")
    fresh.write_text(tomlkit.dumps(document), "utf-8")
    fresh.replace(path)


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

    def sources(self, value: object) -> dict[str, Source]:
        if not isinstance(value, dict):
            raise self.refuse("sources", "write one table per source, like [sources.main]")
        found = {"main": Source("main")}
        for name, options in value.items():
            if name == "loanbook" or not isinstance(options, dict):
                raise self.refuse(f"sources.{name}", "it is no table, or its name is taken")
            full = options.get("full", [])
            if not (isinstance(full, list) and set(full) <= set(KINDS)):
                problem = f"{full} is no list of some of {', '.join(KINDS)}"
                raise self.refuse(f"sources.{name}.full", problem)
            found[name] = Source(name, frozenset(full))
        return found
