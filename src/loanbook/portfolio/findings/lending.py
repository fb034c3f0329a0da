"""Findings about lending: how the book stands, months, batches, clients."""

from __future__ import annotations

from loanbook.portfolio.answers import Answer
from loanbook.portfolio.findings.shared import Finding, at, differs, first, months
from loanbook.portfolio.wording import Money, count, counted, month, share


def glance(answer: Answer, money: Money) -> Finding:
    """How the book stands."""
    row = answer.rows[0]
    told = f"{money.text(row['principal'])} lent in {counted(row['loans'], 'loan')}"
    if not row["matured_loans"]:
        told += "; none of them is closed yet"
    else:
        verb = "earned" if row["net_gain"] >= 0 else "lost"
        gain = money.text(abs(row["net_gain"]))
        told += (
            f"; those closed {verb} {gain} after tax, {share(row['net_yield'])} of their principal"
        )
    return Finding(
        title=told,
        measure=f"Loans and principal by how they stand, n = {count(row['loans'])} loans",
        caution=_open_caution(row["ongoing_loans"]),
    )


def _open_caution(loans: int) -> str:
    if not loans:
        return ""
    stand = "loan is still open and is" if loans == 1 else "loans are still open and are"
    return f"{count(loans)} {stand} neither gain nor loss yet."


def issuance(answer: Answer, money: Money) -> Finding:
    """The best month."""
    by_amount = at(answer.rows, "rank_by_principal")
    by_number = at(answer.rows, "rank_by_loans")
    title = (
        f"Most was lent in {month(by_amount['month'])}: {money.text(by_amount['principal'])} in "
        f"{counted(by_amount['loans'], 'loan')}"
    )
    if by_number["month"] != by_amount["month"]:
        title += f"; most loans were issued in {month(by_number['month'])}: {by_number['loans']:,}"
    still = [row for row in answer.rows if row["is_open"]]
    loans = sum(row["loans"] for row in answer.rows)
    return Finding(
        title=title,
        measure=f"Principal lent by month of issue, n = {count(loans)} loans",
        caution=f"{months(still)} not over and can still grow." if still else "",
    )


def adherence(answer: Answer, _: Money) -> Finding:
    """The best batch."""
    best = at(answer.rows, "rank")
    title = (
        f"Batch {best['batch']} has the best adherence: {share(best['adherence'])} of its clients "
        "borrowed"
    )
    if len(answer.rows) == 1:
        title = f"{share(best['adherence'])} of the clients of batch {best['batch']} borrowed"
    elif not differs(answer):
        title += ", but the batches do not differ detectably"
    clients = sum(row["clients"] for row in answer.rows)
    return Finding(
        title=title,
        measure=f"Borrowers of clients with 95 % interval, n = {count(clients)} clients",
        caution=(
            "Of approved clients alone the shares differ, because a default denies the client."
            if any(row["adherence_of_approved"] != row["adherence"] for row in answer.rows)
            else ""
        ),
    )


def ranking(answer: Answer, money: Money) -> Finding:
    """The best and the worst client."""
    best = first(answer.rows, "best")
    worst = first(answer.rows, "worst")
    return Finding(
        title=(
            f"The best client, {best['user_id']}, is worth {money.text(best['score'])}; the worst, "
            f"{worst['user_id']}, {money.text(worst['score'])}"
        ),
        measure=(
            "Score: net gain on closed loans, and the worth of early payment; "
            f"n = {counted(best['ranked_clients'], 'client')}"
        ),
        caution="A score tells what was, on few loans a client; it is no forecast.",
    )


def concentration(answer: Answer, _: Money) -> Finding:
    """What the largest clients owe."""
    deciles = [row for row in answer.rows if row["kind"] == "decile"]
    clients = sum(row["clients"] for row in deciles)
    first = deciles[0]
    ten = next((row for row in answer.rows if row["segment"] == "top 10"), first)
    return Finding(
        title=(
            f"The top tenth of clients owes {share(first['exposure_share'])} of the exposure; "
            f"the ten largest owe {share(ten['exposure_share'], 2)}"
        ),
        measure=f"Exposure held by the largest clients, n = {counted(clients, 'client')}",
    )
