"""The live view of a run in a terminal: a line for each step, with bars, rates and what is left."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Column
from rich.text import Text

from loanbook.cli.watched import did
from loanbook.cli.words import inert
from loanbook.runs.watching import Event, FileRead, Planned, RunBegun, StepBegun, StepEnded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loanbook.runs.watching import Watcher

SIGNS = {
    "waiting": ("·", "dim"),
    "done": ("✓", "green"),
    "kept": ("=", "green"),
    "flawed": ("!", "yellow"),
    "failed": ("✗", "red"),
    "skipped": ("○", "dim"),
}


class View:
    """Days, the steps of the one in work, and the files that it stages."""

    def __init__(self, console: Console) -> None:
        days = (TextColumn("{task.description}"), BarColumn(24), TaskProgressColumn())
        self.days = Progress(*days, TextColumn("left"), TimeRemainingColumn(), console=console)
        about = TextColumn("{task.description}", table_column=Column(no_wrap=True, min_width=37))
        # What it did takes the rest of the line and is folded, never the signs before it.
        self.steps = Progress(_Sign(), about, _Took(), _Told(), console=console, expand=True)
        transfer = (BarColumn(24), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        self.files = Progress(TextColumn("    {task.description}"), *transfer, console=console)
        self._of_step: dict[str, TaskID] = {}
        self._of_file: dict[str, TaskID] = {}
        self._about: dict[str, str] = {}
        self._all: TaskID | None = None
        self._dated = ""

    def __rich__(self) -> Group:
        parts: list[Any] = [self.days] if self._all is not None else []
        parts += [Text(self._dated, style="bold"), self.steps]
        return Group(*parts, *([self.files] if self._of_file else []))

    def tell(self, event: Event) -> None:
        """Show what has happened."""
        if isinstance(event, Planned):
            self._about = dict(event.steps)
            if len(event.days) > 1:
                self._all = self.days.add_task(f"{len(event.days)} days", total=len(event.days))
        elif isinstance(event, RunBegun):
            self._begin(event)
        elif isinstance(event, StepBegun):
            self.steps.update(self._of_step[event.step], state="running")
            self.steps.start_task(self._of_step[event.step])
        elif isinstance(event, FileRead):
            self._read(event)
        elif isinstance(event, StepEnded):
            self._end(event)
        elif self._all is not None:
            self.days.advance(self._all)

    def _begin(self, event: RunBegun) -> None:
        again = f", attempt {event.attempt}" if event.attempt > 1 else ""
        self._dated = f"Run of {event.business_date}{again}"
        for task in self._of_step.values():
            self.steps.remove_task(task)
        self._of_step = {
            name: self.steps.add_task(
                f"{name:<9} [dim]{about}[/dim]", start=False, total=1, state="waiting", told=""
            )
            for name, about in self._about.items()
        }

    def _read(self, event: FileRead) -> None:
        if event.file not in self._of_file:
            name = Text(inert(event.file)).markup
            self._of_file[event.file] = self.files.add_task(name, total=event.total or 1)
        done = event.done if event.total else 1
        self.files.update(self._of_file[event.file], completed=done)

    def _end(self, event: StepEnded) -> None:
        told = event.error or did(event.counts)
        self.steps.update(
            self._of_step[event.step], state=event.state, told=inert(told), completed=1
        )
        self.steps.stop_task(self._of_step[event.step])
        for task in self._of_file.values():
            self.files.remove_task(task)
        self._of_file.clear()


class _Sign(SpinnerColumn):
    """A spinner while a step goes on, then how it ended."""

    def __init__(self) -> None:
        super().__init__(table_column=Column(no_wrap=True, width=1))

    def render(self, task: Any) -> Any:  # noqa: ANN401 -- as rich has it
        state = task.fields["state"]
        return super().render(task) if state == "running" else Text(*SIGNS[state])


class _Took(TimeElapsedColumn):
    """How long a step takes, once it has begun."""

    def __init__(self) -> None:
        super().__init__(table_column=Column(no_wrap=True, min_width=8))

    def render(self, task: Any) -> Text:  # noqa: ANN401 -- as rich has it
        if task.elapsed is None:
            return Text("")
        return Text(f"{task.elapsed:6.1f} s", style="cyan")


class _Told(TextColumn):
    """What a step did, or why it did not."""

    def __init__(self) -> None:
        super().__init__("", table_column=Column(ratio=1, overflow="fold"))

    def render(self, task: Any) -> Text:  # noqa: ANN401 -- as rich has it
        bad = task.fields["state"] in {"flawed", "failed"}
        return Text(task.fields["told"], style="yellow" if bad else "")


@contextmanager
def live() -> Iterator[Watcher]:
    """The view on standard error, while the run goes on; its last picture stays."""
    console = Console(stderr=True, highlight=False)
    view = View(console)
    with Live(view, console=console, refresh_per_second=10):
        yield view.tell
