"""The window of letters: hours, Sundays, holidays, midnight, and clocks that are moved."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.errors import UsageError
from loanbook.reminders import plan
from loanbook.reminders.window import opening
from loanbook.settings.letters import Reminders

PAULO = ZoneInfo("America/Sao_Paulo")
ALWAYS = Reminders(weekdays=(0, 24), saturdays=(0, 24), holidays="")


def wall(text: str, zone: ZoneInfo = PAULO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def opens(text: str, reminders: Reminders | None = None, zone: ZoneInfo = PAULO) -> str | None:
    """The opening at an instant, by the lender's clock."""
    found = opening(reminders or Reminders(), zone, wall(text, zone))
    return None if found is None else found.astimezone(zone).isoformat(" ", "minutes")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2024-01-25 00:00:00", "2024-01-25 08:00-03:00"),  # a Thursday
        ("2024-01-25 07:59:59", "2024-01-25 08:00-03:00"),
        ("2024-01-25 08:00:00", "2024-01-25 08:00-03:00"),
        ("2024-01-25 19:59:59", "2024-01-25 08:00-03:00"),
        ("2024-01-25 20:00:00", None),
        ("2024-01-25 23:59:59", None),
        ("2024-01-27 13:59:59", "2024-01-27 08:00-03:00"),  # a Saturday
        ("2024-01-27 14:00:00", None),
        ("2024-01-28 10:00:00", None),  # a Sunday
        ("2024-12-25 10:00:00", None),  # Christmas, a Wednesday
        ("2024-11-20 10:00:00", None),  # national only since 2024
        ("2023-11-20 10:00:00", "2023-11-20 08:00-03:00"),
        ("2024-03-29 10:00:00", None),  # Good Friday moves
        ("2024-02-29 10:00:00", "2024-02-29 08:00-03:00"),
    ],
)
def test_the_window_of_a_day(now: str, expected: str | None) -> None:
    assert opens(now) == expected


def test_holidays_are_those_of_a_country_or_none() -> None:
    assert opens("2024-12-25 10:00:00", Reminders(holidays="")) is not None
    assert opens("2024-07-04 10:00:00", Reminders(holidays="US")) is None
    with pytest.raises(UsageError, match="holidays of QQ"):
        opens("2024-07-04 10:00:00", Reminders(holidays="QQ"))


def test_no_hours_at_all_mean_never() -> None:
    assert opens("2024-01-25 10:00:00", Reminders(weekdays=(10, 10))) is None


def test_a_day_that_closes_at_midnight_is_open_to_its_last_second() -> None:
    assert opens("2024-01-25 23:59:59", ALWAYS) == "2024-01-25 00:00-03:00"


def test_the_clock_put_forward_over_the_opening() -> None:
    # In 2018 the fourth of November began at one o'clock.
    zone = PAULO
    early = Reminders(weekdays=(0, 24), saturdays=(0, 24), holidays="")
    night = datetime(2018, 11, 5, 3, 30, tzinfo=UTC)
    assert opening(early, zone, night) == datetime(2018, 11, 5, 2, 0, tzinfo=UTC)
    berlin = ZoneInfo("Europe/Berlin")
    skipped = Reminders(weekdays=(2, 20), saturdays=(2, 14), holidays="")
    # On a Sunday nothing goes anyway; Lebanon moves its clock at midnight, also of a Thursday.
    assert opens("2024-03-31 12:00:00", skipped, berlin) is None
    cairo = ZoneInfo("Africa/Cairo")  # Friday 26 April 2024 began at one o'clock
    found = opening(early, cairo, datetime(2024, 4, 26, 9, tzinfo=UTC))
    assert found == datetime(2024, 4, 25, 22, tzinfo=UTC)
    before = datetime(2024, 4, 25, 21, 59, 59, tzinfo=UTC)  # still the day before
    assert opening(early, cairo, before) == datetime(2024, 4, 24, 22, tzinfo=UTC)


def test_the_clock_put_back_over_the_closing_closes_the_first_time() -> None:
    cairo = ZoneInfo("Africa/Cairo")  # Friday 27 October 2023 at 00:00 it was Thursday 23:00 again
    late = Reminders(weekdays=(8, 23), saturdays=(8, 14), holidays="")
    closing = datetime(2023, 10, 26, 20, tzinfo=UTC)  # 23:00 for the first time
    assert opening(late, cairo, closing - timedelta(seconds=1)) is not None
    assert opening(late, cairo, closing) is None
    assert opening(late, cairo, closing + timedelta(hours=1)) is None


@given(
    moment=st.datetimes(datetime(1990, 1, 1), datetime(2035, 12, 31)),  # noqa: DTZ001 -- made UTC below
    name=st.sampled_from(
        ("America/Sao_Paulo", "Africa/Cairo", "Pacific/Apia", "Asia/Kolkata", "Australia/Lord_Howe")
    ),
    hours=st.tuples(st.integers(0, 24), st.integers(0, 24)).map(lambda both: tuple(sorted(both))),
)
def test_an_open_window_is_of_the_day_and_not_over(
    moment: datetime, name: str, hours: tuple[int, int]
) -> None:
    zone, now = ZoneInfo(name), moment.replace(tzinfo=UTC)
    reminders = Reminders(weekdays=hours, saturdays=hours, holidays="")
    local = now.astimezone(zone)
    found = opening(reminders, zone, now)
    if found is None:
        assert local.weekday() == 6 or hours[0] == hours[1] or local.hour >= hours[1] - 1
        return
    assert local.weekday() != 6
    assert abs(found - now) <= timedelta(hours=25)
    if found <= now:
        assert hours[0] <= local.hour < hours[1]
    else:
        assert local.hour <= hours[0]


def test_the_now_of_a_day_is_real_today_and_ten_in_the_morning_of_others() -> None:
    now = datetime(2024, 1, 26, 2, 30, tzinfo=UTC)  # the evening of the 25th in São Paulo
    assert plan.instant(date(2024, 1, 25), PAULO, now) == now
    assert plan.instant(date(2024, 1, 26), PAULO, now) == wall("2024-01-26 10:00:00")
