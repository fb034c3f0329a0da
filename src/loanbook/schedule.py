"""Which day is due: a cron line is read on the lender's calendar, once for each date.

A date's moment is the first at which the line fires on that date by the lender's wall clock. Where
the clock is put forward over it, it is the same while later; where it is put back, the first of the
two. So each date has one moment or none, whatever the clock does.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from loanbook.errors import BadSetting, MissingExtra

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo

FAR = 400  # days that are looked at: a line that fires once a year is found
FIELDS = 5
_DICE = re.compile(r"\b[RH]\b|@", re.IGNORECASE)  # what a moment must not be drawn by, or nicknames


def check(cron: str, file: Path) -> None:
    """Make sure that a cron line can be read.

    Args:
        cron: five fields: minute, hour, day of the month, month, day of the week.
        file: where it stands, for the message.

    Raises:
        BadSetting: it cannot.
        MissingExtra: what reads it is not installed.
    """
    reader = _reader()
    if len(cron.split()) != FIELDS or _DICE.search(cron) or not reader.croniter.is_valid(cron):
        problem = f'{cron} is no cron line of five fields, write one like "0 6 * * *"'
        raise BadSetting(key="worker.cron", file=file, problem=problem)


@lru_cache(maxsize=4096)
def moment(cron: str, zone: ZoneInfo, day: date) -> datetime | None:
    """When a date's work is due, or None if the line does not fire on it."""
    reader = _reader()
    before = datetime.combine(day, time()) - timedelta(seconds=1)
    try:
        wall: datetime = reader.croniter(cron, before).get_next(datetime)
    except reader.CroniterBadDateError:  # a thirtieth of February
        return None
    # Wall times that the clock skips are taken by the offset before the skip: that much later.
    return wall.replace(tzinfo=zone).astimezone(UTC) if wall.date() == day else None


def due(cron: str, zone: ZoneInfo, now: datetime) -> date | None:
    """The latest date whose moment has come, or None if there was none for more than a year.

    Args:
        cron: five fields.
        zone: the lender's.
        now: an instant.
    """
    here = now.astimezone(zone).date()
    for back in range(-1, FAR):
        day = here - timedelta(days=back)
        at = moment(cron, zone, day)
        if at is not None and at <= now:
            return day
    return None


def upcoming(cron: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The next moment, in the lender's zone, or None if there is none for more than a year."""
    here = now.astimezone(zone).date()
    for ahead in range(-1, FAR):
        at = moment(cron, zone, here + timedelta(days=ahead))
        if at is not None and at > now:
            return at.astimezone(zone)
    return None


def _reader() -> Any:  # noqa: ANN401 -- it ships no types
    try:
        import croniter  # noqa: PLC0415 -- only for whoever has the extra
    except ImportError as error:
        raise MissingExtra(package="croniter", extra="worker") from error
    return croniter
