"""A shop: a source with a folder in the workspace, taken in without the rest of a day."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.cast import DAY

from loanbook import settings
from loanbook.runs import sourcing, steps
from loanbook.sources.collect import Collector, Counts, Wish, collect
from loanbook.staging.batches import Request
from loanbook.staging.inbox import find

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from tests.desk import Desk

    from loanbook.mart import Promoted
    from loanbook.settings import Source
    from loanbook.staging.batches import Staged

PLACE = '[sources.shop]\nfolder = "shop"\nsettle = 0\n'


class Shop:
    """A source, its folder, and the way of its files.

    Attributes:
        desk: the book and the workspace.
        folder: where the source puts its files.
        name: of the source.
    """

    def __init__(
        self, desk: Desk, more: str = "", *, name: str = "shop", text: str = PLACE
    ) -> None:
        self.desk = desk
        self.name = name
        self.folder = desk.settings.home / name
        self.folder.mkdir(exist_ok=True)
        self.configure(text + more)

    def configure(self, text: str) -> None:
        """The workspace with these settings of sources."""
        self.desk.settings.toml.write_text(text, "utf-8")
        read = settings.load(self.desk.settings.home, {})
        self.desk.settings = replace(self.desk.settings, sources=read.sources)

    @property
    def source(self) -> Source:
        """The source as it is set."""
        return self.desk.settings.sources[self.name]

    @property
    def ready(self) -> list[str]:
        """Names of the files that wait for the stage."""
        return sorted(path.name for path in self._ready_folder.iterdir())

    def path(self, ready: str) -> Path:
        """Where a file of this name waits for the stage."""
        return self._ready_folder / ready

    @property
    def _ready_folder(self) -> Path:
        return sourcing.ready_folder(self.desk.settings, self.source)

    def put(self, name: str, content: str | bytes) -> Path:
        """A file in the folder of the source."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def collect(self, day: date = DAY) -> Counts:
        """Fetch what is new."""
        return collect(self.desk.app, self.desk.settings, self.source, self.wish(day))

    def take(self, path: Path, day: date | None = None) -> Counts:
        """Take a file whatever it looks like."""
        collector = Collector(self.desk.app, self.desk.settings, self.source, self.wish(DAY))
        return collector.one(path, day)

    def wish(self, day: date) -> Wish:
        """How it is collected: nobody waits."""
        return Wish(day, day, lambda _: None)

    def load(self, day: date = DAY) -> tuple[list[Staged], list[Promoted]]:
        """Stage and promote what lies ready."""
        request = Request(as_of=day, source=self.source)
        found = find([self._ready_folder])
        staged = sourcing.stage_ready(self.desk.app, self.desk.settings, found, request, None)
        promoted = steps.promote(self.desk.app, self.desk.settings)
        sourcing.clear_ready(self.desk.app, staged)
        return [one for _, one in staged], promoted

    def findings(self) -> dict[str, str]:
        """What is open about the source: rule and detail."""
        rows = self.desk.app.rows(
            "select rule, detail from api.findings where subject = 'source' and state = 'open'"
        )
        return {row["rule"]: row["detail"] for row in rows}

    def states(self) -> dict[str, str]:
        """What became of each file, by its name; the last word counts."""
        rows = self.desk.app.rows(
            "select name, state from api.collected order by collected_at, collected_id"
        )
        return {row["name"]: row["state"] for row in rows}
