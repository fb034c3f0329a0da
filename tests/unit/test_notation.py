"""How others write numbers, dates and codes, and what of it is understood."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from loanbook.sources import notation
from loanbook.sources.contract import Number

SAO_PAULO = ZoneInfo("America/Sao_Paulo")


@pytest.mark.parametrize(
    ("written", "decimal", "ours"),
    [
        ("1.234,56", ",", "1234.56"),
        ("R$ 1.234.567,8", ",", "1234567.8"),
        ("-12,50", ",", "-12.50"),
        ("1234", ",", "1234"),
        ("20%", ",", "20"),
        ("1.5", ",", "?1.5"),
        ("1.234", ",", "1234"),
        ("1,234.56", ".", "1234.56"),
        ("US$1,000", ".", "1000"),
        ("1,5", ".", "?1,5"),
        ("1e3", ".", "?1e3"),
        ("NaN", ".", "?NaN"),
        ("0x1F", ".", "?0x1F"),
        ("1_000", ".", "?1_000"),
        ("12,34,56", ".", "?12,34,56"),
        ("one", ",", "?one"),
    ],
)
def test_amounts_written_as_text(written: str, decimal: str, ours: str) -> None:
    assert notation.amount(decimal, 0)(written) == ours


@pytest.mark.parametrize("decimal", [",", "."])
@pytest.mark.parametrize(
    ("number", "ours"),
    [
        ("1.234", "1.234"),
        ("1234.5", "1234.5"),
        ("0.30000000000000004", "0.30"),
        ("1234.5600000000001", "1234.56"),
        ("100.1000", "100.1000"),
        ("1e+20", "100000000000000000000"),
        ("123456789012345678", "123456789012345678"),
        ("nan", "?nan"),
    ],
)
def test_numbers_that_are_numbers_have_a_point_whatever_texts_have(
    number: str, decimal: str, ours: str
) -> None:
    assert notation.amount(decimal, 0)(Number(number)) == ours


@pytest.mark.parametrize(
    ("written", "unit", "ours"),
    [("123456", -2, "1234.56"), ("5", -2, "0.05"), ("1,5", 3, "1500"), ("0,2", 2, "20")],
)
def test_units_move_the_point_exactly(written: str, unit: int, ours: str) -> None:
    assert notation.amount(",", unit)(written) == ours


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("25/01/2024", "2024-01-25 00:00:00"),
        ("5/1/2024 07:30", "2024-01-05 07:30:00"),
        ("2024-01-25", "2024-01-25 00:00:00"),
        ("2024-01-25T10:11:12.999", "2024-01-25 10:11:12"),
        ("2024-01-25T02:00:00Z", "2024-01-24 23:00:00"),
        ("2024-01-25 02:00:00-03", "2024-01-25 02:00:00"),
        ("2024-01-25T02:00:00+05:30", "2024-01-24 17:30:00"),
        ("30/02/2024", "2024-02-30 00:00:00"),  # the load says that there is none
        ("45316.5", "2024-01-25 12:00:00"),
        ("now", "?now"),
        ("infinity", "?infinity"),
        ("25.01.2024", "?25.01.2024"),
        ("999999999", "?999999999"),
    ],
)
def test_dates(written: str, ours: str) -> None:
    forms = ("%d/%m/%Y %H:%M", "%d/%m/%Y", "excel")
    assert notation.instant(forms, SAO_PAULO)(written) == ours


@pytest.mark.parametrize("form", ["%d/%m", "%d/%m/%Y %p", "%Q", "day"])
def test_a_form_that_names_no_date_is_refused(form: str) -> None:
    with pytest.raises(ValueError, match=r"dates here have|lacks a day"):
        notation.instant((form,), SAO_PAULO)


def test_codes_without_a_word_go_to_quarantine_and_free_texts_stay() -> None:
    codes = {"A": "approved", "N": "denied"}
    told = notation.coded(codes, frozenset(), free=False)
    assert told(["A", "n ", "X", None, "approved"]) == [
        "approved", "denied", "?X", "", "?approved",
    ]  # fmt: skip
    free = notation.coded(codes, frozenset({"-"}), free=True)
    assert free(["A", "other", "-"]) == ["approved", "other", ""]
    blank = notation.coded({"": "approved"}, frozenset(), free=False)
    assert blank([None, "", "x"]) == ["approved", "approved", "?x"]


def test_texts_and_numbers_of_the_same_digits_are_told_apart() -> None:
    convert = notation.each(notation.amount(",", 0), frozenset())
    assert convert(["1.234", Number("1.234"), "1.234"]) == ["1234", "1.234", "1234"]


def test_whole_numbers() -> None:
    convert = notation.each(notation.whole, frozenset({"-"}))
    assert convert(["0042", Number("42.0"), " 7 ", "-", "4.2", "x"]) == [
        "0042", "42", "7", "", "?4.2", "?x",
    ]  # fmt: skip
