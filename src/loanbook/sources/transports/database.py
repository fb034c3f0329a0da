"""Rows of another database: what its queries give becomes files as ours are, one a query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from loanbook.errors import BadSetting
from loanbook.settings.sources import Where
from loanbook.settings.tables import Judge, between, read
from loanbook.sources.transports.queries import Asking, Queries
from loanbook.sources.transports.secrets import Secret, readable, secret

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

LONGEST_WAIT = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class Options:
    """The table [sources.NAME.database].

    Attributes:
        address: as SQLAlchemy writes it, without a password: postgresql+psycopg://reader@host/book.
        password_env: the variable that holds the password.
        password_file: or the file that does.
        query: what to ask; the file is called as `name` says.
        name: of the file that the query gives, such as loans.csv.
        queries: instead of both, a folder of .sql files; each gives a file of its name.
        timeout: seconds that the first rows may take, or the next ones.
        longest: seconds that all rows of a query may take.
    """

    address: str = ""
    password_env: str = ""
    password_file: str = ""
    query: str = ""
    name: str = "query.csv"
    queries: str = ""
    timeout: int = 300
    longest: int = 3600


def make(where: Where) -> Queries:
    """The transport of a [sources.NAME.database].

    Raises:
        BadSetting: a key cannot be used.
    """
    options = read(Options, where.key, where.options, where.file, _JUDGES)
    if bool(options.query) == bool(options.queries):
        problem = "name either the query itself, or a folder of them with queries"
        raise BadSetting(key=f"{where.key}.query", file=where.file, problem=problem)
    password = secret(where, "password", options.password_env, options.password_file)
    engine = _engine(where, options, password)
    asked = _asked(where, options)
    asking = Asking(where.source, asked, options.timeout, options.longest, password)
    return Queries(asking, engine)


def _asked(where: Where, options: Options) -> dict[str, str]:
    """The queries by the name of the file that each gives."""
    if options.query:
        return {options.name: options.query}
    found = {}
    for path in sorted((where.home / options.queries).glob("*.sql")):
        readable(where, "queries", str(path))
        found[f"{path.stem}.csv"] = path.read_text("utf-8").rstrip().rstrip(";")
    if not found:
        problem = f"there is no folder {options.queries} with files that end in .sql"
        raise BadSetting(key=f"{where.key}.queries", file=where.file, problem=problem)
    return found


def _engine(where: Where, options: Options, password: Secret) -> Engine:
    key = f"{where.key}.address"
    try:
        address = make_url(options.address)
        if password:
            address = address.set(password=password.reveal())
        return sqlalchemy.create_engine(
            _only_reading(address, where.home),
            poolclass=sqlalchemy.NullPool,
            hide_parameters=True,
            connect_args=_connecting(address, options),
        )
    except ModuleNotFoundError as missing:
        problem = f"its driver {missing.name} is not installed"
        raise BadSetting(key=key, file=where.file, problem=problem) from missing
    except (ArgumentError, NoSuchModuleError, TypeError, ValueError):
        # What it says may hold the address as a whole.
        problem = "it is no address as SQLAlchemy writes it: postgresql+psycopg://reader@host/book"
        raise BadSetting(key=key, file=where.file, problem=problem) from None


def _only_reading(address: URL, home: Path) -> URL:
    """An address of a file is meant from the workspace on, and is not to be written to."""
    if address.get_backend_name() != "sqlite" or not address.database:
        return address
    path = (home / address.database).absolute()
    return address.set(database=path.as_uri()).update_query_dict({"mode": "ro", "uri": "true"})


def _connecting(address: URL, options: Options) -> Mapping[str, Any]:
    """What a driver is told beside the address: not to wait for ever."""
    driver, wait = address.get_driver_name(), options.timeout
    if address.get_backend_name() == "postgresql" and driver in {"psycopg", "psycopg2"}:
        limit = f"-c statement_timeout={wait * 1000} -c default_transaction_read_only=on"
        return {
            "connect_timeout": min(wait, 30),
            "application_name": "loanbook source",
            "options": limit,
            "tcp_user_timeout": wait * 1000,
        }
    known = {"pymysql": {"connect_timeout": min(wait, 30), "read_timeout": wait}}
    return known.get(driver, {})


def _database(address: str) -> str | None:
    try:
        parsed = make_url(address)
    except (ArgumentError, ValueError):
        return "it is no address as SQLAlchemy writes it: postgresql+psycopg://reader@host/book"
    secretive = parsed.password is not None or any("pass" in key.lower() for key in parsed.query)
    return "write no password into it; there is password_env" if secretive else None


def _name(name: str) -> str | None:
    fits = name.endswith(".csv") and "/" not in name and name.isprintable()
    return None if fits else f"{name} is no name that ends in .csv"


_JUDGES: dict[str, Judge] = {
    "address": _database,
    "name": _name,
    "timeout": between(1, 3600),
    "longest": between(1, LONGEST_WAIT),
}
