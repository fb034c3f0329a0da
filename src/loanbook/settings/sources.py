"""What loanbook.toml says of sources: where each one's files lie, and what is in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from loanbook.columns import COLUMNS
from loanbook.errors import BadSetting
from loanbook.settings.files import Files
from loanbook.settings.layouts import Layout, layout
from loanbook.settings.tables import Judge, among, between, read

LARGEST_ID = 999_999_999
NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
IDS = ("same", "mapped")


@dataclass(frozen=True, slots=True)
class Where:
    """Where the files of a source lie: the one key of [sources.NAME] that names a transport.

    Attributes:
        source: name of the source.
        kind: the key: folder, url, sftp, bucket, database, or that of a plug-in.
        options: the table that stands there; a text is {"address": text}. The transport reads it
            with `settings.tables.read(Options, where.key, where.options, where.file, judges)`.
        key: how messages name it, such as "sources.partner.sftp".
        file: the loanbook.toml in which it stands, for messages.
        home: the workspace, from which relative paths are meant.
        files: the pattern that the collector asks of names, for transports that can list fewer.
    """

    source: str
    kind: str
    options: Mapping[str, object] = field(repr=False)
    key: str
    file: Path
    home: Path
    files: str = "*"


@dataclass(frozen=True, slots=True)
class Taking:
    """How what a source offers is taken.

    Attributes:
        files: pattern of the names that are wanted, such as "*.xlsx"; "*" crosses folders too.
        marker: a file is whole when this one lies beside it: "{name}.done" or "_SUCCESS"; blank:
            when it has not changed for a while.
        settle: that while, in seconds.
        dated: how names bear the business date, where not as 2024-01-25: such as "%d%m%Y".
        expected_by: until when something has to be there for the day, lender's time, as 07:30;
            blank: nothing has to.
        required: the day is not accepted without this source.
        ids: "same": user_id and loan_id are kept; "mapped": any key, for which ids are given.
        range: from which and up to which id is this source's.
        format: of files that neither their name nor their content betrays.
        largest: megabytes to which a packed file may unpack; 0: as [files] says.
    """

    files: str = "*"
    marker: str = ""
    settle: int = 2
    dated: str = ""
    expected_by: str = ""
    required: bool = False
    ids: str = "same"
    range: tuple[int, int] = (1, LARGEST_ID)
    format: str = ""
    largest: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """One deliverer of files.

    Attributes:
        name: its name; it owns what it delivers first.
        full: kinds that it always delivers whole.
        where: where its files are fetched from; None: they are put into input_data, or staged by
            hand.
        taking: how they are taken.
        layouts: by name, how they are read; none: they are written as ours are.
        files: how large they may be.
    """

    name: str
    full: frozenset[str] = frozenset()
    where: Where | None = None
    taking: Taking = field(default_factory=Taking)
    layouts: Mapping[str, Layout] = field(default_factory=dict)
    files: Files = field(default_factory=Files)


def sources(value: object, file: Path, bounds: Files) -> dict[str, Source]:
    """The tables [sources.NAME]; source main is always there.

    Args:
        value: what stands there.
        file: where it stands, for messages.
        bounds: how large files may be, where a source says nothing else.

    Raises:
        BadSetting: a key is unknown or has a value that cannot be used; the message names it.
    """
    if not isinstance(value, dict):
        raise BadSetting(
            key="sources", file=file, problem="write one table per source, like [sources.main]"
        )
    found = {"main": Source("main", files=bounds)}
    for name, options in value.items():
        key = f"sources.{name}"
        if name == "loanbook" or not NAME.fullmatch(name) or not isinstance(options, dict):
            problem = "it is no table, or its name is taken or not made of a-z, 0-9, _ and -"
            raise BadSetting(key=key, file=file, problem=problem)
        found[name] = _source(name, options, file, bounds)
    _refuse_overlaps(found, file)
    return found


def _source(name: str, table: dict[str, Any], file: Path, bounds: Files) -> Source:
    key = f"sources.{name}"
    own = {field.name for field in fields(Taking)}
    taking = read(Taking, key, {k: v for k, v in table.items() if k in own}, file, _TAKING)
    rest = {k: v for k, v in table.items() if k not in own | {"full", "layouts"}}
    if len(rest) > 1:
        places = ", ".join(sorted(rest))
        problem = f"only one of its keys may say where its files lie, and there are {places}"
        raise BadSetting(key=key, file=file, problem=problem)
    layouts = table.get("layouts", {})
    if not isinstance(layouts, dict):
        raise BadSetting(
            key=f"{key}.layouts", file=file, problem=f"write tables [{key}.layouts.NAME]"
        )
    if taking.ids == "mapped" and "range" not in table:
        problem = 'ids = "mapped" needs it: the ids that may be given, as [500000001, 600000000]'
        raise BadSetting(key=f"{key}.range", file=file, problem=problem)
    return Source(
        name,
        _full(table.get("full", []), f"{key}.full", file),
        next((_where(name, kind, at, file, taking) for kind, at in rest.items()), None),
        taking,
        {n: layout(n, one, f"{key}.layouts.{n}", file) for n, one in layouts.items()},
        replace(bounds, largest=taking.largest or bounds.largest),
    )


def _where(source: str, kind: str, value: object, file: Path, taking: Taking) -> Where:
    key = f"sources.{source}.{kind}"
    options = {"address": value} if isinstance(value, str) else value
    if not isinstance(options, dict):
        known = ", ".join(sorted({field.name for field in fields(Taking)} | {"full", "layouts"}))
        problem = (
            "there is no such key, and where files lie is told by a text or a table; "
            f"beside that there are {known}"
        )
        raise BadSetting(key=key, file=file, problem=problem)
    return Where(source, kind, options, key, file, file.parent, taking.files)


def _full(value: object, key: str, file: Path) -> frozenset[str]:
    kinds = list(COLUMNS)
    if not (isinstance(value, list) and all(one in kinds for one in value)):
        problem = f"{value} is no list of some of {', '.join(kinds)}"
        raise BadSetting(key=key, file=file, problem=problem)
    return frozenset(value)


def _refuse_overlaps(found: Mapping[str, Source], file: Path) -> None:
    """Ids that one source is given may be no other's, unless that one has all of them."""
    whole = Taking().range
    ranged = [(s.taking.range, s.name) for s in found.values() if s.taking.range != whole]
    ranged.sort()
    for ((_, highest), name), ((lowest, _), other) in pairwise(ranged):
        if lowest <= highest:
            problem = f"it holds ids of source {name}, whose range ends at {highest}"
            raise BadSetting(key=f"sources.{other}.range", file=file, problem=problem)


def _clock(value: str) -> str | None:
    try:
        fits = not value or (
            time.fromisoformat(value).tzinfo is None and len(value) == len("07:30")
        )
    except ValueError:
        fits = False
    return None if fits else f"{value} is no time of day, write it like 07:30"


def _ids(value: tuple[int, int]) -> str | None:
    fits = 1 <= value[0] <= value[1] <= LARGEST_ID
    return None if fits else f"{list(value)} is not a number from 1 on and one up to {LARGEST_ID}"


def _day(value: str) -> str | None:
    names_one = "%d" in value and "%m" in value and ("%Y" in value) != ("%y" in value)
    return None if names_one or not value else f"{value} names no day, write it like %d%m%Y"


_TAKING: dict[str, Judge] = {
    "settle": between(0, 3600),
    "dated": _day,
    "expected_by": _clock,
    "ids": among(*IDS),
    "range": _ids,
    "largest": between(1, 1_000_000),
}
