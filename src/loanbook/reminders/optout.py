"""Tokens by which a client unsubscribes with one click, and the keys that sign them.

A token names its key and the client, and is signed by HMAC-SHA256. It does not end: a link in an
old letter must still work. Of several keys the first signs, all check; so a key is rotated by a new
first line, and the last line goes when links that old need not work any more. The web door serves
the link: a POST does it without login, a GET only asks.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loanbook.errors import LetterKeysUnusable, OptOutRefused

FILE_NAME = "letters.key"
VARIABLE = "LOANBOOK_LETTER_KEYS"
PATH = "/letters/opt-out/"  # at the site of the payee, before the token
_SECRET, _NAME, _CLIENT, _SIGNATURE = 32, 4, 8, 16  # bytes
_PURPOSE = b"loanbook opt-out 1\0"


@dataclass(frozen=True, slots=True)
class Keys:
    """Secrets, the first of which signs.

    Attributes:
        secrets: of 32 bytes or more each.
    """

    secrets: tuple[bytes, ...]

    def token(self, user_id: int) -> str:
        """What a client's link ends with."""
        secret = self.secrets[0]
        told = _name(secret) + user_id.to_bytes(_CLIENT)
        return base64.urlsafe_b64encode(told + _sign(secret, told)).decode().rstrip("=")

    def client(self, token: str) -> int:
        """Whom a token was made for.

        Raises:
            OptOutRefused: none of the keys signed it.
        """
        padded = token + "=" * (-len(token) % 4)
        try:
            raw = base64.b64decode(padded.encode("ascii"), b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error) as error:
            raise OptOutRefused from error
        told, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
        is_whole = len(raw) == _NAME + _CLIENT + _SIGNATURE
        for secret in self.secrets if is_whole else ():
            known = hmac.compare_digest(_sign(secret, told), signature)
            if known and told[:_NAME] == _name(secret):
                return int.from_bytes(told[_NAME:])
        raise OptOutRefused


def keys(home: Path, environ: Mapping[str, str] = os.environ) -> Keys:
    """The keys of a workspace: those of LOANBOOK_LETTER_KEYS, else of its file, made if need be.

    Raises:
        LetterKeysUnusable: there are none, one is too short, or others may read the file.
    """
    given = environ.get(VARIABLE)
    if given is not None:
        return _read(given.replace(",", " "), VARIABLE)
    path = home / FILE_NAME
    if not path.exists():
        _make(path)
    if path.stat().st_mode & 0o077:
        raise LetterKeysUnusable(place=path, problem="others may read it; run chmod 600 on it")
    return _read(path.read_text("ascii", "replace"), str(path))


def fresh() -> str:
    """A new key as the file and the variable hold it."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_SECRET)).decode()


def _make(path: Path) -> None:
    """Write a file with one key; of several processes that do so at once, one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".letters-", dir=path.parent)  # 0600 from the start
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{fresh()}\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink()


def _read(text: str, place: str) -> Keys:
    lines = (line.partition("#")[0] for line in text.splitlines())
    try:
        found = tuple(base64.urlsafe_b64decode(word) for line in lines for word in line.split())
    except (binascii.Error, ValueError) as error:
        raise LetterKeysUnusable(place=place, problem="a key is no base64") from error
    if not found or min(map(len, found)) < _SECRET:
        problem = f"it needs keys of at least {_SECRET} bytes, in base64"
        raise LetterKeysUnusable(place=place, problem=problem)
    return Keys(found)


def _name(secret: bytes) -> bytes:
    return hashlib.sha256(_PURPOSE + secret).digest()[:_NAME]


def _sign(secret: bytes, told: bytes) -> bytes:
    return hmac.digest(secret, _PURPOSE + told, "sha256")[:_SIGNATURE]
