"""Which day is due: each date once, whatever the clock of the lender's zone does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook import schedule
from loanbook.errors import BadSetting

# With clocks that are put forward at midnight, by half an hour, for Ramadan, over a whole day.
ZONES = (
    "America/Sao_Paulo", "America/New_York", "Europe/Lisbon", "Australia/Lord_Howe",
    "Africa/Casablanca", "Pacific/Apia", "Asia/Kathmandu", "UTC",
)  # fmt: skip
CHANGES = (
    date(2018, 11, 4), date(2019, 2, 17), date(2024, 3, 10), date(2024, 11, 3), date(2024, 3, 31),
    date(2024, 10, 27), date(2024, 4, 7), date(2024, 10, 6), date(2011, 12, 30), date(2025, 2, 23),
)  # fmt: skip
DAILY = st.builds("{} {} * * *".format, st.integers(0, 59), st.integers(0, 23))
OFTEN = st.sampled_from(["* * * * *", "*/20 * * * *", "0 */6 * * *", "15,45 2,3 * * *"])
START = datetime(2024, 3, 10, tzinfo=UTC)


def moments(cron: str, zone: ZoneInfo, first: datetime, steps: list[int]) -> list[date]:
    """The days that somebody finds due who looks now and then."""
    found: list[date] = []
    now = first
    for step in steps:
        now += timedelta(minutes=step)
        day = schedule.due(cron, zone, now)
        assert day is not None
        if not found or found[-1] != day:
            found.append(day)
    return found


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    cron=DAILY | OFTEN,
    change=st.sampled_from(CHANGES),
    steps=st.lists(st.integers(1, 400), min_size=20, max_size=60),
)
def test_each_date_is_due_once_and_in_order(
    zone: ZoneInfo, cron: str, change: date, steps: list[int]
) -> None:
    first = datetime(change.year, change.month, change.day, tzinfo=UTC) - timedelta(days=2)
    found = moments(cron, zone, first, steps)
    assert found == sorted(set(found))
    # Nobody who looks at least every seven hours misses a date that this zone has.
    for day in (found[0] + timedelta(days=n) for n in range((found[-1] - found[0]).days)):
        at, next_at = (schedule.moment(cron, zone, day + timedelta(days=n)) for n in (0, 1))
        assert day in found or at == next_at
        assert at is not None
        assert next_at is not None
        assert at <= next_at


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo), cron=DAILY | OFTEN,
    day=st.dates(date(2010, 1, 1), date(2030, 1, 1)) | st.sampled_from(CHANGES),
)  # fmt: skip
def test_a_day_is_due_from_its_moment_on(zone: ZoneInfo, cron: str, day: date) -> None:
    at = schedule.moment(cron, zone, day)
    assert at is not None
    second = timedelta(seconds=1)
    after, before = schedule.due(cron, zone, at), schedule.due(cron, zone, at - second)
    assert after is not None
    assert before is not None
    assert before < day <= after
    upcoming = schedule.upcoming(cron, zone, at - second)
    assert upcoming == at
    assert upcoming.tzinfo == zone


@pytest.mark.parametrize(
    ("zone", "cron", "day", "instant"),
    [
        ("America/Sao_Paulo", "0 6 * * *", date(2026, 1, 5), "2026-01-05T09:00"),
        # The clock goes from 02:00 to 03:00.
        ("America/New_York", "30 2 * * *", date(2024, 3, 10), "2024-03-10T07:30"),
        # 01:30 is twice; the first counts.
        ("America/New_York", "30 1 * * *", date(2024, 11, 3), "2024-11-03T05:30"),
        # There was no midnight.
        ("America/Sao_Paulo", "0 0 * * *", date(2018, 11, 4), "2018-11-04T03:00"),
        ("Australia/Lord_Howe", "15 2 * * *", date(2024, 10, 6), "2024-10-05T15:45"),
    ],
)
def test_the_moment_on_days_when_the_clock_changes(
    zone: str, cron: str, day: date, instant: str
) -> None:
    assert schedule.moment(cron, ZoneInfo(zone), day) == datetime.fromisoformat(instant + "+00:00")


def test_weekends_and_holidays_of_the_line_are_not_due() -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    saturday = datetime(2024, 1, 27, 15, tzinfo=UTC)
    assert schedule.due("0 6 * * 1-5", zone, saturday) == date(2024, 1, 26)
    assert schedule.moment("0 6 * * 1-5", zone, date(2024, 1, 27)) is None
    upcoming = schedule.upcoming("0 6 * * 1-5", zone, saturday)
    assert upcoming == datetime(2024, 1, 29, 6, tzinfo=zone)


def test_a_line_that_never_fires_is_never_due() -> None:
    assert schedule.due("0 6 30 2 *", ZoneInfo("UTC"), START) is None
    assert schedule.upcoming("0 6 30 2 *", ZoneInfo("UTC"), START) is None


@pytest.mark.parametrize(
    "cron",
    ["", "6", "0 6 * *", "0 6 * * * *", "61 6 * * *", "R 6 * * *", "h 6 * * *", "@daily", "x"],
)
def test_a_line_that_cannot_be_read_is_refused(cron: str) -> None:
    with pytest.raises(BadSetting, match=r"worker\.cron"):
        schedule.check(cron, Path("loanbook.toml"))


@pytest.mark.parametrize("cron", ["0 6 * * *", "*/5 6-8 * JAN-MAR mon-fri", "0 6 L * *"])
def test_a_line_that_can_be_read_is_taken(cron: str) -> None:
    schedule.check(cron, Path("loanbook.toml"))
