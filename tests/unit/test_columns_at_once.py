"""Whatever a column holds, all of it at once comes to the same as value by value."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.sources import atonce, notation
from loanbook.sources.contract import Number

ZONE = ZoneInfo("America/Sao_Paulo")
FORMS = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y", "excel")
ALIKE = (
    st.none(),
    st.text("0123456789.,-/: R$\n?T", max_size=12),
    st.from_regex(r"\A-?[0-9]{1,13}([.,][0-9]{1,3})?\Z"),
    st.from_regex(r"\A[0-9]{2}/[0-9]{2}/[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}\Z"),
    st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\Z"),
    st.decimals(-(10**9), 10**9, places=2).map(lambda d: Number(str(d))),
)
# Columns of one sort, which are what all at once is for, and mixed ones.
columns = st.one_of(*(st.lists(one, max_size=6) for one in (*ALIKE, st.one_of(*ALIKE))))
BLANKS = st.sampled_from([frozenset[str](), frozenset({"0", "-"})])


@given(columns, BLANKS)
def test_whole_numbers(values: list[str | None], blanks: frozenset[str]) -> None:
    slow = notation.each(notation.whole, blanks)
    assert notation.each(notation.whole, blanks, atonce.whole)(values) == slow(values)


@given(columns, BLANKS)
def test_amounts(values: list[str | None], blanks: frozenset[str]) -> None:
    work_out = notation.amount(".", 0)
    slow = notation.each(work_out, blanks)
    assert notation.each(work_out, blanks, atonce.plain)(values) == slow(values)


@given(columns, BLANKS)
def test_amounts_with_a_comma(values: list[str | None], blanks: frozenset[str]) -> None:
    values = [value for value in values if type(value) is not Number]
    work_out = notation.amount(",", 0)
    slow = notation.each(work_out, blanks)
    assert notation.each(work_out, blanks, atonce.comma)(values) == slow(values)


@given(columns, BLANKS, st.integers(0, 2))
def test_instants(values: list[str | None], blanks: frozenset[str], first: int) -> None:
    forms = FORMS[first:]
    work_out = notation.instant(forms, ZONE)
    slow = notation.each(work_out, blanks)
    assert notation.each(work_out, blanks, atonce.instants(forms))(values) == slow(values)


@pytest.mark.parametrize("form", ["%Y%m%d", "%d/%m/%Y %H:%M", "%d.%m.%y"])
def test_forms(form: str) -> None:
    values = ["20240125", "25/01/2024 10:11", "25.01.24", ""]
    work_out = notation.instant((form,), ZONE)
    for value in values:
        quick = notation.each(work_out, frozenset(), atonce.instants((form,)))
        assert quick([value, value]) == [work_out(value) if value else ""] * 2
