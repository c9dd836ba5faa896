"""The tables of the catalog, for SQLite and PostgreSQL alike, and what the two say in different words.

Statements are made once, with named values, and compiled once for each engine (`compiled`); what each call costs is
then what the engine itself costs. Times and dates are text, as ISO 8601, so that both sort them alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Sequence,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    cast,
    literal_column,
    select,
)
from sqlalchemy import Text as AnyText
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import SchemaItem
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.functions import FunctionElement

HEAD = "0004"
"""The newest version in bot/migrations/versions: what a new catalog begins with."""

Text = AnyText().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""Text that sorts by its code points on both engines."""

Number = BigInteger().with_variant(Integer(), "sqlite")
"""A whole number; of SQLite only an INTEGER can be the row's own number."""

NO, YES = literal_column("0", Integer), literal_column("1", Integer)
"""Written out, so that the engine sees that an index on only such rows will do."""

metadata = MetaData()


def _table(name: str, *parts: SchemaItem, **options: Any) -> Table:
    return Table(name, metadata, *parts, **options)


def _text(name: str, **options: Any) -> Column[Any]:
    return Column(name, Text, **({"nullable": False} | options))


def _number(name: str, **options: Any) -> Column[Any]:
    return Column(name, Number, **({"nullable": False} | options))


def _some(index: str, *columns: Column[Any], where: ColumnElement[bool]) -> Index:
    return Index(index, *columns, sqlite_where=where, postgresql_where=where)


versions = _table("alembic_version", Column("version_num", String(32), primary_key=True))

articles = _table(
    "articles",
    _text("id", primary_key=True),
    *(_text(name) for name in ("title", "body", "language")),
    _text("published", nullable=True),
    _text("source"),
    _text("url", nullable=True),
    *(_text(name) for name in ("tags", "digest")),
    _text("author", server_default=""),
    _text("pages", server_default="[]"),
    sqlite_with_rowid=False,
)
Index("articles_by_date", articles.c.published, articles.c.language)
Index("articles_by_outlet", articles.c.source, articles.c.published, articles.c.language)
Index("articles_by_digest", articles.c.digest)

passages = _table(
    "passages",
    _number("key", primary_key=True),
    _text("article_id"),
    *(_number(name) for name in ("number", "start", "end")),
    _number("indexed", server_default="0"),
    _number("claim", nullable=True),
    sqlite_autoincrement=True,
)
Index("passages_of_article", passages.c.article_id, passages.c.indexed)
_some("passages_to_index", passages.c.key, where=passages.c.indexed == NO)

obsolete = _table(
    "obsolete",
    _number("key", primary_key=True, autoincrement=False),
    _text("language"),
    _number("claim", nullable=True),
)

facts = _table("facts", _text("name", primary_key=True), _text("value"), sqlite_with_rowid=False)

reports = _table(
    "reports",
    _number("key", primary_key=True),
    _text("article_id", unique=True),
    _text("published", nullable=True),
    _text("language"),
    Column("signature", LargeBinary, nullable=False),
    _text("entities"),
    Column("content", LargeBinary),
    _text("original"),
    _text("story", nullable=True),
)
_some("originals_by_date", reports.c.published, where=reports.c.original == reports.c.article_id)
Index("reports_by_original", reports.c.original)
Index("reports_by_story", reports.c.story)

bands = _table(
    "bands",
    Column("band", LargeBinary, primary_key=True),
    _number("report", primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

feeds = _table(
    "feeds",
    _number("number", primary_key=True),
    _text("url", unique=True),
    _text("title"),
    *(_text(name, nullable=True) for name in ("etag", "modified", "synced", "problem")),
)

pages = _table(
    "pages",
    _text("key", primary_key=True),
    _text("article_id"),
    _text("feed", nullable=True),
    _number("whole"),
    _text("fetched"),
    sqlite_with_rowid=False,
)
Index("pages_by_feed", pages.c.feed)

folders = _table(
    "folders",
    _number("key", primary_key=True),
    _text("path", unique=True),
    _number("round", server_default="0"),
    _text("synced", nullable=True),
    sqlite_autoincrement=True,
)

files = _table(
    "files",
    _number("key", primary_key=True),
    _number("folder"),
    _text("path"),
    *(_number(name) for name in ("size", "modified")),
    _text("digest"),
    _text("problems", server_default="[]"),
    UniqueConstraint("folder", "path"),
    sqlite_autoincrement=True,
)

given = _table(
    "given",
    _number("file", primary_key=True, autoincrement=False),
    _text("article_id", primary_key=True),
    _text("content"),
    *(_number(name) for name in ("round", "owned")),
    _text("copy", nullable=True),
    sqlite_with_rowid=False,
)
Index("given_by_article", given.c.article_id)
_some("given_no_more", given.c.article_id, where=given.c.round == NO)
_some("given_copies", given.c.copy, where=given.c.copy.is_not(None))

feedback = _table(
    "feedback",
    _number("id", primary_key=True),
    *(_text(name) for name in ("given", "verdict", "question", "language", "note")),
    _number("citation", nullable=True),
    _text("answer", nullable=True),
    sqlite_autoincrement=True,
)

errands = _table(
    "errands",
    _text("id", primary_key=True),
    *(_text(name) for name in ("created", "told", "job")),
    _text("error", nullable=True),
    Column("unwanted", Integer, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)

Sequence("indexers", data_type=Integer(), cycle=True, metadata=metadata)
"""Numbers of those who do the work for the indexes, where there are several (bot/outbox.py); SQLite has none."""


# --- statements -----------------------------------------------------------------------------------------------------


class _Elements(FunctionElement[Any]):
    """The elements of a JSON array, as text, in rows of one column `value`."""

    name = "elements"
    inherit_cache = True


@compiles(_Elements, "sqlite")  # type: ignore[no-untyped-call,untyped-decorator,unused-ignore]
def _elements_of_sqlite(element: _Elements, compiler: Any, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Elements, "postgresql")  # type: ignore[no-untyped-call,untyped-decorator,unused-ignore]
def _elements_of_postgresql(element: _Elements, compiler: Any, **options: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **options)} AS JSON))"


class days(FunctionElement[float]):
    """A date as a number of days, to see how far it is from another."""

    inherit_cache = True


@compiles(days, "sqlite")  # type: ignore[no-untyped-call,untyped-decorator,unused-ignore]
def _days_of_sqlite(element: days, compiler: Any, **options: Any) -> str:
    return f"julianday({compiler.process(element.clauses, **options)})"


@compiles(days, "postgresql")  # type: ignore[no-untyped-call,untyped-decorator,unused-ignore]
def _days_of_postgresql(element: days, compiler: Any, **options: Any) -> str:
    return f"(CAST({compiler.process(element.clauses, **options)} AS DATE) - DATE '2000-01-01')"


class joined(FunctionElement[str]):
    """The values of a column as one text, with commas between."""

    inherit_cache = True


@compiles(joined, "sqlite")  # type: ignore[no-untyped-call,untyped-decorator,unused-ignore]
def _joined_of_sqlite(element: joined, compiler: Any, **options: Any) -> str:
    return f"group_concat({compiler.process(element.clauses, **options)})"


@compiles(joined, "postgresql")  # type: ignore[no-untyped-call,untyped-decorator,unused-ignore]
def _joined_of_postgresql(element: joined, compiler: Any, **options: Any) -> str:
    return f"string_agg(CAST({compiler.process(element.clauses, **options)} AS TEXT), ',')"


def adding(table: Table, columns: str) -> Insert:
    """Return what adds a row, given values for these columns, in the form of INSERT that both engines take."""
    return insert(table).values({name: bindparam(name) for name in columns.split()})


def putting(table: Table, columns: str, *, by: str) -> Insert:
    """Return what adds a row, or changes the one that has the same values in the columns `by`."""
    added = adding(table, columns)
    names = by.split()
    changed = {name: added.excluded[name] for name in columns.split() if name not in names}
    return added.on_conflict_do_update(index_elements=names, set_=changed)


MANY = 2**62
"""Rows that no table has: a limit that is none."""


def page(statement: Select[Any]) -> Select[Any]:
    """Return at most `limit` rows from `offset` on."""
    return statement.limit(bindparam("limit", type_=Number)).offset(bindparam("offset", type_=Number))


def first(statement: Select[Any]) -> Select[Any]:
    """Return at most `limit` rows."""
    return statement.limit(bindparam("limit", type_=Number))


def listed(values: Iterable[object]) -> str:
    """Return any number of values as the one value that `among` and `numbered` take."""
    return json.dumps(list(values))


def among(name: str) -> Select[Any]:
    """Return the texts of a value that `listed` has made."""
    return select(_Elements(bindparam(name, type_=AnyText())).table_valued("value").c.value)


def numbered(name: str) -> Select[Any]:
    """Return the numbers of a value that `listed` has made."""
    return select(cast(_Elements(bindparam(name, type_=AnyText())).table_valued("value").c.value, Number))


@lru_cache(maxsize=1024)
def compiled(statement: ClauseElement, dialect: Dialect) -> tuple[str, Mapping[str, Any]]:
    """Return the words of a statement for an engine, and the values that it brings itself."""
    made = statement.compile(dialect=dialect)
    return str(made), dict(made.params)
