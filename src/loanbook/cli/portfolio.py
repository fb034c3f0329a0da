"""Commands about the portfolio as a whole: ask, snapshot."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from loanbook.cli import jsons
from loanbook.cli.door import Door, command
from loanbook.cli.options import parse_day
from loanbook.cli.page import Page, busy, csv_out
from loanbook.cli.words import count, day
from loanbook.errors import UsageError
from loanbook.settings import Settings

if TYPE_CHECKING:
    from loanbook.portfolio.answers import Answer
    from loanbook.portfolio.catalogue import Question
    from loanbook.portfolio.engines import Engine


class EngineName(StrEnum):
    """Who answers."""

    postgres = "postgres"
    duckdb = "duckdb"


class Format(StrEnum):
    """How an answer is written."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


BookDay = Annotated[
    date | None,
    typer.Option(
        "--as-of",
        parser=parse_day,
        metavar="DATE",
        help="What happened before this day counts; by default the book's business date.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    command(app)(ask)
    command(app)(snapshot)


def ask(
    door: Door,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The question; without it, all are listed.")
    ] = None,
    as_of: BookDay = None,
    engine: Annotated[
        EngineName, typer.Option(help="The book in PostgreSQL, or DuckDB over a snapshot of it.")
    ] = EngineName.postgres,
    form: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.table,
) -> None:
    """Answer a question about the portfolio.

    A table comes with its definition, with 95 % intervals (Wilson) of shares and with what must be
    known to read it. JSON is a list of rows. DuckDB needs no server, only a snapshot.

    \b
    Examples:
      loanbook ask
      loanbook ask issuance_by_month
      loanbook ask client_ranking --as-of 2023-06-30
      loanbook ask seasons --format csv > seasons.csv
      loanbook ask adherence_by_batch --engine duckdb --format json
    """
    from loanbook.portfolio import answers, catalogue

    if name is None:
        questions = catalogue.catalogue()
        door.answer(list(questions), lambda page, _: _list(page, questions))
        return
    question = catalogue.find(name)
    if form is Format.parquet and not door.wants_json and sys.stdout.isatty():
        raise UsageError(problem="Parquet is not for reading; send it into a file with `> FILE`.")
    with opened_engine(door, engine, as_of) as opened:
        answer = answers.ask(opened, question)
    _write(door, answer, Format.json if door.wants_json else form)


def snapshot(door: Door, as_of: BookDay = None) -> None:
    """Copy the book into the lake, to be asked without a server.

    Clients, loans and payments as one transaction sees them, as Parquet files without personal
    data, and a manifest with their counts, sums and digests. A snapshot that was there for that
    day is replaced.

    \b
    Examples:
      loanbook snapshot
      loanbook snapshot --as-of 2024-01-25 --json
    """
    from loanbook.portfolio import snapshots

    folder = door.settings.lake
    with door.book() as book, busy("Copying"):
        made = snapshots.write(book, folder, as_of)

    def show(page: Page, _: Settings) -> None:
        page.line(f"The book as of {day(made.as_of)} is in {folder}.")
        for part in made.parts:
            page.line(f"  {part.file}: {count(part.row_count, 'row')}")

    door.answer(made, show)


@contextmanager
def opened_engine(door: Door, name: EngineName, as_of: date | None) -> "Iterator[Engine]":
    """Who answers: the book, or a snapshot in the lake."""
    if name is EngineName.duckdb:
        from loanbook.portfolio import lake

        with lake.opened(door.settings.lake, as_of) as tables:
            yield tables
        return
    from loanbook.portfolio import engines

    with door.book() as book, engines.of_book(book, as_of) as opened:
        yield opened


def _write(door: Door, answer: "Answer", form: Format) -> None:
    from loanbook.cli import answered
    from loanbook.portfolio import formats

    if form is Format.table:
        answered.show(door.page, answer, door.settings.currency)
    elif form is Format.json:
        sys.stdout.writelines(jsons.pieces(list(answer.rows)))
        sys.stdout.write("\n")
    elif form is Format.csv:
        formats.write_csv(answer, csv_out())
    else:
        formats.write_parquet(answer, sys.stdout.buffer)
    if form is not Format.table:
        for note in answer.notes:
            sys.stderr.write(f"Note: {note}\n")
    sys.stdout.flush()


def _list(page: Page, questions: "tuple[Question, ...]") -> None:
    page.table(("name", "question"), [(one.name, one.question) for one in questions])
    page.line()
    page.line("Next: loanbook ask NAME")
