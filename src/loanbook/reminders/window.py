"""When letters to clients may go: hours of weekdays and Saturdays, not on Sundays or holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from loanbook.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from loanbook.settings.letters import Reminders

SATURDAY, SUNDAY = 5, 6
WHOLE_DAY = 24  # an hour of the next day, by its first


def opening(reminders: Reminders, zone: ZoneInfo, now: datetime) -> datetime | None:
    """When letters may go on the day of an instant, as an instant of UTC.

    Args:
        reminders: hours and holidays.
        zone: the lender's.
        now: the instant.

    Returns:
        The opening, which may have been already; None if the day has none, or it is closed again.
        Where the clock skips the hour of opening, the opening is by the offset before; an hour of
        closing that comes twice closes the first time.

    Raises:
        UsageError: holidays are to be kept of a country that nobody knows.
        MissingExtra: what knows the holidays is not installed.
    """
    day = now.astimezone(zone).date()
    opens, closes = _hours(reminders, day)
    opened, closed = _instant(day, opens, zone), _instant(day, closes, zone)
    return opened if opened < closed and now.astimezone(UTC) < closed else None


def _hours(reminders: Reminders, day: date) -> tuple[int, int]:
    if day.weekday() == SUNDAY or _is_holiday(reminders.holidays, day):
        return 0, 0
    return reminders.saturdays if day.weekday() == SATURDAY else reminders.weekdays


def _instant(day: date, hour: int, zone: ZoneInfo) -> datetime:
    # In UTC, for times of one zone are compared by the clock on the wall.
    if hour == WHOLE_DAY:
        day, hour = day + timedelta(days=1), 0
    return datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)


def _is_holiday(country: str, day: date) -> bool:
    return bool(country) and day in _holidays(country, day.year)


@lru_cache(maxsize=64)
def _holidays(country: str, year: int) -> frozenset[date]:
    library = _library()
    try:
        return frozenset(library.country_holidays(country, years=year))
    except NotImplementedError as error:
        problem = f"Nobody knows the holidays of {country}; name a country as in ISO 3166, like BR."
        raise UsageError(problem=problem) from error


def _library() -> Any:  # noqa: ANN401 -- a module
    try:
        import holidays  # noqa: PLC0415 -- an extra
    except ImportError as error:
        raise MissingExtra(package="holidays", extra="letters") from error
    return holidays
