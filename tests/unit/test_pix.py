"""Pix codes, read by a reader of its own, and their pictures, read by a reader of QR codes."""

from __future__ import annotations

from decimal import Decimal

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st
from tests.letters import decoded, fields

from loanbook.reminders import pix, qr

PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40)
CENTS = st.integers(1, 99_999_999).map(lambda cents: Decimal(cents) / 100)


def crc(text: str) -> str:
    """CRC-16/CCITT-FALSE as its definition says it, bit by bit."""
    found = 0xFFFF
    for byte in text.encode():
        found ^= byte << 8
        for _ in range(8):
            found = (found << 1) ^ 0x1021 if found & 0x8000 else found << 1
    return f"{found & 0xFFFF:04X}"


def test_the_check_sum_is_that_of_the_standard() -> None:
    assert pix.crc("123456789") == "29B1"


@given(PRINTABLE)
def test_the_check_sum_follows_its_definition(text: str) -> None:
    assert pix.crc(text) == crc(text)


def test_the_example_of_the_central_bank_comes_out() -> None:
    key = "123e4567-e12b-12d1-a456-426655440000"
    assert pix.code(key, "Fulano de Tal", "BRASILIA", None) == (
        f"00020126580014br.gov.bcb.pix0136{key}"
        "5204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D"
    )


@given(CENTS, st.from_regex(r"[A-Za-z0-9]{1,25}", fullmatch=True))
def test_a_code_says_what_it_was_made_of(amount: Decimal, txid: str) -> None:
    code = pix.code("pix@credito.example", "Crédito São João S.A.", "São Paulo", amount, txid)
    assert fields(code) == {
        "00": "01",
        "26": "0014br.gov.bcb.pix0119pix@credito.example",
        "26.00": "br.gov.bcb.pix",
        "26.01": "pix@credito.example",
        "52": "0000",
        "53": "986",
        "54": f"{amount:.2f}",
        "58": "BR",
        "59": "Credito Sao Joao S.A.",
        "60": "Sao Paulo",
        "62": f"05{len(txid):02}{txid}",
        "62.05": txid,
        "63": crc(code[:-4]),
    }


def test_names_and_cities_are_cut_to_what_the_standard_takes() -> None:
    name = "Companhia Açoriana de Crédito, Financiamento e Investimento"
    told = fields(pix.code("k", name, "São José do Vale do Rio Preto", Decimal(1)))
    assert told["59"] == "Companhia Acoriana de Cre"
    assert told["60"] == "Sao Jose do Val"


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("12.345.678/0001-95", "12345678000195"),
        ("390.533.447-05", "39053344705"),
        ("+5511912345678", "+5511912345678"),
        (" pix@credito.example ", "pix@credito.example"),
        ("123e4567-e12b-12d1-a456-426655440000", "123e4567-e12b-12d1-a456-426655440000"),
    ],
)
def test_a_key_loses_the_marks_that_pix_does_not_know(typed: str, known: str) -> None:
    assert fields(pix.code(typed, "A", "B", Decimal(1)))["26.01"] == known


@pytest.mark.parametrize(
    ("key", "name", "amount", "txid"),
    [
        ("", "A", Decimal(1), "X"),
        ("ç", "A", Decimal(1), "X"),
        ("k" * 78, "A", Decimal(1), "X"),
        ("k", "日本", Decimal(1), "X"),
        ("k", "A", Decimal(0), "X"),
        ("k", "A", Decimal(-1), "X"),
        ("k", "A", Decimal("NaN"), "X"),
        ("k", "A", Decimal(10) ** 10, "X"),
        ("k", "A", Decimal(1), "X-1"),
        ("k", "A", Decimal(1), "X" * 26),
    ],
)
def test_what_pix_cannot_carry_is_refused(key: str, name: str, amount: Decimal, txid: str) -> None:
    with pytest.raises(ValueError, match=r"Pix|payee"):
        pix.code(key, name, "B", amount, txid)


PICTURES = qr.Pictures()


@given(CENTS, st.integers(1, 10**12 - 1))
def test_another_reader_finds_the_code_in_its_picture(amount: Decimal, loan: int) -> None:
    code = pix.code("12345678000195", "Crédito", "São Paulo", amount, f"L{loan:012}")
    assert decoded(PICTURES.png(code)) == code


@given(st.integers(2, 160).flatmap(lambda n: st.tuples(*[st.text(
    st.characters(min_codepoint=32, max_codepoint=126), min_size=n, max_size=n
)] * 2)))  # fmt: skip
def test_a_picture_is_the_one_that_segno_draws(texts: tuple[str, str]) -> None:
    pictures = qr.Pictures()
    first, second = (pictures.png(text) for text in texts)
    assert decoded(first) == texts[0]
    plain = segno.make_qr(texts[0].encode(), error="m", mode="byte", boost_error=False)
    drawn = segno.make_qr(
        texts[1].encode(), error="m", mode="byte", boost_error=False,
        version=plain.version, mask=plain.mask,
    )  # fmt: skip
    assert modules(second) == [[bool(module) for module in row] for row in drawn.matrix]


def modules(png: bytes) -> list[list[bool]]:
    """Which modules of a picture are dark; each has to be of one colour, and the margin white."""
    import io  # noqa: PLC0415 -- for this alone

    from PIL import Image  # noqa: PLC0415

    image = Image.open(io.BytesIO(png)).convert("L")
    size = image.width // qr.SCALE
    small = image.resize((size, size), Image.Resampling.NEAREST)
    assert small.resize(image.size, Image.Resampling.NEAREST).tobytes() == image.tobytes()
    dark = [[small.getpixel((x, y)) == 0 for x in range(size)] for y in range(size)]
    inner = slice(qr.QUIET, size - qr.QUIET)
    kept = [row[inner] for row in dark[inner]]
    assert sum(map(sum, dark)) == sum(map(sum, kept))
    return kept
