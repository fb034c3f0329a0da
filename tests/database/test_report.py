"""Schema report: a view for each question, for the book's business date or the day that is set."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from tests.cast import CLIENTS, CONTACTS, DAY, LOANS

from loanbook.errors import DatabaseError
from loanbook.mart import figures
from loanbook.portfolio import answers, catalogue, engines

if TYPE_CHECKING:
    from tests.desk import Desk

    from loanbook.database.connection import Database, Row

QUESTIONS = catalogue.catalogue()


@pytest.fixture
def told(desk: Desk) -> Desk:
    """The cast's book after its first run."""
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    figures.advance(desk.app, DAY)
    return desk


def view(book: Database, name: str) -> list[Row]:
    return book.rows(f"select * from report.{name}")  # type: ignore[arg-type, unused-ignore]  # noqa: S608 -- names of our own


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_a_view_answers_as_the_question_does(question: catalogue.Question, told: Desk) -> None:
    with engines.of_book(told.app) as engine:
        rows = engine.rows(question.text)
    assert view(told.app, question.name) == rows
    assert [list(row) for row in rows] == [[c.name for c in question.columns]] * len(rows)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_a_header_tells_the_columns_and_types_of_its_view(
    question: catalogue.Question, told: Desk
) -> None:
    found = told.owner.rows(
        "select a.attname, format_type(a.atttypid, a.atttypmod) as type,"
        " col_description(a.attrelid, a.attnum) as about from pg_attribute as a"
        " where a.attrelid = %(view)s::regclass order by a.attnum",
        view=f"report.{question.name}",
    )
    kinds = {"decimal": "numeric", "double": "double precision", "text": ("text", "character")}
    assert [(row["attname"], row["about"]) for row in found] == [
        (column.name, column.meaning) for column in question.columns
    ]
    for row, column in zip(found, question.columns, strict=True):
        assert row["type"].startswith(kinds.get(column.type, column.type)), column


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_shares_and_ratios_are_what_their_header_says(
    question: catalogue.Question, told: Desk
) -> None:
    for row in view(told.app, question.name):
        for column in question.columns:
            if column.numerator is not None and row[column.name] is not None:
                whole = row[str(column.denominator)]
                assert row[column.name] == float(row[column.numerator]) / float(whole)


def test_the_day_that_is_set_is_answered(told: Desk) -> None:
    with told.app.transaction():
        told.app.rows("select set_config('loanbook.as_of', '2023-07-01', true)")
        (row,) = view(told.app, "book_at_a_glance")
    assert (row["as_of"], row["loans"], row["paid_loans"]) == (date(2023, 7, 1), 2, 0)
    (row,) = view(told.app, "book_at_a_glance")  # a setting that was used once reads '' afterwards
    assert (row["as_of"], row["loans"], row["paid_loans"]) == (DAY, 5, 2)


def test_what_happens_on_the_day_asked_does_not_count(told: Desk) -> None:
    days = {
        date(2023, 6, 1): (0, 0, 0),  # the day of issue of Ana's first loan; Clara's is due later
        date(2023, 6, 2): (1, 0, 0),
        date(2023, 7, 11): (1, 0, 0),  # the day on which she pays it
        date(2023, 7, 12): (1, 1, 0),
    }
    told.owner.rows("update dm.loans set status = 'cancelled' where loan_id = 4 returning loan_id")
    for day, expected in days.items():
        with engines.of_book(told.app, day) as engine:
            (row,) = engine.rows(catalogue.find("book_at_a_glance").text)
        assert (row["loans"], row["paid_loans"], row["default_loans"]) == expected


def test_a_loan_due_on_the_day_asked_is_open_and_not_past_due(told: Desk) -> None:
    question = catalogue.find("portfolio_at_risk")
    due = date(2023, 7, 30)  # Clara's
    for day, arrears in ((due, "not past due"), (date(2023, 7, 31), "1 to 30 days")):
        with engines.of_book(told.app, day) as engine:
            rows = {row["arrears"]: row for row in engine.rows(question.text)}
        assert rows[arrears]["default_loans"] == (day > due)
        assert sum(row["default_loans"] for row in rows.values()) == (day > due)


def test_the_analyst_logs_in_and_reads_only_the_report(told: Desk) -> None:
    told.owner.run("set role loanbook_analyst")
    try:
        assert len(view(told.owner, "issuance_by_month")) == 8
        for relation in ("dm.loans", "dm.contacts", "api.loans", "ops.book", "audit.statements"):
            with pytest.raises(DatabaseError, match="permission denied"):
                told.owner.rows(f"select * from {relation}")  # type: ignore[arg-type, unused-ignore]  # noqa: S608 -- names of our own
        with pytest.raises(DatabaseError, match=r"permission denied|cannot"):
            told.owner.rows("delete from report.loans returning loan_id")
    finally:
        told.owner.run("reset role")


def test_notes_tell_what_a_reader_must_know(told: Desk) -> None:
    question = catalogue.find("default_by_month_and_batch")
    for day, words in (
        (DAY, "Rows marked is_open"),
        (date(2024, 6, 1), "The book stands at 2024-01-25"),
        (date(2020, 1, 1), "no loan was issued before 2020-01-01"),
    ):
        with engines.of_book(told.app, day) as engine:
            assert any(words in note for note in answers.ask(engine, question).notes)
    with engines.of_book(told.app) as engine:
        assert answers.ask(engine, catalogue.find("portfolio_at_risk")).notes == ()


def test_nothing_is_written_while_asking(told: Desk) -> None:
    with engines.of_book(told.app), pytest.raises(DatabaseError, match="read-only"):
        told.app.value("select api.advance_book('2024-02-01')")
    figures.advance(told.app, date(2024, 2, 1))  # and afterwards the connection writes again
