"""The catalog's tables in a SQLite file: the default, with nothing to install or to start."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Table, create_engine, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from sqlalchemy.sql import ClauseElement

from bot.database import Database
from bot.outbox import Outbox
from bot.schema import HEAD, compiled, versions

_DIALECT = sqlite.dialect(paramstyle="named")  # type: ignore[no-untyped-call,unused-ignore]
_VERSION = select(versions.c.version_num)


class SQLite(Database):
    """A SQLite file. One process at a time writes; a transaction that writes keeps out every other."""

    outbox: Outbox | None = None

    def __init__(self, path: Path) -> None:
        """Open or create the file, and bring its tables up to date where it may be written."""
        super().__init__(path)
        if not self.read_only:
            self._prepare()

    @contextmanager
    def reading(self) -> Iterator[SQLiteSession]:
        with self._errors():
            yield SQLiteSession(self._connection)

    streaming = reading

    @contextmanager
    def writing(self) -> Iterator[SQLiteSession]:
        with self._transaction() as db:
            yield SQLiteSession(db)

    def writable(self) -> bool:
        return os.access(self._path, os.W_OK)

    def _prepare(self) -> None:
        with self.reading() as db:
            try:
                current = db.one(_VERSION) == (HEAD,)
            except sqlite3.OperationalError as error:
                if "no such table" not in str(error):
                    raise
                current = False
        if not current:
            self._migrate()

    def _migrate(self) -> None:
        from bot.migrations import migrate

        engine = create_engine("sqlite://", creator=self._connect_alone, poolclass=NullPool)
        with self._errors(), engine.connect() as db:
            try:
                db.exec_driver_sql("BEGIN IMMEDIATE")
                migrate(db)
                db.exec_driver_sql("COMMIT")
            except DBAPIError as error:
                raise error.orig or error from error

    def _connect_alone(self) -> sqlite3.Connection:
        connection = self._connect()
        self._opened.remove(connection)
        return connection


class SQLiteSession:
    """A connection to a SQLite file."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def all(self, statement: ClauseElement, /, **values: Any) -> list[Any]:
        return self._execute(statement, values).fetchall()

    def one(self, statement: ClauseElement, /, **values: Any) -> Any:
        return self._execute(statement, values).fetchone()

    def each(self, statement: ClauseElement, /, **values: Any) -> Iterator[Any]:
        return self._execute(statement, values)

    def run(self, statement: ClauseElement, /, **values: Any) -> int:
        return self._execute(statement, values).rowcount

    def run_each(self, statement: ClauseElement, rows: Sequence[Mapping[str, Any]], /) -> None:
        words, own = compiled(statement, _DIALECT)
        self._db.executemany(words, [{**own, **row} for row in rows])

    def last(self, table: Table) -> int:
        ((number,),) = self._db.execute(
            f'SELECT max(coalesce((SELECT max("{_number(table)}") FROM {table.name}), 0),'
            " coalesce((SELECT seq FROM sqlite_sequence WHERE name = ?), 0))",
            (table.name,),
        )
        return int(number)

    def go_on(self, table: Table, number: int) -> None:
        if table.dialect_options["sqlite"]["autoincrement"]:  # the others count on from the highest that there is
            self._db.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table.name,))
            self._db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table.name, number))

    def lock(self, names: Iterable[str]) -> None:
        """Do nothing: who writes to the file does so alone."""

    def _execute(self, statement: ClauseElement, values: Mapping[str, Any]) -> sqlite3.Cursor:
        words, own = compiled(statement, _DIALECT)
        return self._db.execute(words, {**own, **values})


def _number(table: Table) -> str:
    return str(table.primary_key.columns[0].name)
