"""One text, two engines, and plain Python: small hostile books get the same answers from all."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.books import DAY, agree, books, days, in_duckdb, in_postgres
from tests.houses import Rolled
from tests.portfolio_model import Book, Model

from loanbook.portfolio import catalogue

if TYPE_CHECKING:
    from tests.houses import Houses

QUESTIONS = catalogue.catalogue()


def all_agree(houses: Houses, shared: str, book: Book, as_of: date) -> None:
    """Both engines and the model answer every question alike."""
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as other,
        houses.driver(shared) as driven,
        Rolled.within(driven) as rolled,
        in_duckdb(Path(folder), book, as_of) as duckdb,
        in_duckdb(Path(other), book, as_of, with_states=True) as snapshot,
    ):
        postgres = in_postgres(rolled, book, as_of)
        model = Model(book, as_of)
        for question in QUESTIONS:
            rows = postgres.rows(question.text)
            assert rows == duckdb.rows(question.text), question.name
            assert rows == snapshot.rows(question.text), question.name
            agree(rows, model.answer(question.name))


@given(book=books(), as_of=st.one_of(days, st.just(DAY)))
def test_any_book(book: Book, as_of: date, houses: Houses, shared: str) -> None:
    all_agree(houses, shared, book, as_of)


@pytest.mark.parametrize("as_of", [date(1950, 1, 1), DAY, date(2150, 1, 1)])
def test_an_empty_book(as_of: date, houses: Houses, shared: str) -> None:
    all_agree(houses, shared, Book(), as_of)
    for question in QUESTIONS:
        rows = Model(Book(), as_of).answer(question.name)
        assert len(rows) == {"book_at_a_glance": 1, "portfolio_at_risk": 5}.get(question.name, 0)


@pytest.mark.parametrize("offset", [-500, -1, 0, 1, 89, 90, 91, 2_000])
@settings(max_examples=3)
@given(book=books().filter(lambda book: bool(book.loans)))
def test_one_loan_around_its_dates(book: Book, offset: int, houses: Houses, shared: str) -> None:
    all_agree(houses, shared, book, book.loans[0]["created_at"].date() + timedelta(offset))
