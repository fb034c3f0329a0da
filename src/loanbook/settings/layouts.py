"""What loanbook.toml says of a layout: which column of a foreign file is which of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from loanbook.columns import COLUMNS, REQUIRED, Shape
from loanbook.errors import BadSetting
from loanbook.settings.tables import Judge, among, read

UNITS = {"cents": -2, "thousands": 3, "fraction": 2}  # by how many places the point moves


@dataclass(frozen=True, slots=True)
class Writing:
    """How the values of a foreign file are written.

    Attributes:
        kind: clients, contacts or loans.
        files: pattern of the names of files that are read so, within those of the source; in an
            archive that of the file in it counts too.
        format: "csv", "xlsx", "ndjson", "parquet" or that of a plug-in; blank: told by the file.
        decimal: "," or ".": what stands before the decimals of numbers that are written as text.
        dates: how dates that are written as text look, such as "%d/%m/%Y %H:%M"; "excel" are
            numbers of days. 2024-01-25 with or without a time is always understood.
        blank: texts that stand for no value, such as "NULL" or "-".
    """

    kind: str = ""
    files: str = "*"
    format: str = ""
    decimal: str = "."
    dates: tuple[str, ...] = ()
    blank: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """How the files of a source are read.

    Attributes:
        name: of the layout.
        writing: how values are written.
        columns: which of their columns stand for ours; several are joined by a space.
        constants: what ours hold where they have none.
        codes: by our column: what their values are called here.
        units: by our column: "cents" (of amounts), "thousands", or "fraction" (of 1, for percents).
        reading: options of the format, such as sheet, header or delimiter.
    """

    name: str
    writing: Writing
    columns: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    reading: Mapping[str, object] = field(default_factory=dict)


def layout(name: str, table: object, key: str, file: Path) -> Layout:
    """A table [sources.NAME.layouts.NAME].

    Raises:
        BadSetting: a key is unknown or has a value that cannot be used; the message names it.
    """
    if not isinstance(table, dict):
        raise BadSetting(key=key, file=file, problem=f"write a table [{key}]")
    tables = {field.name for field in fields(Layout)} - {"name", "writing"}
    writing = read(
        Writing, key, {k: v for k, v in table.items() if k not in tables}, file, _WRITING
    )
    given = _Given(key, file, writing.kind)
    made = Layout(
        name,
        writing,
        given.columns(table.get("columns", {})),
        given.texts("constants", table.get("constants", {})),
        given.codes(table.get("codes", {})),
        given.units(table.get("units", {})),
        given.table("reading", table.get("reading", {})),
    )
    missing = sorted(REQUIRED[writing.kind] - set(made.columns) - set(made.constants))
    if missing:
        problem = f"nothing says what is to stand in {', '.join(missing)}"
        raise BadSetting(key=f"{key}.columns", file=file, problem=problem)
    return made


@dataclass(frozen=True, slots=True)
class _Given:
    """Turns the tables of a layout into mappings, or says which key cannot be used."""

    key: str
    file: Path
    kind: str

    def __post_init__(self) -> None:
        if not self.kind:
            problem = f"say which kind it holds: {', '.join(COLUMNS)}"
            raise self.refusal("kind", problem)

    def refusal(self, key: str, problem: str) -> BadSetting:
        return BadSetting(key=f"{self.key}.{key}", file=self.file, problem=problem)

    def table(self, name: str, value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.refusal(name, f"write a table [{self.key}.{name}]")
        return value

    def ours(self, name: str, value: object) -> dict[str, Any]:
        """A table whose keys are columns of ours."""
        found = self.table(name, value)
        for column in found:
            if column not in COLUMNS[self.kind]:
                known = ", ".join(COLUMNS[self.kind])
                raise self.refusal(
                    f"{name}.{column}", f"{self.kind} have no such column, but {known}"
                )
        return found

    def columns(self, value: object) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for column, theirs in self.ours("columns", value).items():
            names = [theirs] if isinstance(theirs, str) else theirs
            if not (isinstance(names, list) and names and all(isinstance(n, str) for n in names)):
                raise self.refusal(f"columns.{column}", f"{theirs} is no name of a column, or list")
            found[column] = tuple(names)
        return found

    def texts(self, name: str, value: object) -> dict[str, str]:
        found = self.ours(name, value)
        for column, text in found.items():
            if isinstance(text, bool) or not isinstance(text, str | int):
                raise self.refusal(f"{name}.{column}", f"{text} is not written as a text")
        return {column: str(text) for column, text in found.items()}

    def codes(self, value: object) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for column, table in self.ours("codes", value).items():
            if not (isinstance(table, dict) and all(isinstance(v, str) for v in table.values())):
                problem = f"write a table [{self.key}.codes.{column}] of texts"
                raise self.refusal(f"codes.{column}", problem)
            found[column] = dict(table)
        return found

    def units(self, value: object) -> dict[str, str]:
        found = self.texts("units", value)
        for column, unit in found.items():
            if unit not in UNITS or COLUMNS[self.kind][column] is not Shape.AMOUNT:
                problem = (
                    f"{unit} is none of {', '.join(UNITS)}, or the column is no amount or rate"
                )
                raise self.refusal(f"units.{column}", problem)
        return found


_WRITING: dict[str, Judge] = {
    "kind": among(*COLUMNS),
    "decimal": among(",", "."),
}
