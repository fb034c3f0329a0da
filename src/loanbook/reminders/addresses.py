"""Addresses as the envelope of a letter needs them."""

from __future__ import annotations

import re

LONGEST = 320  # characters, more than any address has; what is longer is not even looked at
# Domains that no server outside knows: the library refuses them, but a lender's own server may not.
_INSIDE = re.compile(r"(?:[a-z0-9-]+\.)*(?:localhost|local|test)", re.IGNORECASE)
_OUTSIDE = "example.com"


def deliverable(address: str) -> str:
    """An address whose domain is written in ASCII, as all servers know it.

    What stands before the @ is left as it is: if it holds letters beyond ASCII, the letter travels
    only by a server that knows SMTPUTF8.

    Raises:
        ValueError: it is no address; the message does not repeat it.
    """
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 -- slow to load

    if len(address) > LONGEST:
        raise ValueError("its address is longer than any")
    local, _, domain = address.strip().rpartition("@")
    is_inside = _INSIDE.fullmatch(domain) is not None
    judged = f"{local}@{_OUTSIDE if is_inside else domain}"
    try:
        found = validate_email(judged, check_deliverability=False, strict=True)
    except EmailNotValidError as error:
        raise ValueError("its address is none") from error
    known = found.ascii_local_part or found.local_part
    return f"{known}@{domain.lower() if is_inside else found.ascii_domain}"


def named(name: str, address: str) -> str:
    """An address with a name before it, as a header wants it."""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>'
