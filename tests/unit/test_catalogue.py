"""The catalogue says what each question is, and its header says the same as its columns."""

from __future__ import annotations

import pytest

from loanbook import sql
from loanbook.errors import UnknownQuestion
from loanbook.portfolio import catalogue
from loanbook.sql import headers

QUESTIONS = catalogue.catalogue()
NAMES = [question.name for question in QUESTIONS]


def test_all_questions_are_there_in_the_order_of_a_reader() -> None:
    assert tuple(NAMES) == catalogue.ORDER
    assert len(catalogue.SIX) == 6


@pytest.mark.parametrize("question", QUESTIONS, ids=NAMES)
def test_a_question_explains_itself(question: catalogue.Question) -> None:
    assert question.question.endswith("?")
    assert question.grain.startswith("One row ")
    assert len(question.definition) > 100
    names = [column.name for column in question.columns]
    assert len(set(names)) == len(names)
    for column in question.columns:
        assert column.meaning.endswith("."), column
        assert (column.unit in {"share", "ratio"}) == (column.numerator is not None), column
        assert {column.numerator, column.denominator} <= {*names, None}, column
        assert column.unit != "money" or column.type in {"decimal", "double"}, column


@pytest.mark.parametrize("question", QUESTIONS, ids=NAMES)
def test_what_is_tested_are_counts_of_the_answer(question: catalogue.Question) -> None:
    if question.test is not None:
        assert question.column(question.test.successes).unit == "count"
        assert question.column(question.test.trials).unit == "count"
        question.column(question.test.groups)


def test_a_rate_is_never_told_without_its_counts() -> None:
    for question in QUESTIONS:
        for column in question.columns:
            if column.unit == "share":
                assert question.column(str(column.numerator)).type == "bigint"
                assert question.column(str(column.denominator)).type == "bigint"


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("default_by_rate", "default_by_interest_rate"),
        ("seasns", "seasons"),
        ("risk", "portfolio_at_risk"),
        ("ISSUANCE_BY_MONTH", "issuance_by_month"),
        ("zzzzzz", "`loanbook ask` lists them"),
        ("", "`loanbook ask` lists them"),
        ("../questions/seasons", "seasons"),
    ],
)
def test_an_unknown_question_suggests_what_sounds_like_it(asked: str, hint: str) -> None:
    with pytest.raises(UnknownQuestion) as refused:
        catalogue.find(asked)
    assert hint in str(refused.value)


def test_a_column_that_is_not_there_is_not_found() -> None:
    with pytest.raises(KeyError):
        QUESTIONS[0].column("nobody")


@pytest.mark.parametrize(
    "header",
    [
        "-- grain: One row.\n-- grain: Two rows.\n",
        "-- column: a | bigint | count\n",
        "-- column: a | number | count | Something.\n",
        "-- column: a | bigint | apples | Something.\n",
        "-- column: a | double | share a of b | Something.\n",
    ],
)
def test_a_header_against_the_grammar_is_refused(
    header: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "text", lambda _: header + "select 1\n")
    with pytest.raises(ValueError, match=r"told twice|column is|unknown type"):
        headers.read.__wrapped__("questions/x.sql")


def test_a_header_goes_on_under_its_first_line(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "-- grain: One row\n--     per pair.\n-- column: a | bigint | count | So\n--     many.\n"
    monkeypatch.setattr(sql, "text", lambda _: text + "select 1\n")
    found = headers.read.__wrapped__("questions/x.sql")
    assert found.told == {"grain": "One row per pair."}
    assert found.columns == (headers.Column("a", "bigint", "count", "So many."),)
