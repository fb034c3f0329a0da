"""What sources deliver on its way into the stage: fetched, made ready, staged, cleared away."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from loanbook import sql
from loanbook.sources import collect as collecting
from loanbook.sources.memory import Memory
from loanbook.sources.places import Places
from loanbook.staging.batches import stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from loanbook.database.connection import Database
    from loanbook.settings import Settings, Source
    from loanbook.staging.batches import Progress, Request, Staged

_QUERIES = sql.queries("sources")


def with_places(settings: Settings) -> list[Source]:
    """The sources whose files are fetched."""
    return [source for source in settings.sources.values() if source.where is not None]


def ready_folder(settings: Settings, source: Source) -> Path:
    """Where files of a source wait for the stage."""
    return Places(settings, source.name).ready


def collect(
    book: Database, settings: Settings, source: Source, undated: date, day: date
) -> tuple[Mapping[str, object], str | None]:
    """Fetch what a source has: what that came to, and what is wrong with it.

    Raises:
        SourceError, BadSetting, MissingExtra: it cannot be reached.
    """
    done = collecting.collect(book, settings, source, collecting.Wish(undated, day))
    counts = {name: value for name, value in asdict(done).items() if name != "problems"}
    wrong = list(done.problems) if done.refused or done.held else []
    if done.late:
        wrong.append(f"nothing came for {day} by {source.taking.expected_by}")
    return counts, "; ".join(wrong) or None


def stage_main(
    book: Database,
    settings: Settings,
    paths: Sequence[Path],
    request: Request,
    progress: Progress | None,
) -> list[Staged]:
    """Stage files of input_data."""
    return stage(book, settings, paths, request, progress)


def stage_ready(
    book: Database,
    settings: Settings,
    paths: Sequence[Path],
    request: Request,
    progress: Progress | None,
) -> list[tuple[Path, Staged]]:
    """Stage files out of a source; a refused one is put aside, so that it stops no later day."""
    by_name = {path.name: path for path in paths}
    memory = Memory(book, request.source)
    request = replace(request, given=memory.when_taken(list(by_name)))
    done = stage(book, settings, paths, request, progress)
    for file in done:
        if file.outcome == "refused":
            memory.refuse(file.file, str(file.problem))
            Places(settings, request.source.name).put_aside(by_name[file.file])
    return [(by_name[file.file], file) for file in done]


def clear_ready(book: Database, ready: Sequence[tuple[Path, Staged]]) -> None:
    """What the mart holds need not lie ready any more; the archive has it."""
    for path, file in ready:
        if file.batch_id is not None and book.value(
            _QUERIES["batch_accepted"], batch_id=file.batch_id
        ):
            path.unlink(missing_ok=True)
