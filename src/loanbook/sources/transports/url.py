"""Files on a web server: one address, the links of an index page, or the names of a manifest."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from urllib.parse import urlsplit

from loanbook.errors import BadSetting
from loanbook.settings.sources import Where
from loanbook.settings.tables import Judge, among, between, read
from loanbook.sources.transports.secrets import Secret, readable, secret, told
from loanbook.sources.transports.web import Trust, Web
from loanbook.sources.transports.website import Place, Website

LONGEST_WAIT = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class Options:
    """The table [sources.NAME.url].

    Attributes:
        address: https://… of a file, of an index page, or of a manifest.
        listing: what is there: "file", "index" or "manifest".
        user: who logs in with a password; blank: nobody does.
        password_env: the variable that holds the password.
        password_file: or the file that does.
        token_env: the variable that holds a token.
        token_file: or the file that does.
        token_header: the header that carries the token alone; blank: as "Authorization: Bearer".
        ca_file: certificates to trust beside those of the system.
        certificate_file: a certificate of our own, for servers that ask for one.
        certificate_key_file: its key, if that is in a file of its own.
        hosts: other hosts to which the server may lead us.
        timeout: seconds without an answer, or without further bytes of it.
        longest: seconds that one file may take.
    """

    address: str = ""
    listing: str = "file"
    user: str = ""
    password_env: str = ""
    password_file: str = ""
    token_env: str = ""
    token_file: str = ""
    token_header: str = ""
    ca_file: str = ""
    certificate_file: str = ""
    certificate_key_file: str = ""
    hosts: tuple[str, ...] = ()
    timeout: int = 30
    longest: int = 3600


def make(where: Where) -> Website:
    """The transport of a [sources.NAME.url].

    Raises:
        BadSetting: a key cannot be used.
    """
    options = read(Options, where.key, where.options, where.file, _JUDGES)
    if not options.address:
        raise BadSetting(key=f"{where.key}.address", file=where.file, problem="it is missing")
    headers, secrets = _headers(where, options)
    trust = Trust(
        ca_file=readable(where, "ca_file", options.ca_file),
        certificate=readable(where, "certificate_file", options.certificate_file),
        key=readable(where, "certificate_key_file", options.certificate_key_file),
        headers=headers,
        secrets=secrets,
        hosts=frozenset(host.lower() for host in options.hosts),
    )
    try:
        web = Web(where.source, where.key, options.address, trust, options.timeout)
    except OSError as error:
        problem = f"ca_file or certificate_file holds no certificate ({told(error)})"
        raise BadSetting(key=where.key, file=where.file, problem=problem) from error
    place = Place(where.source, options.address, options.listing, where.files, options.longest)
    return Website(place, web)


def _headers(where: Where, options: Options) -> tuple[dict[str, Secret], tuple[Secret, ...]]:
    password = secret(where, "password", options.password_env, options.password_file)
    token = secret(where, "token", options.token_env, options.token_file)
    headers: dict[str, Secret] = {}
    if options.user:
        pair = f"{options.user}:{password.reveal()}".encode()
        headers["Authorization"] = Secret("Basic " + base64.b64encode(pair).decode())
    if token:
        name = options.token_header or "Authorization"
        value = token.reveal() if options.token_header else f"Bearer {token.reveal()}"
        if name in headers or not f"{name}{value}".isascii() or not value.isprintable():
            problem = "a user with a password is named already, or it is no text for a header"
            raise BadSetting(key=f"{where.key}.token_header", file=where.file, problem=problem)
        headers[name] = Secret(value)
    return headers, (password, token, *headers.values())


def _https(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        has_login = parts.username is not None or parts.password is not None
        is_web = parts.scheme == "https" and parts.hostname and (parts.port or 1)
    except ValueError:
        has_login, is_web = False, False
    if has_login:
        return "write no user or password into it; there are the keys user and password_env"
    return None if is_web else "it is no address that begins with https://"


_JUDGES: dict[str, Judge] = {
    "address": _https,
    "listing": among("file", "index", "manifest"),
    "timeout": between(1, 3600),
    "longest": between(1, LONGEST_WAIT),
}
