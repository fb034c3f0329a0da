"""NDJSON: one JSON object a line; what is nested becomes columns with dots in their names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from loanbook.errors import FormatRefused
from loanbook.sources.contract import Batch, Number

MANY = 5_000  # rows of a batch
LONGEST = 1 << 24  # bytes of a line
DEEPEST = 8  # objects within objects


class NDJSON:
    """Reads NDJSON. Option: columns, for files in whose first rows some of them are missing."""

    def __init__(self, options: Mapping[str, object]) -> None:
        columns = options.get("columns", [])
        if set(options) - {"columns"} or not isinstance(columns, list):
            raise ValueError("its only option is columns, a list of names")
        self._columns = [str(name) for name in columns]

    def rows(self, path: Path) -> Iterator[Batch]:
        """The rows of a file; its columns are those of its first rows."""
        with path.open("rb") as stream:
            objects = self._objects(stream, path.name)
            some = list(islice(objects, MANY))
            columns = list(dict.fromkeys([*self._columns, *(name for one in some for name in one)]))
            if not columns:
                raise _refused(path.name, "it holds no object")
            known = set(columns)
            while True:
                late = {name for one in some for name in one if name not in known}
                notes = (f"columns {', '.join(sorted(late))} begin late and were left out",)
                rows = [[one.get(name) for name in columns] for one in some]
                yield Batch(columns, rows, notes if late else ())
                some = list(islice(objects, MANY))
                if not some:
                    return

    def _objects(self, stream: Any, name: str) -> Iterator[dict[str, str | None]]:  # noqa: ANN401
        number = 0
        while line := stream.readline(LONGEST):
            number += 1
            if len(line) == LONGEST:
                raise _refused(name, f"line {number} is longer than {LONGEST >> 20} MB")
            if not line.strip():
                continue
            try:
                read = _DECODER.decode(line.decode("utf-8-sig"))
            except (ValueError, RecursionError) as error:
                raise _refused(name, f"line {number} is no JSON, or ends too early") from error
            if not isinstance(read, dict):
                raise _refused(name, f"line {number} is no object")
            yield _flat(read) if _is_nested(read) else {k: _text(v) for k, v in read.items()}


def _constant(text: str) -> str:
    return text  # NaN and Infinity: texts that no column of ours takes


_DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_constant)


def _is_nested(read: dict[str, Any]) -> bool:
    return any(isinstance(value, dict | list) for value in read.values())


def _flat(read: dict[str, Any], before: str = "", depth: int = 1) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name, value in read.items():
        if isinstance(value, dict) and depth < DEEPEST:
            found |= _flat(value, f"{before}{name}.", depth + 1)
        elif isinstance(value, dict | list):
            found[before + name] = json.dumps(value, ensure_ascii=False)
        else:
            found[before + name] = _text(value)
    return found


def _text(value: Any) -> str | None:  # noqa: ANN401 -- what JSON has
    if value is None or isinstance(value, str):
        return value
    return "true" if value else "false"


def _refused(name: str, problem: str) -> FormatRefused:
    return FormatRefused(file=name, format="NDJSON", problem=problem)
