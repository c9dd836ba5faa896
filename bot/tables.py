"""The tables of the catalog row by row, whatever is in them, in the order of their keys: for a copy of all of it.

Left out is what only the library itself means: who it is, what its index was built with and has still to do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from sqlalchemy import Column, Delete, Select, Table, bindparam, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import Insert

from bot import schema
from bot.schema import adding, first
from bot.store import Store

AT_ONCE = 500

UNFINISHED, WHOLE = "copying", "copied"
"""Facts by which a copy names the library that it is of: as long as it is not whole, and from then on."""

LEFT_OUT = ("identity", "manifest", UNFINISHED, WHOLE)
"""Facts of one library, not of what it holds."""

_NOT_HELD = (schema.versions, schema.obsolete, schema.errands)
"""Tables of one library, not of what it holds."""

TABLES = tuple(each for each in schema.metadata.sorted_tables if each not in _NOT_HELD)

Row = tuple[Any, ...]


def count(store: Store, table: Table) -> int:
    """Count the rows of a table."""
    with store.reading() as db:
        return int(db.one(_counted(table))[0])


def filled(store: Store) -> bool:
    """Say whether there is anything but facts."""
    return any(count(store, table) for table in TABLES if table is not schema.facts)


def walk(store: Store, table: Table) -> Iterator[list[Row]]:
    """Yield the rows of a table in the order of their keys, some hundreds at once."""
    rows = _read(store, _begin(table))
    while rows:
        yield rows
        rows = _read(store, _go_on(table), **_named(table, "after", rows[-1]))


def lacking(here: Store, there: Store, table: Table) -> Iterator[tuple[int, list[Row]]]:
    """Yield how many rows of a table were looked at `here`, and those of them that are not `there` just so."""
    for rows in walk(here, table):
        ends = _named(table, "least", rows[0]) | _named(table, "most", rows[-1])
        held = set(_read(there, _between(table), **ends))
        yield len(rows), [row for row in rows if row not in held]


def bring(source: Store, target: Store, table: Table, told: Callable[[int], None]) -> None:
    """Make a table what it is in the source; `told` is called with how many more rows are done.

    What was brought before is left as it is, so this goes on from where it was broken off.
    """
    for _, rows in lacking(target, source, table):
        with target.writing() as db:
            db.run_each(_remove(table), [_named(table, "key", row) for row in rows])
    names = [column.name for column in _columns(table)]
    for looked_at, rows in lacking(source, target, table):
        with target.writing() as db:
            db.run_each(_add(table), [dict(zip(names, row, strict=True)) for row in rows])
        told(looked_at)
    if table.autoincrement_column is not None:
        with source.reading() as here, target.writing() as there:
            there.go_on(table, here.last(table))


def strays(source: Store, target: Store, table: Table) -> list[str]:
    """Return the keys of the rows that are not the same in both, in words."""
    unlike = (row for pair in ((source, target), (target, source)) for _, rows in lacking(*pair, table) for row in rows)
    keys = {row[: len(table.primary_key)] for row in unlike}
    return [" ".join(each.hex() if isinstance(each, bytes) else str(each) for each in key) for key in sorted(keys)]


def content(store: Store, table: Table, told: Callable[[int], None]) -> tuple[int, str]:
    """Return the number of a table's rows, and the SHA-256 of what they hold."""
    count, digest = 0, hashlib.sha256()
    for rows in walk(store, table):
        for row in rows:
            digest.update(json.dumps(row, ensure_ascii=False, default=bytes.hex).encode() + b"\n")
        count += len(rows)
        told(len(rows))
    return count, digest.hexdigest()


def _read(store: Store, statement: Select[Any], **values: Any) -> list[Row]:
    with store.reading() as db:
        return [tuple(row) for row in db.all(statement, **values, limit=AT_ONCE)]


def _named(table: Table, name: str, row: Row) -> dict[str, Any]:
    """Return the key of a row as the values that `_key` compares with; the columns of keys come first."""
    return {f"{name}_{column.name}": value for column, value in zip(table.primary_key, row, strict=False)}


# --- statements -----------------------------------------------------------------------------------------------------


def _columns(table: Table) -> list[Column[Any]]:
    """Return the columns of what a library holds, those of the key first."""
    left_out = ("indexed", "claim") if table is schema.passages else ()
    keys = list(table.primary_key)
    return keys + [column for column in table.columns if column not in keys and column.name not in left_out]


def _key(table: Table, name: str) -> tuple[Any, Any]:
    """Return the key of a row, and the named one to compare it with."""
    keys = list(table.primary_key)
    named = [bindparam(f"{name}_{column.name}", type_=column.type) for column in keys]
    return (keys[0], named[0]) if len(keys) == 1 else (tuple_(*keys), tuple_(*named))


def _rows(table: Table, *columns: Any) -> Select[Any]:
    found = select(*columns).select_from(table)
    return found.where(*(table.c.name != name for name in LEFT_OUT)) if table is schema.facts else found


@cache
def _counted(table: Table) -> Select[Any]:
    return _rows(table, func.count())


@cache
def _begin(table: Table) -> Select[Any]:
    return first(_rows(table, *_columns(table)).order_by(*table.primary_key))


@cache
def _go_on(table: Table) -> Select[Any]:
    key, after = _key(table, "after")
    return _begin(table).where(key > after)


@cache
def _between(table: Table) -> Select[Any]:
    (key, least), (_, most) = _key(table, "least"), _key(table, "most")
    return _rows(table, *_columns(table)).where(key >= least, key <= most)


@cache
def _remove(table: Table) -> Delete:
    key, named = _key(table, "key")
    return delete(table).where(key == named)


@cache
def _add(table: Table) -> Insert:
    return adding(table, " ".join(column.name for column in _columns(table)))
