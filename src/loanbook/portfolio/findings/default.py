"""Findings about loans that are late or lost."""

from __future__ import annotations

from loanbook.portfolio.answers import Answer
from loanbook.portfolio.findings.shared import Finding, differs, span
from loanbook.portfolio.wording import Money, count, counted, day, rate, share


def rates(answer: Answer, _: Money) -> Finding:
    """Whether default differs by interest rate."""
    known = [row for row in answer.rows if row["matured_loans"]]
    matured = sum(row["matured_loans"] for row in answer.rows)
    still = sum(row["ongoing_loans"] for row in answer.rows)
    measure = f"Defaulted of matured loans with 95 % interval, n = {count(matured)} matured loans"
    caution = (
        f"{counted(still, 'loan')} still open lower the rate of issued loans; they cannot have "
        "defaulted yet."
        if still
        else ""
    )
    if not known:
        return Finding("No loan has matured yet, so no rate can be compared", measure, caution)
    low, high = (pick(known, key=lambda row: row["matured_default_rate"]) for pick in (min, max))
    span = (
        f"{share(low['matured_default_rate'])} (at {rate(low['interest_rate'])} interest) to "
        f"{share(high['matured_default_rate'])} (at {rate(high['interest_rate'])})"
    )
    if len(known) == 1:
        title = f"{share(low['matured_default_rate'])} of matured loans defaulted, at one rate only"
    elif differs(answer):
        title = f"Default differs by interest rate, {span}"
    else:
        title = f"Default does not differ detectably by interest rate: {span}"
    return Finding(title, measure, caution)


def heat(answer: Answer, _: Money) -> Finding:
    """Default of closed seasons."""
    closed = [row for row in answer.rows if row["loans"] and not row["is_open"]]
    loans = sum(row["loans"] for row in closed)
    still = {row["month"] for row in answer.rows if row["is_open"]}
    measure = f"Defaulted of issued loans by month and batch, n = {count(loans)} in closed seasons"
    caution = (
        f"Seasons with open loans ({span(still)}) have no colour: their rate is not final."
        if still
        else ""
    )
    if not loans:
        return Finding("All seasons are still open, so no default rate is final", measure, caution)
    defaults = sum(row["default_loans"] for row in closed)
    least = min(row["month"] for row in closed)
    most = max(row["month"] for row in closed)
    title = f"{share(defaults / loans)} of the loans of closed seasons defaulted"
    if answer.comparison is not None and answer.comparison.p is not None:
        title += ", and batches " + ("differ" if differs(answer) else "do not differ detectably")
    return Finding(f"{title} ({span({least, most})})", measure, caution)


def seasons(answer: Answer, _: Money) -> Finding:
    """What has become of closed seasons."""
    final = [row for row in answer.rows if row["age_days"] == 100 and not row["is_open"]]  # noqa: PLR2004
    seasons = {row["month"] for row in answer.rows}
    measure = f"Repaid and defaulted by age, n = {counted(len(seasons), 'season')}"
    still = {row["month"] for row in answer.rows if row["is_open"]}
    caution = f"Dashed: seasons whose loans are not all that old ({span(still)})." if still else ""
    unpaid = still - {row["month"] for row in answer.rows if row["repaid_loans"]}
    if unpaid:
        caution += f" Of the loans issued in {span(unpaid)} none has been repaid."
    if not final:
        return Finding("No season is old enough to be judged", measure, caution)
    loans = sum(row["observed_loans"] for row in final)
    repaid = sum(row["repaid_loans"] for row in final)
    lost = sum(row["default_loans"] for row in final)
    title = (
        f"At 100 days {share(repaid / loans)} are repaid and {share(lost / loans)} have defaulted, "
        f"over {counted(len(final), 'closed season')}"
    )
    return Finding(title, measure, caution)


def at_risk(answer: Answer, money: Money) -> Finding:
    """How much of what is owed is late."""
    total = answer.rows[0]["total_balance"]
    late = next(row for row in answer.rows if row["par"] == "PAR 30")
    loans = sum(row["loans"] for row in answer.rows)
    return Finding(
        title=(
            f"{share(late['at_risk_share'])} of the {money.text(total)} owed is more than 30 days "
            "past due (PAR 30)"
        ),
        measure=f"Balance by days past due, n = {counted(loans, 'loan')} with a balance",
        caution="Defaulted loans stay in it until they are written off.",
    )


def rolls(answer: Answer, _: Money) -> Finding:
    """How many loans that were not late a month before have become late."""
    loans = sum(row["loans"] for row in answer.rows)
    since = answer.rows[0]["day_before"]
    measure = f"What became of the loans owed on {day(since)}, n = {counted(loans, 'loan')}"
    caution = "Defaulted loans stay in their age of arrears until they are paid or written off."
    standing = [row for row in answer.rows if row["days_before"] == 0]
    if not standing:
        return Finding("A month before, no loan was owed that was not past due", measure, caution)
    whole = standing[0]["loans_before"]
    late = sum(row["loans"] for row in standing if row["days_after"])
    title = (
        f"{share(late / whole)} of the {counted(whole, 'loan')} that were not past due a month "
        f"before {'is' if whole == 1 else 'are'} past due now"
    )
    return Finding(title, measure, caution)
