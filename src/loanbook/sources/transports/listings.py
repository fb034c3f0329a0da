"""What a page or a manifest on a server lists: names below its own address, perhaps digests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import unquote, urljoin, urlsplit

_SUM = re.compile(r"([0-9a-fA-F]{64}) [ *](\S.*)")  # as sha256sum writes it
_HEX = re.compile(r"[0-9a-f]{64}")


class NotAListingError(Exception):
    """What was read is no manifest; its text says why."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file that a listing names.

    Attributes:
        name: relative to the listing's folder.
        address: of the file.
        size: in bytes, if it is told.
        digest: SHA-256 in hexadecimal digits, if it is told.
    """

    name: str
    address: str
    size: int | None = None
    digest: str = ""


def of_page(text: str, address: str) -> Iterator[Listed]:
    """The files that an index page links to, once each; links to other folders are left out."""
    reader = _Links()
    reader.feed(text)
    seen: set[str] = set()
    for link in reader.found:
        listed = _below(link.split("#")[0], address)
        if listed is not None and "/" not in listed.name and listed.name not in seen:
            seen.add(listed.name)
            yield listed


def of_manifest(text: str, address: str) -> Iterator[Listed]:
    """The files of a manifest.

    It is one name a line, or what sha256sum writes, or JSON: a list of names or of objects with
    name, and perhaps size and sha256.

    Raises:
        NotAListingError: it is none of these, or names something outside its own folder.
    """
    for number, (name, size, digest) in enumerate(_entries(text), 1):
        # A name is no address: a sign such as % or ? stands for itself in it.
        listed = _below(_quoted(name), address) if _is_plain(name) else None
        if listed is None or (digest and not _HEX.fullmatch(digest)):
            raise NotAListingError(f"entry {number} is no file below its folder")
        yield Listed(name, listed.address, size, digest)


def folder_of(address: str) -> str:
    """The address of the folder in which something lies."""
    return urljoin(address, ".")


def _quoted(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._~/-]", lambda m: "".join(f"%{b:02X}" for b in m[0].encode()), name)


def _below(link: str, address: str) -> Listed | None:
    folder = folder_of(address)
    try:
        target = urljoin(address, link)
        parts = urlsplit(target)
    except ValueError:
        return None
    path = target.removeprefix(folder)
    if path == target or not path or parts.query or path.endswith("/"):
        return None
    name = unquote(path)
    return Listed(name, target) if _is_plain(name) else None


def _is_plain(name: str) -> bool:
    return not ({"", ".", ".."} & set(name.split("/")) or "\\" in name or "://" in name)


def _entries(text: str) -> Iterator[tuple[str, int | None, str]]:
    if text.lstrip().startswith(("[", "{")):
        yield from _of_json(text)
        return
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        found = _SUM.fullmatch(line.rstrip())
        yield (found[2], None, found[1].lower()) if found else (line.strip(), None, "")


def _of_json(text: str) -> Iterator[tuple[str, int | None, str]]:
    try:
        entries = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise NotAListingError("it is no JSON") from error
    if not isinstance(entries, list):
        raise NotAListingError("its JSON is no list")
    for number, entry in enumerate(entries, 1):
        one = {"name": entry} if isinstance(entry, str) else entry
        if not isinstance(one, dict):
            raise NotAListingError(f"entry {number} is neither a name nor an object")
        name, size, digest = one.get("name"), one.get("size"), one.get("sha256") or ""
        is_size = size is None or (type(size) is int and size >= 0)
        if not (isinstance(name, str) and is_size and isinstance(digest, str)):
            raise NotAListingError(f"entry {number} has no name, or a size or digest that is none")
        yield name, size, digest.lower()


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]
