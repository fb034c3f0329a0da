"""Weeks by ISO 8601: around New Year, in years of 53 weeks, as written."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.errors import BadWeek
from loanbook.portfolio.weeks import Week


@pytest.mark.parametrize(
    ("as_of", "week"),
    [
        (date(2024, 1, 25), "2024-W03"),  # a Thursday
        (date(2024, 1, 22), "2024-W03"),  # a Monday: the week has just closed
        (date(2024, 1, 21), "2024-W02"),  # a Sunday: its own week is not over
        (date(2024, 1, 1), "2023-W52"),
        (date(2021, 1, 4), "2020-W53"),
        (date(2021, 1, 3), "2020-W52"),
    ],
)
def test_the_week_that_closed_before_a_day(as_of: date, week: str) -> None:
    assert str(Week.closed_before(as_of)) == week


@given(day=st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_a_week_has_seven_days_and_is_read_as_it_is_written(day: date) -> None:
    week = Week.holding(day)
    assert week.begins <= day <= week.last_day
    assert week.begins.isoweekday() == 1
    assert week.ends - week.begins == timedelta(days=7)
    assert Week.read(str(week)) == week
    closed = Week.closed_before(day)
    assert closed.ends <= day < closed.ends + timedelta(days=7)
    assert [later.back(1) for later in week.line[1:]] == list(week.line[:-1])


@pytest.mark.parametrize(
    ("week", "year_ago"),
    [("2024-W03", "2023-W03"), ("2020-W53", "2019-W52"), ("2021-W52", "2020-W52")],
)
def test_the_same_week_a_year_ago(week: str, year_ago: str) -> None:
    assert str(Week.read(week).year_ago) == year_ago


@pytest.mark.parametrize(
    "text", ["2024-W00", "2024-W54", "2023-W53", "2024W03", "2024-W3", "0000-W01", "", "x"]
)
def test_what_is_no_week_is_refused(text: str) -> None:
    with pytest.raises(BadWeek) as refused:
        Week.read(text)
    assert str(refused.value).startswith(text)
