"""The work that writers leave for the indexes, parted between several processes that do it.

What a process takes is marked with its number, and counts as taken while a session of the database holds that number:
when the process ends, however it ends, the server lets go of it, and the next one takes the work over. What is taken
twice nevertheless, as a connection was cut, is indexed under the same keys and counted once (`Catalog.mark_indexed`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, closing, suppress
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, Update, bindparam, func, or_, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import ClauseElement

from bot import schema
from bot.records import Language
from bot.schema import NO, Number, compiled

_INDEXERS = 20211123
"""Which of the server's advisory locks are numbers of indexers; PostgreSQL wants a number of 32 bits."""


class Outbox:
    """Takes work for the thread that asks."""

    def __init__(self, connect: Callable[[], Connection], errors: Callable[[], AbstractContextManager[None]]) -> None:
        """`connect` opens a connection that is no other's; `errors` names what goes wrong with it."""
        self._connect = connect
        self._errors = errors
        self._local = threading.local()
        self._taken: dict[int, Language] = {}

    def passages(self, limit: int) -> list[int]:
        """Take passages that the indexes do not hold yet, at most `limit`, and return their keys in order."""
        return sorted(row[0] for row in self._take(_PASSAGES, limit))

    def obsolete(self) -> list[tuple[int, Language]]:
        """Take keys that the indexes must drop, with the language under which they stand."""
        return [(row[0], row[1]) for row in self._take(_OBSOLETE, schema.MANY)]

    def remember(self, taken: Mapping[int, Language]) -> None:
        """Note under which language passages will stand in the indexes."""
        self._taken.update(taken)

    def done(self, keys: Iterable[int]) -> dict[int, Language]:
        """Return under which language passages, which the indexes hold now, stand there."""
        return {key: self._taken.pop(key) for key in keys if key in self._taken}

    def release(self) -> None:
        """Let others take what this thread has taken and not done."""
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            del self._local.connection
            with closing(connection), suppress(SQLAlchemyError):  # of a connection that is lost, the server lets go
                connection.execute(_LET_GO)

    def _take(self, statement: ClauseElement, limit: int) -> list[Any]:
        try:
            with self._errors():
                connection = self._session()
                with connection.begin():
                    connection.execute(_ONE_BY_ONE)
                    words, own = compiled(statement, connection.dialect)
                    values = {**own, "me": self._local.number, "limit": limit}
                    found = list(connection.exec_driver_sql(words, values))
        except BaseException:
            self.release()
            raise
        if not found and not self._taken:
            self.release()
        return found

    def _session(self) -> Connection:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            self._local.connection = connection
            with connection.begin():
                self._local.number = connection.execute(_NUMBER).scalar_one()
        return connection


_NUMBER = text(
    f"SELECT number FROM (SELECT CAST(nextval('indexers') AS INTEGER) AS number) AS mine,"
    f" LATERAL pg_advisory_lock({_INDEXERS}, number)"
)
_LET_GO = select(func.pg_advisory_unlock_all())
"""At once: a server ends a session some time after its connection was closed."""

_ONE_BY_ONE = select(func.pg_advisory_xact_lock(_INDEXERS))
"""Who takes must see whose sessions are alive, and what they have taken, as of one moment."""

_ALIVE = text(
    "SELECT CAST(objid AS BIGINT) AS number FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted"
    f" AND classid = {_INDEXERS} AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
).columns(number=Number)


def _take(table: Table, *conditions: ColumnElement[bool], returning: Iterable[str]) -> Update:
    claim, me = table.c.claim, bindparam("me", type_=Number)
    alive: Select[Any] = select(_ALIVE.subquery().c.number)
    free = or_(claim.is_(None), claim == me, claim.not_in(alive))
    found = schema.first(select(table.c.key).where(*conditions, free).order_by(table.c.key))
    picked = found.with_for_update(skip_locked=True).cte("picked")
    taken = update(table).where(table.c.key.in_(select(picked.c.key))).values(claim=me)
    return taken.returning(*(table.c[name] for name in returning))


_PASSAGES = _take(schema.passages, schema.passages.c.indexed == NO, returning=("key",))
_OBSOLETE = _take(schema.obsolete, returning=("key", "language"))
