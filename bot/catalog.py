"""The catalog: articles and their passages in SQLite, the only source of truth.

The indexes are derived from it. A passage whose `indexed` is 0, and a key in `obsolete`, are work that the indexes
still have to do: writing an article and noting that work is one transaction, so no crash can part them.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from bot import stories, subscriptions
from bot.dedupe import Vector
from bot.errors import LibraryDamaged, NotFound
from bot.glossary import Glossary
from bot.records import Article, Feed, Filters, Language, Passage, Related
from bot.stories import Told
from bot.subscriptions import Fetched

Change = Literal["added", "updated", "unchanged", "duplicate"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS articles (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL, language TEXT NOT NULL, published TEXT,
    source TEXT NOT NULL, url TEXT, tags TEXT NOT NULL, digest TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS articles_by_date ON articles (published, language);
CREATE INDEX IF NOT EXISTS articles_by_source ON articles (source);
CREATE INDEX IF NOT EXISTS articles_by_digest ON articles (digest);
CREATE TABLE IF NOT EXISTS passages (
    key INTEGER PRIMARY KEY AUTOINCREMENT, article_id TEXT NOT NULL, number INTEGER NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, indexed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS passages_by_article ON passages (article_id);
CREATE INDEX IF NOT EXISTS passages_to_index ON passages (key) WHERE indexed = 0;
CREATE TABLE IF NOT EXISTS obsolete (key INTEGER PRIMARY KEY, language TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """A passage with its key, which is never used again, and the article it stands in."""

    key: int
    passage: Passage
    article: Article


class Catalog:
    """Articles and passages. Any number of threads may read; the library makes sure that one process writes."""

    def __init__(self, path: Path, glossary: Glossary | None = None) -> None:
        """Open or create the catalog; `glossary` finds the names by which reports of one event are known."""
        self._path = path
        self._glossary = glossary or Glossary()
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._errors():
            self._connection.executescript(_SCHEMA)
            self._add_columns()
            stories.create(self._connection)
            subscriptions.create(self._connection)

    def put(self, entries: Iterable[tuple[Article, Sequence[Passage]]]) -> list[Change]:
        """Add articles or replace those with their ids, all or none.

        A near copy of another article is a duplicate, and kept; an exact copy under another id is not stored.
        """
        with self._transaction() as db:
            return [self._put(db, article, passages) for article, passages in entries]

    def _put(self, db: sqlite3.Connection, article: Article, passages: Sequence[Passage]) -> Change:
        digest = _digest(article)
        row = db.execute("SELECT digest FROM articles WHERE id = ?", (article.id,)).fetchone()
        if row is None and db.execute("SELECT 1 FROM articles WHERE digest = ?", (digest,)).fetchone():
            return "duplicate"
        if row is not None and row[0] == digest:
            return "unchanged"
        self._forget_passages(db, [article.id])
        values = (*_row(article), digest)
        db.execute(f"REPLACE INTO articles ({_COLUMNS}, digest) VALUES ({','.join('?' * len(values))})", values)
        self._add_passages(db, article.id, passages)
        stories.leave(db, [article.id])
        copied = stories.enter(db, stories.described(article, self._glossary))
        return "updated" if row is not None else "duplicate" if copied else "added"

    def remove(self, article_ids: Sequence[str]) -> None:
        """Remove articles and their passages, all or none. Raises NotFound for an id that is not there."""
        with self._transaction() as db:
            for article_id in article_ids:
                if not db.execute("SELECT 1 FROM articles WHERE id = ?", (article_id,)).fetchone():
                    raise NotFound(f"No article has the id {article_id!r}.", hint="`regbrief articles` lists them.")
            self._forget_passages(db, article_ids)
            stories.leave(db, article_ids)
            db.executemany("DELETE FROM articles WHERE id = ?", [(article_id,) for article_id in article_ids])

    def article(self, article_id: str) -> Article:
        """Return one article. Raises NotFound."""
        row = self._one(f"SELECT {_COLUMNS} FROM articles WHERE id = ?", article_id)
        if row is None:
            raise NotFound(f"No article has the id {article_id!r}.", hint="`regbrief articles` lists them.")
        return _article(row)

    def articles(self, filters: Filters, *, limit: int = -1, offset: int = 0) -> Iterator[Article]:
        """Iterate over the articles that the filters let through, newest first."""
        where, values = _where(filters)
        query = f"SELECT {_COLUMNS} FROM articles WHERE {where} ORDER BY published DESC, id LIMIT ? OFFSET ?"
        with self._errors():
            for row in self._connection.execute(query, (*values, limit, offset)):
                yield _article(row)

    def count(self, filters: Filters) -> int:
        """Count the articles that the filters let through."""
        where, values = _where(filters)
        return int(self._one(f"SELECT count(*) FROM articles WHERE {where}", *values)[0])

    def sources(self) -> dict[str, int]:
        """Count the articles of each outlet."""
        return dict(self._all("SELECT source, count(*) FROM articles GROUP BY source ORDER BY 2 DESC, 1"))

    def passage_count(self) -> int:
        """Count the passages that are indexed."""
        return int(self._one("SELECT count(*) FROM passages WHERE indexed = 1")[0])

    def keys(self, filters: Filters, *, limit: int = -1) -> list[tuple[int, Language]]:
        """Return key and language of the passages whose articles pass the filters, at most `limit`."""
        where, values = _where(filters)
        query = (
            f"SELECT key, language FROM passages JOIN articles ON id = article_id WHERE indexed = 1 AND {where} LIMIT ?"
        )
        return self._all(query, *values, limit)

    def passing(self, keys: Sequence[int], filters: Filters) -> set[int]:
        """Return which of these passages stand in articles that pass the filters."""
        where, values = _where(filters)
        query = (
            "SELECT passages.key FROM passages JOIN articles ON articles.id = passages.article_id"
            f" WHERE passages.key IN (SELECT value FROM json_each(?)) AND {where}"
        )
        return {row[0] for row in self._all(query, json.dumps(list(keys)), *values)}

    def stored(self, keys: Iterable[int]) -> dict[int, Stored]:
        """Return the passages with these keys; a key that is not there is left out."""
        wanted = json.dumps(list(keys))
        return {found.key: found for found in self._stored("key IN (SELECT value FROM json_each(?))", wanted)}

    def to_index(self, limit: int) -> list[Stored]:
        """Return passages that the indexes do not hold yet, at most `limit`."""
        return list(self._stored("indexed = 0 ORDER BY key LIMIT ?", limit))

    def unindexed(self) -> int:
        """Count the passages that the indexes do not hold yet."""
        return int(self._one("SELECT count(*) FROM passages WHERE indexed = 0")[0])

    def obsolete(self) -> list[tuple[int, Language]]:
        """Return the keys that the indexes must drop, with the language under which they stand."""
        return self._all("SELECT key, language FROM obsolete")

    def mark_indexed(self, keys: Iterable[int], contents: Mapping[str, Vector | None] | None = None) -> None:
        """Note that the indexes hold these passages; an article of which that is the last finds its story.

        `contents` has, by article, the sum of the vectors of these passages; None where they say nothing of events.
        """
        with self._transaction() as db:
            db.executemany("UPDATE passages SET indexed = 1 WHERE key = ?", [(key,) for key in keys])
            for article_id, content in (contents or {}).items():
                stories.add_content(db, article_id, content)
                if not db.execute(
                    "SELECT 1 FROM passages WHERE article_id = ? AND indexed = 0", (article_id,)
                ).fetchone():
                    stories.place(db, article_id)

    def forget_obsolete(self, keys: Iterable[int]) -> None:
        """Note that the indexes have dropped these keys."""
        with self._transaction() as db:
            db.executemany("DELETE FROM obsolete WHERE key = ?", [(key,) for key in keys])

    def replace_passages(self, article_id: str, passages: Sequence[Passage]) -> None:
        """Cut an article anew: its passages get new keys and wait to be indexed."""
        with self._transaction() as db:
            self._forget_passages(db, [article_id])
            self._add_passages(db, article_id, passages)

    def feeds(self) -> list[Feed]:
        """Return the feeds that are followed, in the order in which they were added."""
        with self._errors():
            return subscriptions.feeds(self._connection)

    def put_feed(self, feed: Feed) -> None:
        """Follow a feed, or note what is known of it now."""
        with self._transaction() as db:
            subscriptions.put(db, feed)

    def remove_feed(self, url: str) -> None:
        """Follow a feed no longer; its articles stay."""
        with self._transaction() as db:
            subscriptions.remove(db, url)

    def fetched(self, keys: Iterable[str]) -> dict[str, Fetched]:
        """Return which of these pages of the web have been fetched before."""
        with self._errors():
            return subscriptions.fetched(self._connection, keys)

    def note_fetched(self, pages: Iterable[Fetched], *, when: datetime) -> None:
        """Note pages of the web that are fetched."""
        with self._transaction() as db:
            subscriptions.note(db, pages, when=when)

    def untold(self) -> list[str]:
        """Return the articles that are indexed and in no story: those of an older library, or of a broken write."""
        with self._errors():
            return stories.untold(self._connection)

    def waiting(self) -> int:
        """Count the articles that are in no story yet."""
        with self._errors():
            return stories.waiting(self._connection)

    def tell(self, contents: Mapping[str, Vector | None]) -> None:
        """Find the stories of articles; `contents` has the sum of the vectors of their passages."""
        with self._transaction() as db:
            for article_id, content in contents.items():
                stories.tell(db, self.article(article_id), content, self._glossary)

    def forget_stories(self) -> None:
        """Forget all stories: every article waits for its own again."""
        with self._transaction() as db:
            stories.clear(db)

    def told(self, article_ids: Iterable[str]) -> dict[str, Told]:
        """Return the story that each article tells and whose text it prints; one in no story yet is left out."""
        with self._errors():
            return stories.told(self._connection, article_ids)

    def tellers(self, story_ids: Iterable[str], filters: Filters) -> list[tuple[Told, Related]]:
        """Return the articles of some stories that the filters let through, earliest first."""
        where, values = _where(filters)
        with self._errors():
            return stories.tellers(self._connection, story_ids, where, values)

    def check(self) -> list[str]:
        """Return what SQLite's own check finds wrong; empty when the catalog is sound."""
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

    def _add_columns(self) -> None:
        """Give a library that was made before articles had an author and pages the columns for them."""
        present = {row[1] for row in self._connection.execute("PRAGMA table_info(articles)")}
        if not _LATER_COLUMNS.keys() <= present:
            with self._transaction() as db:
                present = {row[1] for row in db.execute("PRAGMA table_info(articles)")}
                for name in _LATER_COLUMNS.keys() - present:
                    db.execute(f"ALTER TABLE articles ADD COLUMN {name} {_LATER_COLUMNS[name]}")

    def _forget_passages(self, db: sqlite3.Connection, article_ids: Sequence[str]) -> None:
        for article_id in article_ids:
            db.execute(
                "INSERT OR IGNORE INTO obsolete SELECT key, language FROM passages JOIN articles ON id = article_id"
                " WHERE article_id = ?",
                (article_id,),
            )
            db.execute("DELETE FROM passages WHERE article_id = ?", (article_id,))

    def _add_passages(self, db: sqlite3.Connection, article_id: str, passages: Sequence[Passage]) -> None:
        db.executemany(
            'INSERT INTO passages (article_id, number, start, "end") VALUES (?,?,?,?)',
            [(article_id, passage.number, passage.start, passage.end) for passage in passages],
        )

    def _stored(self, where: str, *values: Any) -> Iterator[Stored]:
        columns = f'key, article_id, number, start, "end", {_COLUMNS}'
        rows = self._all(f"SELECT {columns} FROM passages JOIN articles ON id = article_id WHERE {where}", *values)
        for key, article_id, number, start, end, *fields in rows:
            article = _article(fields)
            yield Stored(key, Passage(article_id, number, start, end, article.body[start:end]), article)

    @property
    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._path, timeout=10, isolation_level=None, check_same_thread=False)
            self._opened.append(connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            self._local.connection = connection
        return connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._errors():
            db = self._connection
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                db.execute("ROLLBACK")
                raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise LibraryDamaged(
                f"The catalog {str(self._path)!r} cannot be used: {error}.",
                hint="Check the disk, or restore the file from a copy, or move it away and ingest again.",
            ) from error

    def _all(self, query: str, *values: Any) -> list[Any]:
        with self._errors():
            return self._connection.execute(query, values).fetchall()

    def _one(self, query: str, *values: Any) -> Any:
        with self._errors():
            return self._connection.execute(query, values).fetchone()


_COLUMNS = "id, title, body, language, published, source, url, tags, author, pages"
_LATER_COLUMNS = {"author": "TEXT NOT NULL DEFAULT ''", "pages": "TEXT NOT NULL DEFAULT '[]'"}


def _row(article: Article) -> tuple[Any, ...]:
    published = article.published.isoformat() if article.published else None
    tags = json.dumps(article.tags, ensure_ascii=False)
    about = (article.title, article.body, article.language, published, article.source, article.url, tags)
    return (article.id, *about, article.author, json.dumps(article.pages))


def _article(row: Sequence[Any]) -> Article:
    article_id, title, body, language, published, source, url, tags, author, pages = row
    when = date.fromisoformat(published) if published else None
    printed = tuple(json.loads(pages))
    return Article(article_id, title, body, language, when, source, url, tuple(json.loads(tags)), author, printed)


def _digest(article: Article) -> str:
    *about, author, pages = _row(article)[1:]
    added = [author, pages] if article.author or article.pages else []  # digests of before stay
    return hashlib.sha256(json.dumps([*about, *added], ensure_ascii=False).encode("utf-8")).hexdigest()


def _where(filters: Filters) -> tuple[str, list[Any]]:
    """Turn filters into an SQL condition on `articles`. An article without a date is in no window."""
    conditions: list[str] = ["1"]
    values: list[Any] = []
    for condition, value in (("articles.published >= ?", filters.since), ("articles.published <= ?", filters.until)):
        if value:
            conditions.append(condition)
            values.append(value.isoformat())
    for column, allowed in (("language", filters.languages), ("source", filters.sources), ("id", filters.article_ids)):
        if allowed:
            conditions.append(f"articles.{column} IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(allowed))
    return " AND ".join(conditions), values
