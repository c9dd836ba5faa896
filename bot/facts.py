"""The facts table of the catalog: what is noted of the library as a whole, each fact under a name."""

from __future__ import annotations

import uuid

from sqlalchemy import bindparam, delete, select

from bot import schema
from bot.schema import adding
from bot.store import Store


class Facts:
    """What is noted of a library."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def identity(self) -> str:
        """Return what this library is known by elsewhere, in letters and digits; a copy of it is known by the same."""
        self.note("identity", uuid.uuid4().hex)
        return str(self.get("identity"))

    def get(self, name: str) -> str | None:
        """Return what is noted under a name."""
        with self._store.reading() as db:
            row = db.one(_FACT, name=name)
        return None if row is None else str(row[0])

    def note(self, name: str, value: str) -> None:
        """Note something, unless something is noted under that name."""
        if self.get(name) is None:
            with self._store.writing() as db:
                db.run(_ADD, name=name, value=value)

    def forget(self, name: str) -> None:
        """Forget what is noted under a name."""
        if self.get(name) is not None:
            with self._store.writing() as db:
                db.run(_FORGET, name=name)


_F = schema.facts.c
_NAMED = _F.name == bindparam("name")

_FACT = select(_F.value).where(_NAMED)
_ADD = adding(schema.facts, "name value").on_conflict_do_nothing()
_FORGET = delete(schema.facts).where(_NAMED)
