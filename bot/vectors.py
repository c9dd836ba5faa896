"""Dense search: one Chroma collection a language. Derived from the catalog; `doctor --rebuild` makes it anew.

Chroma keeps a collection in the memory of the process that has opened it, knows nothing of what other processes write,
and may write to its files when it is only read. So here a process that reads opens a mirror of the folder, takes a new
one when the folder has changed, and only the one that has written last has the folder itself open.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from filelock import FileLock

from bot.errors import BotError, LibraryDamaged
from bot.mirror import Mirror, writable
from bot.neighbours import ChromaIndex, Collections, collections
from bot.storage import storage_error

NEVER = 2**31 - 1
"""For SYNC, where a mirror must leave the files alone that it links to."""

REST = 10
"""So many times as long as a look at what others have written takes, it is not repeated."""

LONGEST = 5.0
"""Seconds after which it is repeated in any case."""


class Vectors(ChromaIndex):
    """Nearest neighbours in a folder of their own. Any number of processes may have it open, one at a time writes."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is opened when it is first read or written."""
        self._folder = folder
        self._lock = FileLock(folder.with_name(f"{folder.name}.lock"))
        self._looking = threading.Lock()
        self._view: _View | None = None
        self._rested = 0.0

    def warm(self) -> None:
        """Open the index as it stands."""
        with self._reading():
            pass

    def refresh(self) -> None:
        """See what another process has written since; while many write much, not at once but within seconds."""
        stale = self._view is not None and self._view.stamp != self._stamp()
        if not stale or time.monotonic() < self._rested or not self._looking.acquire(blocking=False):
            return
        try:
            with self._errors(), self._alone():
                started = time.monotonic()
                self._look()
                now = time.monotonic()
                self._rested = now + min(REST * (now - started), LONGEST)
        finally:
            self._looking.release()

    def clear(self) -> None:
        """Forget every vector."""
        self.close()
        with self._errors(), self._alone():
            shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """Let go of the folder; it is opened again when it is needed."""
        self._show(None)

    @contextmanager
    def _reading(self) -> Iterator[Collections]:
        with self._errors():
            if self._view is None:
                with self._looking, self._alone():
                    if self._view is None:
                        self._look()
            view = self._view
            if view and not view.live and view.enter():
                try:
                    yield view.collections
                finally:
                    view.leave()
                return
            with self._alone():
                if self._view is None or self._view.stamp != self._stamp():
                    self._look()
                assert self._view
                yield self._view.collections
                self._view.stamp = self._stamp()

    @contextmanager
    def _writing(self) -> Iterator[Collections]:
        with self._errors(), self._alone():
            if self._view is None or not self._view.live or self._view.stamp != self._stamp():
                self._show(None)
                self._folder.mkdir(parents=True, exist_ok=True)
                self._show(_View(self._folder, self._stamp))
            assert self._view
            yield self._view.collections
            self._view.warm()  # what is in the log comes into the graph here, while nobody else reads or writes
            self._view.stamp = self._stamp()

    def _look(self) -> None:
        """Open a mirror of the folder as it stands."""
        stamp = self._stamp()
        if self._view and self._view.live:
            self._show(None)
        if stamp is None:
            self._show(_View(None, self._stamp))
            return
        graphs = [each for each in self._folder.iterdir() if each.is_dir()]
        unsynced = [each.name for each in graphs if not (each / "index_metadata.pickle").exists()]
        place = Mirror(self._folder, copied=["chroma.sqlite3*"], left_out=unsynced)
        view = _View(place.path, self._stamp, place)
        view.warm()
        self._show(view)

    def _show(self, view: _View | None) -> None:
        """Read from another view from now on; the one before stays for those who still read it."""
        if self._view:
            self._view.close()
        self._view = view

    def _stamp(self) -> tuple[int, int, bytes] | None:
        """Return what changes with every write: the file itself, its time, and SQLite's own counter, bytes 24 to 28.

        A file made anew may have the number of the one before, and after as many writes its counter, too.
        """
        try:
            with (self._folder / "chroma.sqlite3").open("rb") as file:
                facts = os.fstat(file.fileno())
                return facts.st_ino, facts.st_mtime_ns, file.read(28)[24:]
        except FileNotFoundError:
            return None

    def _alone(self) -> AbstractContextManager[Any]:
        """Keep other processes out for the moment; where nobody can write, there is no need."""
        return self._lock if writable(self._folder.parent) else nullcontext()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except BotError:
            raise
        except Exception as error:  # Chroma raises its own tree, sqlite3's, and bare Exception from its Rust core
            raise storage_error(error, self._folder) or LibraryDamaged(
                f"The vector index {str(self._folder)!r} cannot be used: {type(error).__name__}: {error}.",
                hint="Run `regbrief doctor --rebuild`.",
            ) from error


class _View:
    """An open Chroma: `live` on the folder itself, else on a mirror of it, or, where there is none, on nothing."""

    def __init__(self, folder: Path | None, stamp: Any, place: Mirror | None = None) -> None:
        self.live = folder is not None and place is None
        self._place = place
        self._readers = 0
        self._over = False
        self._counting = threading.Lock()
        self._client: Any = None
        self.collections: Collections = {}
        if folder:
            if place:
                _never_sync(folder)
            self._client = _embedded(folder)
            self.collections = collections(self._client, "passages")
        self.stamp = stamp()

    def warm(self) -> None:
        """Read every collection into memory."""
        for collection in self.collections.values():
            collection.get(limit=1, include=["embeddings"])

    def enter(self) -> bool:
        """Keep it open for a reader; False where it is closed already."""
        with self._counting:
            self._readers += not self._over
            return not self._over

    def leave(self) -> None:
        with self._counting:
            self._readers -= 1
            if self._over and not self._readers:
                self._let_go()

    def close(self) -> None:
        """Let go of the files, as soon as nobody reads them."""
        with self._counting:
            if not self._over and not self._readers:
                self._let_go()
            self._over = True

    def _let_go(self) -> None:
        if self._client:
            self._client.close()
        if self._place:
            self._place.close()


def _never_sync(folder: Path) -> None:
    """Let a mirror leave the files alone that it links to: Chroma offers no way to open an index for reading only."""
    with closing(sqlite3.connect(folder / "chroma.sqlite3")) as db, db:
        if "schema_str" not in {column for _, column, *_ in db.execute("PRAGMA table_info(collections)")}:
            return  # who made the index was killed before there was any vector; Chroma makes the rest of it
        for key, schema in db.execute("SELECT id, schema_str FROM collections").fetchall():
            never = re.sub(r'"sync_threshold":\d+', f'"sync_threshold":{NEVER}', schema or "")
            db.execute("UPDATE collections SET schema_str = ? WHERE id = ?", (never, key))


def _embedded(folder: Path) -> Any:
    os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
    import chromadb  # takes 0.8 s: only those who search pay for it
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False, allow_reset=False)
    return chromadb.PersistentClient(path=str(folder), settings=settings)
