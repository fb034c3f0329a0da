"""Today's practice for the six answers: both tables into pandas, then grouping.

For one business date and a healthy book, without intervals or other days: the least that gives the
same figures. Each answer is a frame with the columns of the question that it can be compared by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd  # type: ignore[import-untyped]  # ships no types
import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Callable

LOANS = (
    "select loan_id, user_id, created_at, due_at, paid_at, status, loan_amount, tax, due_amount,"
    " amount_paid, interest_rate from dm.loans"
)
CLIENTS = (
    "select user_id, created_at, status, batch, credit_limit, interest_rate, denied_reason,"
    " denied_at from dm.clients"
)


def answers(engine: sa.Engine) -> dict[str, pd.DataFrame]:
    """Read the tables once and answer all six."""
    loans = pd.read_sql_query(LOANS, engine)
    clients = pd.read_sql_query(CLIENTS, engine)
    loans["month"] = loans["created_at"].dt.to_period("M").dt.to_timestamp()
    for status in ("paid", "default", "ongoing"):
        loans[status] = loans["status"] == status
    return {
        "issuance_by_month": issuance(loans),
        "adherence_by_batch": adherence(loans, clients),
        "default_by_interest_rate": defaults(loans, ["interest_rate"]),
        "client_ranking": ranking(loans),
        "default_by_month_and_batch": defaults(
            loans.merge(clients[["user_id", "batch"]], on="user_id"), ["month", "batch"]
        ),
        "profitability_timeline": profit(loans),
    }


def issuance(loans: pd.DataFrame) -> pd.DataFrame:
    """Loans by month of issue."""
    found = loans.groupby("month").agg(
        loans=("loan_id", "size"),
        principal=("loan_amount", "sum"),
        paid_loans=("paid", "sum"),
        default_loans=("default", "sum"),
        ongoing_loans=("ongoing", "sum"),
    )
    for status in ("paid", "default", "ongoing"):
        sums = loans[loans[status]].groupby("month")["loan_amount"].sum()
        found[f"{status}_principal"] = sums.reindex(found.index, fill_value=0)
    return found.reset_index()


def adherence(loans: pd.DataFrame, clients: pd.DataFrame) -> pd.DataFrame:
    """Borrowers by batch."""
    counted = loans.groupby("user_id").size().rename("loans")
    known = clients.merge(counted, left_on="user_id", right_index=True, how="left")
    known["approved"] = known["status"] == "approved"
    found = known.groupby("batch").agg(
        clients=("user_id", "size"),
        approved_clients=("approved", "sum"),
        borrowers=("loans", "count"),
        loans=("loans", "sum"),
    )
    found["repeat_borrowers"] = (known["loans"] > 1).groupby(known["batch"]).sum()
    found["approved_borrowers"] = known[known["approved"]].groupby("batch")["loans"].count()
    found["adherence"] = found["borrowers"] / found["clients"]
    return found.reset_index()


def defaults(loans: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Defaults by some columns."""
    found = loans.groupby(keys).agg(
        loans=("loan_id", "size"),
        paid_loans=("paid", "sum"),
        default_loans=("default", "sum"),
        ongoing_loans=("ongoing", "sum"),
        principal=("loan_amount", "sum"),
    )
    found["default_rate"] = found["default_loans"] / found["loans"]
    matured = found["paid_loans"] + found["default_loans"]
    found["matured_default_rate"] = found["default_loans"] / matured
    return found.drop(columns="paid_loans").reset_index()


def ranking(loans: pd.DataFrame) -> pd.DataFrame:
    """The best and the worst by score."""
    closed = loans[~loans["ongoing"]].copy()
    closed["net_gain"] = closed["amount_paid"] - closed["loan_amount"] - closed["tax"]
    early = (closed["due_at"] - closed["paid_at"]).dt.days.clip(lower=0).fillna(0)
    closed["early"] = closed["loan_amount"] * early
    found = closed.groupby("user_id").agg(
        closed_loans=("loan_id", "size"),
        paid_loans=("paid", "sum"),
        principal=("loan_amount", "sum"),
        amount_paid=("amount_paid", "sum"),
        net_gain=("net_gain", "sum"),
        early=("early", "sum"),
    )
    per_day = found["net_gain"].sum() / (90 * found["principal"].sum())
    found["score"] = found["net_gain"] + found["early"] * per_day
    found = found.reset_index().drop(columns="early")
    best = found.sort_values(["score", "user_id"], ascending=[False, True]).head(10)
    worst = found.sort_values(["score", "user_id"]).head(10)
    return pd.concat([best, worst], ignore_index=True)


def profit(loans: pd.DataFrame) -> pd.DataFrame:
    """Gains of the closed book by month of issue and of closing."""
    closed = loans[~loans["ongoing"]].copy()
    closing = closed["paid_at"].fillna(closed["due_at"])
    closed["cash"] = closing.dt.to_period("M").dt.to_timestamp()
    lost = (closed["loan_amount"] - closed["amount_paid"]).clip(lower=0)
    closed["lost_principal"] = lost.where(closed["default"], 0)
    parts = []
    for basis, key in (("issue", "month"), ("cash", "cash")):
        found = closed.groupby(key).agg(
            closed_loans=("loan_id", "size"),
            default_loans=("default", "sum"),
            principal=("loan_amount", "sum"),
            amount_paid=("amount_paid", "sum"),
            lost_principal=("lost_principal", "sum"),
            tax=("tax", "sum"),
        )
        found["net_gain"] = found["amount_paid"] - found["principal"] - found["tax"]
        found["cumulative_net_gain"] = found["net_gain"].cumsum()
        found["net_yield"] = found["net_gain"] / found["principal"]
        parts.append(found.rename_axis("month").reset_index().assign(basis=basis))
    return pd.concat(parts, ignore_index=True)


def engine(connect: Callable[[], object]) -> sa.Engine:
    """What pandas reads through."""
    return sa.create_engine("postgresql+psycopg://", creator=connect)
