"""What is printed: tables and colours on a terminal, plain aligned text in a pipe."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from contextlib import contextmanager
from typing import TYPE_CHECKING

from loanbook.cli.words import inert

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from _typeshed import SupportsWrite
    from rich.console import Console

    from loanbook.staging.batches import Progress

TIE = "\u00a0"
NARROWEST = 40  # columns of a terminal for which lines are still folded


class Page:
    """Standard output, as the reader of it needs it."""

    def __init__(self) -> None:
        self.is_terminal = sys.stdout.isatty()
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb"
        self.has_bold = self.is_terminal and not plain
        self.width = max(shutil.get_terminal_size().columns, NARROWEST)

    def line(self, text: str = "", indent: str = "") -> None:
        """A line of text; on a terminal it is folded between words, under `indent`.

        What a no-break space joins is not torn apart.
        """
        text = inert(text)
        if self.is_terminal and len(text) > self.width:
            text = textwrap.fill(text, self.width, subsequent_indent=indent, break_on_hyphens=False)
        sys.stdout.write(text.replace(TIE, " ") + "\n")

    def verbatim(self, text: str) -> None:
        """A text in which not even a line break may be added."""
        sys.stdout.write(inert(text) + "\n")

    def lines(self, text: str) -> None:
        """Several lines as they are."""
        for line in text.splitlines():
            self.verbatim(line)

    def title(self, text: str) -> None:
        """A line that begins a part, after a blank one."""
        text = inert(text)
        sys.stdout.write(f"\n\033[1m{text}\033[0m\n" if self.has_bold else f"\n{text}\n")

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[str] = ()
    ) -> None:
        """Rows under column names.

        Args:
            columns: the names.
            rows: their cells; None is blank.
            right: columns of numbers, which are flush right.
        """
        cells = [["" if cell is None else inert(str(cell)) for cell in row] for row in rows]
        if self.is_terminal:
            _rich_table(columns, cells, right)
            return
        widths = [max(len(row[i]) for row in [list(columns), *cells]) for i in range(len(columns))]
        for row in [list(columns), *cells]:
            fitted = (
                cell.rjust(width) if name in right else cell.ljust(width)
                for name, cell, width in zip(columns, row, widths, strict=True)
            )
            sys.stdout.write("  ".join(fitted).rstrip() + "\n")

    def facts(self, pairs: Sequence[tuple[str, object]]) -> None:
        """Names and values, one pair a line; pairs without a value are left out."""
        told = [(name, inert(str(value))) for name, value in pairs if value not in (None, "")]
        width = max((len(name) for name, _ in told), default=0)
        for name, value in told:
            self.line(f"{name.ljust(width)}  {value}", " " * (width + 2))


class _Read:
    """A terminal to which CSV is written: a row a line, with nothing that steers it."""

    def write(self, row: str) -> int:
        """Write a row."""
        return sys.stdout.write(inert(row.removesuffix("\r\n")) + "\n")


def csv_out() -> SupportsWrite[str]:
    """Where a command writes CSV: standard output as it is, unless it is a terminal."""
    if sys.stdout.isatty():
        return _Read()
    sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
    return sys.stdout


def _rich_table(columns: Sequence[str], rows: list[list[str]], right: Sequence[str]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in columns:
        if name in right:
            table.add_column(Text(name), justify="right", no_wrap=True)
        else:
            table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console(highlight=False, markup=False, emoji=False).print(table)


@contextmanager
def progress_of_files() -> Iterator[Progress | None]:
    """A bar for each file that is staged, on a terminal; None elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import Progress as Bars
    from rich.text import Text

    with Bars(*Bars.get_default_columns(), transient=True, console=_errors()) as bars:
        tasks: dict[str, object] = {}

        def tell(file: str, done: int, total: int) -> None:
            if file not in tasks:
                name = Text(inert(file)).markup
                tasks[file] = bars.add_task(name, total=total or 1)
            bars.update(tasks[file], completed=done if total else 1)  # type: ignore[arg-type]

        yield tell


@contextmanager
def progress_of_share(what: str) -> Iterator[Callable[[float], None] | None]:
    """A bar for one work, told its share from 0 to 1, on a terminal; None elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import Progress as Bars

    with Bars(*Bars.get_default_columns(), transient=True, console=_errors()) as bars:
        task = bars.add_task(what, total=1.0)
        yield lambda share: bars.update(task, completed=share)


@contextmanager
def busy(what: str) -> Iterator[None]:
    """A sign that work goes on, on a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    with _errors().status(what):
        yield


def _errors() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False)
