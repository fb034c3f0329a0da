"""What Loanbook itself writes into loanbook.toml."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import tomlkit

from loanbook.settings import FILE_NAME


def write(
    home: Path,
    *,
    as_of: date,
    full: tuple[str, ...] = (),
    missing: Mapping[str, Mapping[str, object]] | None = None,
) -> None:
    """Set the business date (and the kinds that source main delivers whole) in loanbook.toml.

    All else in the file, comments included, stays as it is.

    Args:
        home: the workspace.
        as_of: the business date.
        full: kinds that source main delivers whole.
        missing: tables that are written if none of that name stands there.
    """
    path = home / FILE_NAME
    document = tomlkit.parse(path.read_text("utf-8")) if path.exists() else tomlkit.document()
    document["as_of"] = as_of
    if full:
        sources = document.setdefault("sources", tomlkit.table(is_super_table=True))
        sources.setdefault("main", tomlkit.table())["full"] = list(full)
    for name, table in (missing or {}).items():
        if name not in document:
            document[name] = dict(table)
    home.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".toml.new")
    fresh.write_text(tomlkit.dumps(document), "utf-8")
    fresh.replace(path)
