"""Files in a folder of an SFTP server, whose host key is known beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from loanbook.errors import BadSetting
from loanbook.settings.sources import Where
from loanbook.settings.tables import Judge, between, read
from loanbook.sources.transports.depot import Depot, Login, Place
from loanbook.sources.transports.hostkeys import Guard
from loanbook.sources.transports.secrets import readable, secret, told

LONGEST_WAIT = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class Options:
    """The table [sources.NAME.sftp].

    Attributes:
        address: sftp://user@host:port/folder; a folder after two slashes is counted from the root.
        password_env: the variable that holds the password.
        password_file: or the file that does.
        key_file: a private key.
        passphrase_env: the variable that holds the key's passphrase.
        passphrase_file: or the file that does.
        known_hosts: a file of host keys, as ssh writes it.
        fingerprints: of host keys, such as "SHA256:…"; several while the server's key changes.
        timeout: seconds without an answer.
        longest: seconds that one file may take.
    """

    address: str = ""
    password_env: str = ""
    password_file: str = ""
    key_file: str = ""
    passphrase_env: str = ""
    passphrase_file: str = ""
    known_hosts: str = ""
    fingerprints: tuple[str, ...] = ()
    timeout: int = 30
    longest: int = 3600


def make(where: Where) -> Depot:
    """The transport of a [sources.NAME.sftp].

    Raises:
        BadSetting: a key cannot be used, or nothing says which host key is right.
    """
    options = read(Options, where.key, where.options, where.file, _JUDGES)
    if not options.address:
        raise BadSetting(key=f"{where.key}.address", file=where.file, problem="it is missing")
    if not (options.known_hosts or options.fingerprints):
        problem = "name a file known_hosts, or fingerprints; an unknown host is not trusted"
        raise BadSetting(key=f"{where.key}.known_hosts", file=where.file, problem=problem)
    password = secret(where, "password", options.password_env, options.password_file)
    passphrase = secret(where, "passphrase", options.passphrase_env, options.passphrase_file)
    if not (password or options.key_file):
        problem = "name password_env, password_file or key_file"
        raise BadSetting(key=f"{where.key}.password_env", file=where.file, problem=problem)
    key_file = readable(where, "key_file", options.key_file)
    known_hosts = readable(where, "known_hosts", options.known_hosts)
    try:
        guard = Guard(where.key, known_hosts, options.fingerprints)
    except (OSError, ValueError) as error:
        problem = f"it is no file of host keys ({told(error)})"
        raise BadSetting(
            key=f"{where.key}.known_hosts", file=where.file, problem=problem
        ) from error
    place = Place(where.source, options.address, options.timeout, options.longest)
    return Depot(place, guard, Login(password, key_file, passphrase))


def _sftp(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        fits = parts.scheme == "sftp" and parts.hostname and parts.username and (parts.port or 1)
    except ValueError:
        return "it is no address"
    if parts.password is not None:
        return "write no password into it; there are password_env and password_file"
    return None if fits else "it is not like sftp://user@host:22/folder"


def _prints(given: tuple[str, ...]) -> str | None:
    return None if all(one.startswith("SHA256:") for one in given) else "each begins with SHA256:"


_JUDGES: dict[str, Judge] = {
    "address": _sftp,
    "fingerprints": _prints,
    "timeout": between(1, 3600),
    "longest": between(1, LONGEST_WAIT),
}
