"""Long work, one piece after another, and how far each has come.

One thread works, as one writer is all that a library takes; it ends when nothing is left to do. Jobs live as long as
the server: what they have written to the library stays, whatever becomes of them.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, datetime

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed
from tenacity.nap import sleep_using_event
from tenacity.stop import stop_when_event_set

from bot.engine import Regbrief
from bot.errors import BotError, Busy, LibraryLocked, NotFound, Stopped
from bot.outcomes import Ingested, Job, JobKind, JobState, Stage, Synced

WAITING = 100
"""Jobs that may wait; a further one is refused."""

KEPT = 500
"""Jobs that are remembered, those that have ended included."""

PATIENCE = 600.0
"""Seconds for which a job waits until another writer is done."""

log = logging.getLogger(__name__)


class Task:
    """A job and what it takes to do it."""

    def __init__(self, kind: JobKind, what: tuple[str, ...], article_ids: tuple[str, ...] = ()) -> None:
        self.job = Job(uuid.uuid4().hex, kind, what, "waiting", datetime.now(UTC), article_ids=article_ids)
        self.error: BotError | None = None
        self.unwanted = threading.Event()
        self.context = copy_context()
        """In which the work is done: that of the request which began it, with its name in the log and the audit."""

    def report(self, stage: Stage) -> None:
        """Note how far the work is. Raises Stopped where nobody wants it any more."""
        self.job = replace(self.job, stage=stage)
        if self.unwanted.is_set():
            raise Stopped

    def end(
        self,
        state: JobState,
        done: Ingested | Synced | None = None,
        *,
        changed: bool | None = None,
        error: BotError | None = None,
    ) -> None:
        """Note what has become of the job."""
        self.error = error
        self.job = replace(
            self.job,
            state=state,
            ended=datetime.now(UTC),
            ingested=done if isinstance(done, Ingested) else None,
            synced=done if isinstance(done, Synced) else None,
            changed=changed,
        )


Work = Callable[[Task], Ingested | Synced]


class Jobs:
    """The jobs of a server on one library."""

    def __init__(self, bot: Regbrief, *, patience: float = PATIENCE) -> None:
        self._bot = bot
        self._patience = patience
        self._tasks: dict[str, Task] = {}
        self._waiting: deque[tuple[Task, Work]] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, task: Task, work: Work) -> Job:
        """Put work at the end of the queue. Raises Busy."""
        with self._lock:
            if len(self._waiting) >= WAITING:
                raise Busy(f"{WAITING} jobs are waiting.", hint="Wait until some are done.")
            self._tasks[task.job.id] = task
            self._waiting.append((task, work))
            self._forget()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="regbrief-jobs", daemon=True)
                self._thread.start()
        return task.job

    def task(self, job_id: str) -> Task:
        """Return a job. Raises NotFound."""
        task = self._tasks.get(job_id)
        if task is None:
            raise NotFound(
                f"No job has the id {job_id!r}.",
                hint="GET /api/v1/jobs lists them; old ones are forgotten.",
                case="job",
                values={"id": job_id},
            )
        return task

    def tasks(self) -> list[Task]:
        """Return the jobs, newest first."""
        with self._lock:
            return list(reversed(self._tasks.values()))

    def stop(self, job_id: str) -> Job:
        """Let a job end after what it has in hand; one that has ended stays as it is. Raises NotFound."""
        task = self.task(job_id)
        task.unwanted.set()
        return task.job

    def close(self, timeout: float = 30) -> None:
        """Let all jobs end, and wait for it so many seconds."""
        for task in self.tasks():
            task.unwanted.set()
        thread = self._thread
        if thread:
            thread.join(timeout)

    def _work(self) -> None:
        while (following := self._following()) is not None:
            task, work = following
            try:
                task.context.run(self._do, task, work)
            except Stopped:
                task.end("stopped")
            except BotError as error:
                log.warning("A job has failed: %s", error)
                task.end("failed", error=error)
            except Exception:
                log.exception("A job has failed.")
                task.end("failed", error=BotError("The job has failed.", hint="The log of the server says why."))

    def _do(self, task: Task, work: Work) -> None:
        if task.unwanted.is_set():
            raise Stopped
        task.job = replace(task.job, state="running", started=datetime.now(UTC))
        before = self._bot.count()
        done = self._patient(task)(work, task)
        brought = [done] if isinstance(done, Ingested) else [feed.ingested for feed in done.feeds]
        changed = any(each.added or each.updated for each in brought) or self._bot.count() != before
        task.end("stopped" if task.unwanted.is_set() else "done", done, changed=changed)

    def _following(self) -> tuple[Task, Work] | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._bot.library.catalog.release()
            self._thread = None
            return None

    def _patient(self, task: Task) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type(LibraryLocked),
            stop=stop_after_delay(self._patience) | stop_when_event_set(task.unwanted),
            wait=wait_fixed(0.5),
            sleep=sleep_using_event(task.unwanted),
            reraise=True,
        )

    def _forget(self) -> None:
        over = [each for each in self._tasks.values() if each.job.ended]
        for task in over[: max(0, len(self._tasks) - KEPT)]:
            del self._tasks[task.job.id]
