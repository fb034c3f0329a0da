"""What is taken out of folders: whatever bears the name of a file, but no links that lead away."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from loanbook.errors import FileRefused, UnknownPath
from loanbook.staging.arrivals import dated, name_of

SUFFIXES = {".csv", ".tsv", ".txt", ".gz"}


def find(paths: Iterable[Path]) -> list[Path]:
    """The files that paths name: themselves, or what lies in a folder and its folders of days.

    Whatever bears the name of a file is among them, be it one or not: who reads it says so.

    Raises:
        UnknownPath: a path does not exist.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            days = [folder for folder in path.iterdir() if folder.is_dir() and dated(folder / "x")]
            inside = [file for folder in [path, *days] for file in folder.iterdir()]
            found += sorted(file for file in inside if file not in days and _is_wanted(file))
        elif path.exists() or path.is_symlink():
            found.append(path)
        else:
            raise UnknownPath(path=path)
    return found


def _is_wanted(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and not file.name.startswith(".")


def refuse_stray(path: Path, folders: Iterable[Path]) -> None:
    """A link in a folder of files must not bring in what only the reader of it may read.

    Raises:
        FileRefused: the path lies in one of the folders and leads out of it.
    """
    whole = path.absolute()
    for folder in folders:
        within = whole.is_relative_to(folder.absolute())
        if within and not whole.resolve().is_relative_to(folder.resolve()):
            problem = "it is a link that leads out of its folder; put the file itself there"
            raise FileRefused(file=name_of(path), problem=problem)
