"""Writes the reference pages from what they describe: the database, the rules, the program.

`make docs` writes them; a test compares, so that they cannot lag behind.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import LiteralString

from loanbook.bootstrap import open_book
from loanbook.database.connection import Database, Row
from loanbook.portfolio import catalogue

HERE = Path(__file__).parent
TARGET = HERE / "reference"
NOTE = "<!-- Written by `make docs`; change what it describes, not this page. -->\n\n"


def pages() -> dict[str, str]:
    """The text of each reference page, by file name."""
    with tempfile.TemporaryDirectory() as folder, open_book(Path(folder)) as book:
        return {
            "data.md": NOTE + data(book),
            "rules.md": NOTE + rules(book),
            "commands.md": NOTE + commands(),
            "questions.md": NOTE + questions(),
        }


def data(book: Database) -> str:
    """Tables and views with their columns: the data dictionary."""
    columns = book.rows(_text("dictionary.sql"))
    constraints = book.rows(_text("constraints.sql"))
    lines = ["# Data dictionary", "", "Written from the comments in the database itself.", ""]
    for (schema, relation), group in groupby(columns, lambda r: (r["schema"], r["relation"])):
        rows = list(group)
        about = f"{rows[0]['about'] or ''} ({rows[0]['kind']})"
        lines += [f"## {schema}.{relation}", "", about, ""]
        lines += ["| column | type | meaning |", "|---|---|---|"]
        lines += [_column(row) for row in rows]
        lines.append("")
        named = [c for c in constraints if (c["schema"], c["relation"]) == (schema, relation)]
        lines += [f"- `{c['name']}`: `{' '.join(c['definition'].split())}`" for c in named]
        lines += [""] if named else []
    return "\n".join(lines).rstrip() + "\n"


def _column(row: Row) -> str:
    kind = row["type"].replace("without time zone", "")
    kind = kind.replace("timestamp with time zone", "instant")
    required = "" if row["is_required"] or row["kind"] == "view" else ", may be blank"
    return f"| `{row['column_name']}` | {kind.strip()}{required} | {row['column_about'] or ''} |"


def rules(book: Database) -> str:
    """Every named rule in words."""
    lines = ["# Rules", ""]
    natures = {
        "refusal": "Refusals: a line or an act that breaks one of these is refused.",
        "state": "Findings of state: the row is kept; the finding closes when it no longer holds.",
        "event": "Findings of an event: the row is kept; a person accepts the finding.",
    }
    found = book.rows(_text("rules.sql"))
    for nature, title in natures.items():
        lines += [f"## {title}", "", "| rule | in words |", "|---|---|"]
        lines += [f"| `{r['rule']}` | {r['sentence']} |" for r in found if r["nature"] == nature]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def questions() -> str:
    """Every question as its header defines it."""
    lines = ["# Questions", "", "As the headers of `src/loanbook/sql/questions` define them.", ""]
    for question in catalogue.catalogue():
        lines += [
            f"## {question.name}",
            "",
            f"**{question.question}**",
            "",
            question.definition,
            "",
        ]
        lines += [f"- A row: {question.grain}", f"- Left out: {question.excluded}", ""]
        lines += ["| column | type | unit | meaning |", "|---|---|---|---|"]
        lines += [f"| `{c.name}` | {c.type} | {c.unit} | {c.meaning} |" for c in question.columns]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def commands() -> str:
    """The help of every command, as the program prints it."""
    lines = ["# Commands", "", "As `loanbook COMMAND --help` prints it.", ""]
    for path in _command_paths(()):
        title = " ".join(("loanbook", *path))
        lines += [f"## {title}", "", "```text", _help(path), "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def _command_paths(path: tuple[str, ...]) -> list[tuple[str, ...]]:
    names = _subcommands(_help(path))
    return [path, *(found for name in names for found in _command_paths((*path, name)))]


def _subcommands(text: str) -> list[str]:
    part = re.search(r"Commands[^\n]*\n(.*?)(?:\n[^\s│|]|\Z)", text, re.DOTALL)
    return re.findall(r"^[│| ]{1,3}([a-z]+)\s{2,}", part.group(1), re.MULTILINE) if part else []


@cache
def _help(path: tuple[str, ...]) -> str:
    environ = {**os.environ, "COLUMNS": "80", "TERM": "dumb", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "loanbook", *path, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=environ,
    )
    return "\n".join(line.rstrip() for line in done.stdout.strip("\n").split("\n"))


def _text(name: str) -> LiteralString:
    return (HERE / name).read_text("utf-8")


def main() -> None:
    """Write the pages."""
    for name, text in pages().items():
        (TARGET / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
