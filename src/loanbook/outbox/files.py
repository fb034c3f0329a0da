"""Letters as files: any mail program opens them, and none leaves the machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loanbook.errors import CarrierUnavailable
from loanbook.outbox.letter import Fate, Message

_PRIVATE = 0o700  # letters hold names and addresses


class Files:
    """Writes each letter as `letter-<number>.eml` into one folder.

    The name is made of the letter's number alone, so that a letter written twice is one file.
    """

    name = "files"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def open(self) -> Iterator[Folder]:
        """Open the folder, which is made where it is missing.

        Raises:
            CarrierUnavailable: it cannot be written.
        """
        try:
            self._folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise self._unavailable(error) from error
        try:
            yield Folder(self, descriptor)
        finally:
            os.close(descriptor)

    def _unavailable(self, error: OSError) -> CarrierUnavailable:
        problem = f"{self._folder}: {error.strerror or type(error).__name__}"
        return CarrierUnavailable(carrier=self.name, problem=problem)


class Folder:
    """The folder, open for one thread."""

    def __init__(self, carrier: Files, descriptor: int) -> None:
        self._carrier = carrier
        self._descriptor = descriptor

    def send(self, message: Message) -> Fate:
        """Write a letter; it appears whole, and it is on the disk when this returns.

        Raises:
            CarrierUnavailable: the folder cannot be written; the letter does not stand there.
        """
        name = name_of(message.letter_id)
        fresh = f".{name}.new"
        try:
            self._write(fresh, message.content)
            os.rename(fresh, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
            os.fsync(self._descriptor)
        except OSError as error:
            raise self._carrier._unavailable(error) from error  # noqa: SLF001 -- one carrier
        return Fate(message.letter_id, "sent", message.message_id)

    def _write(self, name: str, content: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        descriptor = os.open(name, flags, 0o600, dir_fd=self._descriptor)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def name_of(letter_id: int) -> str:
    """The file of a letter, such as letter-000000042.eml."""
    return f"letter-{letter_id:09}.eml"
