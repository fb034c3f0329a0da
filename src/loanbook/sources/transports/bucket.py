"""Objects of a bucket: of S3 and what understands the same, Google Cloud Storage, Azure Blob."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import obstore
from obstore import store as stores
from obstore.exceptions import (
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from loanbook.errors import (
    BadSetting,
    SourceDenied,
    SourceUnavailable,
    SourceUntrusted,
)
from loanbook.settings.sources import Where
from loanbook.settings.tables import Judge, between, read
from loanbook.sources.contract import Offer
from loanbook.sources.transports.landing import CHUNK, Landing, Patience, is_tellable
from loanbook.sources.transports.secrets import Secret, readable, secret, told

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ClientConfig, ObjectStore

SCHEMES = ("s3", "gs", "az")
LISTED = 1000  # objects asked for at a time
RETRIES = 2
LONGEST_WAIT = 86_400  # seconds
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_STATUS = re.compile(r"status code: (\d{3})[^:\n]*")
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")


@dataclass(frozen=True, slots=True)
class Options:
    """The table [sources.NAME.bucket].

    Attributes:
        address: s3://bucket/folder, gs://bucket/folder or az://container/folder.
        region: of the bucket, for S3.
        endpoint: of a server other than the cloud's own.
        account: the storage account, for Azure.
        key_id: the access key's id, for S3. Where neither it nor a secret is named, the
            environment, its settings of the cloud included, says who we are.
        secret_env: the variable that holds the access key's secret (S3) or the account key (Azure).
        secret_file: or the file that does.
        token_env: the variable that holds a session token (S3) or a SAS token (Azure).
        token_file: or the file that does.
        key_file: the JSON key of a service account, for Google Cloud Storage.
        anonymous: everybody may read the bucket.
        ca_file: certificates to trust beside those of the system.
        timeout: seconds without an answer, or without further bytes of it.
        longest: seconds that one file may take.
    """

    address: str = ""
    region: str = ""
    endpoint: str = ""
    account: str = ""
    key_id: str = ""
    secret_env: str = ""
    secret_file: str = ""
    token_env: str = ""
    token_file: str = ""
    key_file: str = ""
    anonymous: bool = False
    ca_file: str = ""
    timeout: int = 30
    longest: int = 3600


def make(where: Where) -> Bucket:
    """The transport of a [sources.NAME.bucket].

    Raises:
        BadSetting: a key cannot be used.
    """
    options = read(Options, where.key, where.options, where.file, _JUDGES)
    if not options.address:
        raise BadSetting(key=f"{where.key}.address", file=where.file, problem="it is missing")
    login = Login(
        secret(where, "secret", options.secret_env, options.secret_file),
        secret(where, "token", options.token_env, options.token_file),
    )
    readable(where, "key_file", options.key_file)
    ca_file = readable(where, "ca_file", options.ca_file)
    client: ClientConfig = {
        "allow_http": options.endpoint.startswith("http:"),
        "connect_timeout": timedelta(seconds=options.timeout),
        "read_timeout": timedelta(seconds=options.timeout),
        "timeout": timedelta(seconds=options.longest),
    }
    if ca_file:
        client["root_certificate"] = ca_file.read_bytes()
    try:
        made = _store(where, options, login, client)
    except (BaseError, ValueError) as error:
        problem = told(error, login.secret, login.token)
        raise BadSetting(key=where.key, file=where.file, problem=problem) from None
    return Bucket(where.source, options, login, made)


@dataclass(frozen=True, slots=True)
class Login:
    """How we show who we are, beside what may be told."""

    secret: Secret
    token: Secret


def _store(where: Where, options: Options, login: Login, client: ClientConfig) -> ObjectStore:
    address = urlsplit(options.address)
    shared: dict[str, Any] = {
        "prefix": address.path.strip("/") or None,
        "client_options": client,
        "retry_config": {
            "max_retries": RETRIES,
            "retry_timeout": timedelta(seconds=options.timeout * RETRIES),
        },
    }
    named: dict[str, Any] = {"skip_signature": options.anonymous}
    if address.scheme == "s3":
        named |= {
            "endpoint": options.endpoint,
            "region": options.region,
            "access_key_id": options.key_id,
            "secret_access_key": login.secret.reveal(),
            "session_token": login.token.reveal(),
        }
        return stores.S3Store(address.netloc, **shared, **_filled(named))
    if address.scheme == "gs":
        key = str(where.home / options.key_file) if options.key_file else ""
        named |= {"service_account": key, "base_url": options.endpoint}
        return stores.GCSStore(address.netloc, **shared, **_filled(named))
    named |= {
        "account_name": options.account,
        "account_key": login.secret.reveal(),
        "sas_key": login.token.reveal(),
        "endpoint": options.endpoint,
    }
    return stores.AzureStore(address.netloc, **shared, **_filled(named))


class Bucket:
    """Carries objects of a bucket."""

    def __init__(self, source: str, options: Options, login: Login, made: ObjectStore) -> None:
        self._source = source
        self._options = options
        self._login = login
        self._store = made

    def offers(self) -> Iterator[Offer]:
        """All objects below the address, as the server lists them, a thousand at a time."""
        patience = Patience(self._source, self._options.longest)
        with self._translated():
            for some in obstore.list(self._store, chunk_size=LISTED):
                patience.check()
                for one in some:
                    name = one["path"]
                    if is_tellable(name) and not name.endswith("/"):
                        yield Offer(name, one["size"], _mark(one), one["last_modified"])

    def fetch(self, offer: Offer, to: Path) -> None:
        """Fetch an object, or the rest of it, as long as it is the same one still."""
        patience = Patience(self._source, self._options.longest)
        with (
            Landing(self._source, offer, to, patience) as landing,
            self._translated(landing),
        ):
            if not landing.is_whole:
                self._bring(offer, landing)
            landing.end()

    def close(self) -> None:
        """There is nothing to let go of: connections end by themselves."""

    def _bring(self, offer: Offer, landing: Landing) -> None:
        is_tagged = _is_tag(offer.mark)
        if not is_tagged:
            landing.restart()
        answer = obstore.get(
            self._store,
            offer.name,
            options={
                "if_match": offer.mark if is_tagged else None,
                "range": {"offset": landing.at},
            },
        )
        if _mark(answer.meta) != offer.mark:
            raise landing.gone("it was replaced")
        for chunk in answer.stream(min_chunk_size=CHUNK):
            landing.write(memoryview(chunk))

    @contextmanager
    def _translated(self, landing: Landing | None = None) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if landing is not None:
                raise landing.gone("the server has no such object") from None
            self._raise(error)
        except PreconditionError as error:
            if landing is not None:
                raise landing.gone("it was replaced") from None
            self._raise(error)
        except (PermissionDeniedError, UnauthenticatedError) as error:
            problem = self._told(error)
            raise SourceDenied(source=self._source, problem=problem) from None
        except (BaseError, OSError) as error:
            self._raise(error)

    def _raise(self, error: Exception) -> None:
        text = str(error)
        problem = self._told(error)
        if "certificate" in text.lower():
            problem = "its certificate is not to be trusted"
            raise SourceUntrusted(source=self._source, problem=problem) from None
        status = _STATUS.search(text)
        if status and status[1] in {"401", "403"}:
            raise SourceDenied(source=self._source, problem=problem) from None
        raise SourceUnavailable(source=self._source, problem=problem) from None

    def _told(self, error: Exception) -> str:
        text = str(error)
        status, code = _STATUS.search(text), _CODE.search(text)
        place = urlsplit(self._options.endpoint).netloc or self._options.address
        if status:
            why = f"it answers {status[1]}" + (f" {code[1]}" if code else "")
        elif "timed out" in text or "TimedOut" in text:
            why = "no answer in time"
        elif "dns error" in text:
            why = "nobody knows its host's address"
        elif "Connect" in text:
            why = "no connection"
        elif "HTTP error" in text:
            why = "the connection was cut"
        else:
            why = told(error, self._login.secret, self._login.token)
        return f"{place}: {why}"


def _mark(one: ObjectMeta) -> str:
    """The etag, else the time of change and the size."""
    return one["e_tag"] or f"{one['last_modified'].isoformat()}, {one['size']}"


def _is_tag(mark: str) -> bool:
    return "T" not in mark or "," not in mark


def _filled(named: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in named.items() if value}


def _bucket(address: str) -> str | None:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "it is no address"
    if "@" in parts.netloc:
        return "write no user or password into it; there are key_id and secret_env"
    fits = parts.scheme in SCHEMES and parts.netloc and not (parts.query or parts.fragment)
    return None if fits else "it is not like s3://bucket/folder, gs://… or az://…"


def _endpoint(address: str) -> str | None:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "it is no address"
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    return None if safe and "@" not in parts.netloc else "it is no address beginning with https://"


_JUDGES: dict[str, Judge] = {
    "address": _bucket,
    "endpoint": _endpoint,
    "timeout": between(1, 3600),
    "longest": between(1, LONGEST_WAIT),
}
