"""Comparing a file with the one before gives what sets of lines would give."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.columns import COLUMNS
from loanbook.staging import lines
from loanbook.staging.comparison import Comparison, NotComparableError, Previous
from loanbook.staging.layouts import recognise

HEADER = ",".join(COLUMNS["loans"])
LONGEST = 1 << 20
INSTANT = "2024-01-01 10:00:00"

Book = dict[int, int]  # loan_id to amount paid, in whole units


def line(loan_id: int, paid: int) -> str:
    return f"7,{loan_id},{INSTANT},{INSTANT},,ongoing,1000,11.18,1261.18,{paid}"


def file_of(book: Book) -> bytes:
    rows = [line(loan_id, book[loan_id]) for loan_id in sorted(book)]
    return "\n".join([HEADER, *rows, ""]).encode()


def comparison(before: bytes, paid: int, count: int, aside: set[int]) -> Comparison:
    amounts = (Decimal(1000 * count), Decimal("1261.18") * count, Decimal(paid))
    previous = Previous(1, Path("before.csv"), aside, amounts)
    layout = recognise(HEADER, "loans.csv")
    return Comparison(layout, previous, lines.blocks(io.BytesIO(before), "utf-8", ",", LONGEST))


BOOKS = st.dictionaries(st.integers(1, 60), st.integers(0, 3), max_size=40)


@given(before=BOOKS, now=BOOKS, block=st.sampled_from([40, 200, 1 << 18]), data=st.data())
def test_it_agrees_with_sets(before: Book, now: Book, block: int, data: st.DataObject) -> None:
    aside = data.draw(st.sets(st.sampled_from(sorted(before)), max_size=3)) if before else set()
    reached = {key: paid for key, paid in before.items() if key not in aside}
    numbers = {2 + place for place, key in enumerate(sorted(before)) if key in aside}
    found = comparison(file_of(before), sum(reached.values()), len(reached), numbers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK", block)
        fresh = [
            (number, record.decode())
            for part in found.fresh(lines.blocks(io.BytesIO(file_of(now)), "utf-8", ",", LONGEST))
            for number, record in zip(part.numbers, part.records, strict=True)
        ]
    carried = {key for key, paid in now.items() if reached.get(key) == paid}
    places = {key: 2 + place for place, key in enumerate(sorted(now))}
    assert fresh == [(places[k], line(k, now[k])) for k in sorted(now) if k not in carried]
    assert found.carried == len(carried)
    assert sorted(found.departed) == sorted(set(reached) - set(now))
    assert found.amounts == [
        Decimal(1000 * len(carried)),
        Decimal("1261.18") * len(carried),
        Decimal(sum(now[key] for key in carried)),
    ]


@pytest.mark.parametrize(
    "now",
    [
        f"{HEADER}\n{line(2, 0)}\n{line(1, 0)}\n",
        f"{HEADER}\n{line(1, 0)}\n{line(1, 1)}\n",
        f'{HEADER}\n"7",1,{INSTANT}\n',
        f"{HEADER}\n7\n",
        f"{HEADER}\n7,x,1\n",
    ],
    ids=["out of order", "a key twice", "quoted", "no key", "no number"],
)
def test_what_cannot_be_compared_says_so(now: str) -> None:
    found = comparison(file_of({1: 0, 2: 0}), 0, 2, set())
    with pytest.raises(NotComparableError):
        list(found.fresh(lines.blocks(io.BytesIO(now.encode()), "utf-8", ",", LONGEST)))
