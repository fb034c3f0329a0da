"""Small hostile books, and how they come before the two engines."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isclose
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from tests.portfolio_model import Book, Row

from loanbook import sql
from loanbook.portfolio import duck, engines, lake, snapshots

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hypothesis.strategies import DrawFn
    from tests.houses import Rolled

    from loanbook.portfolio.engines import DuckDB, PostgreSQL

DAY = date(2024, 1, 25)
STATUSES = ("ongoing", "paid", "default", "written_off", "cancelled")
MIDNIGHT, EVENING = time(), time(23, 59, 59)

days = st.integers(-400, 60).map(lambda n: DAY + timedelta(n))
moments = st.builds(datetime.combine, days, st.sampled_from((MIDNIGHT, time(9, 30), EVENING)))
cents = st.integers(1, 9_999_999).map(lambda n: Decimal(n) / 100)
texts = st.sampled_from(
    (None, "defaulter", 'a "quoted", text', "two\nlines\r\n", "a\rb", "\\N", "ação ☃")
)


@st.composite
def books(draw: DrawFn) -> Book:
    """A book that the constraints of the mart allow, and that no sane lender would have."""
    book = Book()
    for user_id in range(1, draw(st.integers(0, 6)) + 1):
        denied = draw(st.booleans())
        book.clients.append({
            "user_id": user_id,
            "created_at": draw(moments),
            "status": "denied" if denied else "approved",
            "batch": draw(st.sampled_from((1, 2, 7))),
            "credit_limit": draw(st.sampled_from((Decimal(0), Decimal("500.50"), Decimal(10_000)))),
            "interest_rate": Decimal(20),
            "denied_reason": draw(texts) if denied else None,
            "denied_at": draw(moments) if denied else None,
        })  # fmt: skip
    for loan_id in range(1, draw(st.integers(0, 12 if book.clients else 0)) + 1):
        _lend(draw, book, loan_id)
    return book


def _lend(draw: DrawFn, book: Book, loan_id: int) -> None:
    user_id = draw(st.sampled_from([client["user_id"] for client in book.clients]))
    has_open = any(o["user_id"] == user_id and o["status"] == "ongoing" for o in book.loans)
    status = draw(st.sampled_from(STATUSES[1:] if has_open else STATUSES))
    created = draw(moments)
    due = created + timedelta(draw(st.sampled_from((90, 90, 90, 1, 30, 120))))
    paid = created + timedelta(draw(st.sampled_from((0, 9, 10, 11, 89, 90, 95, 130))))
    payments = _pay(draw, loan_id, created.date())
    amount = draw(cents)
    book.loans.append({
        "loan_id": loan_id, "user_id": user_id, "created_at": created, "due_at": due,
        "paid_at": paid if status == "paid" else None, "status": status, "loan_amount": amount,
        "tax": draw(st.sampled_from((Decimal(0), Decimal("11.18")))),
        "due_amount": amount + draw(st.sampled_from((Decimal(0), Decimal("61.18")))),
        "amount_paid": sum((p["amount"] for p in payments), Decimal(0)),
        "interest_rate": draw(st.sampled_from((None, Decimal(20), Decimal("33.3333")))),
    })  # fmt: skip
    book.payments += payments


def _pay(draw: DrawFn, loan_id: int, issued: date) -> list[Row]:
    payments: list[Row] = []
    paid = Decimal(0)
    for number in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(("opening", "payment", "correction")))
        amount = draw(cents)
        if kind == "correction":
            amount = -min(amount, paid)
        when = None if kind == "opening" and draw(st.booleans()) else draw(st.integers(-5, 150))
        if amount:
            paid += amount
            payments.append({
                "payment_id": 10 * loan_id + number, "loan_id": loan_id, "kind": kind,
                "amount": amount,
                "effective_on": None if when is None else issued + timedelta(when),
            })  # fmt: skip
    return payments


def in_postgres(rolled: Rolled, book: Book, as_of: date) -> PostgreSQL:
    """The book in a transaction that is to be rolled back, and the engine on it."""
    for table, rows in (("clients", book.clients), ("loans", book.loans)):
        for row in rows:
            rolled.owner.rows(_insert(table, row), **row, owner="main")
    for row in book.payments:
        rolled.owner.rows(_insert("payments", row), **row, owner="main")
    return asking(rolled, as_of)


def asking(rolled: Rolled, as_of: date) -> PostgreSQL:
    """The engine for another day."""
    rolled.app.rows(sql.queries("portfolio")["ask_as_of"], as_of=as_of.isoformat())
    return engines.PostgreSQL(rolled.app, as_of, None)


def _insert(table: str, row: Row) -> Any:  # noqa: ANN401 -- a statement made of our own names
    names = [*row, "owner"]
    values = ", ".join(f"%({name})s" for name in names)
    override = "overriding system value " if table == "payments" else ""
    key = next(iter(row))
    return (
        f"insert into dm.{table} ({', '.join(names)}) {override}values ({values}) returning {key}"
    )


@contextmanager
def in_duckdb(
    folder: Path, book: Book, as_of: date, *, with_states: bool = False
) -> Iterator[DuckDB]:
    """The book as Parquet files, and the engine on them.

    Args:
        folder: where the files are made.
        book: the book.
        as_of: the day asked.
        with_states: let the engine read the states of that day, as a snapshot holds them.
    """
    files = {}
    for table, rows in {
        "clients": book.clients, "loans": book.loans, "payments": book.payments
    }.items():  # fmt: skip
        spool, files[table] = folder / f"{table}.csv", folder / f"{table}.parquet"
        with spool.open("w", newline="", encoding="utf-8") as out:
            for row in rows:  # as COPY writes it: a null is bare, text may be quoted
                out.write(",".join(_text(row, name) for name in lake.TABLES[table]) + "\n")
        duck.to_parquet(spool, lake.TABLES[table], files[table])
    if with_states:
        files[lake.STATES] = snapshots.derive(dict(files), as_of, folder)
    with duck.opened(files) as tables:
        states = lake.STATES if with_states else None
        yield engines.of_tables(tables, as_of, None, states=states)


def _text(row: Row, name: str) -> str:
    if name in {"issued_on", "due_on", "paid_on"}:
        source = {"issued_on": "created_at", "due_on": "due_at", "paid_on": "paid_at"}[name]
        return row[source].date().isoformat() if row[source] else ""
    if row[name] is None:
        return ""
    return '"{}"'.format(str(row[name]).replace('"', '""'))


def agree(found: list[Row], expected: list[Row]) -> None:
    """Rows are the same: exactly, but floats to the twelfth digit."""
    assert len(found) == len(expected), (found, expected)
    for row, model in zip(found, expected, strict=True):
        assert set(row) == set(model)
        for name, value in row.items():
            if isinstance(value, float) and model[name] is not None:
                assert isclose(value, model[name], rel_tol=1e-12, abs_tol=1e-9), (name, row, model)
            else:
                assert value == model[name], (name, row, model)
