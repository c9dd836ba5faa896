"""The catalog: articles and their passages in SQLite, the only source of truth.

The indexes are derived from it. A passage whose `indexed` is 0, and a key in `obsolete`, are work that the indexes
still have to do: writing an article and noting that work is one transaction, so no crash can part them.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from bot import files, judgements, stories, subscriptions
from bot.database import Database
from bot.dedupe import Vector
from bot.errors import NotFound
from bot.files import File, Round
from bot.glossary import Glossary
from bot.outcomes import Feed, Folder
from bot.records import Article, Feedback, Filters, Language, Passage, Related, Verdict
from bot.rows import COLUMNS, LATER_COLUMNS, condition, digest, from_row, to_row
from bot.stories import Told
from bot.subscriptions import Fetched

Change = Literal["added", "updated", "unchanged", "duplicate"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS articles (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL, language TEXT NOT NULL, published TEXT,
    source TEXT NOT NULL, url TEXT, tags TEXT NOT NULL, digest TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS articles_by_date ON articles (published, language);
CREATE INDEX IF NOT EXISTS articles_by_outlet ON articles (source, published, language);
CREATE INDEX IF NOT EXISTS articles_by_digest ON articles (digest);
CREATE TABLE IF NOT EXISTS passages (
    key INTEGER PRIMARY KEY AUTOINCREMENT, article_id TEXT NOT NULL, number INTEGER NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, indexed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS passages_of_article ON passages (article_id, indexed);
CREATE INDEX IF NOT EXISTS passages_to_index ON passages (key) WHERE indexed = 0;
CREATE TABLE IF NOT EXISTS obsolete (key INTEGER PRIMARY KEY, language TEXT NOT NULL);
DROP INDEX IF EXISTS articles_by_source;
DROP INDEX IF EXISTS passages_by_article;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """A passage with its key, which is never used again, and the article it stands in."""

    key: int
    passage: Passage
    article: Article


@dataclass(frozen=True, slots=True)
class Given:
    """An article as a file gives it, cut into passages; `path` is that of the file in its folder.

    `content` is the id that its text gives it, `kept` the one that it had when the file had another text.
    """

    path: str
    article: Article
    passages: Sequence[Passage]
    content: str
    kept: str | None


class Catalog(Database):
    """Articles, their passages, and what else is known of them."""

    def __init__(self, path: Path, glossary: Glossary | None = None) -> None:
        """Open or create the catalog; `glossary` finds the names by which reports of one event are known."""
        super().__init__(path)
        self._glossary = glossary or Glossary()
        if not self.read_only:
            self._create()

    def _create(self) -> None:
        with self._errors():
            self._connection.executescript(_SCHEMA)
            self._add_columns()
            stories.create(self._connection)
            subscriptions.create(self._connection)
            files.create(self._connection)
            judgements.create(self._connection)

    def put(self, entries: Iterable[tuple[Article, Sequence[Passage]]]) -> list[Change]:
        """Add articles or replace those with their ids, all or none.

        A near copy of another article is a duplicate, and kept; an exact copy under another id is not stored.
        """
        with self._transaction() as db:
            return [self._put(db, article, passages) for article, passages in entries]

    def _put(self, db: sqlite3.Connection, article: Article, passages: Sequence[Passage]) -> Change:
        content = digest(article)
        row = db.execute("SELECT digest FROM articles WHERE id = ?", (article.id,)).fetchone()
        if row is None and db.execute("SELECT 1 FROM articles WHERE digest = ?", (content,)).fetchone():
            return "duplicate"
        if row is not None and row[0] == content:
            return "unchanged"
        self._forget_passages(db, [article.id])
        values = (*to_row(article), content)
        db.execute(f"REPLACE INTO articles ({COLUMNS}, digest) VALUES ({','.join('?' * len(values))})", values)
        self._add_passages(db, article.id, passages)
        stories.leave(db, [article.id])
        copied = stories.enter(db, stories.described(article, self._glossary))
        return "updated" if row is not None else "duplicate" if copied else "added"

    def remove(self, article_ids: Sequence[str]) -> None:
        """Remove articles and their passages, all or none. Raises NotFound for an id that is not there."""
        with self._transaction() as db:
            for article_id in article_ids:
                if not db.execute("SELECT 1 FROM articles WHERE id = ?", (article_id,)).fetchone():
                    raise _unknown(article_id)
            self._remove(db, article_ids)

    def _remove(self, db: sqlite3.Connection, article_ids: Sequence[str]) -> None:
        self._forget_passages(db, article_ids)
        stories.leave(db, article_ids)
        db.executemany("DELETE FROM articles WHERE id = ?", [(article_id,) for article_id in article_ids])

    def article(self, article_id: str) -> Article:
        """Return one article. Raises NotFound."""
        row = self._one(f"SELECT {COLUMNS} FROM articles WHERE id = ?", article_id)
        if row is None:
            raise _unknown(article_id)
        return from_row(row)

    def standing(self, article_ids: Iterable[str]) -> dict[str, Article]:
        """Return those of the articles that are still there, by id."""
        wanted = tuple(article_ids)
        return {each.id: each for each in self.articles(Filters(article_ids=wanted))} if wanted else {}

    def articles(self, filters: Filters, *, limit: int = -1, offset: int = 0) -> Iterator[Article]:
        """Iterate over the articles that the filters let through, newest first."""
        where, values = condition(filters)
        query = f"SELECT {COLUMNS} FROM articles WHERE {where} ORDER BY published DESC, id LIMIT ? OFFSET ?"
        with self._errors():
            for row in self._connection.execute(query, (*values, limit, offset)):
                yield from_row(row)

    def count(self, filters: Filters) -> int:
        """Count the articles that the filters let through."""
        where, values = condition(filters)
        return int(self._one(f"SELECT count(*) FROM articles WHERE {where}", *values)[0])

    def sources(self) -> dict[str, int]:
        """Count the articles of each outlet."""
        return dict(self._all("SELECT source, count(*) FROM articles GROUP BY source ORDER BY 2 DESC, 1"))

    def passage_count(self) -> int:
        """Count the passages that are indexed."""
        return int(self._one("SELECT count(*) FROM passages WHERE indexed = 1")[0])

    def keys(self, filters: Filters, *, limit: int = -1) -> list[tuple[int, Language]]:
        """Return key and language of the passages whose articles pass the filters, at most `limit`."""
        where, values = condition(filters)
        query = (
            f"SELECT key, language FROM passages JOIN articles ON id = article_id WHERE indexed = 1 AND {where} LIMIT ?"
        )
        return self._all(query, *values, limit)

    def passing(self, keys: Sequence[int], filters: Filters) -> set[int]:
        """Return which of these passages stand in articles that pass the filters."""
        where, values = condition(filters)
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

    def unindex(self) -> None:
        """Note that the indexes hold nothing."""
        with self._transaction() as db:
            db.execute("UPDATE passages SET indexed = 0")

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

    def keep_feedback(self, feedback: Feedback) -> Feedback:
        """Keep what a reader says of an answer; return it with its id."""
        with self._transaction() as db:
            return judgements.add(db, feedback)

    def feedback(self, verdict: Verdict | None = None, *, limit: int = -1, offset: int = 0) -> list[Feedback]:
        """Return what readers have said of answers, newest first."""
        with self._errors():
            return judgements.listed(self._connection, verdict, limit=limit, offset=offset)

    def feedback_counts(self) -> dict[Verdict, int]:
        """Count what readers have said of answers, by verdict."""
        with self._errors():
            return judgements.counted(self._connection)

    def foresight(self) -> Callable[[Article], Change]:
        """Return what says of one article after another what `put` would make of it; a near copy counts as added."""
        coming: dict[str, str] = {}
        texts: set[str] = set()

        def foresee(article: Article) -> Change:
            content = digest(article)
            row = self._one("SELECT digest FROM articles WHERE id = ?", article.id)
            before = coming.get(article.id, row and row[0])
            if before is None and (content in texts or self._one("SELECT 1 FROM articles WHERE digest = ?", content)):
                return "duplicate"
            coming[article.id] = content
            texts.add(content)
            return "added" if before is None else "unchanged" if before == content else "updated"

        return foresee

    def folders(self) -> list[Folder]:
        """Return the folders that are kept in step, in the order in which they were added."""
        with self._errors():
            return files.folders(self._connection)

    def files(self, folder: str) -> dict[str, File]:
        """Return the files of a folder that have been read, by their paths in it."""
        with self._errors():
            return files.known(self._connection, folder)

    def given(self, keys: Iterable[int]) -> list[str]:
        """Return the articles that some files give."""
        with self._errors():
            return files.given(self._connection, keys)

    def removable(self, but_of: Iterable[int] = ()) -> list[str]:
        """Return the articles that came from files and would be given by none without some of these."""
        with self._errors():
            return files.removable(self._connection, but_of)

    def unread(self, round: Round) -> list[File]:
        """Return the files of a folder that are to be read again, whatever their size and time say."""
        with self._errors():
            return files.unread(self._connection, round.folder)

    def begin_round(self, folder: str) -> Round:
        """Begin the next sync of a folder."""
        with self._transaction() as db:
            return files.begin(db, folder)

    def end_round(self, round: Round, *, when: datetime) -> None:
        """Note that a sync has come to its end."""
        with self._transaction() as db:
            files.end(db, round, when=when)

    def put_read(self, round: Round, read: Iterable[File | Given]) -> list[Change]:
        """Put articles as their files give them, and note the files that have been read to their end, all or none."""
        changes: list[Change] = []
        with self._transaction() as db:
            for each in read:
                if isinstance(each, File):
                    files.note(db, round, each)
                    continue
                changes.append(self._put_read(db, round, each))
        return changes

    def _put_read(self, db: sqlite3.Connection, round: Round, read: Given) -> Change:
        name = files.named(db, round, read.path, read.article.id, read.content, read.kept)
        article = replace(read.article, id=name)
        there = _is_there(db, name)
        change = self._put(db, article, read.passages)
        stored = _is_there(db, name)
        copy = None if stored else digest(article)
        files.give(db, round, read.path, name, read.content, new=stored and not there, copy=copy)
        return change

    def place_files(self, moved: Iterable[File]) -> None:
        """Note that files, whose content is as it was, have another path or time."""
        with self._transaction() as db:
            files.place(db, moved)

    def drop_files(self, keys: Iterable[int]) -> None:
        """Forget files that are gone; their articles are removed by `remove_given` where no other file gives them."""
        with self._transaction() as db:
            files.drop(db, keys)

    def remove_given(self) -> int:
        """Remove the articles that came from files and are given by none; return how many."""
        with self._transaction() as db:
            gone = files.removable(db)
            self._remove(db, gone)
            files.settle(db)
        return len(gone)

    def forget_folder(self, folder: str) -> bool:
        """Keep a folder in step no longer; its articles stay. Say whether it was."""
        with self._transaction() as db:
            return files.forget(db, folder)

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
        where, values = condition(filters)
        with self._errors():
            return stories.tellers(self._connection, story_ids, where, values)

    def identity(self) -> str:
        """Return what this library is known by elsewhere, in letters and digits; a copy of it is known by the same."""
        row = self._one("SELECT value FROM facts WHERE name = 'identity'")
        if row is None:
            with self._transaction() as db:
                db.execute("INSERT OR IGNORE INTO facts VALUES ('identity', ?)", (uuid.uuid4().hex,))
            row = self._one("SELECT value FROM facts WHERE name = 'identity'")
        return str(row[0])

    def _add_columns(self) -> None:
        """Give a library that was made before articles had an author and pages the columns for them."""
        present = {row[1] for row in self._connection.execute("PRAGMA table_info(articles)")}
        if not LATER_COLUMNS.keys() <= present:
            with self._transaction() as db:
                present = {row[1] for row in db.execute("PRAGMA table_info(articles)")}
                for name in [each for each in LATER_COLUMNS if each not in present]:
                    db.execute(f"ALTER TABLE articles ADD COLUMN {name} {LATER_COLUMNS[name]}")

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
        columns = f'key, article_id, number, start, "end", {COLUMNS}'
        rows = self._all(f"SELECT {columns} FROM passages JOIN articles ON id = article_id WHERE {where}", *values)
        for key, article_id, number, start, end, *fields in rows:
            article = from_row(fields)
            yield Stored(key, Passage(article_id, number, start, end, article.body[start:end]), article)


def _unknown(article_id: str) -> NotFound:
    return NotFound(
        f"No article has the id {article_id!r}.",
        hint="`regbrief articles` lists them.",
        case="article",
        values={"id": article_id},
    )


def _is_there(db: sqlite3.Connection, article_id: str) -> bool:
    return db.execute("SELECT 1 FROM articles WHERE id = ?", (article_id,)).fetchone() is not None
