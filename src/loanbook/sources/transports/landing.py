"""A file grows as its content arrives; who waits for it has patience, but not for ever."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Self

from loanbook.errors import OfferGone, SourceUnavailable
from loanbook.sources.contract import Offer
from loanbook.sources.transports.secrets import told

CHUNK = 1 << 20  # bytes


def is_tellable(name: str) -> bool:
    """Whether a stranger's name of a file can be shown, and remembered by a database."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return bool(name) and name.isprintable()


class Patience:
    """How long something may take as a whole, however busy it seems."""

    def __init__(self, source: str, longest: int) -> None:
        """Begin to wait.

        Args:
            source: whom for.
            longest: seconds.
        """
        self._source = source
        self._longest = longest
        self._until = time.monotonic() + longest

    @property
    def left(self) -> float:
        """Seconds that are left; 0 when there are none."""
        return max(0.0, self._until - time.monotonic())

    def check(self) -> None:
        """Go on only if there is time left.

        Raises:
            SourceUnavailable: there is none.
        """
        if not self.left:
            problem = f"it was given up after {self._longest} seconds (the setting longest)"
            raise SourceUnavailable(source=self._source, problem=problem)


class Landing:
    """The file into which an offer is written, in which the beginning of it may stand already.

    Attributes:
        at: how many bytes of the offer it holds.
    """

    def __init__(self, source: str, offer: Offer, to: Path, patience: Patience) -> None:
        """Open a file.

        Args:
            source: who offers.
            offer: what is fetched.
            to: the file.
            patience: asked with each chunk.
        """
        self._source = source
        self._offer = offer
        self._patience = patience
        self._to = to
        self._file = to.open("ab")
        self.at = self._file.tell()
        if offer.size is not None and self.at > offer.size:
            self.restart()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def is_whole(self) -> bool:
        """Whether it holds as many bytes as the offer has; False if that is not known."""
        return self.at == self._offer.size

    def restart(self) -> None:
        """Forget what was there: a new file, since the old one may have another name as well."""
        self._file.close()
        self._to.unlink()
        self._file = self._to.open("xb")
        self.at = 0

    def write(self, chunk: bytes | memoryview) -> None:
        """The next bytes.

        Raises:
            OfferGone: there are more than were offered.
            SourceUnavailable: it takes too long.
        """
        self._patience.check()
        self._file.write(chunk)
        self.at += len(chunk)
        if self._offer.size is not None and self.at > self._offer.size:
            raise self.gone(f"more came than the {self._offer.size} bytes that were offered")

    def end(self) -> None:
        """All has come.

        Raises:
            SourceUnavailable: less came than was offered.
        """
        if self._offer.size is not None and not self.is_whole:
            problem = f"{told(self._offer.name)} ended after {self.at} of {self._offer.size} bytes"
            raise SourceUnavailable(source=self._source, problem=problem)

    def gone(self, problem: str) -> OfferGone:
        """The error that says so; what has come is forgotten."""
        self.restart()
        return OfferGone(source=self._source, name=told(self._offer.name), problem=problem)
