"""How loans move between ages of arrears: the same told by the book, by the lake and by records."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from tests.cast import ANA, CLARA, DAVI, EVA, csv_text, lent

from loanbook.portfolio import answers, catalogue, engines, lake
from loanbook.runs import daily

if TYPE_CHECKING:
    from tests.desk import Desk

BEFORE, DAY = date(2024, 1, 1), date(2024, 2, 1)
QUESTION = catalogue.find("roll_rates")


def test_loans_roll_from_one_record_to_the_next(desk: Desk) -> None:
    loans = [
        lent(1, ANA, "2023-10-20", 1_000, part="0"),  # due on 18 January: not past due, then late
        lent(2, EVA, "2023-09-10", 1_000, paid="2024-01-10"),  # due on 9 December, paid late
        lent(3, DAVI, "2023-09-10", 2_000),  # the same, and not paid
        lent(4, CLARA, "2023-06-01", 3_000, status="default"),  # over 90 days all the while
    ]
    clients = [ANA, EVA, DAVI, CLARA]
    desk.write("clients.csv", csv_text("clients", clients), BEFORE)
    desk.write("loans.csv", csv_text("loans", loans[:1] + loans[2:]), BEFORE)
    daily.run(desk.app, desk.settings, daily.Wish(BEFORE))
    desk.write("loans.csv", csv_text("loans", loans), DAY)
    done = daily.run(desk.app, desk.settings, daily.Wish(DAY))
    assert (done.ok, len(done.caught_up)) == (True, (DAY - BEFORE).days - 1)
    with engines.of_book(desk.app, DAY) as engine:
        told = answers.ask(engine, QUESTION).rows
    found = {(row["arrears_before"], row["became"]): row["loans"] for row in told}
    assert found == {
        ("not past due", "1 to 30 days"): 1,
        ("1 to 30 days", "paid"): 1,
        ("1 to 30 days", "31 to 60 days"): 1,
        ("over 90 days", "over 90 days"): 1,
    }
    with lake.opened(desk.settings.lake, DAY) as other:
        assert answers.ask(other, QUESTION).rows == told
    recorded = desk.app.rows(
        "select as_of, bucket, sum(loans) as loans from api.daily_figures where cut = 'book'"
        " and as_of = any(%(days)s) and bucket <> 'closed' group by as_of, bucket",
        days=[BEFORE, DAY],
    )
    assert {(row["as_of"], row["bucket"]): row["loans"] for row in recorded} == {
        # Of the loan of Eva nobody knew yet on that day.
        (BEFORE, "current"): 1, (BEFORE, "1-30"): 1, (BEFORE, "90+"): 1,
        (DAY, "1-30"): 1, (DAY, "31-60"): 1, (DAY, "90+"): 1,
    }  # fmt: skip
    assert desk.app.value("select min(as_of) from api.daily_books") == BEFORE
    assert lake.days(desk.settings.lake)[-2:] == [DAY - timedelta(days=1), DAY]
