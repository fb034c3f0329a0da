"""Figures as pictures and sentences write them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from loanbook.portfolio import wording
from loanbook.portfolio.wording import Money, Unit


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("442464966.00"), "R$ 442.5 mi"),
        (Decimal("3798969919.00"), "R$ 3,799.0 mi"),
        (Decimal(1000000), "R$ 1.0 mi"),
        (Decimal("999999.49"), "R$ 999,999"),
        (-89494.2, "\N{MINUS SIGN}R$ 89,494"),
        (Decimal(-5_000_000), "\N{MINUS SIGN}R$ 5.0 mi"),
        (0, "R$ 0"),
        (-0.2, "R$ 0"),
    ],
)
def test_an_amount_is_told_in_millions_from_one_on(amount: Decimal, text: str) -> None:
    assert Money("BRL").text(amount) == text


def test_a_currency_without_a_sign_is_told_by_its_code() -> None:
    assert Money("CHF").text(12) == "CHF 12"


@pytest.mark.parametrize(
    ("largest", "unit"),
    [
        (Decimal(2_500_000), Unit("R$ mi", 1_000_000)),
        (Decimal(-2_500_000), Unit("R$ mi", 1_000_000)),
        (25_000, Unit("R$ thousand", 1_000)),
        (2_500, Unit("R$", 1)),
        (None, Unit("R$", 1)),
    ],
)
def test_an_axis_counts_in_what_has_few_digits(largest: Decimal | None, unit: Unit) -> None:
    assert Money("BRL").unit([largest, 1]) == unit
    assert Unit("R$ mi", 1_000_000).of(largest) == (
        None if largest is None else float(largest) / 1_000_000
    )


def test_no_line_ends_between_a_figure_and_its_unit() -> None:
    told = wording.unbroken("Of R$ 1.5 mi lent 12.1 % is lost; R$ is mine")
    assert told.replace("\N{NO-BREAK SPACE}", "_") == "Of R$_1.5_mi lent 12.1_% is lost; R$ is mine"


def test_shares_months_and_days() -> None:
    assert wording.share(0.1211) == "12.1 %"
    assert wording.share(-0.0004) == "0.0 %"
    assert wording.share(-0.15) == "\N{MINUS SIGN}15.0 %"
    assert wording.share(None) == "none yet"
    assert wording.between(0.119, 0.1231) == "11.9 to 12.3 %"
    assert wording.rate(Decimal("20.0000")) == "20 %"
    assert wording.rate(None) == "unknown"
    assert wording.month(date(2024, 1, 1)) == "Jan 2024"
    assert wording.month(None) == "undated"
    assert wording.day(date(2024, 1, 25)) == "25 Jan 2024"
    assert wording.counted(1, "loan") == "1 loan"
    assert wording.counted(2_345, "loan") == "2,345 loans"
    assert wording.amount(Decimal("-1234.50")) == "\N{MINUS SIGN}1,234.50"
