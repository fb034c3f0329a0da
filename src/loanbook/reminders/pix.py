"""Pix codes: what a banking app reads from a QR code or from "copy and paste".

The code is a list of fields (EMV QR Code Specification, merchant-presented mode): two digits of an
id, two of a length, the value; fields may hold fields. The last one is a check sum over all before
it. Field 26 and the limits of length are those of the central bank's manual for starting a Pix.
"""

from __future__ import annotations

import unicodedata
from binascii import crc_hqx
from decimal import Decimal
from functools import lru_cache

LONGEST_KEY, LONGEST_NAME, LONGEST_CITY, LONGEST_TXID = 77, 25, 15, 25  # characters
LARGEST_AMOUNT = Decimal("9999999999.99")  # 13 characters
NO_TXID = "***"
_DOMAIN, _NO_CATEGORY, _BRL, _COUNTRY = "br.gov.bcb.pix", "0000", "986", "BR"
_CPF, _CNPJ = 11, 14


def code(key: str, name: str, city: str, amount: Decimal | None, txid: str = NO_TXID) -> str:
    """The code that pays an amount to a key.

    Args:
        key: to which is paid: a CPF, CNPJ, address, telephone number or random key.
        name: of the payee; folded to ASCII and cut as the standard wants it.
        city: of the payee; the same.
        amount: in reais, above 0; None: the payer types it.
        txid: letters and digits by which the payee knows the payment.

    Raises:
        ValueError: a part cannot be written; the message says which.
    """
    return _checked(_before_amount(key) + _amount(amount) + _behind_amount(name, city, txid))


def crc(text: str) -> str:
    """The check sum of a text, CRC-16/CCITT-FALSE, as four hexadecimal digits in capitals."""
    return f"{crc_hqx(text.encode('ascii'), 0xFFFF):04X}"


def bare(key: str) -> str:
    """A key as Pix knows it: a CPF or CNPJ has no marks."""
    key = key.strip()
    digits = "".join(char for char in key if char not in "./-")
    is_number = digits.isdecimal() and len(digits) in {_CPF, _CNPJ} and not key.startswith("+")
    return digits if is_number else key


def folded(text: str, longest: int) -> str:
    """A text without accents and other signs than those of ASCII, cut to a length."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join("".join(c if c.isprintable() else " " for c in plain).split())[:longest].strip()


def _field(number: str, value: str) -> str:
    return f"{number}{len(value):02}{value}"


@lru_cache
def _before_amount(key: str) -> str:
    known = bare(key)
    if not (known.isascii() and known.isprintable() and 0 < len(known) <= LONGEST_KEY):
        raise ValueError(f"a Pix key has 1 to {LONGEST_KEY} characters of ASCII")
    account = _field("00", _DOMAIN) + _field("01", known)
    return "000201" + _field("26", account) + _field("52", _NO_CATEGORY) + _field("53", _BRL)


def _amount(amount: Decimal | None) -> str:
    if amount is None:
        return ""
    if not (amount.is_finite() and 0 < amount <= LARGEST_AMOUNT):
        raise ValueError("a Pix code cannot carry this amount")
    return _field("54", f"{amount:.2f}")


def _behind_amount(name: str, city: str, txid: str) -> str:
    if txid != NO_TXID and not (txid.isascii() and txid.isalnum() and len(txid) <= LONGEST_TXID):
        raise ValueError(f"a Pix txid has 1 to {LONGEST_TXID} letters and digits")
    return _payee(name, city) + _field("62", _field("05", txid))


@lru_cache
def _payee(name: str, city: str) -> str:
    told, place = folded(name, LONGEST_NAME), folded(city, LONGEST_CITY)
    if not (told and place):
        raise ValueError("the payee's name and city need letters of ASCII")
    return _field("58", _COUNTRY) + _field("59", told) + _field("60", place)


def _checked(fields: str) -> str:
    fields += "6304"
    return fields + crc(fields)
