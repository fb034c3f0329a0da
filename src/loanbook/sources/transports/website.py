"""A web server whose files are listed, fetched, and known again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import unquote, urlsplit

from loanbook.errors import OfferGone, SourceError, SourceUnavailable
from loanbook.sources.contract import Offer
from loanbook.sources.transports.landing import CHUNK, Landing, Patience, is_tellable
from loanbook.sources.transports.listings import (
    Listed,
    NotAListingError,
    of_manifest,
    of_page,
)
from loanbook.sources.transports.web import (
    BEYOND,
    CHANGED,
    GONE,
    NO_METHOD,
    NOT_DONE,
    NOT_FOUND,
    PARTIAL,
    Answer,
    Web,
)

LONGEST_LISTING = 64 << 20  # bytes
SHA256 = "sha256:"  # begins the mark of a file whose digest a manifest tells
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class Place:
    """What is fetched from a server.

    Attributes:
        source: whose it is.
        address: of a file, an index page or a manifest.
        listing: which of these it is: "file", "index" or "manifest".
        files: pattern of the names that are wanted; of others only the name is offered.
        longest: seconds that one file may take.
    """

    source: str
    address: str
    listing: str
    files: str
    longest: int


class Website:
    """Carries files from a web server."""

    def __init__(self, place: Place, web: Web) -> None:
        self._source = place.source
        self._place = place
        self._web = web
        self._addresses: dict[str, str] = {}

    def offers(self) -> Iterator[Offer]:
        """What is there now, and how the server tells one content from another."""
        reading: dict[str, Callable[[str, str], Iterator[Listed]]]
        reading = {"index": of_page, "manifest": of_manifest}
        address = self._place.address
        if self._place.listing == "file":
            name = unquote(urlsplit(address).path).split("/")[-1] or "download"
            offer = self._look(Listed(name, address))
            if offer is None:
                problem = "it has nothing at the address of the settings (404)"
                raise SourceUnavailable(source=self._source, problem=problem)
            yield offer
            return
        text = self._text(address)
        try:
            for listed in reading[self._place.listing](text, address):
                if not is_tellable(listed.name):
                    continue
                offer = self._offer(listed)
                if offer is not None:  # else it went away since the page was made
                    yield offer
        except NotAListingError as error:
            raise SourceError(source=self._source, problem=f"its manifest: {error}") from error

    def fetch(self, offer: Offer, to: Path) -> None:
        """Fetch a file, the rest of it where the server can say that it is the same one still."""
        patience = Patience(self._source, self._place.longest)
        with Landing(self._source, offer, to, patience) as landing:
            resumed = bool(landing.at)
            if not (offer.mark and landing.is_whole):
                self._bring(offer, landing)
            landing.end()
        if offer.mark.startswith(SHA256) and _digest(to) != offer.mark.removeprefix(SHA256):
            to.unlink()
            if resumed:  # the beginning may be another version's
                self.fetch(offer, to)
                return
            problem = "its digest is not the one that the manifest tells"
            raise OfferGone(source=self._source, name=offer.name, problem=problem)

    def close(self) -> None:
        """Let go of connections."""
        self._web.close()

    def _bring(self, offer: Offer, landing: Landing) -> None:
        headers = _conditions(offer, landing)
        address = self._addresses.get(offer.name, self._place.address)
        with self._web.ask("GET", address, headers) as answer:
            if answer.status == BEYOND and landing.at:
                landing.restart()
            else:
                self._land(answer, offer, landing)
                return
        self._bring(offer, landing)

    def _land(self, answer: Answer, offer: Offer, landing: Landing) -> None:
        if answer.status in {NOT_FOUND, GONE}:
            raise landing.gone(f"the server answers {answer.status}")
        if answer.status == CHANGED:
            raise landing.gone("it was replaced")
        begins = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if answer.status != PARTIAL:
            landing.restart()
        elif begins is None or int(begins[1]) != landing.at:
            raise SourceUnavailable(source=self._source, problem="it sends a part not asked for")
        if not offer.mark.startswith(SHA256) and _mark(answer) != offer.mark:
            raise landing.gone("it was replaced")
        for chunk in self._web.chunks(answer, CHUNK):
            landing.write(chunk)

    def _offer(self, listed: Listed) -> Offer | None:
        self._addresses[listed.name] = listed.address
        if listed.digest:
            return Offer(listed.name, listed.size, SHA256 + listed.digest)
        if not self._is_wanted(listed.name):
            return Offer(listed.name, listed.size, "")  # not worth a question
        return self._look(listed)

    def _is_wanted(self, name: str) -> bool:
        return any(
            fnmatchcase(one, self._place.files) for one in (name, name.rsplit("/", maxsplit=1)[-1])
        )

    def _look(self, listed: Listed) -> Offer | None:
        """Ask for a file's size and mark, without its content; None if it is not there."""
        with self._asked(listed.address) as answer:
            if answer.status in {NOT_FOUND, GONE}:
                return None
            changed_at = _instant(answer.headers.get("Last-Modified", ""))
            return Offer(listed.name, _size(answer), _mark(answer), changed_at)

    @contextmanager
    def _asked(self, address: str) -> Iterator[Answer]:
        with self._web.ask("HEAD", address) as answer:
            if answer.status not in {NO_METHOD, NOT_DONE}:
                yield answer
                return
        with self._web.ask("GET", address, {"Range": "bytes=0-0"}) as answer:
            yield answer

    def _text(self, address: str) -> str:
        patience = Patience(self._source, self._place.longest)
        found = bytearray()
        with self._web.ask("GET", address) as answer:
            if answer.status in {NOT_FOUND, GONE}:
                problem = "it has no listing at the address of the settings (404)"
                raise SourceUnavailable(source=self._source, problem=problem)
            for chunk in self._web.chunks(answer, CHUNK):
                patience.check()
                found += chunk
                if len(found) > LONGEST_LISTING:
                    raise SourceError(source=self._source, problem="its listing has no end")
        return found.decode("utf-8", "replace")


def _conditions(offer: Offer, landing: Landing) -> Mapping[str, str]:
    """The headers that ask for the same content, and for what is missing of it only."""
    mark = offer.mark
    headers = {"If-Match": mark} if mark.startswith('"') else {}
    if landing.at and (headers or mark.startswith(SHA256)):
        headers |= {"Range": f"bytes={landing.at}-"}
    if landing.at and headers.get("If-Match"):
        headers |= {"If-Range": mark}
    return headers


def _mark(answer: Answer) -> str:
    """The etag, else the time of change and the size, else blank."""
    etag = answer.headers.get("ETag", "").strip()
    changed = answer.headers.get("Last-Modified", "").strip()
    return etag or (f"{changed}, {_size(answer)}" if changed else "")


def _size(answer: Answer) -> int | None:
    """Bytes of the whole, whichever part was asked for."""
    found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    told_ = found[2] if found else answer.headers.get("Content-Length", "")
    return int(told_) if told_.isdecimal() else None


def _instant(date: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(date)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
