"""Findings about money: profit and collections."""

from __future__ import annotations

from loanbook.portfolio.answers import Answer
from loanbook.portfolio.findings.shared import Finding, Rows
from loanbook.portfolio.wording import Money, counted, month, share


def profit(answer: Answer, money: Money) -> Finding:
    """Whether the closed book pays."""
    issued = [row for row in answer.rows if row["basis"] == "issue"]
    loans = sum(row["closed_loans"] for row in issued)
    measure = f"Net gain after tax on closed loans, n = {counted(loans, 'closed loan')}"
    caution = _unclosed(issued)
    if not loans:
        return Finding("No loan has closed yet, so there is no profit to tell", measure, caution)
    net = sum(row["net_gain"] for row in issued)
    principal = sum(row["principal"] for row in issued)
    word = "The closed book is profitable" if net > 0 else "The closed book makes no profit"
    gross = sum(row["gross_gain"] for row in issued)
    title = (
        f"{word}: {money.text(net)} after tax, {share(float(net) / float(principal), 2)} in 90 "
        f"days ({share(float(gross) / float(principal), 2)} before tax)"
    )
    return Finding(title, measure, caution)


def _unclosed(issued: Rows) -> str:
    """Where no loan of the latest seasons has closed, recent cash months lack the quick payers."""
    none_closed = [row for row in issued if row["open_loans"] and not row["closed_loans"]]
    if not none_closed:
        return "" if not any(row["is_open"] for row in issued) else "Open months can still change."
    since = month(min(row["month"] for row in none_closed))
    return (
        f"No loan issued since {since} has closed: cash months from then on hold slow payers and "
        "defaults alone and look worse than they will be."
    )


def collections(answer: Answer, money: Money) -> Finding:
    """How much of what fell due came in."""
    undated = sum(row["amount_received"] for row in answer.rows if row["is_undated"])
    dated = [row for row in answer.rows if not row["is_undated"]]
    due = sum(row["due_amount"] for row in dated)
    collected = sum(row["collected_amount"] for row in dated)
    loans = sum(row["due_loans"] for row in dated)
    measure = f"Money received and due by month, n = {counted(loans, 'loan')} due"
    caution = (
        f"{money.text(undated)} more came in on days that the book does not know; the line of "
        "received money lacks it, so that its latest months look low."
        if undated
        else ""
    )
    if not due:
        return Finding("Nothing has fallen due yet", measure, caution)
    return Finding(
        title=(
            f"{share(float(collected) / float(due))} of the {money.text(due)} that fell due has "
            "been collected"
        ),
        measure=measure,
        caution=caution,
    )
