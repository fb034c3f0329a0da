"""What a person types about a person is written in one way, or refused without being repeated."""

from __future__ import annotations

import pytest

from loanbook import wellformed
from loanbook.errors import Refused


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        (" Ana.Lima@EXAMPLE.com ", "Ana.Lima@example.com"),
        ("joão@exemplo.com.br", "joão@exemplo.com.br"),
        ("a+b@sub.example.org", "a+b@sub.example.org"),
    ],
)
def test_an_address_is_written_in_one_way(typed: str, written: str) -> None:
    assert wellformed.email_of(typed) == written


@pytest.mark.parametrize(
    "typed",
    [
        "nobody", "secret@", "@example.com", "secret@example", "se cret@example.com",
        "secret@example.com, secret@example.org", "secret@example.com\r\nBcc: x@example.com",
        "secret@@example.com", "Secret <secret@example.com>", "secret@localhost",
        "a" * 65 + "@b.co",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_and_not_repeated(typed: str) -> None:
    with pytest.raises(Refused) as refused:
        wellformed.email_of(typed)
    assert refused.value.rule == "contacts_email_shape"
    assert "secret" not in str(refused.value).lower()
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("390.533.447-05", "39053344705"),
        ("39053344705", "39053344705"),
        ("16.727.230/0001-97", "16727230000197"),
        ("12.abc.345/01de-35", "12ABC34501DE35"),  # given out since July 2026
        ("12ABC34501DE35", "12ABC34501DE35"),
    ],
)
def test_a_tax_id_is_written_without_its_marks(typed: str, written: str) -> None:
    assert wellformed.tax_id_of(typed) == written


@pytest.mark.parametrize(
    "typed",
    [
        "390.533.447-06", "39053344", "111.111.111-11", "00000000000000", "16.727.230/0001-98",
        "12.ABC.345/01DE-36", "12345678901234567", "39053344705; drop table", "none",
    ],
)  # fmt: skip
def test_what_is_no_tax_id_is_refused_and_not_repeated(typed: str) -> None:
    with pytest.raises(Refused) as refused:
        wellformed.tax_id_of(typed)
    assert refused.value.rule == "contacts_tax_id_shape"
    assert typed not in str(refused.value)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("11 98765-4321", "+5511987654321"),
        ("(011) 98765-4321", "+5511987654321"),
        ("+55 11 5550-0101", "+551155500101"),
        ("5511987654321", "+5511987654321"),
        ("+351 912 345 678", "+351912345678"),
    ],
)
def test_a_telephone_number_is_written_internationally(typed: str, written: str) -> None:
    assert wellformed.phone_of(typed) == written


@pytest.mark.parametrize("typed", ["123", "00 00000-0000", "+999 1234567", "call me", "+55", "٣"])
def test_what_is_no_telephone_number_is_refused_and_not_repeated(typed: str) -> None:
    with pytest.raises(Refused) as refused:
        wellformed.phone_of(typed)
    assert refused.value.rule == "contacts_phone_shape"
    assert typed not in str(refused.value)


def test_a_locale_is_one_that_letters_are_written_in() -> None:
    assert wellformed.locale_of("PT_br") == "pt-BR"
    assert wellformed.locale_of(" EN ") == "en"
    with pytest.raises(Refused) as refused:
        wellformed.locale_of("fr")
    assert refused.value.rule == "contacts_locale_known"


def test_what_is_not_said_and_what_is_to_go_stay_as_they_are() -> None:
    told = wellformed.told(name="Ana\u0301 ", email=None, tax_id="", phone=None, locale="en")
    assert told == {"name": "Aná", "email": None, "tax_id": "", "phone": None, "locale": "en"}
