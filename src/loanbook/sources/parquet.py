"""Parquet, read by DuckDB in little memory: each value as text, exactly as the file holds it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from loanbook.errors import FormatRefused, MissingExtra
from loanbook.sources.contract import Batch, Number

MANY = 5_000  # rows of a batch
MEMORY = "300MB"
_NUMBERS = ("INT", "DECIMAL", "DOUBLE", "FLOAT", "HUGEINT")
_NO_VALUES = ("STRUCT", "MAP", "BLOB", "UNION")


class Parquet:
    """Reads Parquet. It has no options."""

    def __init__(self, options: Mapping[str, object]) -> None:
        if options:
            raise ValueError("it has no options")

    def rows(self, path: Path) -> Iterator[Batch]:
        """The rows of a file, in its order."""
        duckdb = _needed()
        connection = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "memory_limit": MEMORY,
                "threads": "1",
            },
        )
        try:
            read = connection.read_parquet(str(path), hive_partitioning=False)
            types = [str(one).upper() for one in read.types]
            _judge(read.columns, types, path)
            as_text = read.project("columns(*)::varchar").sql_query()
            cursor = connection.execute(as_text)
            numbers = [place for place, one in enumerate(types) if _is_number(one)]
            begun = False
            while rows := cursor.fetchmany(MANY):
                begun = True
                yield Batch(read.columns, _numbered(rows, numbers))
            if not begun:
                yield Batch(read.columns, ())
        except duckdb.Error as error:
            problem = " ".join(str(error).split())
            raise FormatRefused(file=path.name, format="Parquet", problem=problem) from error
        finally:
            connection.close()


def _judge(columns: Sequence[str], types: Sequence[str], path: Path) -> None:
    for name, kind in zip(columns, types, strict=True):
        if kind.startswith(_NO_VALUES) or kind.endswith("[]"):
            problem = f"column {name} holds {kind.split('(')[0].lower()}, not one value a row"
            raise FormatRefused(file=path.name, format="Parquet", problem=problem)


def _is_number(kind: str) -> bool:
    return (not kind.endswith("[]") and any(kind.startswith(("U" + n, n)) for n in _NUMBERS)) or (
        kind in {"BIGINT", "UBIGINT", "SMALLINT", "USMALLINT", "TINYINT", "UTINYINT", "UHUGEINT"}
    )


def _numbered(
    rows: Sequence[tuple[str | None, ...]], numbers: Sequence[int]
) -> list[Sequence[str | None]]:
    """Rows whose numbers are told from texts."""
    columns: list[Any] = list(zip(*rows, strict=True))
    for place in numbers:
        columns[place] = [None if text is None else Number(text) for text in columns[place]]
    return list(zip(*columns, strict=True))


def _needed() -> Any:  # noqa: ANN401 -- a module
    try:
        return importlib.import_module("duckdb")
    except ImportError as error:
        raise MissingExtra(package="duckdb", extra="sources") from error
