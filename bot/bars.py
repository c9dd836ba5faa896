"""Progress on the command line: a bar for each stage of the work, with its rate and the time left."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from rich.filesize import decimal
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from bot.console import complain, errors
from bot.engine import Regbrief
from bot.errors import Stopped
from bot.outcomes import Stage, StageName, Unit
from bot.settings import Settings

_TITLES: dict[StageName, str] = {
    "looking": "Looking",
    "reading": "Reading",
    "fetching": "Fetching",
    "indexing": "Indexing",
    "grouping": "Grouping stories",
    "copying": "Copying",
    "comparing": "Comparing",
    "telling": "Writing",
}

STOPPED = 130
"""Exit status of what Ctrl-C has ended: 128 and the number of the signal."""


class Bars:
    """Shows the stages that it is called with. Ctrl-C lets the work end where nothing is lost; a second one ends it."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), _Amount(), _Rate(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=errors)
        self._tasks: dict[StageName, TaskID] = {}
        self._asked = False
        self._before: Any = None
        self.stopped = False

    def __call__(self, stage: Stage) -> None:
        if stage.name not in self._tasks:
            self._progress.start()
            self._end("looking")
            self._tasks[stage.name] = self._progress.add_task(_TITLES[stage.name], total=stage.total, unit=stage.unit)
        self._progress.update(self._tasks[stage.name], completed=stage.done, total=stage.total)
        if self._asked:
            self.stopped = True
            raise Stopped

    def __enter__(self) -> Bars:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, where: TracebackType | None) -> bool:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        if kind is None and not self.stopped:
            for name in self._tasks:
                self._end(name)
        if self._tasks:
            self._progress.stop()
        return kind is Stopped

    def end(self, said: str) -> None:
        """If the work was stopped, say so and leave, with the status of what Ctrl-C has ended."""
        if self.stopped:
            complain(said, style="yellow")
            raise SystemExit(STOPPED)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        complain("Stopping after what is in hand; press Ctrl-C again to stop at once.", style="yellow")

    def _end(self, name: StageName) -> None:
        """Fill the bar of a stage whose end was not known before."""
        if name in self._tasks:
            task = self._progress.tasks[self._tasks[name]]
            self._progress.update(task.id, total=task.completed)


@contextmanager
def opened(settings: Settings | None = None, *, indexes: Path | None = None) -> Iterator[Regbrief]:
    """Open a library, showing how far it is where an older version or a broken write has left something to do."""
    with Bars() as bars:
        bot = Regbrief.open(settings, indexes=indexes, progress=bars)
    with bot:
        bars.end("Stopped. The next command goes on from there.")
        yield bot


class _Amount(ProgressColumn):
    """What is done of what there is to do."""

    def render(self, task: Task) -> Text:
        whole = "" if task.total is None else f"/{_said(task.total, task.fields['unit'])}"
        return Text(f"{_said(task.completed, task.fields['unit'])}{whole} {_named(task.fields['unit'])}".rstrip())


class _Rate(ProgressColumn):
    """How much is done a second, of late."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{_said(speed, task.fields['unit'])}/s" if speed else "", style="dim")


def _said(amount: float, unit: Unit) -> str:
    return decimal(int(amount)) if unit == "bytes" else f"{amount:,.0f}"


def _named(unit: Unit) -> str:
    return "" if unit == "bytes" else unit
