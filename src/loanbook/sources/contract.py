"""What a transport and a format are: two small protocols, so that a plug-in can add one.

A transport tells what a source offers and fetches it; it knows nothing of what is inside. A format
reads a fetched file as rows of text; it knows nothing of where the file came from. Both are made by
a function that a name stands for: built in, or an entry point of the group `loanbook.transports` or
`loanbook.formats`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from loanbook.settings.sources import Where

TRANSPORTS = "loanbook.transports"  # group of entry points: name of the key → Maker
FORMATS = "loanbook.formats"  # group of entry points: name of the format → FormatMaker


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that a source has to give.

    Attributes:
        name: what it is called there, with "/" between folders, relative to the source's place. It
            is data of a stranger: never a path to write to.
        size: bytes; None where only fetching tells.
        mark: an etag, a time of change or a digest: other content has another one. Blank where
            only fetching tells; such an offer is fetched each time and known by its digest.
        changed_at: when it last changed, with its zone; None where the source does not tell. By it
            a file that is still being written is left alone.
    """

    name: str
    size: int | None
    mark: str
    changed_at: datetime | None = None


class Transport(Protocol):
    """Carries what one source offers. It is used by one thread, and closed after use."""

    def offers(self) -> Iterator[Offer]:
        """All that the source has now, in any order, whatever was taken before.

        Raises:
            SourceUnavailable: it does not answer, or stopped answering; later it may.
            SourceDenied: it does not let us in.
            SourceUntrusted: it cannot prove who it is.
        """
        ...

    def fetch(self, offer: Offer, to: Path) -> None:
        """Write the content of an offer to a file.

        The file may exist: then it holds the beginning of the same offer (the same name and mark)
        from an earlier try, and the transport goes on there or starts again. When fetch returns,
        the file is whole; when it raises, what has come so far may stay.

        Raises:
            OfferGone: it is not there any more, or is another one than was offered.
            SourceUnavailable, SourceDenied, SourceUntrusted: as above.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


Maker = Callable[[Where], Transport]  # raises BadSetting, or MissingExtra for a missing library


class Number(str):
    """A number that the file holds as a number, not as text: digits, a decimal point, a sign.

    How the layout says that numbers are written does not concern it.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a file.

    Attributes:
        columns: names of the columns, as the file writes them; the same in all batches of a file.
        rows: one text a column, as it stands in the file; None where there is no value. What the
            file holds as a number is a Number; what it holds as a date or instant is ISO 8601.
        notes: what a reader of the file should know, such as "sheet Loans has merged cells".
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str | None]]
    notes: Sequence[str] = field(default=())


class Format(Protocol):
    """Reads files of one shape."""

    def rows(self, path: Path) -> Iterator[Batch]:
        """The rows of a file, a few thousand at a time; at least one batch, which may be empty.

        Args:
            path: a file, unpacked; it ends in no particular suffix.

        Raises:
            FormatRefused: it is no file of this shape, or is incomplete, locked or too large.
        """
        ...


FormatMaker = Callable[[Mapping[str, object]], Format]  # of the layout's options for the format
