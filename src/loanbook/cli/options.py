"""Options and arguments that several commands share, and how their values are read."""

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from loanbook.errors import BadDate, UsageError

LARGEST_KEY = 2**63 - 1
LARGEST_NUMBER = 2**31 - 1
_SOURCE = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def parse_day(text: str) -> date:
    """A date written YYYY-MM-DD."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 -- a date has no zone
    except ValueError as error:
        raise BadDate(value=text) from error


def parse_key(text: str) -> int:
    """The number of a row."""
    return _whole(text, LARGEST_KEY)


def parse_number(text: str) -> int:
    """A cohort, or the version of a row."""
    return _whole(text, LARGEST_NUMBER)


def _whole(text: str, largest: int) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:20]) <= largest):
        raise UsageError(problem=f"{text} is no number from 1 to {largest}.")
    return int(text)


def parse_time(text: str) -> datetime:
    """A date and time in ISO form, with or without a zone; a date alone is its first instant."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        problem = f"{text} is no date and time; write it as YYYY-MM-DD HH:MM:SS"
        raise UsageError(problem=problem + ".") from error


def parse_amount(text: str) -> Decimal:
    """A number with a decimal point; the book itself says whether it fits."""
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise UsageError(problem=f"{text} is no number; write it like 1500.50.") from error


def parse_source(text: str) -> str:
    """The name of whoever delivers files."""
    if not _SOURCE.fullmatch(text) or text == "loanbook":
        problem = f"{text} is no name for a source; write small letters and digits, like partner-2."
        raise UsageError(problem=problem)
    return text


def in_zone(time: datetime, zone: ZoneInfo) -> datetime:
    """An instant: a time that names no zone is the lender's wall time."""
    return time if time.tzinfo else time.replace(tzinfo=zone)


AsOf = Annotated[
    date | None,
    typer.Option(
        "--as-of",
        parser=parse_day,
        metavar="DATE",
        help="Business date; by default that of loanbook.toml, else today.",
    ),
]
At = Annotated[
    datetime | None,
    typer.Option(
        "--at",
        parser=parse_time,
        metavar="TIME",
        help="As the book held it then (system time; the lender's zone unless it names one).",
    ),
]
On = Annotated[
    date | None,
    typer.Option(
        "--on",
        parser=parse_day,
        metavar="DATE",
        help="The day it counts from; by default the book's business date.",
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key", metavar="KEY", help="Your own name for this request: repeated, it acts once."
    ),
]
PageLimit = Annotated[
    int, typer.Option("--limit", metavar="N", min=1, max=10_000, help="At most so many rows.")
]
UserId = Annotated[
    int, typer.Argument(metavar="ID", parser=parse_key, help="The client's user_id.")
]
Version = Annotated[
    int | None,
    typer.Option(
        "--version",
        metavar="N",
        parser=parse_number,
        help="The version you saw; if it changed since, nothing is done.",
    ),
]
Reason = typer.Option("--reason", metavar="TEXT", help="Why; kept in the history.")
