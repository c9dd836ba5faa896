"""Long work, one piece after another, and how far each has come.

One thread works, as one writer is all that a library takes; it ends when nothing is left to do. Jobs live as long as
the server: what they have written to the library stays, whatever becomes of them. Where several servers share a
catalog, each tells there how far its jobs are, so that any of them can be asked.
"""

from __future__ import annotations

import logging
import threading
import time
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
from bot.errands import Errand
from bot.errors import BotError, Busy, LibraryLocked, NotFound, Stopped
from bot.outcomes import Ingested, Job, JobKind, JobState, Stage, Synced
from bot.serve.board import Board

WAITING = 100
"""Jobs that may wait; a further one is refused."""

KEPT = 500
"""Jobs that are remembered, those that have ended included."""

PATIENCE = 600.0
"""Seconds for which a job waits until another writer is done."""

GRACE = 5.0
"""Seconds that jobs get to end by themselves when the server is stopped."""

BEAT = 1.0
"""Seconds between two words on a job to the other servers."""

log = logging.getLogger(__name__)


class Task:
    """A job and what it takes to do it."""

    def __init__(self, kind: JobKind, what: tuple[str, ...], article_ids: tuple[str, ...] = ()) -> None:
        self.job = Job(uuid.uuid4().hex, kind, what, "waiting", datetime.now(UTC), article_ids=article_ids)
        self.error: BotError | None = None
        self.told = False
        """Whether other servers know what has become of it."""
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
        self._board = Board(bot.library.catalog)
        self._teller: threading.Thread | None = None

    def start(self, task: Task, work: Work) -> Job:
        """Put work at the end of the queue. Raises Busy."""
        self._board.begin(Errand(task.job, None))
        with self._lock:
            if len(self._waiting) >= WAITING:
                raise Busy(f"{WAITING} jobs are waiting.", hint="Wait until some are done.")
            self._tasks[task.job.id] = task
            self._waiting.append((task, work))
            self._forget()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="regbrief-jobs", daemon=True)
                self._thread.start()
            if self._board.shared and self._teller is None:
                self._teller = threading.Thread(target=self._tell, name="regbrief-board", daemon=True)
                self._teller.start()
        return task.job

    def errand(self, job_id: str) -> Errand:
        """Return how far a job is, also one of another server that shares the catalog. Raises NotFound."""
        task = self._tasks.get(job_id)
        found = Errand(task.job, task.error) if task else self._board.told(job_id)
        if found is None:
            raise NotFound(
                f"No job has the id {job_id!r}.",
                hint="GET /api/v1/jobs lists them; old ones are forgotten.",
                case="job",
                values={"id": job_id},
            )
        return found

    def errands(self) -> list[Errand]:
        """Return the jobs, newest first."""
        own = {each.job.id: Errand(each.job, each.error) for each in self._own()}
        return sorted([*own.values(), *self._board.others(own)], key=lambda each: each.job.created, reverse=True)

    def stop(self, job_id: str) -> None:
        """Let a job end after what it has in hand; one that has ended stays as it is. Raises NotFound."""
        self.errand(job_id)
        if task := self._tasks.get(job_id):
            task.unwanted.set()
        else:
            self._board.stop(job_id)

    def _own(self) -> list[Task]:
        with self._lock:
            return list(self._tasks.values())

    def close(self, timeout: float = 30, *, grace: float = GRACE) -> None:
        """Give the jobs so many seconds, then let each end after what it has in hand, and wait for that."""
        if working := self._thread:
            working.join(grace)
        for task in self._own():
            task.unwanted.set()
        for thread in (self._thread, self._teller):
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
            self._bot.library.catalog.store.release()
            self._thread = None
            return None

    def _tell(self) -> None:
        """Tell the other servers of each job until they know what has become of it."""
        while untold := self._untold():
            for task in untold:
                errand = Errand(task.job, task.error)
                try:
                    if self._board.tell(errand):
                        task.unwanted.set()
                    task.told = errand.job.ended is not None
                except BotError as error:
                    log.warning("Other servers cannot be told of a job: %s", error)
            time.sleep(BEAT)

    def _untold(self) -> list[Task]:
        with self._lock:
            untold = [each for each in self._tasks.values() if not each.told]
            if not untold:
                self._bot.library.catalog.store.release()
                self._teller = None
            return untold

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
