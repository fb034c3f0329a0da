"""The commands ask and snapshot as processes: every form of an answer, and how they are refused."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import pytest
from tests.cast import CLIENTS, CONTACTS, LOANS
from tests.program import Program

from loanbook.portfolio import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = ("--as-of", "2024-01-25")
ENGINES = ("postgres", "duckdb")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A workspace with the cast's book and a snapshot of it."""
    with Program.at(tmp_path_factory.mktemp("told") / "a home") as program:
        program.deliver(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
        program("run", *DAY)
        program("snapshot")
        yield program


def test_the_questions_are_listed(told: Program) -> None:
    said = told("ask").out
    for question in catalogue.catalogue():
        assert f"{question.name} " in said
        assert question.question in said
    assert [one["name"] for one in told.json("ask")] == list(catalogue.ORDER)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_table_tells_definition_intervals_and_notes(told: Program, engine: str) -> None:
    said = told("ask", "default_by_interest_rate", "--engine", engine).out
    assert "Do different interest rates lead to different default rates?" in said
    assert "As of 2024-01-25; amounts in BRL. 3 rows." in said
    assert "defaulted of issued loans" in said
    assert "Left out: Cancelled loans." in said
    assert "100.00 % (20.7 to 100.0)" in said
    assert "Too few to tell" in said
    assert "Rows marked is_open can still change" in said
    lines = [line for line in said.splitlines() if line.lstrip().startswith(("20 %", "70 %"))]
    assert len(lines) == 2
    assert lines[0].index(" %") == lines[1].index(" %")


def test_one_row_is_told_line_by_line(told: Program) -> None:
    said = told("ask", "book_at_a_glance").out
    assert "\nloans                 5\n" in said
    assert "\nmatured_default_rate  33.33 % (6.1 to 79.2)\n" in said


@pytest.mark.parametrize(
    "name",
    ["client_ranking", "default_by_month_and_batch", "collections_by_month", "portfolio_at_risk"],
)
def test_both_engines_give_the_same_json_and_csv(told: Program, name: str) -> None:
    answers = [told("ask", name, "--engine", engine, "--format", "json").out for engine in ENGINES]
    assert answers[0] == answers[1] == told("ask", name, "--json").out
    rows = json.loads(answers[0], parse_float=Decimal)
    assert isinstance(rows, list)
    written = list(csv.DictReader(io.StringIO(told("ask", name, "--format", "csv").out)))
    assert [list(row) for row in written] == [list(row) for row in rows]
    for cells, row in zip(written, rows, strict=True):
        for column, value in row.items():
            if isinstance(value, bool):
                assert cells[column] == str(value).lower()
            elif isinstance(value, (int, Decimal)):
                assert Decimal(cells[column]) == value
            else:
                assert cells[column] == (value or "")


def test_parquet_keeps_types(told: Program, tmp_path: Path) -> None:
    file = tmp_path / "answer.parquet"
    with file.open("wb") as out:
        subprocess.run(
            [sys.executable, "-m", "loanbook", "--home", str(told.home), "ask",
             "issuance_by_month", "--format", "parquet"],
            stdout=out, env=told.environ, check=True,
        )  # fmt: skip
    found = duckdb.read_parquet(str(file))
    kinds = {name: str(kind) for name, kind in zip(found.columns, found.types, strict=True)}
    assert kinds["month"] == "DATE"
    assert kinds["loans"] == "BIGINT"
    assert kinds["principal"] == "DECIMAL(18,2)"
    assert kinds["is_open"] == "BOOLEAN"
    assert len(found.fetchall()) == len(told.json("ask", "issuance_by_month")) == 8


def test_another_day_is_another_answer(told: Program) -> None:
    (row,) = told.json("ask", "book_at_a_glance", "--as-of", "2023-07-01")
    assert (row["as_of"], row["loans"]) == ("2023-07-01", 2)
    (row,) = told.json("ask", "book_at_a_glance", "--as-of", "2023-07-01", "--engine", "duckdb")
    assert (row["as_of"], row["loans"]) == ("2023-07-01", 2)


@pytest.mark.parametrize("engine", ENGINES)
def test_days_outside_the_book_are_told_in_words(told: Program, engine: str) -> None:
    before = told("ask", "issuance_by_month", "--as-of", "2001-01-01", "--engine", engine)
    assert "There is nothing to tell: no loan was issued before 2001-01-01." in before.out
    after = told("ask", "issuance_by_month", "--as-of", "2030-01-01", "--engine", engine, "--json")
    assert len(json.loads(after.out)) == 8
    assert "Note: The book stands at 2024-01-25" in after.err


@pytest.mark.parametrize("engine", ENGINES)
def test_an_unknown_question_suggests_near_names(told: Program, engine: str) -> None:
    said = told.refusal("ask", "default_by_rate", "--engine", engine, code=2)
    assert said.startswith("There is no question default_by_rate: did you mean")
    assert "default_by_interest_rate" in said


def test_bad_options_are_not_understood(told: Program) -> None:
    for options in (("--engine", "oracle"), ("--format", "xml"), ("--as-of", "yesterday")):
        assert told.refusal("ask", "seasons", *options, code=2)


def test_before_the_first_run_there_is_no_day(tmp_path: Path) -> None:
    with Program.at(tmp_path / "home") as loanbook:
        for command in (("ask", "seasons"), ("snapshot",)):
            assert "has no business date yet" in loanbook.refusal(*command)
        refused = loanbook.refusal("ask", "seasons", "--engine", "duckdb")
        assert refused.startswith("There is no snapshot yet in")
        assert loanbook.json("ask", "seasons", *DAY) == []
        assert loanbook.json("snapshot", *DAY)["parts"][0]["row_count"] == 0
        (row,) = loanbook.json("ask", "book_at_a_glance", "--engine", "duckdb")
        assert (row["as_of"], row["clients"]) == ("2024-01-25", 0)
        for name in catalogue.ORDER:  # each has one clear page for an empty book
            assert loanbook("ask", name, *DAY).out.count("?\n") == 1


def test_a_snapshot_says_what_it_wrote(told: Program) -> None:
    said = told("snapshot").out
    assert said.startswith(f"The book as of 2024-01-25 is in {told.home / 'lake'}.\n")
    assert "  loans/as_of=2024-01-25/part-0.parquet: 5 rows\n" in said
    assert told.json("snapshot")["as_of"] == "2024-01-25"
    assert "knows nothing of 2024-02-01" in told.refusal("snapshot", "--as-of", "2024-02-01")


def test_a_snapshot_that_cannot_be_trusted_is_refused(told: Program, tmp_path: Path) -> None:
    manifest = told.home / "lake" / "manifests" / "as_of=2024-01-25.json"
    text = manifest.read_text("utf-8")
    manifest.unlink()
    asked = ("ask", "seasons", "--engine", "duckdb")
    assert "The snapshot of 2024-01-25" in told.refusal(*asked)
    assert "half-written" in told.refusal(*asked, *DAY)
    manifest.write_text(text, "utf-8")
    assert told.json(*asked) == told.json("ask", "seasons")
    with Program.at(tmp_path / "home") as loanbook:
        loanbook("ask", "seasons", *DAY)
        (loanbook.home / "lake").write_text("in the way", "utf-8")
        assert "cannot be written" in loanbook.refusal("snapshot", *DAY)
