"""What is printed: for a pipe and for a terminal."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from decimal import Decimal

import pytest

from loanbook.cli import shown
from loanbook.cli.page import Page, progress_of_files
from loanbook.mart import Total

ROWS = [(1, "a\x1b[31m", None), (1000, "[bold]b[/bold]", "x" * 100)]


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")


def total(measure: str, *parts: str, unreadable: int = 0) -> Total:
    inserted, updated, unchanged, collapsed, quarantined = map(Decimal, parts)
    return Total(
        measure=measure,
        in_file=inserted + updated + unchanged + collapsed + quarantined,
        inserted=inserted,
        updated=updated,
        unchanged=unchanged,
        collapsed=collapsed,
        quarantined=quarantined,
        unreadable=unreadable,
    )


def test_a_table_in_a_pipe_is_plain_aligned_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    Page().table(("n", "name", "more"), ROWS, right=("n",))
    assert capsys.readouterr().out == (
        "   n  name            more\n   1  a\\x1b[31m\n1000  [bold]b[/bold]  " + "x" * 100 + "\n"
    )


def test_a_table_on_a_terminal_fits_it_and_takes_no_markup() -> None:
    with redirect_stdout(Terminal()) as terminal:
        Page().table(("n", "name", "more"), ROWS, right=("n",))
    lines = terminal.getvalue().splitlines()
    assert all(len(line.replace("\x1b[1m", "").replace("\x1b[0m", "")) <= 80 for line in lines)
    assert r"a\x1b[31m" in terminal.getvalue()
    assert "[bold]b[/bold]" in terminal.getvalue()


def test_facts_leave_out_what_is_blank(capsys: pytest.CaptureFixture[str]) -> None:
    Page().facts([("client", 42), ("denied at", ""), ("reason", None), ("x", 0)])
    assert capsys.readouterr().out == "client  42\nx       0\n"


def test_an_identity_names_every_part_of_the_lines() -> None:
    told = shown.identity(total("lines", "90000", "0", "0", "0", "0"), "BRL")
    assert told.replace("\u00a0", " ") == (
        "lines 90,000 = 90,000 inserted + 0 updated + 0 unchanged + 0 collapsed + 0 quarantined"
    )


def test_an_identity_of_money_leaves_out_what_is_nothing() -> None:
    told = shown.identity(total("tax", "1000.5", "0", "0", "0", "2", unreadable=2), "BRL")
    assert told.replace("\u00a0", " ") == (
        "tax BRL 1,002.50 = 1,000.50 inserted + 2.00 quarantined (2 amounts unreadable)"
    )


def test_an_identity_of_no_money_is_still_one() -> None:
    told = shown.identity(total("tax", "0", "0", "0", "0", "0"), "BRL")
    assert told.replace("\u00a0", " ") == "tax BRL 0.00 = 0.00 inserted"


def test_lines_are_folded_on_a_terminal_between_the_parts_only() -> None:
    identity = shown.identity(total("lines", "90000", "0", "0", "0", "0"), "BRL")
    with redirect_stdout(Terminal()) as terminal:
        Page().line("  " + identity, "      ")
    assert terminal.getvalue() == (
        "  lines 90,000 = 90,000 inserted + 0 updated + 0 unchanged + 0 collapsed +\n"
        "      0 quarantined\n"
    )


def test_a_pipe_sees_no_progress() -> None:
    with progress_of_files() as progress:
        assert progress is None


def test_a_terminal_sees_progress() -> None:
    with redirect_stderr(Terminal()) as errors, progress_of_files() as progress:
        assert progress is not None
        progress("lo\x1bans.csv", 50, 100)
        progress("lo\x1bans.csv", 100, 100)
        progress("empty.csv", 0, 0)
    assert r"lo\x1bans.csv" in errors.getvalue()
