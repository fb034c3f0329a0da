"""SQL as files: this module only finds and reads them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import LiteralString

# In the order in which install applies them anew; migrations are a matter of their own.
REAPPLIED = ("procedures", "views", "checks", "triggers", "report")
# Texts of which install makes the views of schema report, in this order.
REPORTED = ("relations", "questions")

# In rules.sql: a rule's name, its nature and its sentence.
_RULE = re.compile(r"\(\s*'(\w+)',\s*'\w+',\s*'((?:[^']|'')+)'\s*\)")
_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def names(folder: str) -> list[str]:
    """The SQL files of a folder, as `folder/name.sql`, in order."""
    found = (files(__name__) / folder).iterdir()
    return sorted(f"{folder}/{file.name}" for file in found if file.name.endswith(".sql"))


def text(name: str) -> LiteralString:
    """The text of one SQL file of this package."""
    return (files(__name__) / name).read_text("utf-8")


@cache
def queries(room: str) -> Mapping[str, LiteralString]:
    """The named queries of a room, each under a line `-- name: …` of queries/<room>.sql."""
    parts = _NAME.split(text(f"queries/{room}.sql"))
    named = dict(zip(parts[1::2], parts[2::2], strict=True))
    return MappingProxyType(named)


@cache
def rules() -> Mapping[str, str]:
    """The sentence of each rule by its name."""
    found = {name: said.replace("''", "'") for name, said in _RULE.findall(text("rules.sql"))}
    return MappingProxyType(found)


@cache
def release() -> str:
    """SHA-256 of everything that install applies: two releases of the database differ in it."""
    digest = hashlib.sha256()
    singles = ["roles.sql", "bootstrap.sql", "drop_reapplied.sql", "rules.sql", "grants.sql"]
    folders = ("migrations", *REAPPLIED, *REPORTED)
    for name in [*singles, *(n for folder in folders for n in names(folder))]:
        digest.update(f"{name}\0{text(name)}\0".encode())
    return digest.hexdigest()
