"""Figures of a week equal the questions' figures, and what plain Python makes of small books."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given
from tests.books import DAY, agree, books, days, in_duckdb, in_postgres
from tests.houses import Rolled
from tests.portfolio_model import GONE, ZERO, Book, Loan, Model

from loanbook import sql
from loanbook.portfolio import catalogue, weeks

if TYPE_CHECKING:
    from tests.houses import Houses

    from loanbook.portfolio.engines import PostgreSQL

WEEK = timedelta(days=7)
Row = dict[str, Any]


def asked(engine: PostgreSQL, name: str) -> list[Row]:
    return engine.rows(catalogue.find(name).text)


def total(amounts: list[Decimal]) -> Decimal:
    return sum(amounts, ZERO)


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def modelled(book: Book, as_of: date) -> Row:
    """A week worked out loan by loan."""
    model, begins = Model(book, as_of), as_of - WEEK
    loans = model.loans

    def closed_on(loan: Loan) -> date:
        return loan.paid or loan.due

    def balance(loan: Loan) -> Decimal:
        return max(loan.balance, ZERO)

    def week_money(loan: Loan) -> Decimal:
        return total([amount for day, amount in loan.money if day and begins <= day])

    new = [one for one in loans if one.issued >= begins]
    paid = [one for one in loans if one.paid and one.paid >= begins]
    gone = [one for one in loans if one.status in GONE and one.due >= begins]
    closed = [one for one in loans if one.status != "ongoing"]
    still = [one for one in loans if one.status == "ongoing"]
    coming = [one for one in still if as_of <= one.due < as_of + WEEK]
    moving = {(one.issued.year, one.issued.month) for one in still}
    ripe = [one for one in loans if (one.issued.year, one.issued.month) not in moving]
    on_time = sum(bool(one.paid and one.paid <= one.due) for one in paid)
    bad = sum(one.status in GONE for one in ripe)
    borrowers = {one.user_id for one in loans} & {user_id for user_id, *_ in model.clients}
    return {
        "begins_on": begins,
        "as_of": as_of,
        "loans": len(new),
        "principal": total([one.amount for one in new]),
        "amount_received": total([week_money(one) for one in loans]),
        "paid_loans": len(paid),
        "on_time_loans": on_time,
        "on_time_share": share(on_time, len(paid)),
        "net_gain": total(
            [one.net if closed_on(one) >= begins else week_money(one) for one in closed]
        ),
        "default_loans": len(gone),
        "default_principal": total([one.amount for one in gone]),
        "default_balance": total([balance(one) for one in gone]),
        "ongoing_loans": len(still),
        "ongoing_balance": total([balance(one) for one in still]),
        "coming_loans": len(coming),
        "coming_balance": total([balance(one) for one in coming]),
        "matured_loans": len(ripe),
        "matured_default_loans": bad,
        "matured_default_rate": share(bad, len(ripe)),
        "clients": len(model.clients),
        "borrowers": len(borrowers),
        "adherence": share(len(borrowers), len(model.clients)),
    }


@given(book=books(), as_of=days)
def test_any_book(book: Book, as_of: date, houses: Houses, shared: str) -> None:
    text = sql.text(weeks.FILE)
    with (
        tempfile.TemporaryDirectory() as folder,
        houses.driver(shared) as driven,
        Rolled.within(driven) as rolled,
        in_duckdb(Path(folder), book, as_of) as duckdb,
    ):
        rows = in_postgres(rolled, book, as_of).rows(text)
        assert rows == duckdb.rows(text)
        agree(rows, [modelled(book, as_of)])


@given(book=books(), as_of=days)
def test_the_week_is_what_the_questions_say_more_at_its_end_than_at_its_beginning(
    book: Book, as_of: date, houses: Houses, shared: str
) -> None:
    with houses.driver(shared) as driven, Rolled.within(driven) as rolled:
        engine = in_postgres(rolled, book, as_of)
        [week] = engine.rows(sql.text(weeks.FILE))
        [end] = asked(engine, "book_at_a_glance")
        received = asked(engine, "collections_by_month")
        cells = asked(engine, "default_by_month_and_batch")
        owed = asked(engine, "portfolio_at_risk")
        batches = asked(engine, "adherence_by_batch")
        [start] = asked(engine.on(as_of - WEEK), "book_at_a_glance")
        before = asked(engine, "collections_by_month")
    for name, glance in {
        "loans": "loans", "principal": "principal", "paid_loans": "paid_loans",
        "default_loans": "default_loans", "default_principal": "default_principal",
        "net_gain": "net_gain",
    }.items():  # fmt: skip
        assert week[name] == end[glance] - start[glance], name
    for name in ("ongoing_loans", "clients"):
        assert week[name] == end[name], name
    assert week["borrowers"] == sum(row["borrowers"] for row in batches)
    seasons: dict[date, list[int]] = {}
    for row in cells:
        season = seasons.setdefault(row["month"], [0, 0, 0])
        for place, name in enumerate(("loans", "default_loans", "ongoing_loans")):
            season[place] += row[name]
    ripe = [(loans, bad) for loans, bad, still in seasons.values() if not still]
    assert week["matured_loans"] == sum(loans for loans, _ in ripe)
    assert week["matured_default_loans"] == sum(bad for _, bad in ripe)
    assert week["ongoing_balance"] <= (owed[0]["total_balance"] or 0)
    if all_after_issue(book):
        assert week["amount_received"] == money(received) - money(before)


def money(rows: list[Row]) -> Decimal:
    """All that came in on days that are known."""
    return total([row["amount_received"] for row in rows if not row["is_undated"]])


def all_after_issue(book: Book) -> bool:
    """No money counts before its loan was issued, which no question of that day could tell."""
    issued = {loan["loan_id"]: loan["created_at"].date() for loan in book.loans}
    return all(
        p["effective_on"] is None or p["effective_on"] >= issued[p["loan_id"]]
        for p in book.payments
    )


def test_an_empty_week(houses: Houses, shared: str) -> None:
    with houses.driver(shared) as driven, Rolled.within(driven) as rolled:
        [row] = in_postgres(rolled, Book(), DAY).rows(sql.text(weeks.FILE))
    assert (row["begins_on"], row["as_of"]) == (DAY - WEEK, DAY)
    assert {value for name, value in row.items() if name not in {"begins_on", "as_of"}} == {0, None}
