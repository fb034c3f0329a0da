"""Results as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.cli import jsons

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two of anything."""

    left: object
    right: object


@given(PLAIN)
def test_plain_values_come_back_as_they_were(value: object) -> None:
    text = jsons.dumps(value)
    assert text.isascii()
    assert json.loads(text) == value


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
def test_amounts_keep_every_digit(amount: Decimal) -> None:
    text = jsons.dumps(amount)
    assert "e" not in text.lower()
    assert json.loads(text, parse_float=Decimal, parse_int=Decimal) == amount


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1500.00"), "1500.00"),
        (Decimal("1E+3"), "1000"),
        (Decimal("NaN"), "null"),
        (date(2024, 1, 25), '"2024-01-25"'),
        (datetime(2024, 1, 25, 9, 30, tzinfo=UTC), '"2024-01-25T09:30:00+00:00"'),
        (Path("a/b"), '"a/b"'),
        ((), "[]"),
        ({}, "{}"),
        ("\x1b\x9b\u2028", r'"\u001b\u009b\u2028"'),
    ],
)
def test_scalars(value: object, text: str) -> None:
    assert jsons.dumps(value) == text


def test_dataclasses_are_objects_and_tuples_lists() -> None:
    assert json.loads(jsons.dumps(Pair((1, 2), Pair("a", None)))) == {
        "left": [1, 2],
        "right": {"left": "a", "right": None},
    }


def test_the_text_is_indented() -> None:
    assert jsons.dumps({"a": [1]}) == '{\n  "a": [\n    1\n  ]\n}'
