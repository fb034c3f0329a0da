"""What the benchmarks share: one embedded server, a fresh database each time, one file's load."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from loanbook import settings
from loanbook.database import server
from loanbook.database.connection import Database, connect
from loanbook.database.install import install
from loanbook.demo import write
from loanbook.mart import promote
from loanbook.settings import Settings, Source
from loanbook.staging.batches import Request, stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loanbook.database.server import Lease

FIRST_LOAD, SECOND_DAY, AGAIN = "first load", "second day", "same files again"
FIRST_DAY = date(2024, 1, 25)
SOURCE = Source("main", full=frozenset({"clients"}))


class Failed(SystemExit):
    """A side did not do the work, so its time means nothing."""


@dataclass(frozen=True, slots=True)
class Target:
    """One database of the benchmark's server.

    Attributes:
        home: the workspace that holds the server.
        owner: connection string of the server's owner; holds no password.
        app: the same for the application's role.
    """

    home: Path
    owner: str
    app: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """One file that went through Loanbook: seconds, and the lines that wrote to the mart."""

    kind: str
    staging: float
    promoting: float
    inserted: int
    updated: int


def settings_of(home: Path) -> Settings:
    """The settings of a workspace, on the embedded server whatever DATABASE_URL says."""
    chosen = os.environ.get("LOANBOOK_POSTGRES", "")
    return settings.load(home, environ={"LOANBOOK_POSTGRES": chosen})


@contextmanager
def served(home: Path) -> Iterator[Lease]:
    """The embedded server of a workspace, with the settings that every workspace gets."""
    home.mkdir()
    with server.acquire(home, settings_of(home).postgres) as lease:
        yield lease


def fresh(lease: Lease, home: Path, name: str) -> Target:
    """An empty database of this name, whatever stood there before."""
    drop(lease, name)
    with _maintenance(lease) as owner:
        owner.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    return Target(
        home, make_conninfo(lease.owner, dbname=name), make_conninfo(lease.app, dbname=name)
    )


def copied(lease: Lease, home: Path, base: str, name: str) -> Target:
    """A database of this name that is a copy of another, whatever stood there before."""
    drop(lease, name)
    with _maintenance(lease) as owner:
        owner.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(name), sql.Identifier(base)
            )
        )
    return Target(
        home, make_conninfo(lease.owner, dbname=name), make_conninfo(lease.app, dbname=name)
    )


def drop(lease: Lease, name: str) -> None:
    """No database of this name."""
    with _maintenance(lease) as owner:
        owner.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        )


def install_book(target: Target) -> None:
    """Loanbook's schemas in that database."""
    owner = connect(target.owner, actor="bench")
    try:
        install(owner, settings_of(target.home).zone.key)
    finally:
        owner.close()


def pass_a_night(target: Target) -> None:
    """What autovacuum and checkpointer have done until the next file comes."""
    with psycopg.connect(target.owner, autocommit=True) as owner:
        owner.execute("vacuum (analyze)")
        owner.execute("checkpoint")


def load_file(book: Database, home: Path, path: Path, day: int) -> Loaded:
    """Stage and promote one file through Loanbook's own door."""
    request = Request(as_of=FIRST_DAY + timedelta(days=day), source=SOURCE)
    chosen = settings_of(home)
    began = time.perf_counter()
    [staged] = stage(book, chosen, [path], request)
    between = time.perf_counter()
    promoted = promote(book)
    ended = time.perf_counter()
    if staged.outcome == "known" and not promoted:
        return Loaded(staged.kind or "", between - began, ended - between, 0, 0)
    if staged.outcome != "staged":
        raise Failed(f"{path.name} was not staged: {staged.problem or staged.outcome}")
    [batch] = promoted
    if batch.outcome != "accepted" or batch.totals[0].quarantined:
        raise Failed(f"{path.name} was not accepted whole: {batch.problem or batch.totals[0]}")
    lines = batch.totals[0]
    return Loaded(
        batch.kind, between - began, ended - between, int(lines.inserted), int(lines.updated)
    )


def make_files(folder: Path, scale: float, day: int) -> list[Path]:
    """The files of a day. Another process makes them: what it takes would count as a side's."""
    making = multiprocessing.get_context("spawn").Process(
        target=write, args=(folder,), kwargs={"scale": scale, "day": day}
    )
    making.start()
    making.join()
    if making.exitcode != 0:
        raise Failed("The files could not be made.")
    return [folder / f"{kind}.csv" for kind in ("clients", "loans", "contacts")]


def loanbook_side(target: Target, day: int, files: list[Path]) -> dict[str, Any]:
    """Load the files of a day in a process of its own: seconds of phases, peak of memory, lines."""
    script = Path(__file__).with_name("loanbook_side.py")
    return told_by(script, str(target.home), target.app, str(day), *map(str, files))


def told_by(script: Path, *arguments: str) -> dict[str, Any]:
    """What a side says when it has done its work."""
    command = [sys.executable, str(script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{script.stem}: {done.stderr.strip()}")
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@contextmanager
def _maintenance(lease: Lease) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    conninfo = make_conninfo(lease.owner, dbname="postgres")
    with psycopg.connect(conninfo, autocommit=True) as owner:
        yield owner
