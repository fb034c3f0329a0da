"""Values as a person reads them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from loanbook.cli import words

ZONE = ZoneInfo("America/Sao_Paulo")


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("plain", "plain"),
        ("João Conceição", "João Conceição"),
        ("a\x1b[31mb\x07", r"a\x1b[31mb\x07"),
        ("two\nlines\r", r"two\nlines\r"),
        ("\x9b2J", r"\x9b2J"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2028", r"\u2028"),
        ("\udce9", r"\udce9"),
        ("[bold]x[/bold]", "[bold]x[/bold]"),
    ],
)
def test_what_steers_a_terminal_is_spelled_out(hostile: str, harmless: str) -> None:
    assert words.inert(hostile) == harmless


def test_amounts_keep_cents_and_get_separators() -> None:
    assert words.money(Decimal("3798969919.5"), "BRL") == "BRL 3,798,969,919.50"
    assert words.amount(Decimal("-0.01")) == "-0.01"
    assert words.number(Decimal(90000)) == "90,000"


@pytest.mark.parametrize(
    ("rate", "told"),
    [("20.0000", "20 % a year"), ("0.0000", "0 % a year"), ("17.25", "17.25 % a year")],
)
def test_rates_have_no_idle_zeros(rate: str, told: str) -> None:
    assert words.percent(Decimal(rate)) == told


def test_a_rate_that_nothing_explains_is_unknown() -> None:
    assert words.percent(None) == "unknown"


def test_times_are_iso_and_instants_are_the_lenders() -> None:
    instant = datetime(2024, 1, 25, 2, 30, 5, 123456, tzinfo=UTC)
    assert words.instant(instant, ZONE) == "2024-01-24 23:30:05-03:00"
    assert words.wall(datetime(2024, 1, 25, 9, 30)) == "2024-01-25 09:30:00"  # noqa: DTZ001
    assert words.day(date(2024, 1, 25)) == "2024-01-25"
    assert words.instant(None, ZONE) == words.wall(None) == words.day(None) == ""


def test_nouns_follow_their_number() -> None:
    told = [words.count(n, noun) for n, noun in ((0, "line"), (1, "line"), (2, "batch"))]
    assert told == ["0 lines", "1 line", "2 batches"]


def test_changes_are_told_before_and_after() -> None:
    changes = {
        "credit_limit": (Decimal("1000.00"), Decimal("2000.50")),
        "denied_at": (None, "2024-01-25T09:30:00"),
        "denied_reason": ("Tax", None),
    }
    assert words.difference(changes) == (
        "credit_limit: 1000.00 → 2000.50; denied_at: blank → 2024-01-25 09:30:00; "
        "denied_reason: Tax → blank"
    )
    assert words.image(changes) == "credit_limit: 2000.50; denied_at: 2024-01-25 09:30:00"
