"""Runs of the quick suite, one at a time, in a process of their own: the page stays as quick as it is."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import multiprocessing
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from bot.errors import BotError, Busy, MissingExtra
from bot.settings import Settings

QUESTIONS = 40
"""Questions of the quick suite, drawn from the shipped ones."""

NEEDED = ("ir_measures", "sacrebleu", "scipy")
"""What the extra `eval` brings."""

Phase = Literal["none", "running", "done", "cancelled", "failed"]


@dataclass(frozen=True, slots=True)
class State:
    """Where a run is: `step` is what it does, `done` of `total`; `problem` is why it has failed."""

    phase: Phase = "none"
    step: str = ""
    done: int = 0
    total: int = 0
    problem: str = ""


Work = Callable[[Settings, Path, Connection], None]


class Measuring:
    """The quick suite on one library, whose reports go to a folder."""

    def __init__(self, folder: Path, *, work: Work | None = None) -> None:
        self.folder = folder
        self.state = State()
        self._work = work or measure
        self._process: BaseProcess | None = None
        self._starting = threading.Lock()

    def start(self, settings: Settings) -> None:
        """Begin a run. Raises Busy while another one is under way, also one of another server; MissingExtra."""
        if lacking := missing():
            raise MissingExtra(
                f"Measuring needs {', '.join(lacking)}.",
                hint="pip install 'regbrief[eval]'",
                case="measuring",
                values={"lacking": ", ".join(lacking)},
            )
        with self._starting:
            lock = self._place()
            self.state = State("running")
            context = multiprocessing.get_context("spawn")  # a fork would carry the server's threads and its port
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=self._work, args=(settings, self.folder, theirs), daemon=True)
            process.start()
            theirs.close()
            self._process = process
            threading.Thread(target=self._follow, args=(process, ours, lock), daemon=True).start()

    def cancel(self) -> None:
        """End the run that is under way, if there is one; the last report stays."""
        process, self._process = self._process, None
        if process and self.state.phase == "running":
            self.state = replace(self.state, phase="cancelled")
            process.terminate()

    def _place(self) -> FileLock:
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / "run.lock", thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise Busy(
                "A run of the quick suite is under way.", hint="Wait until it is done.", case="measuring"
            ) from error
        return lock

    def _follow(self, process: BaseProcess, told: Connection, lock: FileLock) -> None:
        """Take over what the run tells, until it ends."""
        try:
            with contextlib.suppress(EOFError):
                while self.state.phase == "running":
                    self._take(told.recv())
            process.join()
            if self.state.phase == "running":
                self.state = replace(self.state, phase="failed", problem=f"The process ended with {process.exitcode}.")
        finally:
            told.close()
            lock.release()

    def _take(self, message: tuple[str, str, int]) -> None:
        kind, words, number = message
        if self.state.phase != "running":
            return
        if kind == "step":
            self.state = replace(self.state, step=words, done=0, total=number)
        elif kind == "more":
            self.state = replace(self.state, done=self.state.done + number)
        elif kind == "done":
            self.state = State("done")
        else:
            self.state = State("failed", problem=words)


def measure(settings: Settings, folder: Path, tell: Connection) -> None:
    """Run the quick suite in this process; write its report, and to `compared.json` how it differs from the last."""
    if hasattr(os, "nice"):
        os.nice(5)  # who asks comes first
    from bot.evaluation.compare import compare
    from bot.evaluation.report import write
    from bot.evaluation.session import Plan, evaluate, report

    def bar(title: str, total: int) -> Callable[[int], None]:
        tell.send(("step", title, total))
        return lambda count: tell.send(("more", "", count))

    plan = Plan(limit=QUESTIONS, out=folder, fresh=True)
    try:
        found = report(plan, evaluate(plan, settings, bar=bar))
    except BotError as error:
        tell.send(("failed", str(error), 0))
        return
    latest = folder / "report.json"
    if latest.exists():
        compared = compare(json.loads(latest.read_text("utf-8")), found)
        (folder / "compared.json").write_text(json.dumps(compared, ensure_ascii=False, default=str), "utf-8")
    write(found, folder)
    tell.send(("done", "", 0))


def missing() -> list[str]:
    """Return the packages of the extra `eval` that are not installed."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]
