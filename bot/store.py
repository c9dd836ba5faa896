"""What the catalog asks of the database under it, which is a SQLite file or a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import Table
from sqlalchemy.sql import ClauseElement

from bot.outbox import Outbox


class Session(Protocol):
    """A connection in use: outside of a transaction to read, inside of one to write."""

    def all(self, statement: ClauseElement, /, **values: Any) -> list[Any]:
        """Return every row."""

    def one(self, statement: ClauseElement, /, **values: Any) -> Any:
        """Return the first row, or None."""

    def each(self, statement: ClauseElement, /, **values: Any) -> Iterator[Any]:
        """Iterate over rows of which there may be more than memory holds."""

    def run(self, statement: ClauseElement, /, **values: Any) -> int:
        """Change rows; return how many."""

    def run_each(self, statement: ClauseElement, rows: Sequence[Mapping[str, Any]], /) -> None:
        """Change rows by a statement for each of these values."""

    def last(self, table: Table) -> int:
        """Return the highest number that a row of this table, which numbers its rows, has ever had."""

    def go_on(self, table: Table, number: int) -> None:
        """Let the table give its rows higher numbers than this from now on."""

    def lock(self, names: Iterable[str]) -> None:
        """Wait until no other transaction holds any of these names, and hold them until this one ends.

        Whoever locks in several steps locks folders first, then articles and their contents, then stories: so no two
        wait for each other.
        """


class Store(Protocol):
    """A database of the tables of `bot.schema`, used by any number of threads and processes."""

    read_only: bool
    outbox: Outbox | None
    """Parts the work for the indexes between several that do it; None where there is one writer at a time."""

    def reading(self) -> AbstractContextManager[Session]:
        """Read as things stand."""

    def streaming(self) -> AbstractContextManager[Session]:
        """Read with `Session.each`."""

    def writing(self) -> AbstractContextManager[Session]:
        """Do all that is done inside, or nothing of it."""

    def writable(self) -> bool:
        """Say whether this process may write here; another one may just be writing."""

    def check(self) -> list[str]:
        """Return what the engine's own check finds wrong; empty when all is sound."""

    def release(self) -> None:
        """Let go of what this thread, which is about to end, holds."""

    def close(self) -> None:
        """Let go of everything."""
