"""The demo's building blocks: columns of text, shares, draws, and amounts with a given sum."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.demo import loans, quotas, text
from loanbook.demo.dice import Dice

NUMBERS = st.lists(st.integers(0, 99_999_999), min_size=1, max_size=20)


def column(cells: text.Cells) -> list[str]:
    return text.lines(cells).decode().splitlines()


@given(NUMBERS)
def test_whole_numbers_read_as_python_writes_them(numbers: list[int]) -> None:
    assert column(text.number(np.array(numbers))) == [str(n) for n in numbers]
    assert column(text.closed(text.padded(np.array(numbers), 8))) == [f"{n:08}" for n in numbers]


@given(st.lists(st.integers(0, 999_999_999), min_size=1, max_size=20))
def test_three_groups_reach_further(numbers: list[int]) -> None:
    assert column(text.number(np.array(numbers), groups=3)) == [str(n) for n in numbers]


@given(NUMBERS)
def test_amounts_read_as_binary_floating_point_prints_them(cents: list[int]) -> None:
    assert column(text.money(np.array(cents))) == [repr(n / 100) for n in cents]


@given(st.lists(st.integers(0, 500_000_000), min_size=1, max_size=20))
def test_moments_read_as_dates_and_times(seconds: list[int]) -> None:
    first = datetime(2020, 1, 1)  # noqa: DTZ001 (the files have no zone)
    expected = [str(first + timedelta(seconds=n)) for n in seconds]
    assert column(text.moment(np.array(seconds))) == expected
    blank = text.moment(np.array(seconds), np.zeros(len(seconds), np.bool_))
    assert column(blank) == ["" for _ in seconds]


def test_words_of_any_length_end_in_their_separator() -> None:
    words = text.table(("", "São", "x"))
    assert text.lines(words, words).decode() == ",\nSão,São\nx,x\n"


@given(st.integers(0, 10_000), st.lists(st.integers(0, 500), min_size=1, max_size=60))
def test_shares_are_whole_and_at_most_one_from_proportion(total: int, weights: list[int]) -> None:
    dealt = quotas.shares(total, weights)
    if not any(weights):
        assert not any(dealt)
        return
    assert sum(dealt) == total
    for part, weight in zip(dealt, weights, strict=True):
        assert abs(part - total * weight / sum(weights)) < 1


@given(st.data())
def test_fitted_amounts_meet_the_sum_within_their_bounds(data: st.DataObject) -> None:
    limits = data.draw(st.lists(st.integers(2, 400), min_size=1, max_size=30))
    limit = np.array(limits) * 250
    amount = np.array([data.draw(st.integers(250, top)) for top in limit.tolist()])
    principal = data.draw(st.integers(250 * len(limit), int(limit.sum())))
    found = loans.fitted(amount, limit, principal)
    assert found.sum() == principal
    assert ((found >= 250) & (found <= limit)).all()


@given(st.integers(), st.integers(1, 2**31 - 1), st.integers(0, 2_000))
def test_a_draw_depends_on_its_row_alone(seed: int, bound: int, turn: int) -> None:
    dice = Dice(seed)
    rows = np.arange(100)
    drawn = dice.below("test", rows, bound, turn)
    assert (drawn >= 0).all()
    assert (drawn < bound).all()
    assert (dice.below("test", rows[40:60], bound, turn) == drawn[40:60]).all()


def test_draws_are_uniform_and_independent_between_purposes_and_turns() -> None:
    dice, rows = Dice(1), np.arange(200_000)
    draws = [dice.below(purpose, rows, 10, turn) for purpose in ("one", "other") for turn in (0, 1)]
    for drawn in draws:
        counts = np.bincount(drawn, minlength=10)
        assert counts.min() > 19_400
        assert counts.max() < 20_600
    correlation = np.corrcoef(np.vstack(draws))
    assert np.abs(correlation - np.eye(4)).max() < 0.01


def test_weights_decide_who_is_picked_first() -> None:
    rows = np.arange(100_000)
    weights = np.where(rows < 50_000, 1.0, 3.0)
    picked = Dice(1).lowest("test", rows, 4_000, weights=weights)
    assert len(set(picked.tolist())) == 4_000
    assert (picked >= 50_000).mean() == pytest.approx(0.75, abs=0.03)
