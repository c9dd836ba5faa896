"""The catalog's tables on a PostgreSQL server, which several machines write to at once (REGBRIEF_CATALOG)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection, Table, create_engine, inspect, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.pool import NullPool
from sqlalchemy.sql import ClauseElement

from bot.errors import (
    BotError,
    InputError,
    LibraryLocked,
    LibraryMismatch,
    ServerError,
    SettingsError,
    StorageError,
)
from bot.outbox import Outbox
from bot.schema import HEAD, compiled, versions

CONNECTING = 5
"""Seconds to wait for a connection."""

PATIENCE = 30
"""Seconds to wait for another writer to end its transaction, or for one answer."""

STUCK = 600
"""Seconds after which the server parts with a session that does nothing, and lets others take over its work."""

CONNECTIONS = 20
"""Of one process at most, beside one for each thread that indexes."""

AT_ONCE = 500

GRACE = 2
"""Seconds after which a server that should have given up by itself is taken for dead."""


class Impatient(psycopg.Connection[Any]):
    """A connection that waits for no answer longer than PATIENCE, also where the server has stopped altogether."""

    def wait(self, gen: Generator[Any, Any, Any], *arguments: Any, **options: Any) -> Any:
        return super().wait(self._bounded(gen), *arguments, **options)

    def _bounded(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        deadline = time.monotonic() + PATIENCE + GRACE
        try:
            awaited = next(gen)
            while True:
                ready = yield awaited
                if not ready and time.monotonic() > deadline:
                    self.pgconn.finish()
                    raise psycopg.errors.QueryCanceled(f"no answer for {PATIENCE + GRACE} seconds")
                awaited = gen.send(ready)
        except StopIteration as done:
            return done.value


class PostgreSQL:
    """A PostgreSQL database, version 14 or newer. Any number of processes write at the same time."""

    read_only = False

    def __init__(self, address: str) -> None:
        """Connect, and make the tables or bring them up to date.

        Raises SettingsError for an address that is none, ServerError.
        """
        url = _url(address)
        self._name = f"postgresql://{url.host or ''}{f':{url.port}' if url.port else ''}/{url.database or ''}"
        where = url.render_as_string(hide_password=False)
        options = {"creator": lambda: Impatient.connect(where, **_manners()), "hide_parameters": True}
        self._engine = create_engine(
            "postgresql+psycopg://",
            pool_pre_ping=True,
            pool_size=5,
            max_overflow=CONNECTIONS - 5,
            pool_timeout=PATIENCE,
            pool_recycle=STUCK // 2,
            **options,
        )
        alone = create_engine("postgresql+psycopg://", poolclass=NullPool, **options)
        self.outbox: Outbox | None = Outbox(alone.connect, self._errors)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[PostgreSQLSession]:
        with self._errors(), self._engine.connect() as db:
            yield PostgreSQLSession(db.execution_options(isolation_level="AUTOCOMMIT"))

    @contextmanager
    def streaming(self) -> Iterator[PostgreSQLSession]:
        with self._errors(), self._engine.connect() as db:
            yield PostgreSQLSession(db)

    @contextmanager
    def writing(self) -> Iterator[PostgreSQLSession]:
        with self._errors(), self._engine.begin() as db:
            yield PostgreSQLSession(db)

    def writable(self) -> bool:
        return True

    def check(self) -> list[str]:
        """Return nothing: what PostgreSQL finds wrong with its files, it says itself."""
        return []

    def release(self) -> None:
        if self.outbox:
            self.outbox.release()

    def close(self) -> None:
        self.release()
        self._engine.dispose()

    def _prepare(self) -> None:
        with self.streaming() as db:
            there = inspect(db.connection).has_table(versions.name)
            if there and db.one(select(versions.c.version_num)) == (HEAD,):
                return
        from bot.migrations import migrate

        with self.writing() as db:
            db.lock(["tables"])
            migrate(db.connection)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise self._named(error) from error
        except UnicodeEncodeError as error:
            raise _no_text(error) from error

    def _named(self, error: SQLAlchemyError) -> BotError:
        cause = error.orig if isinstance(error, DBAPIError) else error
        state = getattr(cause, "sqlstate", None) or ""
        said = (str(cause).strip() or type(cause).__name__).splitlines()[0].rstrip(".")
        what = f"The catalog {self._name}"
        if state in ("55P03", "40P01", "40001"):
            return LibraryLocked(f"{what} is held by another writer: {said}.", hint="Wait until it is done.")
        if state in ("42P01", "42703"):
            return LibraryMismatch(f"{what} is of another version: {said}.", hint="Update Regbrief everywhere.")
        if state in ("53100", "25006", "42501"):
            return StorageError(f"{what} cannot be written: {said}.", hint="Mend it on the server.")
        if state.startswith("22") or (not state and type(cause).__name__ == "DataError"):
            return _no_text(said)
        slow = isinstance(error, NoConnection) or state == "57014"
        return ServerError(
            f"{what} {'is too slow' if slow else 'does not answer as it should'}: {said}.",
            hint="Start it, wait for it, or correct REGBRIEF_CATALOG; nothing that was added is lost.",
            case="catalog",
        )


class PostgreSQLSession:
    """A connection to a PostgreSQL server."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def all(self, statement: ClauseElement, /, **values: Any) -> list[Any]:
        return [tuple(row) for row in self._execute(statement, values)]

    def one(self, statement: ClauseElement, /, **values: Any) -> Any:
        row = self._execute(statement, values).first()
        return None if row is None else tuple(row)

    def each(self, statement: ClauseElement, /, **values: Any) -> Iterator[Any]:
        return iter(self._execute(statement, values, stream_results=True, max_row_buffer=AT_ONCE))

    def run(self, statement: ClauseElement, /, **values: Any) -> int:
        return int(self._execute(statement, values).rowcount)

    def run_each(self, statement: ClauseElement, rows: Sequence[Mapping[str, Any]], /) -> None:
        words, own = compiled(statement, self.connection.dialect)
        if rows:
            self.connection.exec_driver_sql(words, [{**own, **row} for row in rows])

    def last(self, table: Table) -> int:
        return int(self._one(_LAST, table=table.name, key=table.primary_key.columns[0].name))

    def go_on(self, table: Table, number: int) -> None:
        if number:
            self._one(_GO_ON, table=table.name, key=table.primary_key.columns[0].name, number=number)

    def lock(self, names: Iterable[str]) -> None:
        numbers = sorted({_number(name) for name in names})
        self.connection.exec_driver_sql(_LOCK, {"numbers": numbers})

    def _one(self, words: str, **values: Any) -> Any:
        return self.connection.exec_driver_sql(words, values).scalar_one()

    def _execute(self, statement: ClauseElement, values: Mapping[str, Any], **options: Any) -> Any:
        words, own = compiled(statement, self.connection.dialect)
        return self.connection.exec_driver_sql(words, {**own, **values}, execution_options=options)


def _no_text(why: object) -> InputError:
    return InputError(f"The catalog does not take a value: {why}.", hint="Remove characters that are no text.")


def _manners() -> dict[str, Any]:
    """Return how connections behave."""
    limits = {
        "lock_timeout": PATIENCE * 800,  # before the other, which would not say why
        "statement_timeout": PATIENCE * 1000,
        "idle_in_transaction_session_timeout": PATIENCE * 1000,
        "idle_session_timeout": STUCK * 1000,
        "tcp_keepalives_idle": 10,
        "tcp_keepalives_interval": 5,
        "tcp_keepalives_count": 3,
    }
    return {
        "connect_timeout": CONNECTING,
        "tcp_user_timeout": PATIENCE * 1000,
        "application_name": "regbrief",
        "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
    }


_LAST = "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(%(table)s, %(key)s)::regclass), 0)"
_GO_ON = "SELECT setval(pg_get_serial_sequence(%(table)s, %(key)s), %(number)s)"

_LOCK = "SELECT pg_advisory_xact_lock(number) FROM unnest(CAST(%(numbers)s AS BIGINT[])) AS number"
"""In the order of the list, so that of two who lock the same names, one waits for all of them."""


def _number(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), signed=True)


def _url(address: str) -> URL:
    """Read an address, of which no error may show the password. Raises SettingsError."""
    try:
        return make_url(address).set(drivername="postgresql")
    except (ArgumentError, ValueError):
        raise SettingsError(
            "REGBRIEF_CATALOG is no address of a PostgreSQL database.", hint="Use postgresql://USER@HOST:PORT/DATABASE."
        ) from None
