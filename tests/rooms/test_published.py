"""The demo at scale 1: the published figures come out of the questions, alike from both engines."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.desk import Desk

from loanbook import demo
from loanbook.demo import published
from loanbook.mart import figures
from loanbook.portfolio import answers, catalogue, engines, lake, snapshots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.houses import Houses

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def whole(houses: Houses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The demo's book of scale 1 and its snapshot, only to be read."""
    name = houses.copy()
    with Desk.at(houses, name, tmp_path_factory.mktemp("whole") / "home") as desk:
        written = demo.write(desk.settings.input_data, scale=1, seed=1, day=0)
        for kind in ("clients", "loans"):
            desk.load(desk.settings.input_data / f"{kind}.csv")
        figures.advance(desk.app, written.as_of)
        snapshots.write(desk.app, desk.settings.lake)
        yield desk
    houses.drop(name)


@pytest.fixture(scope="module")
def told(whole: Desk) -> Rows:
    """The rows of each question, by PostgreSQL."""
    with engines.of_book(whole.app) as book:
        return {one.name: book.rows(one.text) for one in catalogue.catalogue()}


def test_both_engines_agree_exactly(whole: Desk, told: Rows) -> None:
    with lake.opened(whole.settings.lake) as tables:
        for question in catalogue.catalogue():
            assert tables.rows(question.text) == told[question.name], question.name


@pytest.mark.parametrize("as_of", [date(2022, 2, 28), date(2023, 11, 1)])
def test_both_engines_agree_on_earlier_days(whole: Desk, as_of: date) -> None:
    with engines.of_book(whole.app, as_of) as book, lake.opened(whole.settings.lake, as_of) as made:
        for question in catalogue.catalogue():
            assert made.rows(question.text) == book.rows(question.text), question.name


def test_the_month_table_is_the_published_one(told: Rows) -> None:
    found = [
        (
            row["month"].year, row["month"].month, row["loans"], row["principal"],
            row["paid_loans"], row["default_loans"], row["ongoing_loans"],
            row["paid_principal"], row["default_principal"], row["ongoing_principal"],
        )
        for row in told["issuance_by_month"]
    ]  # fmt: skip
    assert found == [
        (
            month.year, month.month, month.loans, month.principal, month.paid_loans,
            month.default_loans, month.ongoing_loans, month.paid_principal,
            month.default_principal, month.ongoing_principal,
        )
        for month in published.MONTHS
    ]  # fmt: skip
    best = {row["rank_by_loans"]: row["month"] for row in told["issuance_by_month"]}
    assert best[1] == date(2023, 12, 1)


def test_the_book_is_the_published_one(told: Rows) -> None:
    (row,) = told["book_at_a_glance"]
    assert (row["clients"], row["approved_clients"], row["borrowers"]) == (90_000, 71_659, 70_959)
    assert (row["loans"], row["paid_loans"], row["default_loans"], row["ongoing_loans"]) == (
        150_708, 89_595, 12_341, 48_772,
    )  # fmt: skip
    assert row["principal"] == 3_798_969_919
    assert row["default_principal"] == 309_509_023
    assert row["ongoing_principal"] == 1_234_146_012
    assert round(100 * row["default_rate"], 2) == 8.19
    assert round(100 * row["matured_default_rate"], 2) == 12.11


def test_the_closed_book_gains_what_was_published(told: Rows) -> None:
    (row,) = told["book_at_a_glance"]
    assert round(row["closed_principal"] / 10**6, 1) == Decimal("2564.8")
    # Rates and part payments are drawn anew in the demo: a tenth of a point is their randomness.
    assert 100 * row["gross_yield"] == pytest.approx(7.31, abs=0.15)
    assert 100 * row["net_yield"] == pytest.approx(6.19, abs=0.15)
    for basis in ("issue", "cash"):
        rows = [r for r in told["profitability_timeline"] if r["basis"] == basis]
        assert (
            sum(r["net_gain"] for r in rows) == row["net_gain"] == rows[-1]["cumulative_net_gain"]
        )
        assert sum(r["closed_loans"] for r in rows) == row["matured_loans"]


def test_questions_that_count_the_same_agree(told: Rows) -> None:
    (glance,) = told["book_at_a_glance"]
    for name in ("default_by_interest_rate", "default_by_month_and_batch", "issuance_by_month"):
        for column in ("loans", "default_loans", "ongoing_loans", "principal"):
            assert sum(row[column] for row in told[name]) == glance[column], (name, column)
    assert sum(row["borrowers"] for row in told["adherence_by_batch"]) == glance["borrowers"]
    ageing = told["portfolio_at_risk"]
    assert sum(row["balance"] for row in ageing) == glance["owed_balance"]
    assert ageing[2]["at_risk_share"] == glance["par_30"]
    deciles = [row for row in told["concentration"] if row["kind"] == "decile"]
    assert sum(row["exposure"] for row in deciles) == ageing[0]["balance"]
    assert deciles[-1]["cumulative_share"] == 1.0


def test_money_adds_up(whole: Desk, told: Rows) -> None:
    received = sum(row["amount_received"] for row in told["collections_by_month"])
    assert received == whole.app.value("select sum(amount) from report.payments")


@pytest.mark.parametrize("name", ["default_by_interest_rate", "default_by_month_and_batch"])
def test_neither_rates_nor_batches_differ_in_default(whole: Desk, name: str) -> None:
    with engines.of_book(whole.app) as book:
        found = answers.ask(book, catalogue.find(name)).comparison
    assert found is not None
    assert found.degrees == 3
    assert found.n == 101_936
    assert found.sentence.startswith("No detectable difference")


def test_young_seasons_are_marked_and_no_improvement(told: Rows) -> None:
    by_month = {row["month"]: row for row in told["issuance_by_month"]}
    assert [month for month, row in by_month.items() if row["is_open"]] == [date(2024, 1, 1)]
    young = [r for r in told["default_by_month_and_batch"] if r["month"] >= date(2023, 11, 1)]
    assert all(row["is_open"] and row["default_rate"] == 0 for row in young)
    assert all(row["matured_default_rate"] is None for row in young)
