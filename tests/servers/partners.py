"""Partners of a lender: each delivers files in its own way, and has outages."""

from __future__ import annotations

import csv
import io
import os
import sqlite3
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from tests.servers.bucket import BUCKET, REGION, Lake, bucket_server
from tests.servers.sftp import Depot, sftp_server
from tests.servers.web import Site, web_server
from tests.servers.wire import Wire, wire_to

from loanbook.columns import COLUMNS, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.houses import Houses

KINDS = ("folder", "url", "sftp", "bucket", "postgresql", "sqlite")
SECRETS = {"PARTNER_SFTP": "right one", "PARTNER_DATABASE": "right one"}
_TYPES = {Shape.WHOLE: "bigint", Shape.AMOUNT: "numeric", Shape.INSTANT: "timestamp"}


class Partner(Protocol):
    """Somebody who delivers.

    Attributes:
        place: what stands in loanbook.toml below [sources.NAME].
    """

    place: str

    def deliver(self, files: Mapping[str, str]) -> None:
        """Put files of a day there, in the place of those of the day before."""

    def go_down(self, *, down: bool) -> None:
        """Be out of reach, or come back."""

    def cut(self, after: int) -> None:
        """The next connection ends after so many bytes."""


class Folder:
    """A folder that is mounted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir()
        self.place = f'folder = "{folder}"'

    def deliver(self, files: Mapping[str, str]) -> None:
        """Write and rename."""
        there = self._folder if self._folder.exists() else self._folder.with_suffix(".away")
        for name, text in files.items():
            write(there / name, text)

    def go_down(self, *, down: bool) -> None:
        """It is not mounted."""
        away = self._folder.with_suffix(".away")
        if down:
            self._folder.rename(away)
        elif away.exists():
            away.rename(self._folder)

    def cut(self, after: int) -> None:
        """A mounted folder has no connection to cut."""


class _Wired:
    """A partner at the other end of a wire."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def go_down(self, *, down: bool) -> None:
        """Let nobody through, or everybody again."""
        self._wire.down = down

    def cut(self, after: int) -> None:
        """Cut the next connection."""
        self._wire.budgets = [after]


class Web(_Wired):
    """A web server with an index page."""

    def __init__(self, site: Site, wire: Wire) -> None:
        super().__init__(wire)
        self._site = site
        self.place = (
            f'url = {{ address = "https://127.0.0.1:{wire.port}/out/", listing = "index",'
            f' timeout = 10, ca_file = "{site.ca}" }}'
        )

    def deliver(self, files: Mapping[str, str]) -> None:
        """Publish them, and an index."""
        self._site.files = {f"/out/{name}": text.encode() for name, text in files.items()}
        self._site.files["/out/"] = self._site.index("/out/")


class Ftp(_Wired):
    """An SFTP server."""

    def __init__(self, depot: Depot, wire: Wire) -> None:
        super().__init__(wire)
        self._depot = depot
        self.place = (
            f'sftp = {{ address = "sftp://reader@127.0.0.1:{wire.port}/out", timeout = 10,'
            f' password_env = "PARTNER_SFTP", fingerprints = ["{depot.fingerprint}"] }}'
        )
        self._day = 1_700_000_000

    def deliver(self, files: Mapping[str, str]) -> None:
        """Write and rename; a day later each."""
        self._day += 86_400
        for name, text in files.items():
            write(self._depot.folder / "out" / name, text, self._day)


class Cloud(_Wired):
    """A bucket."""

    def __init__(self, lake: Lake, wire: Wire) -> None:
        super().__init__(wire)
        self._lake = lake
        self.place = (
            f'bucket = {{ address = "s3://{BUCKET}/out", region = "{REGION}", timeout = 10,'
            f' endpoint = "http://127.0.0.1:{wire.port}", key_id = "{lake.key_id}",'
            ' secret_env = "PARTNER_BUCKET" }'
        )

    def deliver(self, files: Mapping[str, str]) -> None:
        """Put objects."""
        for name, text in files.items():
            self._lake.put(f"out/{name}", text.encode())


class Postgres(_Wired):
    """Another PostgreSQL, with tables like ours."""

    def __init__(self, wire: Wire, owner: psycopg.Connection, name: str, queries: Path) -> None:
        super().__init__(wire)
        self._owner = owner
        address = f"postgresql+psycopg://{name}_reader@127.0.0.1:{wire.port}/{name}"
        self.place = (
            f'database = {{ address = "{address}?sslmode=disable", queries = "{queries}",'
            ' timeout = 10, password_env = "PARTNER_DATABASE" }'
        )
        ask(queries)
        for kind in COLUMNS:
            owner.execute(table(kind).encode())

    def deliver(self, files: Mapping[str, str]) -> None:
        """Fill the tables anew, in one transaction."""
        with self._owner.transaction(), self._owner.cursor() as cursor:
            for kind in COLUMNS:
                name = sql.Identifier(kind)
                cursor.execute(sql.SQL("truncate {}").format(name))
                filling = sql.SQL("copy {} from stdin (format csv, header match)").format(name)
                with cursor.copy(filling) as copy:
                    copy.write(files[f"{kind}.csv"])


class Sqlite:
    """A database in a file."""

    def __init__(self, path: Path, queries: Path) -> None:
        self._path = path
        self.place = f'database = {{ address = "sqlite:///{path}", queries = "{queries}" }}'
        ask(queries)

    def deliver(self, files: Mapping[str, str]) -> None:
        """A fresh file."""
        fresh = self._path.with_suffix(".fresh")
        fresh.unlink(missing_ok=True)
        made = sqlite3.connect(fresh)
        for kind in COLUMNS:
            made.execute(table(kind))
            _, *lines = csv.reader(io.StringIO(files[f"{kind}.csv"]))
            marks = ", ".join("?" * len(COLUMNS[kind]))
            rows = [[value or None for value in line] for line in lines]
            made.executemany(f"insert into {kind} values ({marks})", rows)  # noqa: S608 -- ours
        made.commit()
        made.close()
        there = self._path if not self._away.exists() else self._away
        fresh.replace(there)

    def go_down(self, *, down: bool) -> None:
        """The file is not there."""
        if down:
            self._path.rename(self._away)
        elif self._away.exists():
            self._away.rename(self._path)

    def cut(self, after: int) -> None:
        """A file has no connection to cut."""

    @property
    def _away(self) -> Path:
        return self._path.with_suffix(".away")


def table(kind: str) -> str:
    """A table with the columns of a file of ours."""
    columns = ", ".join(f"{n} {_TYPES.get(s, 'text')}" for n, s in COLUMNS[kind].items())
    return f"create table {kind} ({columns})"


def ask(folder: Path) -> None:
    """The queries that read such tables."""
    folder.mkdir(parents=True)
    for kind, columns in COLUMNS.items():
        text = f"-- All {kind}.\nselect {', '.join(columns)} from {kind} order by 1, 2;\n"
        (folder / f"{kind}.sql").write_text(text, "utf-8")


def write(path: Path, text: str, when: float | None = None) -> None:
    """A file in one move."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(".fresh")
    fresh.write_text(text, "utf-8", newline="")
    if when is not None:
        os.utime(fresh, (when, when))
    fresh.replace(path)


class Straight(Wire):
    """No wire at all: what leads to a port is the port."""

    def __init__(self, server: int) -> None:
        self.port = server


@contextmanager
def partner(
    kind: str, houses: Houses, at: Path, environ: dict[str, str], *, wired: bool = True
) -> Iterator[Partner]:
    """A partner of a kind.

    Args:
        kind: one of KINDS.
        houses: where a database may be made.
        at: a folder for what it needs.
        environ: gets what its settings read.
        wired: there is a wire to cut; without one it is as fast as its server is.
    """

    def way(port: int) -> AbstractContextManager[Wire]:
        return wire_to(port) if wired else nullcontext(Straight(port))

    at.mkdir(parents=True)
    environ |= SECRETS
    with ExitStack() as stack:
        if kind == "folder":
            yield Folder(at / "out")
        elif kind == "url":
            site = stack.enter_context(web_server(at / "tls"))
            yield Web(site, stack.enter_context(way(site.port)))
        elif kind == "sftp":
            depot = stack.enter_context(sftp_server(at / "depot"))
            yield Ftp(depot, stack.enter_context(way(depot.port)))
        elif kind == "bucket":
            lake = stack.enter_context(bucket_server())
            environ["PARTNER_BUCKET"] = lake.secret
            yield Cloud(lake, stack.enter_context(way(lake.port)))
        elif kind == "postgresql":
            name = houses.make()
            stack.callback(houses.drop, name)
            owner = stack.enter_context(psycopg.connect(houses.conninfo(name), autocommit=True))
            stack.enter_context(reader(owner, name))
            wire = stack.enter_context(wire_to(socket_of(houses.conninfo(name))))
            yield Postgres(wire, owner, name, at / "queries")
        else:
            yield Sqlite(at / "shop.db", at / "queries")


@contextmanager
def reader(owner: psycopg.Connection, name: str) -> Iterator[None]:
    """A login that may read all tables of a database."""
    role = sql.Identifier(f"{name}_reader")
    owner.execute(sql.SQL("create role {} login password 'right one'").format(role))
    owner.execute(sql.SQL("alter default privileges grant select on tables to {}").format(role))
    try:
        yield
    finally:
        owner.execute(sql.SQL("drop owned by {}").format(role))
        owner.execute(sql.SQL("drop role {}").format(role))


def socket_of(conninfo: str) -> Path | int:
    """Where a server of this machine listens."""
    given = conninfo_to_dict(conninfo)
    host, port = str(given.get("host") or "localhost"), int(given.get("port") or 5432)
    return Path(host, f".s.PGSQL.{port}") if host.startswith("/") else port
