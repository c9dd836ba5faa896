"""A SQLite file as the catalog uses it: a connection a thread, whole transactions, errors that name the fix."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bot.errors import LibraryDamaged, LibraryError, LibraryLocked, LibraryMismatch, StorageError
from bot.mirror import Mirror, writable
from bot.storage import make_folder, storage_error

PATIENCE = 10.0
"""Seconds to wait for another process to end its transaction."""


class Database:
    """Any number of threads and processes may read; the library makes sure that one process writes.

    What may not be written can still be read: on a read-only disk SQLite is told that nobody changes the file, or,
    where a writer has left a log beside it, reads a copy of both.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the file. Raises StorageError where it is not there and cannot be made."""
        self._path = path
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._copy: Mirror | None = None
        make_folder(path.parent)
        self.read_only = not writable(path.parent) or (path.exists() and not os.access(path, os.W_OK))
        if self.read_only and not path.exists():
            raise StorageError(
                f"There is no library in {str(path.parent)!r}, and none can be made: it may not be written.",
                hint="Set REGBRIEF_INDEXES to a folder that holds a library, or that you may write.",
            )

    def check(self) -> list[str]:
        """Return what SQLite's own check finds wrong; empty when the file is sound."""
        return [row[0] for row in self._all("PRAGMA quick_check") if row[0] != "ok"]

    def release(self) -> None:
        """Close the connection of this thread, which is about to end."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            self._opened.remove(connection)
            connection.close()
            del self._local.connection

    def close(self) -> None:
        """Close every connection that a thread of this process has opened."""
        while self._opened:
            self._opened.pop().close()
        self._local = threading.local()
        if self._copy:
            self._copy.close()

    @property
    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        stamp = self._stamp() if self.read_only else None
        if connection is None or self._local.stamp != stamp:
            connection = self._connect_to_read() if self.read_only else self._connect()
            self._local.connection, self._local.stamp = connection, stamp
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = self._remember(sqlite3.connect(self._path, **_OPTIONS))
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _connect_to_read(self) -> sqlite3.Connection:
        path = self._path
        for how in ("mode=ro", "immutable=1"):
            if how == "immutable=1" and _log(path).exists() and _log(path).stat().st_size:
                self._copy = Mirror(path.parent, copied=[path.name, _log(path).name], left_out=["*"])
                path, how = self._copy.path / path.name, "mode=rw"
            connection = self._remember(sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True, **_OPTIONS))
            try:
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            except sqlite3.OperationalError:  # a log cannot be made beside it, which only `immutable` does without
                if how != "mode=ro":
                    raise
            else:
                return connection
        raise AssertionError("unreachable")

    def _remember(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        self._opened.append(connection)
        return connection

    def _stamp(self) -> list[tuple[int, int, int]]:
        """Return what changes when somebody else, who may, writes to the file."""
        files = [each.stat() for each in (self._path, _log(self._path)) if each.exists()]
        return [(each.st_ino, each.st_size, each.st_mtime_ns) for each in files]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._errors():
            db = self._connection
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # a full disk has ended it already
                    db.execute("ROLLBACK")
                raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._named(error) from error

    def _named(self, error: sqlite3.Error) -> LibraryError:
        name, what = getattr(error, "sqlite_errorname", ""), f"The catalog {str(self._path)!r}"
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return LibraryLocked(f"{what} is held by another process: {error}.", hint="Wait until it is done.")
        if self.read_only and "no such" in str(error):
            return LibraryMismatch(
                f"{what} is of an earlier version, and may not be written: {error}.",
                hint="Open it once where it may be written.",
            )
        return storage_error(error, self._path) or LibraryDamaged(
            f"{what} cannot be used: {error}.",
            hint="Run `regbrief doctor --salvage`: it saves what can be read into a new one, and keeps the old file.",
        )

    def _all(self, query: str, *values: Any) -> list[Any]:
        with self._errors():
            return self._connection.execute(query, values).fetchall()

    def _one(self, query: str, *values: Any) -> Any:
        with self._errors():
            return self._connection.execute(query, values).fetchone()


_OPTIONS: dict[str, Any] = {"timeout": PATIENCE, "isolation_level": None, "check_same_thread": False}


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")
