"""Where the time of a load goes: `.venv/bin/python benchmarks/profile_load.py`.

On a book of its own, made and thrown away here, each plpgsql procedure of the load gets a mark
behind each of its statements. From these marks come the seconds of each statement, alone and with
all that it calls, triggers included. Beside them: the server's own count for each function, the
log that was written (WAL), and how large each table of mart, audit and stage has become.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.workbench import Target, fresh, install_book, load_file, pass_a_night, served

from loanbook.database.connection import Database, Row
from loanbook.demo import write

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST = 0.002  # seconds; what takes less is not printed
MARK = "loanbook-mark"
ENTERED = "enter"
WIDTH = 100

QUERIES = Path(__file__).with_suffix(".sql")


@dataclass(slots=True)
class Step:
    """One statement of a procedure, and the calls inside it."""

    function: str
    text: str = ""
    own: float = 0.0
    began: float = 0.0
    ended: float = 0.0
    calls: list[Call] = field(default_factory=list)


@dataclass(slots=True)
class Call:
    """One call of a procedure, as the statements that it ran."""

    function: str
    done: list[Step]
    running: Step


class Tree:
    """Marks, in the order in which they come, become a tree of statements."""

    def __init__(self) -> None:
        self._root = Call("client", [], Step("client"))
        self._open = [self._root]
        self._last: float | None = None

    def add(self, function: str, text: str, at: float) -> None:
        """Take one mark: a procedure was entered, or one of its statements has ended."""
        spent = 0.0 if self._last is None else at - self._last
        self._last = at
        if text == ENTERED:
            self._enter(function, spent, at)
            return
        while len(self._open) > 1 and self._open[-1].function != function:
            self._open.pop()
        call = self._open[-1]
        step = call.running
        step.own += spent
        step.text, step.ended = text, at
        call.done.append(step)
        call.running = Step(function, began=at)

    def lines(self) -> Iterator[str]:
        """The tree as text, callers before what they call."""
        for step in [*self._root.done, self._root.running]:
            if step.own >= SHORTEST:
                yield f"{step.own:8.3f} {step.own:8.3f}  (client: COPY, Python, begin and commit)"
            for call in step.calls:
                yield from _lines(call, 0)

    def _enter(self, function: str, spent: float, at: float) -> None:
        if function.startswith("api."):  # called by the client, or by an api procedure's declare
            self._open = [self._root]
            self._root.done.append(self._root.running)
            self._root.running = Step("client")
        self._open[-1].running.own += spent
        call = Call(function, [], Step(function, began=at))
        self._open[-1].running.calls.append(call)
        self._open.append(call)


def _lines(call: Call, depth: int) -> Iterator[str]:
    yield f"{'':>19}{'  ' * depth}[{call.function}]"
    for step in [*call.done, call.running]:
        whole = step.ended - step.began if step.ended else step.own
        if max(whole, step.own) < SHORTEST:
            continue
        room = WIDTH - 2 * depth
        text = step.text[:room] or "return"
        yield f"{whole:8.3f} {step.own:8.3f}{'  ' * depth}  {text}"
        for inner in step.calls:
            if inner.done or inner.running.calls:
                yield from _lines(inner, depth + 2)


def marked(name: str, definition: str) -> str:
    """A plpgsql function with a mark at its beginning and behind each of its statements."""
    head, body = re.split(r"(?<=\n)begin(?=\s)", definition, maxsplit=1)
    parts = [head, "begin", _mark(name, ENTERED)]
    for statement in _statements(body):
        parts.append(statement)
        if not re.match(r"\s*end;\s*$", statement) and statement.rstrip().endswith(";"):
            parts.append(_mark(name, " ".join(_without_comments(statement).split())))
    return "".join(parts)


def _mark(function: str, text: str) -> str:
    shown = text[:WIDTH].replace("|", "/").replace("'", "''").replace("%", "%%")
    return f"\n    raise info '{MARK}|{function}|{shown}|%', extract(epoch from clock_timestamp());"


def _without_comments(text: str) -> str:
    return re.sub(r"--[^\n]*", "", text)


def _statements(body: str) -> Iterator[str]:
    """Pieces of a body up to and with each semicolon that is in no quotation or comment."""
    start = 0
    for token in re.finditer(r"'[^']*'|--[^\n]*|;", body):
        if token.group() == ";":
            yield body[start : token.end()]
            start = token.end()
    yield body[start:]


def instrument(target: Target) -> None:
    """Mark every procedure of this book. It is a book for profiling only, never a real one."""
    with psycopg.connect(target.owner, autocommit=True) as owner:
        owner.execute("alter database profile set track_functions = 'all'")
        for name, definition in owner.execute(_query("functions")).fetchall():
            owner.execute(marked(name, definition).encode())


def profile(target: Target, files: list[Path], day: int) -> Iterator[str]:
    """Load the files of a day and tell where the time went."""
    with psycopg.connect(target.owner, autocommit=True) as owner:
        owner.execute("select pg_stat_reset()")
        before = _log_position(owner)
        for path in files:
            yield f"\n--- day {day}: {path.name}"
            yield from _profile_file(target, path, day)
        written = _log_position(owner) - before
        yield f"\nWAL of day {day}: {written / 1e6:.1f} MB"
        time.sleep(1)  # a session's last counts arrive a moment after its end
        yield "\nself s   total s     calls  function"
        for name, calls, own, total in owner.execute(_query("calls")).fetchall():
            yield f"{own:6.3f}  {total:8.3f}  {calls:8}  {name}"
        pass_a_night(target)
        yield "\nrows MB  index MB        rows  table"
        for name, heap, index, rows in owner.execute(_query("sizes")).fetchall():
            yield f"{heap / 1e6:7.1f}  {index / 1e6:8.1f}  {rows:10,}  {name}"


def _profile_file(target: Target, path: Path, day: int) -> Iterator[str]:
    tree = Tree()
    with psycopg.Connection[Row].connect(
        target.app,
        autocommit=True,
        row_factory=dict_row,
    ) as connection:
        connection.add_notice_handler(lambda notice: _take(tree, notice.message_primary or ""))
        loaded = load_file(Database(connection, "bench", "bench"), target.home, path, day)
    yield f"stage {loaded.staging:.3f} s, promote {loaded.promoting:.3f} s"
    yield "   total      own  statement"
    yield from tree.lines()


def _take(tree: Tree, message: str) -> None:
    if message.startswith(MARK):
        _, function, text, at = message.split("|")
        tree.add(function, text, float(at))


def _log_position(owner: psycopg.Connection[tuple[Any, ...]]) -> int:
    row = owner.execute(_query("log_position")).fetchone()
    return int(row[0]) if row else 0


@cache
def _query(name: str) -> bytes:
    parts = re.split(r"^-- name: (\w+)$", QUERIES.read_text("utf-8"), flags=re.MULTILINE)
    named = dict(zip(parts[1::2], parts[2::2], strict=True))
    return named[name].encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="1 is 90,000 clients (1)")
    parser.add_argument("--days", type=int, default=2, help="days to load, one by one (2)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="loanbook-bench-") as name:
        folder = Path(name)
        with served(folder / "home") as lease:
            target = fresh(lease, folder / "home", "profile")
            install_book(target)
            instrument(target)
            for day in range(chosen.days):
                written = write(folder / f"day{day}", scale=chosen.scale, day=day)
                clients, loans, contacts = written.files
                pass_a_night(target)
                for line in profile(target, [clients, contacts, loans], day):
                    print(line, flush=True)


if __name__ == "__main__":
    main()
