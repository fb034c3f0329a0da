"""Intervals and tests: figures that textbooks and the operation's own data give."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from loanbook.portfolio import catalogue, uncertainty
from loanbook.sql.headers import Column

RATES = catalogue.find("default_by_interest_rate")
# The published book: paid and defaulted loans by interest rate.
PUBLISHED = {20: (22_642, 3_061), 30: (22_271, 3_077), 70: (22_103, 3_060), 90: (22_579, 3_143)}


def rows(counts: dict[int, tuple[int, int]]) -> list[dict[str, Any]]:
    return [
        {"interest_rate": rate, "default_loans": gone, "matured_loans": paid + gone}
        for rate, (paid, gone) in counts.items()
    ]


def compared(counts: dict[int, tuple[int, int]]) -> uncertainty.Comparison:
    found = uncertainty.compare(RATES, rows(counts))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (12_341, 101_936, 0.11908, 0.12308),
        (0, 10, 0.0, 0.27753),  # Newcombe 1998, method 3
        (10, 10, 0.72247, 1.0),
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_of_wilson(successes: int, trials: int, low: float, high: float) -> None:
    found = uncertainty.interval(successes, trials)
    assert found == pytest.approx((low, high), abs=5e-5)


def test_nothing_has_no_interval() -> None:
    assert uncertainty.interval(0, 0) is None


def test_each_share_gets_both_ends_behind_it() -> None:
    columns = (
        Column("a", "bigint", "count", "So many."),
        Column("n", "bigint", "count", "Of so many."),
        Column("s", "double", "share", "A share.", "a", "n"),
        Column("z", "text", "label", "A name."),
    )
    wider, found = uncertainty.with_intervals(
        columns, [{"a": 0, "n": 10, "s": 0.0, "z": "x"}, {"a": 0, "n": 0, "s": None, "z": "y"}]
    )
    assert [column.name for column in wider] == ["a", "n", "s", "s_low", "s_high", "z"]
    assert list(found[0]) == ["a", "n", "s", "s_low", "s_high", "z"]
    assert found[0]["s_high"] == pytest.approx(0.27753, abs=1e-5)
    assert (found[1]["s_low"], found[1]["s_high"]) == (None, None)


def test_the_published_rates_do_not_differ() -> None:
    found = compared(PUBLISHED)
    assert found.chi_square == pytest.approx(1.34, abs=0.005)
    assert (found.degrees, found.groups, found.n) == (3, 4, 101_936)
    assert found.p == pytest.approx(0.7196, abs=0.001)
    assert found.cramers_v == pytest.approx(0.0036, abs=0.0001)
    assert found.sentence.startswith("No detectable difference: default loans of matured loans by")
    assert "chi-square 1.34 on 3 degrees of freedom, p = 0.719" in found.sentence


@pytest.mark.parametrize(
    ("counts", "begins"),
    [
        ({20: (5_000, 500), 90: (5_000, 800)}, "A detectable difference, negligible in size"),
        ({20: (500, 50), 90: (400, 150)}, "A detectable difference, small in size"),
        ({20: (500, 50), 90: (300, 250)}, "A detectable difference, medium in size"),
        ({20: (500, 10), 90: (10, 500)}, "A detectable difference, large in size"),
        ({20: (3, 1), 90: (2, 1)}, "Too few to tell"),
        ({20: (90, 10), 90: (91, 9)}, "No detectable difference"),
        ({}, "Nothing to compare: there are no matured loans."),
        ({20: (0, 0)}, "Nothing to compare: there are no matured loans."),
        ({20: (5, 5), 30: (0, 0)}, "Nothing to compare: only one interest rate has matured loans."),
        ({20: (5, 0), 30: (7, 0)}, "Nothing to compare: none of 12 matured loans are counted."),
        ({20: (0, 5), 30: (0, 7)}, "Nothing to compare: all of 12 matured loans are counted."),
    ],
)
def test_what_a_comparison_means(counts: dict[int, tuple[int, int]], begins: str) -> None:
    assert compared(counts).sentence.startswith(begins)


def test_groups_are_added_up_before_they_are_compared() -> None:
    halves = [
        {"interest_rate": rate, "default_loans": gone, "matured_loans": paid + gone}
        for rate, (paid, gone) in PUBLISHED.items()
        for paid, gone in ((paid // 3, gone // 3), (paid - paid // 3, gone - gone // 3))
    ]
    assert uncertainty.compare(RATES, halves) == compared(PUBLISHED)


def test_without_a_test_nothing_is_compared() -> None:
    assert uncertainty.compare(replace(RATES, test=None), rows(PUBLISHED)) is None
