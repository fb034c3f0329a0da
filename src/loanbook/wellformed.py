"""What a person types about a person, brought into one shape or refused by the book's own rules.

No refusal repeats what was typed: it may be personal, and a refusal may end in a log.
"""

from __future__ import annotations

import unicodedata

from loanbook.errors import Refused

COUNTRY = "BR"  # of telephone numbers without a code
LOCALES = ("pt-BR", "en")
CPF = 11  # characters; a CNPJ has more


def told(
    *,
    name: str | None,
    email: str | None,
    tax_id: str | None,
    phone: str | None,
    locale: str | None,
) -> dict[str, str | None]:
    """All fields in their one shape; None and "" stay as they are.

    Raises:
        Refused: a value is not what it should be; the rule is the book's.
    """
    makers = {
        "name": (name_of, name),
        "email": (email_of, email),
        "tax_id": (tax_id_of, tax_id),
        "phone": (phone_of, phone),
        "locale": (locale_of, locale),
    }
    return {field: make(value) if value else value for field, (make, value) in makers.items()}


def name_of(text: str) -> str:
    """A name in composed characters, without space around it; the book looks for the rest."""
    return unicodedata.normalize("NFC", text).strip(" ")


def email_of(text: str) -> str:
    """An e-mail address, its domain in small letters; whether it answers is not asked.

    Raises:
        Refused: it is none.
    """
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 -- slow to load

    try:
        return validate_email(text.strip(), check_deliverability=False, strict=True).normalized
    except EmailNotValidError as error:
        sentence = str(error).split(" (", 1)[0]  # what stands in brackets may quote the address
        raise _refused("contacts_email_shape", sentence) from error


def tax_id_of(text: str) -> str:
    """A CPF or CNPJ without its marks; since July 2026 a CNPJ may hold capital letters.

    Raises:
        Refused: its check digits do not fit, or it is no number that is given out.
    """
    from stdnum.br import cnpj, cpf  # noqa: PLC0415 -- slow to load
    from stdnum.exceptions import ValidationError  # noqa: PLC0415

    try:
        is_cpf = len(cpf.compact(text)) == CPF
        found = cpf.validate(text) if is_cpf else cnpj.validate(text)
    except ValidationError as error:
        sentence = "The tax id is neither a CPF nor a CNPJ: length or check digits do not fit."
        raise _refused("contacts_tax_id_shape", sentence) from error
    if len(set(found)) == 1:
        sentence = "The tax id is one digit repeated; no such number is given out."
        raise _refused("contacts_tax_id_shape", sentence)
    return found


def phone_of(text: str) -> str:
    """A telephone number in international form; one without a country's code is Brazilian.

    Raises:
        Refused: its country has no such number.
    """
    import phonenumbers  # noqa: PLC0415 -- slow to load

    try:
        found = phonenumbers.parse(text, COUNTRY)
    except phonenumbers.NumberParseException as error:
        raise _no_phone() from error
    if not phonenumbers.is_valid_number(found) or found.extension:
        raise _no_phone()
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def locale_of(text: str) -> str:
    """A language that letters are written in, in its usual spelling.

    Raises:
        Refused: there are no letters in it.
    """
    usual = {locale.lower(): locale for locale in LOCALES}
    found = usual.get(text.strip().replace("_", "-").lower())
    if found is None:
        raise _refused("contacts_locale_known", f"The locale must be {' or '.join(LOCALES)}.")
    return found


def _no_phone() -> Refused:
    sentence = "The telephone number is none that its country gives out."
    return _refused("contacts_phone_shape", sentence)


def _refused(rule: str, sentence: str) -> Refused:
    return Refused(rule=rule, sentence=sentence if sentence.endswith(".") else f"{sentence}.")
