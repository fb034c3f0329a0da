"""What the tools do not see: sizes, SQL in Python, names that lead nowhere, machines' paths."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from loanbook import sql

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "loanbook"
PYTHON = sorted(SOURCE.rglob("*.py"))
SQL = sorted((SOURCE / "sql").rglob("*.sql"))
FOLDERS = ("migrations", *sql.REAPPLIED, *sql.REPORTED)
ROOMS = sorted(path.stem for path in (SOURCE / "sql" / "queries").glob("*.sql"))

LONGEST_PYTHON, LONGEST_SQL, LONGEST_FUNCTION = 300, 260, 60  # lines
# Longer than most, with the reason why it is not cut in two.
MAY_BE_LONGER = {
    "sql/procedures/batch_steps.sql": "the steps that all three loads share, each a few lines",
    "errors.py": "one tree, and each error is a sentence",
    "sql/rules.sql": "one list, and each rule is a sentence",
    "sql/queries/mart.sql": "many named queries of one room, each a few lines",
}
LOOKS_LIKE_SQL = re.compile(
    r"^\s*(select\s.+\sfrom\s|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|with\s+\w+\s+as"
    r"|create\s+(table|view|role|index|database|schema)\s|drop\s+\w+\s+\w|alter\s+\w+\s+\w"
    r"|copy\s+\S+\s|truncate\s|grant\s|revoke\s|select\s)",
    re.IGNORECASE | re.DOTALL,
)
SQL_IN_PYTHON = {
    "database/connection.py": "COPY into a table whose name the caller gives; the actor",
    "database/cluster.py": "makes the roles and the database, before there is a book",
    "database/server.py": "asks who is connected, before there is a book",
    "database/workshop.py": "makes, renames and drops databases, which no procedure can",
}


def place(path: Path) -> str:
    """A file's name within the package."""
    return path.relative_to(SOURCE).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    """A file as Python reads it."""
    return ast.parse(path.read_text("utf-8"))


def texts(module: ast.Module) -> list[tuple[int, str]]:
    """The texts of a module with their lines, docstrings apart."""
    told = {
        id(node.body[0].value)
        for node in ast.walk(module)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
    ]


@pytest.mark.parametrize("path", [*PYTHON, *SQL], ids=place)
def test_a_file_is_short_enough_to_be_read(path: Path) -> None:
    longest = LONGEST_PYTHON if path.suffix == ".py" else LONGEST_SQL
    length = len(path.read_text("utf-8").splitlines())
    assert length <= longest or place(path) in MAY_BE_LONGER


def test_no_exception_outlives_its_reason() -> None:
    for name in MAY_BE_LONGER:
        assert len((SOURCE / name).read_text("utf-8").splitlines()) > LONGEST_SQL


def test_no_function_is_longer_than_a_page() -> None:
    too_long = [
        (place(path), node.name)
        for path in PYTHON
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef)
        and (node.end_lineno or 0) - node.lineno > LONGEST_FUNCTION
    ]
    assert too_long == []


def test_sql_stands_in_sql_files() -> None:
    found = {
        place(path)
        for path in PYTHON
        for _, text in texts(tree(path))
        if LOOKS_LIKE_SQL.search(text)
    }
    assert found == set(SQL_IN_PYTHON)


@pytest.mark.parametrize("room", ROOMS)
def test_every_named_query_is_used(room: str) -> None:
    said = {text for path in PYTHON for _, text in texts(tree(path))}
    # Names that are put together in Python, such as load_ and a kind.
    begun = {text for text in said if text.endswith("_")}
    assert sql.queries(room)
    for name in sql.queries(room):
        assert name in said or any(name.startswith(text) for text in begun), name


def test_every_sql_file_is_applied_or_asked() -> None:
    applied = {
        *(name for folder in FOLDERS for name in sql.names(folder)),
        *(f"queries/{room}.sql" for room in ROOMS),
    }
    said = {text for path in PYTHON for _, text in texts(tree(path))}
    for path in SQL:
        name = path.relative_to(SOURCE / "sql").as_posix()
        assert name in applied | said, name


@pytest.mark.parametrize("folder", FOLDERS[1:])
def test_every_sql_file_says_what_it_is_for(folder: str) -> None:
    for name in sql.names(folder):
        assert sql.text(name).startswith("-- "), name


def test_migrations_call_nothing_that_is_applied_anew() -> None:
    made = {
        match
        for folder in sql.REAPPLIED
        for name in sql.names(folder)
        for match in re.findall(r"create (?:function|view) (\w+\.\w+)", sql.text(name))
    }
    for name in sql.names("migrations"):
        assert {object_ for object_ in made if object_ + "(" in sql.text(name)} == set()


def test_procedures_leave_transactions_to_their_callers() -> None:
    for path in SQL:
        bare = re.sub(r"--.*|'[^']*'", "", path.read_text("utf-8"))
        assert not re.search(r"\b(commit|rollback)\s*;", bare, re.IGNORECASE), place(path)


def test_nothing_that_computes_asks_the_clock() -> None:
    # Only doors may default to today; the system's own instants are the database's.
    asking = {
        place(path)
        for path in PYTHON
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in {"today", "utcnow", "now"}
    }
    assert {name.split("/")[0] for name in asking} <= {"cli", "bootstrap.py"}


def test_no_path_of_a_machine_stands_in_the_files() -> None:
    files = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 -- whichever git there is
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    machine = re.compile(r"(?<![\w.$}])/(home|root|Users|work|shared|mnt|opt)/\w")
    found = []
    for name in filter(None, files):
        path = ROOT / name
        if path.is_file() and path != Path(__file__):
            text = path.read_bytes().decode("utf-8", "replace")
            found += [(name, hit.group()) for hit in machine.finditer(text)]
    assert found == []


def test_imports_go_down_only() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(lint), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_tests_name_the_rooms_they_show() -> None:
    known = {"unit", "database", "rooms", "acceptance", "architecture", "browser"}
    folders = {path.parent.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert folders <= known
