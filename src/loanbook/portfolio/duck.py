"""DuckDB as it is used here: without a network, without extensions, in little memory."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from loanbook import sql
from loanbook.errors import MissingExtra

if TYPE_CHECKING:
    from types import ModuleType

    from duckdb import DuckDBPyConnection, DuckDBPyRelation

_LAKE = sql.queries("lake")
_MEMORY = "300MB"
_GROUP = 40_960  # rows of a group, the unit that a core reads; a small book feeds two cores, too


@contextmanager
def opened(
    files: Mapping[str, Path], *, making: Path | None = None
) -> Iterator[DuckDBPyConnection]:
    """A connection on which each Parquet file is a relation of the name given.

    It sees these files and no others.

    Args:
        files: to be read.
        making: a file that will be written.
    """
    seen = list(files.values()) if making is None else [*files.values(), making]
    with connection(seen) as made:
        name(made, files)
        yield made


def name(made: DuckDBPyConnection, files: Mapping[str, Path]) -> None:
    """Make each Parquet file a relation of the name given."""
    for relation, file in files.items():
        made.read_parquet(str(file), hive_partitioning=False).create_view(relation)


def to_parquet(spool: Path, columns: Mapping[str, str], file: Path) -> None:
    """A CSV file without a header, as PostgreSQL writes it, becomes a Parquet file.

    Args:
        spool: the CSV file; a blank that is not quoted is null.
        columns: their names and types, in order.
        file: the file to write; times have microseconds in it, amounts are decimals.
    """
    with connection([spool, file]) as made:
        from duckdb import CSVLineTerminator  # noqa: PLC0415 -- as below

        read = made.read_csv(
            str(spool),
            header=False,
            columns=dict(columns),
            sep=",",
            quotechar='"',
            escapechar='"',
            lineterminator=CSVLineTerminator.LINE_FEED,
            na_values="",
            allow_quoted_nulls=False,
            hive_partitioning=False,
            parallel=False,
            auto_detect=False,
        )
        save(read, file)


def save(relation: DuckDBPyRelation, file: Path) -> None:
    """Write the rows of a relation as a Parquet file."""
    relation.to_parquet(str(file), compression="snappy", row_group_size=_GROUP)


def needed() -> ModuleType:
    """DuckDB itself, an extra that is loaded only where it is used.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        return importlib.import_module("duckdb")
    except ImportError as error:
        raise MissingExtra(package="duckdb", extra="portfolio") from error


@contextmanager
def connection(files: Sequence[Path]) -> Iterator[DuckDBPyConnection]:
    """A connection that may open these files and no others."""
    duckdb = needed()
    made = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": _MEMORY,
        },
    )
    try:
        made.execute(_LAKE["allow_files"], {"files": [str(file) for file in files]})
        made.execute(_LAKE["close_doors"])
        yield made
    finally:
        made.close()
