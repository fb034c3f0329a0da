"""Where files of a source lie: while they are fetched, when they are ready, and as they came."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from loanbook.durable import flush_names
from loanbook.sources.alike import link
from loanbook.sources.ready import plain

if TYPE_CHECKING:
    from loanbook.settings import Settings

PREFIX = 16  # digits of its digest with which the name of a kept file begins


class Places:
    """The folders of one source; they hold personal data, so they are its owner's only.

    Attributes:
        inbox: files that are being fetched.
        ready: files that wait for the stage.
        refused: files that the stage refused.
        originals: files as they came.
    """

    def __init__(self, settings: Settings, source: str) -> None:
        self.inbox = settings.inbox / source
        self.ready = self.inbox / "ready"
        self.refused = self.inbox / "refused"
        self.originals = settings.originals / source

    def make(self) -> None:
        """Make the folders, and clear away what a killed process left."""
        for folder in (self.ready, self.originals):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (self.inbox.parent, self.inbox, self.originals.parent):
            folder.chmod(0o700)
        for left in self.inbox.glob(".making-*"):
            _clear(left)

    def forget_parts(self, wanted: Collection[str]) -> None:
        """Remove half-fetched files that nobody offers any more."""
        for path in self.inbox.glob(".*.part"):
            if path.name not in wanted:
                path.unlink(missing_ok=True)

    def keep(self, path: Path, digest: str, name: str) -> str:
        """Keep a file as it came.

        Returns:
            Its name among the originals.
        """
        kept = f"{digest[:PREFIX]}-{plain(name)}"
        if not (self.originals / kept).exists():
            with tempfile.TemporaryDirectory(dir=self.originals, prefix=".keeping-") as folder:
                link(path, Path(folder) / "1")
                (Path(folder) / "1").replace(self.originals / kept)
        return kept

    def put_ready(self, path: Path, name: str) -> None:
        """A file of ours is whole: it gets its name, and that stays after a crash."""
        path.replace(self.ready / name)
        flush_names(self.ready)

    def put_aside(self, path: Path) -> None:
        """A file that the stage refused waits for a person."""
        self.refused.mkdir(mode=0o700, exist_ok=True)
        path.replace(self.refused / path.name)

    def forget(self, erase: Callable[[Path], bool]) -> list[str]:
        """Take a person out of what lies here: files of ours by `erase`, those of others whole.

        Returns:
            Names of the files that are gone or other ones.
        """
        ours = [p for folder in (self.ready, self.refused) for p in _files(folder)]
        changed = [path for path in ours if erase(path)]
        gone = [*_files(self.originals), *(p for p in _files(self.inbox) if p.suffix == ".part")]
        for path in gone:
            path.unlink()
        return [path.name for path in [*changed, *gone]]


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_file()) if folder.is_dir() else []


def _clear(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
    folder.rmdir()
